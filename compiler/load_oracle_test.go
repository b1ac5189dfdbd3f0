package compiler

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layout is a root of unit folders: the folders of the search path are d0, d1
// and d2, the first with the highest precedence.
type layout struct {
	name  string
	files map[string]string // by path
	links map[string]string // path → where it leads
	ask   []string          // names that the target wants
}

const layoutUnit = "[Service]\nExecStart=/bin/true\n"

// givenLayouts are those that somebody thought of.
var givenLayouts = []layout{
	{name: "levels of an instance", ask: []string{"a-b-c@i-j.service"}, files: map[string]string{
		"d1/a-b-c@.service":             layoutUnit,
		"d0/a-b-c@i-j.service.d/1.conf": "#", "d1/a-b-c@.service.d/1.conf": "#", "d0/a-b-@i-j.service.d/2.conf": "#",
		"d1/a-b-@.service.d/2.conf": "#", "d0/a-@i-j.service.d/3.conf": "#", "d0/a-@.service.d/3.conf": "#",
		"d0/a-b-@.service.d/4.conf": "#", "d0/a-b-c@.service.d/4.conf": "#", "d0/service.d/5.conf": "#", "d1/a-.service.d/6.conf": "#"}},
	{name: "template before prefix", ask: []string{"a-b@i.service"}, files: map[string]string{
		"d0/a-b@.service": layoutUnit, "d0/a-@i.service.d/1.conf": "#", "d0/a-b@.service.d/1.conf": "#", "d0/a-@.service.d/1.conf": "#"}},
	{name: "prefix of the instance alone", ask: []string{"a-b@i.service"}, files: map[string]string{
		"d0/a-b@.service": layoutUnit, "d0/a-@i.service.d/1.conf": "#", "d0/a-@.service.d/1.conf": "#"}},
	{name: "folder before name", ask: []string{"a-b.service"}, files: map[string]string{
		"d0/a-b.service": layoutUnit, "d1/a-b.service.d/1.conf": "#", "d0/a-.service.d/1.conf": "#", "d0/service.d/1.conf": "#"}},
	{name: "alias after name", ask: []string{"a.service"}, files: map[string]string{
		"d0/a.service": layoutUnit, "d2/a.service.d/1.conf": "#", "d0/z.service.d/1.conf": "#", "d0/z.service.d/2.conf": "#",
		"d1/service.d/2.conf": "#"},
		links: map[string]string{"d1/z.service": "a.service"}},
	{name: "asked by alias", ask: []string{"z.service"}, files: map[string]string{
		"d1/a.service": layoutUnit, "d0/z.service.d/1.conf": "#", "d0/a.service.d/1.conf": "#"},
		links: map[string]string{"d0/z.service": "../d1/a.service"}},
	{name: "chain of aliases", ask: []string{"y.service"}, files: map[string]string{
		"d1/a.service": layoutUnit, "d0/z.service.d/1.conf": "#", "d0/y.service.d/2.conf": "#", "d0/a.service.d/3.conf": "#"},
		links: map[string]string{"d0/z.service": "../d1/a.service", "d0/y.service": "z.service"}},
	{name: "masks of drop-ins", ask: []string{"a.service"}, files: map[string]string{
		"d1/a.service": layoutUnit, "d0/a.service.d/1.conf": "", "d1/a.service.d/1.conf": "#", "d1/a.service.d/2.conf": "#",
		"d1/a.service.d/3.conf": "", "d0/service.d/3.conf": "#", "d0/service.d/4.conf": "", "d1/a.service.d/4.conf": "#"},
		links: map[string]string{"d0/a.service.d/2.conf": "/dev/null"}},
	{name: "a drop-in that is a link", ask: []string{"a.service"}, files: map[string]string{
		"d0/a.service": layoutUnit, "x/y.conf": "#", "d1/a.service.d/gone.conf": "#"},
		links: map[string]string{"d0/a.service.d/1.conf": "../../x/y.conf", "d0/a.service.d/gone.conf": "nowhere"}},
	{name: "what is no drop-in", ask: []string{"a.service"}, files: map[string]string{
		"d0/a.service": layoutUnit, "d0/a.service.d/1.conf~": "#", "d0/a.service.d/.2.conf": "#", "d0/a.service.d/3": "#",
		"d0/a.service.d/4.conf/5.conf": "#", "d1/a.service.d/4.conf": "#", "d0/a.service.d/6.conf.dpkg-old": "#", "d0/a.service.d/7.CONF": "#"}},
	{name: "an instance of its own", ask: []string{"t@i.service", "t@j.service"}, files: map[string]string{
		"d0/t@.service": layoutUnit, "d1/t@i.service": layoutUnit, "d0/t@.service.d/1.conf": "#", "d0/t@i.service.d/2.conf": "#"}},
	{name: "an instance that is a link to its template", ask: []string{"t@i.service"}, files: map[string]string{
		"d0/t@.service": layoutUnit, "d0/t@.service.d/1.conf": "#"}, links: map[string]string{"d1/t@i.service": "../d0/t@.service"}},
	{name: "an alias of a template", ask: []string{"al@i.service"}, files: map[string]string{
		"d0/t@.service": layoutUnit, "d0/t@.service.d/1.conf": "#", "d0/al@.service.d/2.conf": "#", "d0/al@i.service.d/3.conf": "#",
		"d1/t@i.service.d/4.conf": "#"}, links: map[string]string{"d1/al@.service": "../d0/t@.service"}},
	{name: "the instance of the template of an alias", ask: []string{"t@i.service"}, files: map[string]string{
		"d0/t@.service": layoutUnit, "d0/al@.service.d/2.conf": "#", "d0/al@i.service.d/3.conf": "#"},
		links: map[string]string{"d1/al@.service": "t@.service"}},
	{name: "an alias of an instance", ask: []string{"t@i.service"}, files: map[string]string{
		"d0/t@.service": layoutUnit, "d0/o@i.service.d/2.conf": "#", "d0/o@.service.d/3.conf": "#"},
		links: map[string]string{"d1/o@i.service": "t@i.service"}},
	{name: "a plain alias of an instance", ask: []string{"plain.service"}, files: map[string]string{
		"d0/t@.service": layoutUnit, "d0/plain.service.d/2.conf": "#", "d0/t@i.service.d/3.conf": "#"},
		links: map[string]string{"d1/plain.service": "t@i.service"}},
	{name: "a linked unit", ask: []string{"a.service"}, files: map[string]string{
		"x/a.service": layoutUnit, "d0/a.service.d/1.conf": "#", "x/a.service.d/2.conf": "#"},
		links: map[string]string{"d0/a.service": "../x/a.service"}},
	{name: "a linked unit of another name", ask: []string{"a.service"}, files: map[string]string{
		"x/b.service": layoutUnit, "d0/a.service.d/1.conf": "#", "d0/b.service.d/2.conf": "#"},
		links: map[string]string{"d0/a.service": "../x/b.service"}},
	{name: "a link to a higher folder", ask: []string{"a.service", "z.service"}, files: map[string]string{
		"d2/a.service": layoutUnit, "d0/a.service": layoutUnit, "d0/z.service.d/1.conf": "#"},
		links: map[string]string{"d1/z.service": "../d2/a.service"}},
	{name: "a file hides an alias", ask: []string{"z.service", "a.service"}, files: map[string]string{
		"d2/a.service": layoutUnit, "d0/z.service": layoutUnit, "d0/z.service.d/1.conf": "#"},
		links: map[string]string{"d1/z.service": "../d2/a.service"}},
	{name: "masked and not", ask: []string{"a.service", "b.service", "c.service"}, files: map[string]string{
		"d1/a.service": layoutUnit, "d1/b.service": layoutUnit, "d0/b.service": "", "d0/c.service": layoutUnit},
		links: map[string]string{"d0/a.service": "/dev/null", "d1/c.service": "/dev/null"}},
	{name: "a masked template", ask: []string{"t@i.service", "u@i.service"}, files: map[string]string{
		"d1/t@.service": layoutUnit, "d1/u@.service": layoutUnit, "d1/u@i.service.d/1.conf": "#"},
		links: map[string]string{"d0/t@.service": "/dev/null", "d0/u@j.service": "/dev/null"}},
	{name: "drop-ins without a fragment", ask: []string{"a.service", "b-c.service"}, files: map[string]string{
		"d0/a.service.d/1.conf": layoutUnit, "d0/b-.service.d/2.conf": layoutUnit}},
	{name: "odd dashes", ask: []string{"a--b.service", "-c.service", "d-.service", "e-f-.service"}, files: map[string]string{
		"d0/a--b.service": layoutUnit, "d0/a-.service.d/1.conf": "#", "d0/a--.service.d/2.conf": "#", "d0/-c.service": layoutUnit,
		"d0/-.service.d/3.conf": "#", "d0/d-.service": layoutUnit, "d0/d-.service.d/4.conf": "#",
		"d0/e-f-.service": layoutUnit, "d0/e-f-.service.d/5.conf": "#", "d0/e-.service.d/6.conf": "#"}},
	{name: "what is no unit file hides none", ask: []string{"z.service", "a.service"}, files: map[string]string{
		"d1/a.socket": "[Socket]\nListenStream=/run/x\n", "d0/a.service/y": "#", "d2/z.service": layoutUnit, "d1/a.service": layoutUnit},
		links: map[string]string{"d0/z.service": "../d1/a.socket"}},
	{name: "links to what is empty", ask: []string{"a.service", "b.service"}, files: map[string]string{
		"x/empty": "", "d1/a.service": layoutUnit, "d1/a.service.d/1.conf": "#", "d1/b.service": layoutUnit},
		links: map[string]string{"d0/a.service.d/1.conf": "../../x/empty", "d0/b.service": "../x/empty"}},
	{name: "names", ask: []string{".h.service", "a:b.service", `a\x2db.service`, "a@b@c.service", "a..service"}, files: map[string]string{
		"d0/.h.service": layoutUnit, "d1/a:b.service": layoutUnit, `d1/a\x2db.service`: layoutUnit, `d1/a\x2db.service.d/1.conf`: "#",
		"d1/a@.service": layoutUnit, "d0/a@b@.service": layoutUnit, "d1/a@b@c.service.d/1.conf": "#", "d0/a..service": layoutUnit}},
	{name: "targets and sockets", ask: []string{"a-b.target", "s.socket"}, files: map[string]string{
		"d0/a-b.target": "[Unit]\n", "d0/target.d/1.conf": "#", "d0/a-.target.d/2.conf": "#", "d0/a-.service.d/3.conf": "#",
		"d0/s.socket": "[Socket]\nListenStream=/run/s\n", "d0/s.service": layoutUnit, "d0/socket.d/4.conf": "#"}},
}

