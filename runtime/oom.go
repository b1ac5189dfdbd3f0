package runtime

import (
	"strings"
	"syscall"
	"unsafe"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

// OOM is the feature of services that care if the kernel kills one of their
// processes for want of memory (systemd.service(5), "OOMPolicy="). The count of
// that is in memory.events of the unit's group, and one inotify hears of all.
// It comes after [Controls], who makes the kernel count.
func OOM(i *Init) {
	o := &oomWatch{inotify: noFD, units: make([]oomUnit, len(i.plan.Units))}
	made := i.groups.made
	i.groups.made = func(i *Init, id plan.UnitID, path string) {
		if made != nil {
			made(i, id, path)
		}
		o.begin(i, id, path)
	}
	i.started = append(i.started, func(i *Init) {
		for id := range i.units { // those that an earlier self has made
			if i.units[id].hasGroup {
				o.begin(i, plan.UnitID(id), i.groupPath(plan.UnitID(id)))
			}
		}
	})
	i.exiting = o.check
	i.on[watchOOM] = func(i *Init, _ int32, _ uint32) { o.changed(i) }
}

type oomWatch struct {
	inotify int32
	units   []oomUnit
}

// oomUnit is the watch on a unit's memory.events, 0 when there is none, and how
// many processes the kernel had killed when it was last read.
type oomUnit struct {
	watch  int32
	killed int64
}

// begin watches a group that was just made.
func (o *oomWatch) begin(i *Init, id plan.UnitID, path string) {
	if i.plan.Units[id].Service == nil {
		return
	}
	if o.inotify == noFD {
		fd, e := inotifyInit()
		if e != 0 {
			return // it is still looked at when a process ends
		}
		o.inotify = raise(fd, i.plan.LowFDs)
		epollCtl(i.epoll, syscall.EPOLL_CTL_ADD, o.inotify, epollIn, watchOOM, 0)
	}
	u := &o.units[id]
	u.killed = o.kills(i, id)
	u.watch = 0
	if wd, e := inotifyAdd(o.inotify, path+"/memory.events", syscall.IN_MODIFY); e == 0 {
		u.watch = wd
	}
}

// changed hears which files have changed. The kernel tells the end of a group,
// too, by an event that takes the watch away.
func (o *oomWatch) changed(i *Init) {
	var buf [4096]byte
	n, e := read(o.inotify, buf[:])
	if e != 0 {
		return
	}
	for b := buf[:n]; len(b) >= syscall.SizeofInotifyEvent; {
		ev := (*syscall.InotifyEvent)(unsafe.Pointer(&b[0]))
		b = b[min(syscall.SizeofInotifyEvent+int(ev.Len), len(b)):]
		for id := range o.units {
			if u := &o.units[id]; u.watch != ev.Wd {
				continue
			} else if ev.Mask&syscall.IN_IGNORED != 0 {
				u.watch = 0
			} else {
				o.check(i, plan.UnitID(id))
			}
		}
	}
}

// check asks for one unit; before the end of one of its processes is told, too,
// since that may be the news that came first.
func (o *oomWatch) check(i *Init, id plan.UnitID) {
	u := &o.units[id]
	if u.watch == 0 {
		return
	}
	if now := o.kills(i, id); now > u.killed {
		u.killed = now
		i.post(machine.Event{Kind: machine.EvOOM, Unit: id})
	}
}

// kills is the count in the memory.events of a unit's group; 0 where it is not.
// Where the kernel ends a whole group it counts whom it chose twice, the second
// time perhaps after the unit has gone on to ExecStopPost=; so the ends of the
// group are counted there, if the kernel does (since Linux 5.17).
func (o *oomWatch) kills(i *Init, id plan.UnitID) int64 {
	whole := i.plan.Units[id].Service.OOMPolicy == plan.OOMKill
	var buf [512]byte
	events, _ := readFile(i.groupPath(id)+"/memory.events", buf[:])
	var n int64
	for line := range strings.SplitSeq(text(events), "\n") {
		key, count, _ := strings.Cut(line, " ")
		if key == "oom_kill" || whole && key == "oom_group_kill" {
			n, _ = atoi(count)
		}
	}
	return n
}
