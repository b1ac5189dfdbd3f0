package compiler

import (
	"rustysd/compiler/diag"
	"rustysd/runtime/plan"
)

// pairsLow are the relations whose inverse is the next bit up; pairsHigh are
// their inverses.
const (
	pairsLow = plan.After | plan.Requires | plan.Requisite | plan.Wants | plan.BindsTo | plan.PartOf |
		plan.Upholds | plan.Conflicts | plan.OnSuccess | plan.OnFailure | plan.PropagatesReloadTo |
		plan.PropagatesStopTo | plan.Triggers
	pairsHigh = pairsLow << 1
)

// inverse is the relation as the other unit has it.
func inverse(r plan.Rel) plan.Rel {
	return (r&pairsLow)<<1 | (r&pairsHigh)>>1 | r&plan.JoinsNamespaceOf
}

// relate gives each unit of the image its relations to others in it, in both
// directions, by unit. What relates to a unit outside of the image vanishes.
//
// Nothing is sorted: lists that are made by going through the units in order
// are in that order. In a folder where all units name each other there are
// millions of relations.
func (s *unitSet) relate(l *diag.List) {
	in := s.relationsOnto()
	out := transpose(in)
	total := 0
	for i, u := range s.image {
		u.deps = zip(out[i], in[i])
		total += len(u.deps)
	}
	if total > 2*maxRelated {
		s.tooMany = relatedLimit
	}
}

// maxRelated bounds the pairs of units that have to do with each other. The Go
// compiler takes 1.7 GB for 250,000; an image of 65,000 units that somebody
// means has fewer.
const (
	maxRelated   = 400_000
	relatedLimit = "400000 dependencies between units"
)

// relationsOnto are for each unit those that relate to it, each once, in order,
// with the relations that they have.
func (s *unitSet) relationsOnto() [][]plan.Dep {
	rows := makeRows(len(s.image), s.eachRelation)
	s.eachRelation(func(u, v plan.UnitID, rel plan.Rel) {
		row := rows[v]
		if n := len(row); n > 0 && row[n-1].Unit == u {
			row[n-1].Rel |= rel
			return
		}
		rows[v] = append(row, plan.Dep{Unit: u, Rel: rel})
	})
	return rows
}

// eachRelation calls f with the edges of the image, unit by unit.
func (s *unitSet) eachRelation(f func(u, v plan.UnitID, rel plan.Rel)) {
	for _, u := range s.image {
		for j := range u.edges {
			e := &u.edges[j]
			v := e.to.unit
			if v == nil || !v.kept || v == u {
				continue
			}
			rel := e.rel
			if s.opt.KeepOnFailure && rel&plan.Requires != 0 {
				rel |= plan.KeepsOnFailure
			}
			f(u.id, v.id, rel)
		}
	}
}

// transpose turns lists by the second unit of pairs into lists by the first.
func transpose(rows [][]plan.Dep) [][]plan.Dep {
	each := func(f func(u, v plan.UnitID, rel plan.Rel)) {
		for v, row := range rows {
			for _, d := range row {
				f(plan.UnitID(v), d.Unit, d.Rel)
			}
		}
	}
	out := makeRows(len(rows), each)
	each(func(v, u plan.UnitID, rel plan.Rel) { out[u] = append(out[u], plan.Dep{Unit: v, Rel: rel}) })
	return out
}

// makeRows makes n empty lists in one piece of memory, each with room for the
// pairs of which it is the second.
func makeRows(n int, each func(f func(u, v plan.UnitID, rel plan.Rel))) [][]plan.Dep {
	size := make([]int, n)
	total := 0
	each(func(u, v plan.UnitID, rel plan.Rel) {
		size[v]++
		total++
	})
	room := make([]plan.Dep, total)
	rows := make([][]plan.Dep, n)
	for i, n := range size {
		rows[i], room = room[:0:n], room[n:]
	}
	return rows
}

// zip joins what a unit has to do with others, and what others have to do with
// it, both in order.
func zip(out, in []plan.Dep) []plan.Dep {
	if len(out)+len(in) == 0 {
		return nil
	}
	deps := make([]plan.Dep, 0, len(out)+len(in))
	for len(out) > 0 || len(in) > 0 {
		switch {
		case len(in) == 0 || len(out) > 0 && out[0].Unit < in[0].Unit:
			deps, out = append(deps, out[0]), out[1:]
		case len(out) == 0 || in[0].Unit < out[0].Unit:
			deps, in = append(deps, plan.Dep{Unit: in[0].Unit, Rel: inverse(in[0].Rel)}), in[1:]
		default:
			deps = append(deps, plan.Dep{Unit: in[0].Unit, Rel: out[0].Rel | inverse(in[0].Rel)})
			out, in = out[1:], in[1:]
		}
	}
	return deps
}