// dealtLayout is one by chance: a few names with fragments, links and drop-ins
// anywhere.
func dealtLayout(n uint64) layout {
	r := rand.New(rand.NewPCG(n, 252))
	lay := layout{name: fmt.Sprintf("dealt %d", n), files: map[string]string{}, links: map[string]string{},
		ask: []string{"a-b.service", "a-b@i.service", "a-b@j-k.service", "z.service", "y@i.service"}}
	dir := func() string { return fmt.Sprintf("d%d/", r.IntN(3)) }
	for _, name := range []string{"a-b.service", "a-b@.service"} {
		lay.files[dir()+name] = layoutUnit
		if r.IntN(3) == 0 {
			lay.files[dir()+name] = layoutUnit
		}
	}
	lay.links[dir()+"z.service"] = []string{"a-b.service", "a-b@i.service", "/dev/null", "../x/z.service"}[r.IntN(4)]
	lay.files["x/z.service"] = layoutUnit
	lay.links[dir()+"y@.service"] = "a-b@.service"
	folders := []string{"service", "a-.service", "a-b.service", "a-b@.service", "a-b@i.service", "a-@.service", "a-@i.service", "a-@j-k.service"}
	for range 12 {
		lay.dropIn(r, dir()+folders[r.IntN(len(folders))]+".d/"+string(rune('1'+r.IntN(4)))+".conf")
	}
	// In which order the names of a unit count is by chance in systemd: one
	// other name has files that others have as well, the second has its own.
	for _, f := range []string{"z.service.d/1", "z.service.d/2", "y@.service.d/y", "y@i.service.d/y", "y@i.service.d/x"} {
		lay.dropIn(r, dir()+f+".conf")
	}
	return lay
}

