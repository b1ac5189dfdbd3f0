package machine

import "rustysd/runtime/plan"

// enterReloadByNotify: the service reloads by its own choice, until it says
// READY=1 again (sd_notify(3), "RELOADING=1"). To others it is a reload like
// one that was asked for.
func (v *svc) enterReloadByNotify() {
	v.enter(StateReloadNotify, v.p.TimeoutStart)
	v.m.wishOthers(v.u, plan.PropagatesReloadTo, wishReload)
}
