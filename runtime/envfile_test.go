package runtime

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"rustysd/runtime/plan"
)

func TestParseEnvFile(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"plain", "A=b\nC=d", []string{"A=b", "C=d"}},
		{"blanks", "  A = b c  \n\t\nB=\n", []string{"A=b c", "B="}},
		{"comments", "# A=1\n; B=2\nC=3 # kept\n", []string{"C=3 # kept"}},
		{"comment goes on", "# a \\\nA=1\nB=2\n", []string{"B=2"}},
		{"no equals", "export\nA=1\n", []string{"A=1"}},
		{"bad name", "1A=1\nexport B=2\nC=3\n", []string{"C=3"}},
		{"single", "A='b  \"c\\n'\n", []string{`A=b  "c\n`}},
		{"single lines", "A='b\nc'\nD=e\n", []string{"A=b\nc", "D=e"}},
		{"double", `A="b \"c\" \$d \x \\ e" ` + "\n", []string{`A=b "c" $d \x \ e`}},
		{"double continued", "A=\"b\\\nc\"\n", []string{"A=bc"}},
		{"parts", `A="b"'c'd` + "\n", []string{"A=bcd"}},
		{"inner quotes", `A=b "c"` + "\n", []string{`A=b "c"`}},
		{"continued", "A=b\\\n  c\n", []string{"A=b  c"}},
		{"escapes", `A=b\\c\"d\ ` + "\n", []string{`A=b\c"d `}},
		{"carriage return", "A=b\r\nC=d\r\n", []string{"A=b", "C=d"}},
		{"mark", "\ufeffA=b\nC=d\n", []string{"C=d"}}, // a part of the name
		{"last wins later", "A=1\nA=2", []string{"A=1", "A=2"}},
		{"open quote", "A='b", []string{"A=b"}},
		{"equals in value", "A=b=c", []string{"A=b=c"}},
	} {
		if got := parseEnvFile(nil, c.text); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzParseEnvFile(f *testing.F) {
	f.Add("A='b'\\\n#\\")
	f.Fuzz(func(t *testing.T, text string) {
		for _, v := range parseEnvFile(nil, text) {
			name, _, ok := strings.Cut(v, "=")
			if !ok || !isName(name) || strings.Contains(v, "\x00") {
				t.Errorf("%q out of %q", v, text)
			}
		}
	})
}

func TestEnvFilesOfAStart(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("10-a.conf", "A=first\nB=first")
	write("20-b.conf", "B=second")
	write(".hidden.conf", "B=hidden")
	write("other", "B=other")
	k := newKid(t, plain)
	k.envFiles = readEnvFiles
	start := func(files ...plan.EnvFile) result {
		return k.run(&spawnRequest{cmd: shell(`echo $A $B $C`),
			exec: &plan.Exec{Env: []string{"C=env", "B=env"}, EnvFiles: files}})
	}
	r := start(plan.EnvFile{Path: dir + "/[0-9]*.c?nf"})
	r.ok(t)
	if r.out != "first second env\n" {
		t.Errorf("%q", r.out)
	}
	r = start(plan.EnvFile{Path: dir + "/none", Optional: true}, plan.EnvFile{Path: dir + "/*.none", Optional: true})
	r.ok(t)
	if r.out != "env env\n" {
		t.Errorf("%q", r.out)
	}
	for _, path := range []string{dir + "/none", dir + "/*.none"} {
		if r = start(plan.EnvFile{Path: path}); r.pid != 0 || r.errno != syscall.ENOENT {
			t.Errorf("%s: pid %d errno %v", path, r.pid, r.errno)
		}
	}
	if r = start(plan.EnvFile{Path: "/dev/zero"}); r.pid != 0 || r.errno != syscall.E2BIG {
		t.Errorf("endless file: pid %d errno %v", r.pid, r.errno)
	}
}

func TestSortStrings(t *testing.T) {
	var names []string
	for n := range 1000 {
		names = append(names, strconv.Itoa(n*7919%1000))
		sorted := slices.Clone(names)
		if sortStrings(sorted); !slices.IsSorted(sorted) || len(sorted) != n+1 {
			t.Fatalf("%q", sorted)
		}
	}
}