// dropIn makes a drop-in, or what masks one.
func (lay *layout) dropIn(r *rand.Rand, path string) {
	if lay.files[path] != "" || lay.links[path] != "" {
		return
	}
	switch r.IntN(6) {
	case 0:
		lay.files[path] = ""
	case 1:
		lay.links[path] = "/dev/null"
	default:
		lay.files[path] = "[Unit]\n"
	}
}

// plant writes a layout and its target.
func (lay *layout) plant(t *testing.T, root string) {
	for _, d := range []string{"d0", "d1", "d2"} {
		must(t, os.MkdirAll(filepath.Join(root, d), 0o755))
	}
	for path, text := range lay.files {
		putFile(t, filepath.Join(root, path), []byte(text))
	}
	for path, to := range lay.links {
		if _, taken := lay.files[path]; taken {
			continue
		}
		must(t, os.MkdirAll(filepath.Dir(filepath.Join(root, path)), 0o755))
		must(t, os.Symlink(to, filepath.Join(root, path)))
	}
	putFile(t, filepath.Join(root, "d0/default.target"), []byte("[Unit]\nDefaultDependencies=no\nWants="+strings.Join(lay.ask, " ")+"\n"))
}

// TestLoadOracle holds the names, the fragment and the drop-ins of units, in
// their order, against systemd --test, which prints them.
func TestLoadOracle(t *testing.T) {
	layouts := slices.Clone(givenLayouts)
	for n := range uint64(15) {
		layouts = append(layouts, dealtLayout(n))
	}
	for _, lay := range layouts {
		t.Run(lay.name, func(t *testing.T) {
			root, err := os.MkdirTemp("", "layout")
			must(t, err)
			t.Cleanup(func() { _ = os.RemoveAll(root) })
			must(t, os.Chmod(root, 0o755))
			lay.plant(t, root)
			theirs, ours := systemdLoads(t, root), weLoad(t, root, lay.ask)
			for _, name := range lay.ask {
				if theirs[name] == "" || theirs[name] != ours[name] {
					t.Errorf("%s is\n%s\nand in systemd\n%s", name, ours[name], theirs[name])
				}
			}
		})
	}
}

