package compiler

import (
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// checkSocket is what systemd refuses when it loads a socket
// (systemd.socket(5)).
func checkSocket(u *unit, l *diag.List) {
	s := u.socket
	if len(s.listen) == 0 && !u.hasListen() {
		trouble(u, l, grammar.Pos{}, "no-listen", "socket has no address to listen on", "add ListenStream= or another Listen…=")
	}
	if len(s.symlinks) > 0 && s.paths() != 1 {
		trouble(u, l, s.symlinks[0].at, "refused-symlinks", "Symlinks= needs exactly one socket or FIFO in the file system",
			"take it out, or split the unit")
	}
	checkAccept(u, l)
	if p := u.exec().confine.privatePIDs; p.v {
		trouble(u, l, p.at, "refused-combination", "PrivatePIDs= is for services", "take it out")
	}
	if mode := u.lastText("KillMode"); u.lastText("PAMName") != "" && mode != "" && mode != "control-group" && mode != "mixed" {
		trouble(u, l, grammar.Pos{}, "refused-combination", "with PAMName= the processes of the session must be killed, too",
			"use KillMode=control-group or KillMode=mixed")
	}
	for i := range u.common.commands {
		if u.common.commands[i].role == plan.ExecStart {
			trouble(u, l, u.common.commands[i].at, "wrong-section", "a socket has no ExecStart=", "move it to the service")
		}
	}
}

// checkAccept is what does not go with a service for each connection. It looks
// at the settings as they were written, for they may not be honoured.
func checkAccept(u *unit, l *diag.List) {
	if on, err := grammar.ParseBool(u.lastText("Accept")); err != nil || !on {
		return
	}
	s := u.socket
	if s.service.set && s.service.v != "" {
		trouble(u, l, s.service.at, "refused-combination", "Service= does not go with Accept=yes, whose service is the template of the socket's name",
			"take it out, and name the template like the socket")
	}
	for i := range s.listen {
		if t := s.listen[i].typ; t != listenStream && t != listenSeqpacket {
			trouble(u, l, s.listen[i].at, "refused-combination", "Accept=yes needs sockets that make connections",
				"use ListenStream= or ListenSequentialPacket=")
		}
	}
	for _, key := range [...]string{"ListenMessageQueue", "ListenUSBFunction"} {
		if u.lastText(key) != "" {
			trouble(u, l, grammar.Pos{}, "refused-combination", "Accept=yes needs sockets that make connections: "+key+"= has none",
				"use ListenStream= or ListenSequentialPacket=")
		}
	}
	if u.lastText("MaxConnections") == "0" {
		trouble(u, l, grammar.Pos{}, "refused-combination", "MaxConnections=0 lets no connection through", "set it to 1 or more")
	}
}

// hasListen says whether the unit says where to listen, even if it could not
// be read: then that has been reported.
func (u *unit) hasListen() bool {
	has := false
	for i := range u.settings {
		s := &u.settings[i]
		if s.section == "Socket" && strings.HasPrefix(s.key, "Listen") {
			has = s.value.Text() != ""
		}
	}
	return has
}

// paths is the number of addresses in the file system.
func (s *socketSettings) paths() int {
	n := 0
	for i := range s.listen {
		if l := &s.listen[i]; l.typ == listenFIFO || l.inFiles() {
			n++
		}
	}
	return n
}

// inFiles says whether a socket has a path in the file system.
func (l *listenLine) inFiles() bool {
	return l.addr.Family == grammar.FamilyUnix && !l.addr.Abstract
}
