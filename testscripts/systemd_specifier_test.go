package testscripts

import (
	"path/filepath"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// specifiers are all of systemd.unit(5) that systemd 252 knows; newer is %D.
const specifiers = "aAbBCdEfgGhHiIjJlLmMnNopPqsStTuUvVwWyY"

// specifierUnits write what each of them stands for, in units with names that
// make a difference.
func specifierUnits() map[string]string {
	var words strings.Builder
	for _, c := range specifiers {
		words.WriteString(" " + string(c) + "=%" + string(c))
	}
	text := "[Service]\nType=oneshot\nExecStart=log" + words.String() + " %%\n"
	names := []string{`spec@x-y\x2dz.service`, "spec-a-b@i.service", "spec-a.service", `tmp-d\x2de.service`}
	units := map[string]string{
		"spec@.service": text, "spec-a-b@.service": text, "spec-a.service": text, `tmp-d\x2de.service`: text,
		"stopper.service": "[Unit]\nAfter=" + strings.Join(names, " ") + "\n[Service]\nType=oneshot\nExecStart=log done\n",
	}
	units["default.target"] = "[Unit]\nWants=stopper.service " + strings.Join(names, " ") + "\n"
	return units
}

// TestSpecifiersLikeSystemd: each specifier stands for what it does in systemd, be
// it known when the image is built or when it boots.
func TestSpecifiersLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	theirs, mine := oracleBoth(t, func(t *testing.T) string { return oracleFolderOf(t, specifierUnits()) })
	n := 0
	for name, text := range theirs {
		if !strings.HasPrefix(name, "spec") && !strings.HasPrefix(name, "tmp") {
			continue
		}
		a, b := specifierValues(text), specifierValues(mine[name])
		for i := range min(len(a), len(b)) {
			if n++; a[i] != b[i] {
				t.Errorf("%s: %s is %s in systemd", name, b[i], a[i])
			}
		}
		if len(a) != len(b) || len(a) != len(specifiers)+1 {
			t.Errorf("%s: systemd left\n%sand we\n%s", name, text, mine[name])
		}
	}
	t.Logf("%d values", n)
}

// specifierValues are the words of a text, without the folder of the test: the
// image knows the units' folder by its last name only.
func specifierValues(text string) []string {
	words := strings.Fields(text)
	for i, w := range words {
		if name, value, _ := strings.Cut(w, "="); strings.EqualFold(name, "y") {
			dir := value
			if name == "y" {
				dir = filepath.Dir(value)
			}
			words[i] = name + "=" + filepath.Base(dir) + strings.TrimPrefix(value, dir)
		}
	}
	return words
}

