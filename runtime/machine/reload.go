package machine

// enterReloadByNotify: the service reloads by its own choice, until it says
// READY=1 again (sd_notify(3), "RELOADING=1").
func (v svc) enterReloadByNotify() {
	v.enter(StateReloadNotify, v.p.TimeoutStart)
}
