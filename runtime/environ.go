package runtime

import (
	"rustysd/runtime/plan"
	"strings"
	"syscall"
)

// environment is the variables of one start, "NAME=value", each name once. The
// spawner has one and uses it again for every start.
type environment struct {
	vars []variable
}

type variable struct {
	text string
	name int32 // length of the name
	hash uint32
}

// environment puts together what a request gets, in the order of
// systemd.exec(5), "ENVIRONMENT VARIABLES IN SPAWNED PROCESSES": of each name
// the last one counts.
func (s *spawner) environment(r *spawnRequest) *environment {
	e, x := &s.env, r.exec
	e.vars = e.vars[:0]
	e.setAll(s.plan.Environment)
	if s.plan.PassEnvironment {
		e.setAll(s.environ)
	}
	e.setAll(r.login.env)
	e.setAll(r.vars)
	e.setPID("SYSTEMD_EXEC_PID=", true)
	e.setPID("LISTEN_PID=", r.listenPID)
	e.setPID("WATCHDOG_PID=", r.watchdogPID)
	s.pass(e, x)
	if x.EnvMarks && s.expandEnv != nil {
		for _, v := range x.Env {
			e.set(s.expandEnv(v))
		}
	} else {
		e.setAll(x.Env)
	}
	e.setAll(r.fileEnv)
	for _, u := range x.UnsetEnv {
		e.unset(u)
	}
	return e
}

func (s *spawner) pass(e *environment, x *plan.Exec) {
	for _, name := range x.PassEnv {
		for _, v := range s.environ {
			if len(v) > len(name) && v[len(name)] == '=' && v[:len(name)] == name {
				e.set(v)
			}
		}
	}
}

func (e *environment) setAll(vars []string) {
	for _, v := range vars {
		e.set(v)
	}
}

// set adds a variable, or replaces it where it stands. What is no assignment
// is left out.
func (e *environment) set(text string) {
	name := strings.IndexByte(text, '=')
	if name <= 0 {
		return
	}
	v := variable{text: text, name: int32(name), hash: hashName(text[:name])}
	if at := e.find(text[:name], v.hash); at >= 0 {
		e.vars[at] = v
		return
	}
	e.vars = append(e.vars, v)
}

// setPID adds a variable whose value is the child's pid; text ends in "=".
func (e *environment) setPID(text string, wanted bool) {
	if wanted {
		e.set(text)
	}
}

// isPID says that a variable still waits for the child's pid: it is one of
// setPID's own strings, which nobody has replaced.
func (v *variable) isPID() bool {
	switch v.text {
	case "SYSTEMD_EXEC_PID=", "LISTEN_PID=", "WATCHDOG_PID=":
		return true
	}
	return false
}

// unset takes out a name, or an assignment if it is there exactly so.
func (e *environment) unset(what string) {
	name := what
	if at := strings.IndexByte(what, '='); at >= 0 {
		name = what[:at]
	}
	at := e.find(name, hashName(name))
	if at < 0 || len(name) < len(what) && e.vars[at].text != what {
		return
	}
	e.vars = append(e.vars[:at], e.vars[at+1:]...)
}

// get is the value of a variable.
func (e *environment) get(name string) (string, bool) {
	at := e.find(name, hashName(name))
	if at < 0 {
		return "", false
	}
	return e.vars[at].text[len(name)+1:], true
}

func (e *environment) find(name string, hash uint32) int {
	for n := range e.vars {
		v := &e.vars[n]
		if v.hash == hash && int(v.name) == len(name) && v.text[:len(name)] == name {
			return n
		}
	}
	return -1
}

// hashName is FNV-1a; it spares most comparisons.
func hashName(s string) uint32 {
	h := uint32(2166136261)
	for n := range len(s) {
		h = (h ^ uint32(s[n])) * 16777619
	}
	return h
}

// environ writes the variables into the arena and has the child fill in its
// pid where it is wanted.
func (b *builder) environ(e *environment) uint64 {
	addr, words := b.vector(len(e.vars))
	asked := false
	for n := range words[:min(len(e.vars), len(words))] {
		v := &e.vars[n]
		words[n] = b.cstring(v.text)
		if !v.isPID() {
			continue
		}
		if !asked {
			b.call(syscall.SYS_GETPID, plan.StepMemory).save = b.pidAddr()
			asked = true
		}
		b.free-- // the NUL; the digits take its place
		digits := b.cstring("\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")
		b.call(pseudoDecimal, plan.StepMemory, b.pidAddr(), digits)
	}
	return addr
}
