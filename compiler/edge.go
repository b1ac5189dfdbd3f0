package compiler

import (
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// edge is one dependency on another unit, which may not exist. A folder where
// all units name each other has millions of them, so what edges share they
// point to: the name, and the assignment.
type edge struct {
	to   *named
	from *cause
	rel  plan.Rel
	at   uint32 // the byte of from.value at which the name begins
}

// named is a name that edges lead to: one record for all that [Unit] sections
// name, and one for each edge of another origin.
type named struct {
	name string
	// unit is what has that name, nil when there is none; filled by graph,
	// which sets resolved.
	unit     *unit
	resolved bool
	// sought says that an instance of that name has been made if there is a
	// template for it.
	sought bool
}

// cause is why edges are there.
type cause struct {
	// value holds the names of all edges of one assignment in [Unit].
	value grammar.Value
	// pos and end are the place where value is not used. Both may be zero: an
	// edge without a place is implicit.
	pos, end grammar.Pos
	// because says in words why an edge is there that no assignment in [Unit]
	// asks for: "default dependency", "by its socket".
	because string
}

// called is the record of a valid name that [Unit] sections share.
func (s *unitSet) called(name string) *named {
	n := s.names[name]
	if n == nil {
		if s.names == nil {
			s.names = map[string]*named{}
		}
		n = &named{name: name}
		s.names[name] = n
	}
	return n
}

// link adds an edge of another origin than a list of names in [Unit].
func (u *unit) link(rel plan.Rel, to string, from cause) *edge {
	u.edges = append(u.edges, edge{to: &named{name: to}, from: &from, rel: rel})
	return &u.edges[len(u.edges)-1]
}

// imply adds a dependency that is not written down.
func (u *unit) imply(rel plan.Rel, to, because string) {
	u.link(rel, to, cause{because: because})
}

// state adds a dependency that follows from the directive at pos.
func (u *unit) state(rel plan.Rel, to, because string, pos grammar.Pos) {
	u.link(rel, to, cause{because: because, pos: pos})
}

// pos is where an edge is written; zero when it is implicit.
func (e *edge) pos() grammar.Pos {
	if e.from.value.Text() == "" {
		return e.from.pos
	}
	return e.from.value.PosAt(int(e.at))
}

// isWritten says whether a file asks for the edge.
func (e *edge) isWritten() bool {
	return e.from.pos.File != "" || e.from.value.Pos().File != ""
}

// end is where the name that the edge leads to ends.
func (e *edge) end() grammar.Pos {
	pos := e.pos()
	if e.from.end.Line != 0 || pos.Line == 0 {
		return e.from.end
	}
	pos.Col += len(e.to.name)
	pos.Offset += len(e.to.name)
	return pos
}
