package compiler

import (
	"slices"
	"strings"
	"testing"

	"rustysd/runtime/plan"
)

// TestPassOrder holds the pass table to its rules.
func TestPassOrder(t *testing.T) {
	names := Passes()
	for _, o := range orders {
		i, j := slices.Index(names, o.before), slices.Index(names, o.after)
		if i < 0 || j < 0 || i >= j || o.because == "" {
			t.Errorf("%s must run before %s, because %s: %v", o.before, o.after, o.because, names)
		}
	}
	for i := range passes {
		if passes[i].holds == "" {
			t.Errorf("nothing holds after %s", passes[i].name)
		}
	}
}

// TestInverse: each relation and its inverse are each other's.
func TestInverse(t *testing.T) {
	if len(relWords) != 28 || plan.KeepsOnFailure != 1<<27 {
		t.Fatal("relWords does not fit the relations of the plan")
	}
	for i, name := range relWords {
		r := plan.Rel(1) << i
		back := inverse(inverse(r))
		switch {
		case r == plan.KeepsOnFailure:
			if inverse(r) != 0 {
				t.Error("KeepsOnFailure has no inverse")
			}
		case back != r:
			t.Errorf("%s: the inverse of its inverse is %s", name, relNames(back))
		}
	}
	for rel, want := range map[plan.Rel]string{plan.After: "Before", plan.Wants: "WantedBy", plan.BindsTo: "BoundBy",
		plan.Triggers: "TriggeredBy", plan.JoinsNamespaceOf: "JoinsNamespaceOf", plan.StopPropagatedFrom: "PropagatesStopTo"} {
		if got := relNames(inverse(rel)); got != want {
			t.Errorf("inverse of %s: %s, want %s", relNames(rel), got, want)
		}
	}
}

// TestRelations: what x says about y, y says about x, in order, for kept units
// only.
func TestRelations(t *testing.T) {
	dir := t.TempDir()
	writeUnits(t, dir, 30)
	s, l := compileTo(Options{UnitDirs: []string{dir}, KeepOnFailure: true}, "relate")
	if len(s.image) != 31 {
		t.Fatal(len(s.image), treeText(l))
	}
	keeps := 0
	for i, u := range s.image {
		if u.id != plan.UnitID(i) || i > 0 && s.image[i-1].name >= u.name {
			t.Errorf("%s: ids do not follow the names", u.name)
		}
		for k, d := range u.deps {
			if k > 0 && u.deps[k-1].Unit >= d.Unit {
				t.Errorf("%s: relations are not sorted", u.name)
			}
			j := slices.IndexFunc(s.image[d.Unit].deps, func(e plan.Dep) bool { return e.Unit == u.id })
			if j < 0 || s.image[d.Unit].deps[j].Rel&^plan.KeepsOnFailure != inverse(d.Rel) {
				t.Errorf("%s says %s of %s, and that says otherwise", u.name, relNames(d.Rel), s.image[d.Unit].name)
			}
			if d.Rel&plan.KeepsOnFailure != 0 {
				keeps++
			}
		}
	}
	if keeps != 27 {
		t.Errorf("%d requirements are marked by KeepOnFailure, want 27", keeps)
	}
}

// TestPlumbing: no name stands twice, and the sentences fit the messages.
func TestPlumbing(t *testing.T) {
	seen := map[string]bool{}
	for _, row := range plumbingTable {
		if row.why == "" || strings.HasSuffix(row.why, ".") || strings.ToLower(row.why[:1]) != row.why[:1] {
			t.Errorf("%q is no part of a sentence", row.why)
		}
		for _, name := range strings.Fields(row.names) {
			if seen[name] {
				t.Errorf("%s stands twice", name)
			}
			seen[name] = true
			if plain := strings.ReplaceAll(name, "*", ""); !isUnitName(plain) || builtinTargets.has(name) {
				t.Errorf("%s is no unit of systemd's plumbing", name)
			}
		}
	}
	for name, want := range map[string]bool{"getty@tty1.service": true, "systemd-pcrphase-x.service": true,
		// Those that systemd 257 starts by links of its own.
		"systemd-bootctl.socket": true, "systemd-creds.socket": true, "systemd-hostnamed.socket": true, "systemd-importd.socket": true,
		"systemd-pcrextend.socket": true, "systemd-pcrlock.socket": true, "systemd-sysext.socket": true,
		"systemd-hibernate-clear.service": true, "systemd-tpm2-setup-early.service": true, "systemd-pcrlock-make-policy.service": true,
		"systemd-networkd-wait-online.service": false,
		"getty.service":                        false, "syslog.socket": false, "systemd-timesyncd.service": false, "nginx.service": false} {
		if got := plumbingOf(name) != nil; got != want {
			t.Errorf("%s: plumbing is %v", name, got)
		}
	}
}