// markedUnits have names and paths that only the boot knows: of the directories,
// of what a view shows and hides, of sockets and of credentials. Each writes down
// what it finds, by the names that its own shell knows.
func markedUnits() map[string]string {
	const (
		kernel, host = "$$(uname -r)", "$$(uname -n)"
		boot         = "$$(tr -d - </proc/sys/kernel/random/boot_id)"
	)
	units := map[string]string{
		"dirs.service": "User=nobody\nRuntimeDirectory=marked-%v/x-%b.y:links-%H/deep/to-%b\nRuntimeDirectoryMode=0711\n" +
			"StateDirectory=marked-%m.%H\nCacheDirectory=marked-%b\nConfigurationDirectory=marked-%v\n" +
			"LogsDirectory=marked-x/%m.%b:marked-%v\nLogsDirectoryMode=0750\n" +
			"ExecStart=log $$RUNTIME_DIRECTORY $$STATE_DIRECTORY $$CACHE_DIRECTORY $$LOGS_DIRECTORY $$CONFIGURATION_DIRECTORY\n" +
			"ExecStart=log $$(cd /run && stat -c %%n:%%a:%%U marked-" + kernel + " marked-" + kernel + "/* links-" + host + "/deep)\n" +
			"ExecStart=log $$(cd /run/links-" + host + "/deep && readlink to-" + boot + ")\n" +
			"ExecStart=log $$(stat -c %%n:%%a:%%U $$STATE_DIRECTORY $$CACHE_DIRECTORY $$LOGS_DIRECTORY $$CONFIGURATION_DIRECTORY)\n" +
			"ExecStart=log $$(readlink /var/log/marked-" + kernel + ")\n",
		// What a start makes goes when the service stops.
		"gone.service": "After=dirs.service\nExecStart=log $$(ls /run/marked-" + kernel + " /run/links-" + host + "/deep 2>/dev/null)\n",
		"dynamic.service": "DynamicUser=yes\nStateDirectory=dynamic-%b\nRuntimeDirectory=dynamic-%v\n" +
			"ExecStart=/bin/sh -c 'touch $$RUNTIME_DIRECTORY/y && echo $$STATE_DIRECTORY $$(ls $$RUNTIME_DIRECTORY) >$$STATE_DIRECTORY/x'\n",
		"dynamics.service": "After=dynamic.service\nExecStart=log $$(readlink /var/lib/dynamic-" + boot + ") $$(cat /var/lib/private/*/x)\n",
		"view.service": "After=dirs.service\nProtectSystem=strict\nReadWritePaths=/var/tmp -/nowhere-%b /var/lib/marked-%m.%H\n" +
			"InaccessiblePaths=/etc/marked-%v\nBindReadOnlyPaths=/var/cache/marked-%b:/var/tmp/bound-%v\n" +
			"TemporaryFileSystem=/var/log/marked-x/%m.%b:mode=0777\n" +
			"ExecStart=log $$(cd /var/lib/marked-* && touch x && ls)\n" +
			"ExecStart=log $$(touch /var/lib/y 2>/dev/null || echo no)\n" +
			"ExecStart=log $$(stat -c %%a /etc/marked-" + kernel + ") $$(stat -c %%a /var/log/marked-x/*)\n" +
			"ExecStart=log $$(touch /var/tmp/bound-" + kernel + "/x 2>/dev/null || echo no)\n" +
			"ExecStart=log $$(ls /var/tmp | grep bound)\n",
		"secret.service": "After=dirs.service\nLoadCredential=of-%v:/var/lib/secret-%b\nLoadCredential=%b:/etc/hostname\nSetCredential=text-%H:%p and 50%%\n" +
			"ExecStart=log $$CREDENTIALS_DIRECTORY $$(ls $$CREDENTIALS_DIRECTORY 2>&1)\n" +
			"ExecStart=log $$(cd $$CREDENTIALS_DIRECTORY && cat of-" + kernel + " text-" + host + ")\n",
		"secrets.service": "Before=secret.service\nExecStart=log $$(echo held >/var/lib/secret-" + boot + ")\n",
		"other.service":   "Sockets=b.socket\nExecStart=log $$LISTEN_FDS $$LISTEN_FDNAMES\n",
		"taker.service": "Sockets=a.socket\nExecStart=log $$LISTEN_FDS $$LISTEN_FDNAMES\n" +
			"ExecStart=log $$(stat -c %%n:%%F /run/marks-" + kernel + "/*) $$(readlink /run/marks-" + kernel + "/link-" + boot + ")\n" +
			"ExecStart=log $$(grep -o @marked.* /proc/net/unix) @marked-%H\n",
	}
	for name, text := range units {
		after := ""
		for strings.HasPrefix(text, "After=") || strings.HasPrefix(text, "Before=") {
			line, rest, _ := strings.Cut(text, "\n")
			after, text = after+line+"\n", rest
		}
		units[name] = "[Unit]\n" + after + "\n[Service]\nType=oneshot\n" + text
	}
	units["a.socket"] = "[Socket]\nListenStream=/run/marks-%v/s-%b\nListenFIFO=/run/marks-%v/f-%H\nListenDatagram=@marked-%H\n" +
		"FileDescriptorName=a-%H\nService=taker.service\n"
	units["b.socket"] = "[Socket]\nListenSequentialPacket=/run/marks-%v/q-%m\nSymlinks=/run/marks-%v/link-%b\nFileDescriptorName=%v\nService=other.service\n"
	names := "dirs.service gone.service dynamic.service dynamics.service view.service secret.service secrets.service taker.service other.service"
	units["stopper.service"] = "[Unit]\nAfter=" + names + "\n[Service]\nType=oneshot\nExecStart=log done\n"
	units["default.target"] = "[Unit]\nWants=stopper.service a.socket b.socket " + names + "\n"
	return units
}

// TestMarkedPathsLikeSystemd: paths and names are made of what the boot finds out.
func TestMarkedPathsLikeSystemd(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots systemd")
	}
	means.Root(t)
	means.Files(t, systemdPath)
	folder := func(t *testing.T) string { return oracleFolderOf(t, markedUnits()) }
	// systemd mounts credentials in a namespace that others must hear of.
	theirs := oracleSystemd(t, folder(t), "unshare --mount --propagation shared", nil)
	mine := oracleOurs(t, folder, "")
	for name := range markedUnits() {
		if theirs[name] != mine[name] {
			t.Errorf("%s: systemd left\n%sand we\n%s", name, theirs[name], mine[name])
		}
	}
	t.Logf("%q", mine)
}
