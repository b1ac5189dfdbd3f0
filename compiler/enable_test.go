package compiler

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rustysd/compiler/diag"
	"rustysd/internal/means"
)

// enableTree is a root whose units use all of [Install].
var enableTree = map[string]string{
	"usr/lib/systemd/system/multi-user.target": "[Unit]\nRequires=basic.target\nAllowIsolate=yes\n",
	"usr/lib/systemd/system/default.target":    "[Unit]\nRequires=multi-user.target\nWants=other.target\n",
	"usr/lib/systemd/system/other.target":      "[Unit]\nDescription=o\n",
	"usr/lib/systemd/system/plain.service":     "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\nRequiredBy=other.target\n",
	"usr/lib/systemd/system/named.service": "[Service]\nExecStart=/bin/x\n[Install]\nAlias=nick.service %N-2.service\n" +
		"WantedBy=multi-user.target\n",
	"usr/lib/systemd/system/also.service":       "[Service]\nExecStart=/bin/x\n[Install]\nAlso=also.socket inst@%N.service\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/also.socket":        "[Socket]\nListenStream=/run/also\n[Install]\nWantedBy=sockets.target\n",
	"usr/lib/systemd/system/inst@.service":      "[Service]\nExecStart=/bin/x %i\n[Install]\nWantedBy=multi-user.target %i.target\nAlias=second@%i.service\n",
	"usr/lib/systemd/system/first@.service":     "[Service]\nExecStart=/bin/x %i\n[Install]\nDefaultInstance=one\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/reset.service":      "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=other.target\n",
	"usr/lib/systemd/system/linked.service":     "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/late.service":       "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n",
	"etc/systemd/system/reset.service.d/a.conf": "[Install]\nWantedBy=\nWantedBy=multi-user.target\n",
	"etc/systemd/system/nick.service.d/a.conf":  "[Unit]\nDescription=nicked\n",
	"usr/lib/systemd/system/twice@.service":     "[Service]\nExecStart=/bin/x %i\n[Install]\nDefaultInstance=q\nAlias=more@.service own@%i.service\nWantedBy=other.target\n",
	"usr/lib/systemd/system/own.target":         "[Unit]\nWants=plain.service\nDescription=own\n[Install]\nAlias=default.target\n",
	"usr/lib/systemd/system/only.service":       "[Service]\nExecStart=/bin/x\n[Install]\nAlso=plain.service first@.service\n",
	`usr/lib/systemd/system/dash\x2dx.service`:  "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/Upper.service":      "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=multi-user.target\n",
	// Templates of which instances of others ask for instances.
	"usr/lib/systemd/system/multi-user.target.d/a.conf": "[Unit]\nWants=group@k.target group@one.target\n",
	"usr/lib/systemd/system/group@.target":              "[Unit]\nDescription=group %i\n",
	"usr/lib/systemd/system/member@.service":            "[Service]\nExecStart=/bin/x %i\n[Install]\nWantedBy=group@.target\n",
	"usr/lib/systemd/system/fixed@.service":             "[Service]\nExecStart=/bin/x %i\n[Install]\nWantedBy=group@k.target\n",
	"usr/lib/systemd/system/same@.service":              "[Service]\nExecStart=/bin/x %i\n[Install]\nDefaultInstance=one\nRequiredBy=group@%i.target\n",
	"usr/lib/systemd/system/grouped.service":            "[Service]\nExecStart=/bin/x\n[Install]\nWantedBy=group@.target\n",
	"usr/lib/systemd/system/fixed2@.service":            "[Service]\nExecStart=/bin/x %i\n[Install]\nWantedBy=other.target\n",
	// The spelling of old of a link in a folder.
	"usr/lib/systemd/system/old.service":    "[Service]\nExecStart=/bin/x\n[Install]\nAlias=multi-user.target.wants/old.service other.target.requires/old.service\n",
	"usr/lib/systemd/system/older@.service": "[Service]\nExecStart=/bin/x %i\n[Install]\nAlias=multi-user.target.wants/older@tty1.service\n",
	// [Install] in drop-ins of the unit, and in those of its prefix and type.
	"usr/lib/systemd/system/drop-a.service":           "[Service]\nExecStart=/bin/x\n[Install]\nAlias=lost.service\n",
	"usr/lib/systemd/system/drop-a.service.d/a.conf":  "[Install]\nAlias=\nAlias=dropped.service\nAlso=plain.service\n",
	"usr/lib/systemd/system/drop-.service.d/a.conf":   "[Install]\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/drop-.service.d/b.conf":   "[Unit]\nDescription=by prefix\n[Install]\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/service.d/c.conf":         "[Install]\nWantedBy=multi-user.target\n",
	"usr/lib/systemd/system/tdrop@.service":           "[Service]\nExecStart=/bin/x %i\n",
	"usr/lib/systemd/system/tdrop@.service.d/a.conf":  "[Install]\nWantedBy=other.target\n",
	"usr/lib/systemd/system/tdrop@q.service.d/b.conf": "[Install]\nAlso=plain.service\n",
	"usr/lib/systemd/system-preset/50-all.preset": "# comment\nenable plain.*\nenable inst@.service a b-c\ndisable also.*\nenable also.service\ndisable own.target\n" +
		"disable dash\\x2d*\ndisable [!a-z]*\n" +
		"disable l*\n",
	"usr/lib/systemd/system-preset/90-rest.preset": "disable first@.service\nenable *\n",
	"etc/systemd/system-preset/90-rest.preset":     "disable named.service\n",
}

