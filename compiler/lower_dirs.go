package compiler

import (
	"slices"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// directoryKinds are RuntimeDirectory= and its kin, in systemd's order.
var directoryKinds = [numDirectories]struct {
	base, env string
	step      plan.Step
}{
	dirRuntime:       {"/run", "RUNTIME_DIRECTORY", plan.StepRuntimeDirectory},
	dirState:         {"/var/lib", "STATE_DIRECTORY", plan.StepStateDirectory},
	dirCache:         {"/var/cache", "CACHE_DIRECTORY", plan.StepCacheDirectory},
	dirLogs:          {"/var/log", "LOGS_DIRECTORY", plan.StepLogsDirectory},
	dirConfiguration: {"/etc", "CONFIGURATION_DIRECTORY", plan.StepConfigurationDirectory},
}

// directories makes the unit's directories, as root: each parent with 0755,
// the leaf with its mode and owner. Of configuration, one that is there stays
// as it is
// (systemd.exec(5), "RuntimeDirectory=").
func (b *execBuilder) directories() {
	first := true
	for kind := range b.e.dirs {
		d := &b.e.dirs[kind]
		for _, p := range d.paths {
			if first { // the modes below are meant as they are
				b.call(directoryKinds[kind].step, p.at, plan.Call{Sys: plan.SysUmask})
				first = false
			}
			b.directory(kind, p, d.mode.or(0o755))
		}
		if kind == dirRuntime && b.e.preserve.v != preserveYes {
			for _, p := range d.paths {
				b.out.Remove = append(b.out.Remove, b.e.directoryPath(kind, p.v.path))
				if b.e.private(kind) {
					b.out.Remove = append(b.out.Remove, directoryKinds[kind].base+"/"+p.v.path)
				}
				for _, link := range p.v.links {
					b.out.Remove = append(b.out.Remove, directoryKinds[kind].base+"/"+link)
				}
			}
		}
	}
}

// directory makes one of them, and its symlinks. The slash at the end of the
// path has what is there be a directory.
func (b *execBuilder) directory(kind int, p item[directory], mode uint32) {
	k := directoryKinds[kind]
	leaf := b.e.directoryPath(kind, p.v.path)
	if b.e.private(kind) {
		b.adopt(kind, p)
	}
	b.parents(k.step, p.at, leaf)
	own := func() {
		path := leaf + "/\x00"
		b.call(k.step, p.at, plan.Call{Sys: plan.SysFchmodat, Slot: [6]plan.Slot{1: plan.SlotData},
			Arg: [6]uint64{0: atFDCWD, 2: uint64(mode)}, Data: path})
		b.chown(k.step, p.at, path)
	}
	if kind == dirConfiguration { // one that is there is its administrator's
		b.call(k.step, p.at, plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateEEXIST, Keep: true,
			Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: uint64(mode)}, Data: leaf + "\x00"})
		b.whenKept(p.at, own)
	} else {
		b.mkdir(k.step, p.at, leaf, mode)
		own()
	}
	for _, link := range p.v.links {
		b.parents(k.step, p.at, k.base+"/"+link)
		target := strings.Repeat("../", strings.Count(link, "/")) + p.v.path
		b.call(k.step, p.at, plan.Call{Sys: plan.SysSymlinkat, Tolerate: plan.TolerateEEXIST,
			Slot: [6]plan.Slot{0: plan.SlotData, 2: plan.SlotData},
			Arg:  [6]uint64{0, atFDCWD, uint64(len(target) + 1)}, Data: target + "\x00" + k.base + "/" + link + "\x00"})
	}
}

// parents makes the directories above path, the base included.
func (b *execBuilder) parents(step plan.Step, at grammar.Pos, path string) {
	for i := 1; i < len(path); i++ {
		if path[i] == '/' {
			b.mkdir(step, at, path[:i], 0o755)
		}
	}
}

// mkdir makes a directory that may be there, on a file system that may be
// read-only if it is.
func (b *execBuilder) mkdir(step plan.Step, at grammar.Pos, path string, mode uint32) {
	if b.made[path] {
		return
	}
	if b.made == nil {
		b.made = map[string]bool{}
	}
	b.made[path] = true
	b.call(step, at, plan.Call{Sys: plan.SysMkdirat, Tolerate: plan.TolerateEEXIST,
		Slot: [6]plan.Slot{1: plan.SlotData}, Arg: [6]uint64{0: atFDCWD, 2: uint64(mode)}, Data: path + "\x00"})
}

// chown gives a directory to the unit's user and group, or to root; an init that
// is not root makes its own, and leaves it.
func (b *execBuilder) chown(step plan.Step, at grammar.Pos, path string) {
	uid, gid := b.owner()
	may := plan.Tolerate(0)
	if !uid.given() && !gid.given() {
		uid.id, gid.id, may = 0, 0, plan.TolerateEPERM
	}
	if !uid.given() {
		uid.id = 0
	}
	b.call(step, at, plan.Call{Sys: plan.SysFchownat, Tolerate: may, Slot: [6]plan.Slot{1: plan.SlotData, 2: uid.slot, 3: gid.slot},
		Arg: [6]uint64{atFDCWD, 0, uid.id, gid.id, 0}, Data: path})
}

// sortDirectories puts the directories of each kind into the order in which
// systemd makes and names them, parents first, each once with all its links.
func (u *unit) sortDirectories() {
	if u.kind == plan.KindTarget {
		return
	}
	for kind := range u.exec().dirs {
		d := &u.exec().dirs[kind]
		slices.SortStableFunc(d.paths, func(a, b item[directory]) int {
			return strings.Compare(strings.ReplaceAll(a.v.path, "/", "\x00"), strings.ReplaceAll(b.v.path, "/", "\x00"))
		})
		out := d.paths[:0]
		for _, p := range d.paths {
			if last := len(out) - 1; last >= 0 && out[last].v.path == p.v.path {
				out[last].v.links = append(out[last].v.links, p.v.links...)
				continue
			}
			out = append(out, p)
		}
		d.paths = out
	}
}

// directoryEnv is $RUNTIME_DIRECTORY and its kin.
func (e *execSettings) directoryEnv() []string {
	var out []string
	for kind := range e.dirs {
		var paths []string
		for _, p := range e.dirs[kind].paths {
			paths = append(paths, directoryKinds[kind].base+"/"+p.v.path)
		}
		if len(paths) > 0 {
			out = append(out, directoryKinds[kind].env+"="+strings.Join(paths, ":"))
		}
	}
	return out
}
