package compiler

import (
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
	for i := range s.listen {
		checkListen(u, &s.listen[i], l)
	}
	for i := range u.common.commands {
		if u.common.commands[i].role == plan.ExecStart {
			trouble(u, l, u.common.commands[i].at, "wrong-section", "a socket has no ExecStart=", "move it to the service")
		}
	}
}

// hasListen says whether the unit says where to listen, even if it could not
// be read: then that has been reported.
func (u *unit) hasListen() bool {
	for i := range u.settings {
		s := &u.settings[i]
		if s.section == "Socket" && len(s.key) > 6 && s.key[:6] == "Listen" && s.value.Text() != "" {
			return true
		}
	}
	return false
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

// checkListen refuses types that an address cannot have.
func checkListen(u *unit, line *listenLine, l *diag.List) {
	if line.typ != listenSeqpacket {
		return
	}
	if line.addr.Family != grammar.FamilyUnix && u.socket.protocol.v != protoSCTP {
		trouble(u, l, line.at, "invalid-value", "ListenSequentialPacket=: only sockets in the file system or the abstract name space have that type",
			"use a path, or SocketProtocol=sctp")
	}
}
