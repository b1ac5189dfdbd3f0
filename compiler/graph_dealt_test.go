package compiler

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

// dealtNames are what dealt units name: units, instances, an alias each of a
// service and of a target, one that is masked, one that is missing, and a template.
var dealtNames = strings.Fields("t0.target t1.target a.service b.service c@1.service c@2.service d-e.service a.socket s.socket " +
	"al.service alt.target masked.service gone.service c@.service")

// dealtKeys are the directives that they do it with; some more often than others.
var dealtKeys = strings.Fields("Wants Wants Requires BindsTo Before Before After After PartOf Requisite Upholds OnFailure OnSuccess " +
	"PropagatesReloadTo ReloadPropagatedFrom PropagatesStopTo StopPropagatedFrom Conflicts")

// dealtTree is a root by chance: each unit relates to some others, as drop-ins
// and folders of links do.
func dealtTree(n uint64) map[string]string {
	r := rand.New(rand.NewPCG(n, 7))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	deps := func() string {
		var b strings.Builder
		for range r.IntN(4) {
			if key := pick(dealtKeys); key != "Conflicts" || r.IntN(3) == 0 {
				fmt.Fprintf(&b, "%s=%s %s\n", key, pick(dealtNames), pick(dealtNames))
			}
		}
		return b.String() + pick([]string{"", "", "", "DefaultDependencies=no\n", "After=\n"})
	}
	tree := map[string]string{
		"default.target": "[Unit]\nWants=" + strings.Join(dealtNames[:9], " ") + "\n",
		"basic.target":   "[Unit]\nRequires=sysinit.target\nWants=sockets.target\nAfter=sysinit.target sockets.target\n",
		"sysinit.target": "[Unit]\n", "sockets.target": "[Unit]\n", "shutdown.target": "[Unit]\nDefaultDependencies=no\n",
		"dbus.socket": "[Socket]\nListenStream=/run/dbus\nService=b.service\n",
	}
	for _, name := range []string{"t0.target", "t1.target", "a.service", "b.service", "c@.service", "d-e.service", "a.socket", "s.socket"} {
		tree[name] = "[Unit]\n" + deps()
		switch splitName(name).suffix {
		case "service":
			tree[name] += "[Service]\nExecStart=/bin/true\n" + pick([]string{"", "", "Sockets=s.socket\n", "Type=oneshot\n"})
		case "socket":
			tree[name] += "[Socket]\nListenStream=/run/" + name + "\n"
		}
	}
	tree["a.service"] += pick([]string{"", "BusName=org.example\n"})
	tree["s.socket"] += "Service=" + pick([]string{"b.service", "c@2.service", "d-e.service", "a.service"}) + "\n"
	for _, dir := range []string{"service.d", "target.d", "c@.service.d", "c@1.service.d", "al.service.d", "d-.service.d", "alt.target.d"} {
		if r.IntN(4) == 0 {
			tree[dir+"/x.conf"] = "[Unit]\n" + deps()
		}
	}
	tree["masked.service"] = "->/dev/null"
	tree["al.service"] = "->" + pick([]string{"a.service", "b.service", "d-e.service"})
	tree["alt.target"] = "->" + pick([]string{"t0.target", "t1.target"})
	for range r.IntN(6) {
		name := pick(append([]string{"c@.service"}, dealtNames...))
		dir := pick(append([]string{"c@.service", "d-.service", "service", "target"}, dealtNames[:11]...)) + pick([]string{".wants", ".requires"})
		tree[dir+"/"+name] = pick([]string{"->../" + name, "->../" + name, "->/dev/null", "->../b.service"})
	}
	return tree
}

// TestDealtRelationsOracle is TestRelationsOracle for roots by chance.
func TestDealtRelationsOracle(t *testing.T) {
	compared := 0
	for n := range uint64(12) {
		tree := dealtTree(n)
		root, dump := systemdDump(t, tree)
		s, _ := compileTo(Options{Root: root}, "relate")
		if leftToChance(s) || !strings.Contains(dump, "-> Unit ") {
			continue // or systemd starts nothing, because of a conflict or a cycle
		}
		if strings.Contains(dump, "-> Unit c@al.service:") || strings.Contains(dump, "-> Unit c@alt.service:") {
			continue // it read a unit by its alias first, and called an instance by that
		}
		want := systemdRelations(dump)
		for _, u := range s.image {
			theirs := slices.DeleteFunc(within(s, want[u.name]), func(r string) bool { return strings.HasSuffix(r, " "+u.name) })
			compared += len(theirs)
			if got := ourRelations(s, u); !slices.Equal(got, theirs) {
				t.Errorf("dealt %d: %s has\n\t%s\nand in systemd\n\t%s", n, u.name, strings.Join(got, "\n\t"), strings.Join(theirs, "\n\t"))
			}
		}
	}
	if t.Logf("%d relations", compared); compared < 500 {
		t.Error("that is too few")
	}
}

// leftToChance says whether the order of two targets, or of a target and what it
// is a part of, depends on which of them systemd loads first.
func leftToChance(s *unitSet) bool {
	for _, u := range s.image {
		for _, d := range u.deps {
			const pulls = pull | plan.Requisite
			mutual := d.Rel&pulls != 0 && inverse(d.Rel)&pulls != 0 && s.image[d.Unit].kind == plan.KindTarget
			if u.kind == plan.KindTarget && (mutual || d.Rel&plan.PartOf != 0) {
				return true
			}
		}
	}
	return false
}
