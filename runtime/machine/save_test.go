package machine

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"rustysd/runtime/plan"
)

// notCarried are the fields of Machine that New makes or that end with a step.
var notCarried = map[string]bool{
	"plan": true, "types": true, "on": true, "ev": true, "actions": true, "burst": true,
	"asked": true, "check": true, "stepping": true, "watchdogStart": true, "watchdogDue": true,
	"svcs": true, "socks": true,
}

// describe writes down where each field is, and refuses what memory alone
// cannot carry.
func describe(t *testing.T, path string, typ reflect.Type) string {
	switch typ.Kind() {
	case reflect.Struct:
		s := ""
		for i := range typ.NumField() {
			f := typ.Field(i)
			s += fmt.Sprintf("%s.%s@%d:%s;", path, f.Name, f.Offset, describe(t, path+"."+f.Name, f.Type))
		}
		return s
	case reflect.Array:
		return fmt.Sprintf("[%d]%s", typ.Len(), describe(t, path, typ.Elem()))
	case reflect.Pointer, reflect.Slice, reflect.String, reflect.Map, reflect.Func, reflect.Interface, reflect.Chan:
		t.Errorf("%s is a %s: its memory cannot be carried into another process", path, typ.Kind())
	}
	return typ.Kind().String()
}

// TestSaveLayout fails when a field is added, until saveLayout says so: what an
// older program saved must be refused, not misread.
func TestSaveLayout(t *testing.T) {
	h := fnv.New64a()
	for _, v := range []any{unit{}, service{}, socket{}, client{}} {
		typ := reflect.TypeOf(v)
		h.Write([]byte(describe(t, typ.Name(), typ)))
	}
	typ := reflect.TypeFor[Machine]()
	for i := range typ.NumField() {
		f := typ.Field(i)
		if !notCarried[f.Name] {
			h.Write([]byte(f.Name + " " + f.Type.String() + ";"))
		}
	}
	if got := h.Sum64(); got != saveLayout {
		t.Fatalf("the state has changed: carry the new fields, and set saveLayout = %#016x", got)
	}
}

// disturb gives a field a value that New does not.
func disturb(v reflect.Value) {
	v = reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem() // unexported fields too
	switch v.Kind() {
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Slice:
		v.SetLen(min(v.Cap(), max(1, v.Len())))
		for i := range v.Len() {
			disturb(v.Index(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			disturb(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			disturb(v.Field(i))
		}
	default:
		if v.CanInt() {
			v.SetInt(v.Int() + 1)
		} else {
			v.SetUint(v.Uint() + 1)
		}
	}
}

// TestSaveCarriesEachField disturbs one field of Machine after the other and
// looks for it on the other side. What is taken over is compared before it is
// judged, since most of these states could not come about.
func TestSaveCarriesEachField(t *testing.T) {
	p := cellPlan()
	typ := reflect.TypeFor[Machine]()
	for i := range typ.NumField() {
		name := typ.Field(i).Name
		if notCarried[name] {
			continue
		}
		m, back := New(p, allParts...), New(p, allParts...)
		disturb(reflect.ValueOf(m).Elem().Field(i))
		c := carrier{buf: m.Save(nil), into: true}
		if same(m, back, i) {
			t.Fatalf("%s was not disturbed", name)
		}
		c.head(p, back.tables())
		back.carry(&c)
		if !same(m, back, i) {
			t.Errorf("%s is not carried over", name)
		}
	}
}

func same(a, b *Machine, field int) bool {
	get := func(m *Machine) any {
		v := reflect.ValueOf(m).Elem().Field(field)
		return reflect.NewAt(v.Type(), v.Addr().UnsafePointer()).Elem().Interface()
	}
	return reflect.DeepEqual(get(a), get(b))
}

// TestRestoreGoesOn restores a machine at random moments of a random life: its
// twin, which was never saved, must answer everything alike.
func TestRestoreGoesOn(t *testing.T) {
	p := cellPlan()
	restores, steps := 0, 0
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 7))
		m, twin := New(p, allParts...), New(p, allParts...)
		now := int64(1)
		ev := Event{Kind: EvBoot}
		for range 300 {
			a, b := m.Step(now, ev), twin.Step(now, ev)
			if !reflect.DeepEqual(a, b) || m.Deadline() != twin.Deadline() {
				t.Fatalf("seed %d: after a restore\n%v\nelse\n%v", seed, a, b)
			}
			steps++
			if r.IntN(4) == 0 {
				next := New(p, allParts...)
				if !next.Restore(m.Save(nil)) {
					t.Fatalf("seed %d: refused", seed)
				}
				m = next
				restores++
			}
			now += r.Int64N(int64(plan.Second))
			ev = someEvent(r, len(p.Units))
		}
	}
	t.Logf("%d restores in %d steps", restores, steps)
}

// TestRestoreRefuses gives what is no state of this plan.
func TestRestoreRefuses(t *testing.T) {
	p := cellPlan()
	p.Digest = "0123456789abcdef"
	m := New(p, allParts...)
	m.Step(1, Event{Kind: EvBoot})
	good := m.Save(nil)
	fresh := func() *Machine { return New(p, allParts...) }
	if !fresh().Restore(good) {
		t.Fatal("the state itself is refused")
	}
	for n := range good {
		if fresh().Restore(good[:n]) {
			t.Fatalf("%d of %d bytes are taken", n, len(good))
		}
	}
	if fresh().Restore(append(good[:len(good):len(good)], 0)) {
		t.Error("a byte too many is taken")
	}
	other := *p
	other.Digest = "0123456789abcdeF"
	if New(&other, allParts...).Restore(good) {
		t.Error("the state of another plan is taken")
	}
	r := rand.New(rand.NewPCG(5, 5))
	taken := 0
	for range 2000 { // damage may be taken for another state, but never ends the process
		bad := append([]byte(nil), good...)
		for range 1 + r.IntN(8) {
			bad[r.IntN(len(bad))] = byte(r.Uint32())
		}
		if next := fresh(); next.Restore(bad) {
			taken++
			next.Step(2, Event{Kind: EvTick})
		}
	}
	t.Logf("%d bytes; %d of 2000 damaged ones are taken", len(good), taken)
}

// TestSaveTime prints what a save and a restore of a large image cost.
func TestSaveTime(t *testing.T) {
	p := &plan.Plan{}
	for range 1000 {
		p.Units = append(p.Units, plan.Unit{Kind: plan.KindService, Service: &plan.Service{}})
	}
	m, next := New(p, Services), New(p, Services)
	buf := m.Save(nil)
	if n := testing.AllocsPerRun(10, func() { buf = m.Save(buf[:0]) }); n != 0 {
		t.Errorf("Save allocates %v times", n)
	}
	began := time.Now()
	buf = m.Save(buf[:0])
	saved := time.Since(began)
	began = time.Now()
	if !next.Restore(buf) {
		t.Fatal("refused")
	}
	t.Logf("1000 services: %d bytes, save %v, restore %v", len(buf), saved, time.Since(began))
}
