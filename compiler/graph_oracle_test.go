package compiler

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/internal/means"
	"rustysd/runtime/plan"
)

// relationTree is a root with every dependency directive, and with units that
// have implicit and default dependencies.
var relationTree = map[string]string{
	"default.target": "[Unit]\nRequires=basic.target a.service\nWants=b.service late.service bus.service multi@1.service\nBindsTo=c.service\n" +
		"Upholds=d.service\nRequisite=a.service\nPartOf=b.service\nAfter=basic.target\n",
	"sysinit.target":  "[Unit]\nWants=early.service\nConflicts=shutdown.target\n",
	"basic.target":    "[Unit]\nRequires=sysinit.target\nWants=sockets.target\nAfter=sysinit.target sockets.target\n",
	"sockets.target":  "[Unit]\nWants=b.socket pair.socket\n",
	"shutdown.target": "[Unit]\nDefaultDependencies=no\nRefuseManualStart=yes\n",
	"ordered.target":  "[Unit]\nBefore=d.service\nWants=d.service\n",
	"bare.target":     "[Unit]\nDefaultDependencies=no\nWants=a.service\n",
	"a.service": "[Unit]\nBefore=b.service\nConflicts=late.service\nOnFailure=fail@%N.service\nOnSuccess=d.service\n" +
		"PropagatesReloadTo=b.service\nReloadPropagatedFrom=c.service\n[Service]\nExecStart=/bin/true\n",
	"b.service":     "[Unit]\nPropagatesStopTo=c.service\nStopPropagatedFrom=d.service\nJoinsNamespaceOf=a.service\n[Service]\nExecStart=/bin/true\n",
	"b.socket":      "[Socket]\nListenStream=/run/b\n",
	"pair.socket":   "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/run/p\nService=c.service\n",
	"c.service":     "[Unit]\nWants=ordered.target bare.target\n[Service]\nExecStart=/bin/true\nSockets=pair.socket b.socket\n",
	"d.service":     "[Service]\nType=oneshot\nExecStart=/bin/true\n",
	"early.service": "[Unit]\nDefaultDependencies=no\nBefore=sysinit.target\n[Service]\nExecStart=/bin/true\n",
	"late.service": "[Unit]\nAfter=default.target\nRequires=a.service\nWants=b.service\nBindTo=c.service\nPropagateReloadTo=d.service\n" +
		"[Service]\nExecStart=/bin/true\nType=idle\n",
	"bus.service":    "[Service]\nExecStart=/bin/true\nBusName=org.example\n",
	"dbus.socket":    "[Socket]\nListenStream=/run/dbus\nService=d.service\n",
	"fail@.service":  "[Service]\nType=oneshot\nExecStart=/bin/true %i\n",
	"multi@.service": "[Unit]\nWants=multi@2.service\nAfter=multi@2.service\n[Service]\nType=oneshot\nExecStart=/bin/true\n",
}

// TestRelationsOracle holds the relations between the units of an image against
// systemd --test, which prints those that it would boot with.
func TestRelationsOracle(t *testing.T) {
	root, dump := systemdDump(t, relationTree)

	s, l := compileTo(Options{Root: root, Immutable: true}, "check")
	if l.Count(diag.Error) > 0 {
		t.Fatal(treeText(l))
	}
	want := systemdRelations(dump)
	for _, u := range s.image {
		if got := ourRelations(s, u); !slices.Equal(got, within(s, want[u.name])) {
			t.Errorf("%s has\n\t%s\nand in systemd\n\t%s", u.name, strings.Join(got, "\n\t"),
				strings.Join(within(s, want[u.name]), "\n\t"))
		}
	}
	if len(s.image) < 15 {
		t.Errorf("only %d units are in the image", len(s.image))
	}
}