// enableLinks are those that the administrator of the root has made.
var enableLinks = map[string]string{
	"etc/systemd/system/multi-user.target.wants/linked.service":    "/usr/lib/systemd/system/linked.service",
	"etc/systemd/system/multi-user.target.wants/first@two.service": "/usr/lib/systemd/system/first@.service",
	"usr/lib/systemd/system/multi-user.target.wants/late.service":  "../late.service",
}

func plantEnable(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range enableTree {
		putFile(t, filepath.Join(root, name), []byte(text))
	}
	for name, to := range enableLinks {
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, name)), 0o777))
		must(t, os.Symlink(to, filepath.Join(root, name)))
	}
	return root
}

// TestEnableOracle lets systemctl make its links in a root, and demands that
// --enable and --preset give the image that those links give.
func TestEnableOracle(t *testing.T) {
	tool := means.Program(t, "systemctl")
	for _, c := range []struct {
		name   string
		args   []string
		enable []string
		preset bool
	}{
		{"plain", []string{"enable", "plain.service"}, []string{"plain.service"}, false},
		{"short", []string{"enable", "plain"}, []string{"plain"}, false},
		{"alias", []string{"enable", "named.service"}, []string{"named.service"}, false},
		{"also", []string{"enable", "also.service"}, []string{"also.service"}, false},
		{"instance", []string{"enable", "inst@x.service", `inst@a-b\x2dc.service`}, []string{"inst@x.service", `inst@a-b\x2dc.service`}, false},
		{"default", []string{"enable", "first@.service"}, []string{"first@.service"}, false},
		{"dropin", []string{"enable", "reset.service"}, []string{"reset.service"}, false},
		{"alias of an instance", []string{"enable", "twice@x.service"}, []string{"twice@x.service"}, false},
		{"alias of a template", []string{"enable", "twice@.service"}, []string{"twice@.service"}, false},
		{"alias hides", []string{"enable", "own.target"}, []string{"own.target"}, false},
		{"also alone", []string{"enable", "only.service"}, []string{"only.service"}, false},
		{"template by a template", []string{"enable", "member@.service"}, []string{"member@.service"}, false},
		{"instance by a template", []string{"enable", "member@z.service"}, []string{"member@z.service"}, false},
		{"template by an instance", []string{"enable", "fixed@.service"}, []string{"fixed@.service"}, false},
		{"instance by an instance", []string{"enable", "fixed@z.service"}, []string{"fixed@z.service"}, false},
		{"default instance by its own", []string{"enable", "same@.service"}, []string{"same@.service"}, false},
		{"plain by a template", []string{"enable", "grouped.service"}, []string{"grouped.service"}, false},
		{"alias in a folder", []string{"enable", "old.service"}, []string{"old.service"}, false},
		{"alias of a template in a folder", []string{"enable", "older@.service"}, []string{"older@.service"}, false},
		{"alias of an instance in a folder", []string{"enable", "older@tty1.service"}, []string{"older@tty1.service"}, false},
		{"names in drop-ins", []string{"enable", "drop-a.service"}, []string{"drop-a.service"}, false},
		{"drop-ins of a template", []string{"enable", "tdrop@q.service"}, []string{"tdrop@q.service"}, false},
		{"preset", []string{"preset-all"}, nil, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			root := plantEnable(t)
			got := enabledImage(t, Options{Root: root, Enable: c.enable, Preset: c.preset})
			before := enabledImage(t, Options{Root: root})
			out, err := exec.Command(tool, append([]string{"--root=" + root}, c.args...)...).CombinedOutput()
			if err != nil {
				t.Fatalf("systemctl: %v\n%s", err, out)
			}
			want := enabledImage(t, Options{Root: root})
			if got != want {
				t.Errorf("got:\n%s\nwith systemctl's links:\n%s\nwhich says:\n%s", got, want, out)
			}
			if c.preset { // the folders named one by one
				root := plantEnable(t)
				if given := enabledImage(t, Options{Root: root, UnitDirs: unitDirs(root), Preset: true}); given != want {
					t.Errorf("with UNITDIRs:\n%s\nwith systemctl's links:\n%s", given, want)
				}
			}
			if got == before {
				t.Error("nothing was enabled: the case shows nothing")
			}
		})
	}
}

