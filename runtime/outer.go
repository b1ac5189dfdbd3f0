package runtime

import (
	"syscall"

	"rustysd/runtime/machine"
)

// Above the init there may be a service manager: a container's engine ("podman
// run --sdnotify=container"), or a systemd that has the init as its service.
// It waits to hear of the image what the init hears of its services
// (sd_notify(3)).

// findOuter connects to the socket that the init was started with. The address
// is taken out of the environment: a service that inherits it would speak for
// the whole image.
func (i *Init) findOuter() {
	path, ok := syscall.Getenv(notifyEnv)
	if !ok {
		return
	}
	syscall.Unsetenv(notifyEnv)
	fd, e := socket(syscall.AF_UNIX, syscall.SOCK_DGRAM, 0)
	if e == 0 {
		e = connect(fd, unixAddress(path))
	}
	if e != 0 {
		i.say("", "nobody to tell at "+notifyEnv+"=", path, ": ", e.Error())
		closeFD(fd)
		return
	}
	reportTo(i, fd)
}

// reportTo makes the manager at fd hear of the image from now on.
func reportTo(i *Init, fd int32) {
	i.outerFD = fd
	epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, fd, epollOneshot, watchOuter, 0)
	i.on[watchOuter] = func(i *Init, _ int32, _ uint32) { flushReport(i) }
	log := i.do[machine.ActLog]
	i.do[machine.ActLog] = func(i *Init, a *machine.Action) {
		log(i, a)
		report(i, a)
	}
}

// notifyEnv names the address of the service manager.
const notifyEnv = "NOTIFY_SOCKET"

// report says what a message of the machine means for the whole image. A target
// that is not reached is no READY=1: who waits for it shall not go on.
func report(i *Init, a *machine.Action) {
	text := ""
	switch a.Msg {
	case machine.MsgBootDone:
		text = "READY=1\nSTATUS=" + i.plan.Units[a.Unit].Name + " reached\n"
	case machine.MsgBootFailed:
		text = "STATUS=" + i.plan.Units[a.Unit].Name + " not reached\n"
	case machine.MsgShutdown:
		text = "STOPPING=1\nSTATUS=shutting down\n"
	default:
		return
	}
	i.outerRest = append(append(i.outerRest, text...), 0)
	flushReport(i)
}

// flushReport sends what there is room for, and comes back when there is more.
func flushReport(i *Init) {
	for len(i.outerRest) > 0 {
		end := 0
		for i.outerRest[end] != 0 {
			end++
		}
		_, e := send(i.outerFD, i.outerRest[:end], syscall.MSG_NOSIGNAL|syscall.MSG_DONTWAIT)
		if e == syscall.EINTR {
			continue
		}
		if e == syscall.EAGAIN {
			epollCtl(i.epoll, syscall.EPOLL_CTL_MOD, i.outerFD, epollOut|epollOneshot, watchOuter, 0)
			return
		}
		i.outerRest = append(i.outerRest[:0], i.outerRest[end+1:]...)
	}
}