// systemdDump plants units in a root of their own, and is what systemd --test
// says of them; a text that begins with "->" is a link.
func systemdDump(t *testing.T, units map[string]string) (root, dump string) {
	t.Helper()
	root, err := os.MkdirTemp("", "relations")
	must(t, err)
	t.Cleanup(func() { _ = os.RemoveAll(root) })
	dir := filepath.Join(root, "etc/systemd/system")
	for name, text := range units {
		if to, link := strings.CutPrefix(text, "->"); link {
			must(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
			must(t, os.Symlink(to, filepath.Join(dir, name)))
		} else {
			putFile(t, filepath.Join(dir, name), []byte(text))
		}
	}
	must(t, os.Chmod(root, 0o755))

	dump, says, err := systemdTest(t, dir)
	if err != nil && !strings.Contains(says, "Failed to start default target") {
		means.Missing(t, fmt.Sprintf("a systemd --test that runs: %v\n%s", err, says))
	}
	return root, dump
}

// systemdTest is what systemd --test prints of the units that it would boot out
// of the folders of a unit path, which anybody must be able to look into, and
// what it says beside that.
func systemdTest(t *testing.T, unitPath string) (dump, says string, err error) {
	t.Helper()
	const tool = "/lib/systemd/systemd"
	means.Files(t, tool)
	cmd := exec.Command(tool, "--test", "--system", "--unit=default.target")
	cmd.Env = []string{"SYSTEMD_UNIT_PATH=" + unitPath, "PATH=/usr/bin:/bin", "SYSTEMD_LOG_TARGET=console", "SYSTEMD_GENERATOR_PATH="}
	if os.Getuid() == 0 { // it does not run as root
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	return unitsOfDump(string(out)), stderr.String(), err
}

// unitsOfDump is a dump as version 252 prints it: 257 has the units deeper by a
// tab, behind another arrow, with lines that say how they are grouped.
func unitsOfDump(dump string) string {
	if !strings.HasPrefix(dump, "-> By ") {
		return dump
	}
	var b strings.Builder
	for line := range strings.Lines(dump) {
		switch line, inside := strings.CutPrefix(line, "\t"); {
		case strings.HasPrefix(line, "→ "):
			b.WriteString("->" + strings.TrimPrefix(line, "→"))
		case inside:
			b.WriteString(line)
		}
	}
	return b.String()
}

// mountTree has services and a socket that need mounts, written and implied.
var mountTree = map[string]string{
	"default.target": "[Unit]\nDefaultDependencies=no\nWants=a.service b.socket c.service\n",
	"a.service": "[Unit]\nDefaultDependencies=no\nRequiresMountsFor=/srv/data/x \"/srv/with blank/y\" /srv/data/%p\nRequiresMountsFor=\n" +
		"[Service]\nExecStart=/bin/true\nWorkingDirectory=/app/sub\nStateDirectory=a b/c\nRuntimeDirectory=r\nLogsDirectory=l\nPrivateTmp=yes\n",
	"b.socket": "[Unit]\nDefaultDependencies=no\n[Socket]\nListenStream=/sock/b\nListenStream=@/abstract/b\nListenFIFO=/fifo/b\n" +
		"ListenDatagram=127.0.0.1:1\n",
	"b.service": "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\nRootDirectory=/root/dir\nBindPaths=/bind:/bound\nReadOnlyPaths=/ro\n",
	"c.service": "[Unit]\nDefaultDependencies=no\nRequires=b.service\n[Service]\nExecStart=/prog/c\nWorkingDirectory=-/may/be\nCacheDirectory=c\n" +
		"EnvironmentFile=-/env/file\nPIDFile=/pid/file\nStandardOutput=file:/log/file\n",
}

// TestMountsOracle holds the dependencies on mount units against systemd.
func TestMountsOracle(t *testing.T) {
	units := maps.Clone(mountTree)
	for path := range strings.FieldsSeq("/srv /srv/data /srv/data/x /app /app/sub /var /var/lib /var/lib/b /var/log /var/cache /var/tmp /tmp/x " +
		"/run/r /sock /sock/b /abstract /fifo /root/dir /bind /ro /prog /may /env /pid /log /srv/with\x01blank") {
		path = strings.ReplaceAll(path, "\x01", " ")
		name, _ := grammar.EscapePath(path)
		units[name+".mount"] = "[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=x\nWhere=" + path + "\n"
	}
	root, dump := systemdDump(t, units)
	s, l := compileTo(Options{Root: root}, "graph")
	want := systemdRelations(dump)
	found := 0
	for _, name := range []string{"a.service", "b.service", "b.socket", "c.service"} {
		var got []string
		for i := range s.byName[name].edges {
			e := &s.byName[name].edges[i]
			for rel := range strings.SplitSeq(relNames(e.rel), "+") {
				got = append(got, rel+" "+e.to.name)
			}
		}
		slices.Sort(got)
		got, theirs := ofMounts(slices.Compact(got)), ofMounts(want[name])
		if found += len(got); !slices.Equal(got, theirs) {
			t.Errorf("%s has\n\t%s\nand in systemd\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(theirs, "\n\t"))
		}
	}
	if found < 30 {
		t.Errorf("only %d dependencies on mounts are there:\n%s", found, treeText(l))
	}
}

// foreignTree has units of the types that a plan does not hold.
var foreignTree = map[string]string{
	"default.target": "[Unit]\nDefaultDependencies=no\nWants=cal.timer boot.timer bare.timer own.path data.mount data-sub.mount net-share.mount scratch.mount srv-loop.mount " +
		"auto.automount file.swap a-b.slice t@1.timer dev-shm-x.mount late.mount\n",
	"cal.timer":       "[Timer]\nOnCalendar=daily\nUnit=job.service\n",
	"boot.timer":      "[Timer]\nOnCalendar=daily\nOnCalendar=\nOnBootSec=5\n",
	"bare.timer":      "[Unit]\nDefaultDependencies=no\n[Timer]\nOnCalendar=daily\nUnit=job.service\n",
	"t@.timer":        "[Timer]\nOnBootSec=5\n",
	"t@.service":      "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n",
	"own.path":        "[Path]\nPathExists=/data/sub/x\nPathChanged=/elsewhere\nDirectoryNotEmpty=/net/share/y\n",
	"own.service":     "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n",
	"boot.service":    "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n",
	"job.service":     "[Unit]\nDefaultDependencies=no\n[Service]\nExecStart=/bin/true\n",
	"data.mount":      "[Mount]\nWhat=/dev/sda1\nWhere=/data\nType=ext4\n",
	"data-sub.mount":  "[Mount]\nWhat=/scratch/dir\nWhere=/data/sub\nOptions=bind\n",
	"net-share.mount": "[Mount]\nWhat=host:/data\nWhere=/net/share\nType=nfs\n",
	"scratch.mount":   "[Mount]\nWhat=tmpfs\nWhere=/scratch\nType=tmpfs\n",
	"srv-loop.mount":  "[Mount]\nWhat=/data/img\nWhere=/srv/loop\nOptions=loop,_netdev\n",
	"late.mount":      "[Unit]\nDefaultDependencies=no\n[Mount]\nWhat=/dev/sda2\nWhere=/late\n",
	"dev-shm-x.mount": "[Mount]\nWhat=tmpfs\nWhere=/dev/shm/x\nType=tmpfs\n",
	"auto.automount":  "[Automount]\nWhere=/auto\n",
	"auto.mount":      "[Mount]\nWhat=/dev/sda3\nWhere=/auto\n",
	"file.swap":       "[Swap]\nWhat=/file\n",
	"a-b.slice":       "[Slice]\n",
	"a.slice":         "[Slice]\n",
	"timers.target":   "[Unit]\nDefaultDependencies=no\n", "paths.target": "[Unit]\n", "sysinit.target": "[Unit]\n", "swap.target": "[Unit]\n",
	"local-fs.target": "[Unit]\nDefaultDependencies=no\n", "local-fs-pre.target": "[Unit]\n", "remote-fs.target": "[Unit]\nDefaultDependencies=no\n",
	"remote-fs-pre.target": "[Unit]\n", "network.target": "[Unit]\n", "network-online.target": "[Unit]\n", "time-set.target": "[Unit]\n",
	"time-sync.target": "[Unit]\n", "shutdown.target": "[Unit]\nDefaultDependencies=no\n", "umount.target": "[Unit]\nDefaultDependencies=no\n",
}

// TestForeignOracle holds the dependencies of units that are not built against
// systemd.
func TestForeignOracle(t *testing.T) {
	root, dump := systemdDump(t, foreignTree)
	s, l := compileTo(Options{Root: root}, "graph")
	want := systemdRelations(dump)
	own := func(list []string) (out []string) { // of units of the tree, but for how systemd goes down
		for _, r := range list {
			_, name, _ := strings.Cut(r, " ")
			_, there := foreignTree[name]
			if u := s.byName[name]; (there || u != nil && u.entry != nil) && !isShutdown(name) && name != "default.target" {
				out = append(out, r)
			}
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	found := 0
	for _, name := range sortedKeys(s.byName) {
		u := s.byName[name]
		if u.foreign == "" || u.template || want[name] == nil {
			continue
		}
		got := ourEdges(s, u)
		if u.foreign == "swap" && !slices.Contains(want[name], "Before swap.target") { // systemd, in a container
			got = slices.DeleteFunc(got, func(r string) bool { return r == "Before swap.target" })
		}
		if got, theirs := own(got), own(want[name]); !slices.Equal(got, theirs) {
			t.Errorf("%s has\n\t%s\nand in systemd\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(theirs, "\n\t"))
		}
		found += len(got)
	}
	if found < 60 {
		t.Errorf("only %d dependencies are there:\n%s", found, treeText(l))
	}
}

// ourEdges are the relations that edges give a unit, in both directions.
func ourEdges(s *unitSet, u *unit) (list []string) {
	add := func(rel plan.Rel, name string) {
		for word := range strings.SplitSeq(relNames(rel), "+") {
			list = append(list, word+" "+name)
		}
	}
	for _, v := range s.units {
		for i := range v.edges {
			switch e := &v.edges[i]; {
			case v == u:
				add(e.rel, e.to.name)
			case e.to.unit == u:
				add(inverse(e.rel), v.name)
			}
		}
	}
	return list
}

// ofMounts leaves only the relations to mounts that have units of their own.
func ofMounts(list []string) (out []string) {
	for _, r := range list {
		if _, name, _ := strings.Cut(r, " "); strings.HasSuffix(name, ".mount") && name != "-.mount" && name != "tmp.mount" {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

// systemdRelations reads the dump of systemd --test: a relation and a unit a
// line, for each unit.
func systemdRelations(dump string) map[string][]string {
	out := map[string][]string{}
	unit := ""
	for line := range strings.Lines(dump) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "-> Unit "); ok {
			unit = strings.TrimSuffix(name, ":")
			continue
		}
		rel, rest, ok := strings.Cut(line, ": ")
		name, _, _ := strings.Cut(rest, " ")
		if ok && rel != "JoinsNamespaceOf" && slices.Contains(relWords[:], rel) {
			out[unit] = append(out[unit], rel+" "+name)
		}
	}
	return out
}

// within leaves only the relations to units of the image.
func within(s *unitSet, list []string) []string {
	var out []string
	for _, r := range list {
		_, name, _ := strings.Cut(r, " ")
		if u := s.byName[name]; u != nil && u.kept {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

func ourRelations(s *unitSet, u *unit) []string {
	var out []string
	for _, d := range u.deps {
		// systemd prints JoinsNamespaceOf on one side only.
		for _, rel := range strings.Split(relNames(d.Rel&^plan.JoinsNamespaceOf), "+") {
			out = append(out, rel+" "+s.image[d.Unit].name)
		}
	}
	slices.Sort(out)
	return out
}