// unitDirs are the folders with units of a root, by name.
func unitDirs(root string) []string {
	return []string{filepath.Join(root, "etc/systemd/system"), filepath.Join(root, "usr/lib/systemd/system")}
}

// TestUnitPathOracle holds the folders of a root, generators' among them, and
// their order against systemd.
func TestUnitPathOracle(t *testing.T) {
	tool := means.Program(t, "systemd-analyze")
	cmd := exec.Command(tool, "unit-paths")
	cmd.Env = []string{"PATH=/usr/bin:/bin"}
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	// Debian's has /lib before /usr/lib, which are one folder there; a systemd
	// without split-usr does not have it at all.
	var want, got []string
	for _, dir := range strings.Fields(string(out)) {
		if dir != "/lib/systemd/system" {
			want = append(want, dir)
		}
	}
	for _, dir := range standardPath {
		if dir != "/lib/systemd/system" {
			got = append(got, dir)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, systemd has %v", got, want)
	}
}

// enabledImage is the graph of an image, without where it was written down.
func enabledImage(t *testing.T, o Options) string {
	t.Helper()
	s, l := compileTo(o, "check")
	if l.Count(diag.Error) > 0 {
		t.Fatal(treeText(l))
	}
	var b bytes.Buffer
	for _, u := range s.image {
		b.WriteString(u.name + " = " + strings.Join(u.aliases, " ") + " " + u.description + "\n")
		for _, d := range u.deps {
			b.WriteString("\t" + relNames(d.Rel) + " " + s.image[d.Unit].name + "\n")
		}
	}
	return b.String()
}

// TestEnableRefusedOracle has names that systemctl refuses to enable, which
// --enable does as well.
func TestEnableRefusedOracle(t *testing.T) {
	tool := means.Program(t, "systemctl")
	for name, text := range map[string]string{
		"no-default@.service":  "[Install]\nWantedBy=multi-user.target\n",
		"taken-back@.service":  "[Install]\nWantedBy=multi-user.target\nDefaultInstance=a\nDefaultInstance=\n",
		"two-words@.service":   "[Install]\nWantedBy=multi-user.target\nDefaultInstance=a b\n",
		"quoted@.service":      "[Install]\nWantedBy=multi-user.target\nDefaultInstance=\"a\"\n",
		"required@.service":    "[Install]\nRequiredBy=multi-user.target\n",
		"alias-type.service":   "[Install]\nAlias=x.socket\n",
		"alias-plain@.service": "[Install]\nAlias=x.service\nDefaultInstance=a\n",
		"alias-inst.service":   "[Install]\nAlias=x@y.service\n",
		"alias-link.service":   "[Install]\nAlias=multi-user.target.wants/x.service\n",
		"alias-folder.service": "[Install]\nAlias=multi-user.target/alias-folder.service\n",
		"alias-type2.service":  "[Install]\nWantedBy=multi-user.target\nAlias=x.target.wants\n",
		"also.service":         "[Install]\nWantedBy=multi-user.target\nAlso=fixed2@.service\n",
		"not-there.service":    "",
		"not-there@x.service":  "",
		"bad name.service":     "",
	} {
		root := plantEnable(t)
		if text != "" {
			putFile(t, filepath.Join(root, "usr/lib/systemd/system", name), []byte("[Service]\nExecStart=/bin/x\n"+text))
		}
		_, l := compileTo(Options{Root: root, Enable: []string{name}}, "check")
		out, err := exec.Command(tool, "--root="+root, "enable", name).CombinedOutput()
		if err == nil || l.Count(diag.Error) == 0 {
			t.Errorf("%s: systemctl says %v\n%sand we\n%s", name, err, out, treeText(l))
		}
	}
}
