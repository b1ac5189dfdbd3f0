package runtime

import (
	"syscall"

	"rustysd/runtime/plan"
)

// LogCopies is the feature of units whose lines go to the kernel's log or to the
// system console beside the init's own (systemd.exec(5), "StandardOutput=").
//
// What cannot be opened, as in a container, is said once, and tried again with
// each line. Nothing waits: what a place does not take at once, it does not get.
func LogCopies(i *Init) {
	c := &logCopies{kernel: place{path: "/dev/kmsg", fd: noFD}, console: place{path: "/dev/console", fd: noFD}}
	i.started = append(i.started, func(i *Init) {
		rules := i.pipes.rules
		i.pipes.rules = func(i *Init, s *stream, r *plan.LogRules, a, b []byte) bool {
			if rules != nil && rules(i, s, r, a, b) {
				return true
			}
			c.line(i, s, r, a, b)
			return false
		}
	})
}

// recordMax is how much of a write the kernel's log takes.
const recordMax = 960

type logCopies struct {
	kernel, console place
	text            []byte // a line, after its level
	record          [recordMax]byte
}

// place is a device to write to.
type place struct {
	path string
	fd   int32
	said bool
	same bool // it is the init's log, which has the line
}

// line copies a line, of two parts, to where the unit has it.
func (c *logCopies) line(i *Init, s *stream, r *plan.LogRules, a, b []byte) {
	if r.Copy == 0 {
		return
	}
	level := levelOf(r, first(a, b))
	c.text = append(append(appendInt(append(append(c.text[:0], s.name...), '['), int64(s.pid)), "]: "...), a...)
	head := len(c.text) - len(a)
	c.text = append(c.text, b...)
	if !r.KeepPrefix {
		rest := stripLevel(c.text[head:])
		c.text = c.text[:head+copy(c.text[head:], rest)]
	}
	if r.Copy&plan.CopyKmsg != 0 {
		c.records(i, level, head)
	}
	if r.Copy&plan.CopyConsole != 0 {
		c.text = append(c.text, '\n')
		c.console.put(i, c.text)
	}
}

// records writes the text, which begins with head bytes of a name, to the
// kernel's log: as many records as it takes. Lines of services are daemon's
// there, as under systemd (systemd.exec(5), "SyslogFacility="). Diverges: all of
// them, not only those that journald.conf(5), "MaxLevelKMsg=", lets through.
func (c *logCopies) records(i *Init, level uint8, head int) {
	const daemon, headMax = 3 << 3, recordMax / 2
	name := c.text[:min(head, headMax)]
	for rest := c.text[head:]; ; {
		r := append(append(appendInt(append(c.record[:0], '<'), int64(daemon|level)), '>'), name...)
		n := min(len(rest), recordMax-len(r)-1)
		c.kernel.put(i, append(append(r, rest[:n]...), '\n'))
		if rest = rest[n:]; len(rest) == 0 {
			return
		}
	}
}

// put writes once; what is gone, as a terminal that hung up, is opened anew.
func (p *place) put(i *Init, text []byte) {
	for range 2 {
		if p.fd < 0 && !p.open(i) || p.same {
			return
		}
		if _, e := write(p.fd, text); e != syscall.EIO {
			return
		}
		closeFD(p.fd)
		p.fd = noFD
	}
}

func (p *place) open(i *Init) bool {
	if p.same {
		return true
	}
	fd, e := open(p.path, syscall.O_WRONLY|syscall.O_NOCTTY|syscall.O_NONBLOCK|syscall.O_APPEND, 0)
	if e != 0 {
		if !p.said {
			p.said = true
			i.say("", "lines for ", p.path, " are in this log alone: ", e.Error())
		}
		return false
	}
	var own, other syscall.Stat_t
	if fstat(1, &own) == 0 && fstat(fd, &other) == 0 {
		p.same = own.Mode&syscall.S_IFMT == syscall.S_IFCHR && own.Rdev == other.Rdev || own.Dev == other.Dev && own.Ino == other.Ino
	}
	p.fd = raise(fd, i.plan.LowFDs)
	return true
}