// loadedUnit is what a unit was made of, as text.
func loadedUnit(state string, names []string, fragment string, dropIns []string) string {
	slices.Sort(names)
	return fmt.Sprintf("\t%s %v\n\t%s\n\t%v", state, names, fragment, dropIns)
}

// without is a unit of which nothing is loaded.
func without(state, name string) string { return loadedUnit(state, []string{name}, "", nil) }

// systemdLoads are the units of systemd's transaction, by each of their names.
func systemdLoads(t *testing.T, root string) map[string]string {
	dump, says, err := systemdTest(t, root+"/d0:"+root+"/d1:"+root+"/d2")
	if err != nil {
		t.Fatalf("systemd --test does not run here: %v\n%s", err, says)
	}
	loaded := map[string]string{}
	for part := range strings.SplitSeq(dump, "-> Unit ") {
		name, rest, _ := strings.Cut(part, ":\n")
		names, dropIns, fragment, state := []string{name}, []string(nil), "", ""
		for line := range strings.Lines(rest) {
			key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
			value = strings.TrimPrefix(value, root)
			switch key {
			case "Alias":
				names = append(names, value)
			case "Unit Load State":
				state = value
			case "Fragment Path":
				fragment = value
			case "DropIn Path":
				// It lists those that are masked, too.
				if i, err := os.Stat(root + value); err != nil || i.Size() > 0 {
					dropIns = append(dropIns, value)
				}
			}
		}
		for _, n := range names {
			if loaded[n] = without(state, n); state == "loaded" {
				loaded[n] = loadedUnit(state, slices.Clone(names), fragment, dropIns)
			}
		}
	}
	return loaded
}

// weLoad is the same of the compiler; what is broken has an error.
func weLoad(t *testing.T, root string, ask []string) map[string]string {
	s, l := compileTo(Options{Root: root, UnitPath: "/d0:/d1:/d2"}, "decode")
	loaded := map[string]string{}
	for _, name := range ask {
		switch u := s.find(name); {
		case u == nil, u.broken && strings.Contains(treeText(u.diags), name+": error: cannot read it"):
			loaded[name] = without("not-found", name)
		case u.masked:
			loaded[name] = without("masked", name)
		default:
			var dropIns []string
			for _, p := range s.dropIns(u) {
				dropIns = append(dropIns, strings.TrimPrefix(p.shown, root))
			}
			loaded[name] = loadedUnit("loaded", append([]string{u.name}, u.aliases...), strings.TrimPrefix(u.fragment, root), dropIns)
		}
	}
	if s.byName["default.target"].builtin {
		t.Fatal(treeText(l))
	}
	return loaded
}
