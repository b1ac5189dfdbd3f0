package compiler

import (
	"slices"

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
// directions. What relates to a unit outside of the image vanishes.
func (s *unitSet) relate(l *diag.List) {
	rows := s.relationRoom()
	for _, u := range s.image {
		for j := range u.edges {
			e := &u.edges[j]
			if v := e.unit; v != nil && v.kept && v != u {
				rel := e.rel
				if s.opt.KeepOnFailure && rel&plan.Requires != 0 {
					rel |= plan.KeepsOnFailure
				}
				rows[u.id] = append(rows[u.id], plan.Dep{Unit: v.id, Rel: rel})
				rows[v.id] = append(rows[v.id], plan.Dep{Unit: u.id, Rel: inverse(e.rel)})
			}
		}
	}
	for i, u := range s.image {
		u.deps = merge(rows[i])
	}
}

// relationRoom makes rows of the size that relate needs, in one piece.
func (s *unitSet) relationRoom() [][]plan.Dep {
	size := make([]int, len(s.image))
	total := 0
	for _, u := range s.image {
		for j := range u.edges {
			if v := u.edges[j].unit; v != nil && v.kept && v != u {
				size[u.id]++
				size[v.id]++
				total += 2
			}
		}
	}
	room := make([]plan.Dep, total)
	rows := make([][]plan.Dep, len(size))
	for i, n := range size {
		rows[i], room = room[:0:n], room[n:]
	}
	return rows
}

// merge sorts a row by unit and makes one of several relations to the same.
func merge(row []plan.Dep) []plan.Dep {
	slices.SortFunc(row, func(a, b plan.Dep) int { return int(a.Unit) - int(b.Unit) })
	out := row[:0]
	for _, d := range row {
		if n := len(out); n > 0 && out[n-1].Unit == d.Unit {
			out[n-1].Rel |= d.Rel
		} else {
			out = append(out, d)
		}
	}
	return slices.Clip(out)
}
