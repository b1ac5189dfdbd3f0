package compiler

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// TestBuiltinTargets holds the rows about well-known targets against the files
// that systemd has for them: what they say of each other must be the same.
func TestBuiltinTargets(t *testing.T) {
	const dir = "/usr/lib/systemd/system"
	means.Files(t, dir+"/basic.target")
	theirs, l := compileTo(Options{UnitDirs: []string{dir}}, "graph")
	ours, _ := compileTo(Options{UnitDirs: []string{t.TempDir()}}, "graph")
	compared := 0
	for i := range builtinTargets {
		name := builtinTargets[i].name
		u := theirs.byName[name]
		if u == nil || u.builtin || isShutdown(name) || name == "default.target" { // a link
			continue
		}
		compared++
		want, got := targetRelations(u), targetRelations(ours.byName[name])
		if !slices.Equal(got, want) {
			t.Errorf("%s is built in with\n\t%s\nand in systemd has\n\t%s", name, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
		}
		if a, b := ours.byName[name].flags, u.flags; a != b {
			t.Errorf("%s has flags %b, in systemd %b", name, a, b)
		}
	}
	files, _ := filepath.Glob(dir + "/*.target")
	for _, file := range files {
		if name := filepath.Base(file); !builtinTargets.has(name) && ours.byName[name] == nil && plumbingOf(name) == nil && !isShutdown(name) {
			t.Errorf("%s is not built in", name)
		}
	}
	if compared < 40 {
		t.Errorf("only %d targets compared:\n%s", compared, treeText(l))
	}
}

// targetRelations are what a target says of others that are built in and stay.
func targetRelations(u *unit) (list []string) {
	for i := range u.edges {
		e := &u.edges[i]
		if !builtinTargets.has(e.to.name) || isShutdown(e.to.name) {
			continue
		}
		for rel := range strings.SplitSeq(relNames(e.rel), "+") {
			list = append(list, rel+" "+e.to.name)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}
