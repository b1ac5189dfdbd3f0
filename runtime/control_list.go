package runtime

import (
	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// listing is a result that is as long as the image: an array that is made while
// the client reads. What it says of a unit holds when it is said.
type listing struct {
	active bool
	kind   listKind
	unit   plan.UnitID // whose dependencies
	rel    plan.Rel
	next   int
	more   bool // a comma comes first
}

type listKind uint8

const (
	listUnits listKind = iota
	listJobs
	listDependencies
)

func (i *Init) askUnits(q *request) { i.list(q, listing{kind: listUnits}) }
func (i *Init) askJobs(q *request)  { i.list(q, listing{kind: listJobs}) }

// pulling are the relations that list-dependencies follows (systemctl(1)), and
// their inverses.
const (
	pulling  = plan.Requires | plan.Requisite | plan.Wants | plan.ConsistsOf | plan.BindsTo | plan.Upholds
	pulledBy = plan.RequiredBy | plan.RequisiteOf | plan.WantedBy | plan.PartOf | plan.BoundBy | plan.UpheldBy
)

// askDependencies lists the neighbours of a unit by one kind of relation.
func (i *Init) askDependencies(q *request) {
	id, ok := i.unit(q)
	if !ok {
		return
	}
	l := listing{kind: listDependencies, unit: id, rel: pulling}
	switch kind := q.params.member("kind"); {
	case kind == nil:
	case kind.is("reverse"):
		l.rel = pulledBy
	case kind.is("after"):
		l.rel = plan.After
	case kind.is("before"):
		l.rel = plan.Before
	default:
		q.fail(errParams, "\"kind\" is none of reverse, after, before", "")
		return
	}
	i.list(q, l)
}

// list begins a listing.
func (i *Init) list(q *request, l listing) {
	if q.id == nil {
		return
	}
	w := q.begin("result")
	w.open('[')
	q.s.out = w.b
	l.active = true
	q.s.listing = l
	i.tellMore(q.s)
}

// tellMore goes on with a listing until there is enough to read.
func (i *Init) tellMore(s *session) {
	l := &s.listing
	for l.active && len(s.out)-s.sent < enoughOut {
		n, end := l.next, len(i.plan.Units)
		if l.kind == listDependencies {
			end = len(i.plan.Units[l.unit].Deps)
		}
		if n >= end {
			s.out = append(s.out, "]}\n"...)
			*l = listing{}
			i.replyLate(s)
			return
		}
		l.next++
		w := jsonWriter{b: s.out, more: l.more}
		switch l.kind {
		case listUnits:
			i.tellUnit(&w, plan.UnitID(n))
		case listJobs:
			i.tellJob(&w, plan.UnitID(n))
		default:
			if d := i.plan.Units[l.unit].Deps[n]; d.Rel&l.rel != 0 {
				w.text(i.plan.Units[d.Unit].Name)
			}
		}
		s.out, l.more = w.b, w.more
	}
}

func (i *Init) tellUnit(w *jsonWriter, id plan.UnitID) {
	u := &i.plan.Units[id]
	w.open('{')
	w.pair("unit", u.Name)
	w.pair("load", "loaded")
	w.pair("active", i.machine.Active(id).String())
	w.pair("sub", i.machine.State(id).String())
	if job, _ := i.machine.Job(id); job != machine.JobNone {
		w.pair("job", job.String())
	}
	w.pair("description", description(u))
	w.pair("file", fileState(i.plan, u))
	w.close('}')
}

func (i *Init) tellJob(w *jsonWriter, id plan.UnitID) {
	job, runs := i.machine.Job(id)
	if job == machine.JobNone {
		return
	}
	state := "waiting"
	if runs {
		state = "running"
	}
	w.open('{')
	w.key("job") // a unit has one at most
	w.number(int64(id) + 1)
	w.pair("unit", i.plan.Units[id].Name)
	w.pair("type", job.String())
	w.pair("state", state)
	w.close('}')
}

// description is the unit's name when it has none (systemd.unit(5)).
func description(u *plan.Unit) string {
	if u.Description == "" {
		return u.Name
	}
	return u.Description
}

// fileState is what is-enabled says of a unit: what a target pulls in is
// enabled, as [Install] sections do it; all else is there for others' sake.
func fileState(p *plan.Plan, u *plan.Unit) string {
	for _, d := range u.Deps {
		if d.Rel&(plan.WantedBy|plan.RequiredBy) != 0 && p.Units[d.Unit].Kind == plan.KindTarget && u.Source != "" {
			return "enabled"
		}
	}
	return "static"
}
