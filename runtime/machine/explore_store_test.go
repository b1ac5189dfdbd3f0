package machine_test

import (
	"slices"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// seenStore is what the driver would keep of the descriptors that a service has
// stored.
type seenStore struct {
	full    bool
	resting bool // it has ended, and a start may follow at once
}

// stores holds systemd.service(5), "FileDescriptorStorePreserve=", against a driver
// that does what it is told: what becomes of the store of each service.
func (e *explorer) stores(ev machine.Event, actions []machine.Action) {
	for n := range actions {
		a := &actions[n]
		if int(a.Unit) >= len(e.p.Units) || e.p.Units[a.Unit].Service == nil {
			continue
		}
		s, store := e.p.Units[a.Unit].Service, &e.store[a.Unit]
		switch a.Kind {
		case machine.ActStoreFDs:
			store.full = ev.Notify.Fields&machine.NotifyRemoveFDs == 0 && s.FDStoreMax > 0
		case machine.ActCleanUp:
			store.full = store.full && s.Flags&(plan.FDStorePreserve|plan.FDStorePreserveOnRestart) != 0
			store.resting = s.Flags&plan.FDStorePreserveOnRestart != 0
		case machine.ActSpawn:
			if store.full && s.Commands[a.Command].Role == plan.ExecStart {
				if saw["handed back"]++; a.Env&machine.EnvSockets == 0 {
					e.broke("what is stored is handed back", "%s starts without", e.name(a.Unit))
				}
			}
		}
	}
	for i := range e.p.Units {
		if s := e.p.Units[i].Service; s != nil && !e.killing {
			e.stored(plan.UnitID(i), s, ev, actions)
		}
	}
}

func (e *explorer) stored(u plan.UnitID, s *plan.Service, ev machine.Event, actions []machine.Action) {
	store, m := &e.store[u], e.w.Machine
	if store.resting && !m.Undecided(u) {
		store.resting = false
		store.full = store.full && !e.down(u)
	}
	had, told := e.units[u].stored, ev.Kind == machine.EvNotify && ev.Unit == u
	e.units[u].stored = store.full
	t, _ := m.Job(u)
	down := e.down(u) || m.State(u) == machine.StateAutoRestart
	ended := slices.ContainsFunc(actions, func(a machine.Action) bool { return a.Unit == u && a.Kind == machine.ActCleanUp })
	switch {
	case s.Flags&plan.FDStorePreserve != 0:
		if had && !store.full && !told {
			e.broke("FileDescriptorStorePreserve=yes keeps", "%s is %s", e.name(u), m.State(u))
		}
	case s.Flags&plan.FDStorePreserveOnRestart != 0:
		if store.full && e.down(u) && t == machine.JobNone {
			e.broke("FileDescriptorStorePreserve=restart ends with the unit", "%s is %s", e.name(u), m.State(u))
		}
		if had && !store.full && !told && !(e.down(u) && t == machine.JobNone) {
			e.broke("FileDescriptorStorePreserve=restart keeps over a restart", "%s is %s, with a job %s", e.name(u), m.State(u), t)
		}
		if had && store.full && ended {
			saw["kept over a restart"]++
		}
	case store.full && down:
		e.broke("FileDescriptorStorePreserve=no ends with each life", "%s is %s", e.name(u), m.State(u))
	}
}
