package compiler

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// The numbers that systemd gives to users of DynamicUser=
// (systemd.exec(5), "DynamicUser=").
const (
	firstDynamic = 61184
	lastDynamic  = 65519
)

// implyDynamic adds what DynamicUser= implies, so that nothing of the user
// outlives the unit (systemd.exec(5), "DynamicUser=").
func (u *unit) implyDynamic() {
	if u.kind == plan.KindTarget || !u.exec().dynamicUser.v {
		return
	}
	e := u.exec()
	at := e.dynamicUser.at
	on := opt[bool]{true, true, at}
	e.noNewPrivs, e.confine.setIDs, e.removeIPC = on, on, on
	if e.view.privateTmp.v == tmpNo {
		e.view.privateTmp = opt[privateTmp]{tmpYes, true, at}
	}
	e.view.system = opt[protectSystem]{systemStrict, true, at}
	if e.view.home.v == homeNo {
		e.view.home = opt[protectHome]{homeReadOnly, true, at}
	}
}

// dynamicName is the user of a unit with DynamicUser=: User=, or the unit's
// own name where that can be a user's.
func (u *unit) dynamicName() string {
	if name := u.exec().user; name.set {
		return name.v
	}
	name := splitName(u.name).prefix
	if strictUserName(name) {
		return name
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	return fmt.Sprintf("_du%016x", h.Sum64())
}

// strictUserName says whether every program takes s for a user's name.
func strictUserName(s string) bool {
	if s == "" || len(s) > 31 || s[0] >= '0' && s[0] <= '9' || s[0] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// dynamic is the number of a user of DynamicUser=. systemd looks for a free one
// at each start, and lets everyone on the machine ask who it is. In an image all
// units are known, so each name gets one for good, which no account of the root
// and no other name has: what a unit leaves in its StateDirectory= stays its
// own without anybody changing owners.
func (lo *lowering) dynamic(name string) uint32 {
	if lo.dynamicIDs == nil {
		lo.dynamicIDs = map[string]uint32{}
		var names []string
		for _, u := range lo.s.image {
			if u.kind != plan.KindTarget && u.exec().dynamicUser.v {
				names = append(names, u.dynamicName())
			}
		}
		slices.Sort(names)
		taken := lo.users.takenIDs()
		for _, name := range slices.Compact(names) {
			h := fnv.New32a()
			h.Write([]byte(name))
			id := firstDynamic + h.Sum32()%(lastDynamic-firstDynamic+1)
			for taken[id] {
				if id++; id > lastDynamic {
					id = firstDynamic
				}
			}
			taken[id], lo.dynamicIDs[name] = true, id
		}
	}
	return lo.dynamicIDs[name]
}

// takenIDs are the numbers of the root's users and groups.
func (us *users) takenIDs() map[uint32]bool {
	taken := map[uint32]bool{}
	for id := range us.byID {
		taken[id] = true
	}
	for _, id := range us.groups {
		taken[id] = true
	}
	return taken
}

// resolveDynamic is the user of DynamicUser=; a name that the root has is that
// user's. It has no home, and no shell.
func (lo *lowering) resolveDynamic(in *login, u *unit) bool {
	name := u.dynamicName()
	if _, known := lo.users.user(name); known || !u.exec().dynamicUser.v {
		return false
	}
	id := lo.dynamic(name)
	in.hasUser, in.hasGroup, in.setGroups = true, true, true
	in.uid, in.gid, in.name, in.home = id, id, name, "/"
	in.groups = []uint32{id}
	return true
}

// private says whether directories of a kind belong to a user that others could
// get the number of: then nobody else may look into them
// (systemd.exec(5), "DynamicUser=").
func (e *execSettings) private(kind int) bool {
	return e.dynamicUser.v && (kind == dirState || kind == dirCache || kind == dirLogs ||
		kind == dirRuntime && e.preserve.v != preserveNo)
}

// privateDirectory finds a directory that only a view of the file system shows.
func (e *execSettings) privateDirectory() (grammar.Pos, bool) {
	for kind := range e.dirs {
		if paths := e.dirs[kind].paths; len(paths) > 0 && e.private(kind) {
			return paths[0].at, true
		}
	}
	return grammar.Pos{}, false
}

// directoryPath is where a directory of RuntimeDirectory= and its kin is.
func (e *execSettings) directoryPath(kind int, path string) string {
	if e.private(kind) {
		return directoryKinds[kind].base + "/private/" + path
	}
	return directoryKinds[kind].base + "/" + path
}

// adopt moves a directory of a unit that had another user until now to where
// it is private, and puts a link in its place.
func (b *execBuilder) adopt(kind int, p item[directory]) {
	k := directoryKinds[kind]
	public, private := k.base+"/"+p.v.path, b.e.directoryPath(kind, p.v.path)
	b.mkdir(k.step, p.at, k.base, 0o755)
	mode := uint32(0o700)
	if kind == dirRuntime {
		mode = 0o755 // no number is used twice before /run is gone
	}
	b.mkdir(k.step, p.at, k.base+"/private", mode)
	b.parents(k.step, p.at, private)
	b.parents(k.step, p.at, public)
	b.call(k.step, p.at, plan.Call{Sys: plan.SysOpenat, Keep: true, Tolerate: plan.TolerateAny, Slot: [6]plan.Slot{1: plan.SlotData},
		Arg: [6]uint64{atFDCWD, 0, oPATH | oNOFOLLOW | oDIRECTORY | oCLOEXEC}, Data: public + "\x00"})
	b.whenKept(p.at, func() {
		b.call(k.step, p.at, plan.Call{Sys: plan.SysClose, Slot: [6]plan.Slot{plan.SlotKept}})
		b.call(k.step, p.at, plan.Call{Sys: plan.SysRenameat2, Tolerate: plan.TolerateAny,
			Slot: [6]plan.Slot{1: plan.SlotData, 3: plan.SlotData},
			Arg:  [6]uint64{atFDCWD, 0, atFDCWD, uint64(len(public) + 1), renameNoReplace}, Data: public + "\x00" + private + "\x00"})
	})
	target := strings.Repeat("../", strings.Count(p.v.path, "/")) + "private/" + p.v.path
	b.call(k.step, p.at, plan.Call{Sys: plan.SysSymlinkat, Tolerate: plan.TolerateEEXIST,
		Slot: [6]plan.Slot{0: plan.SlotData, 2: plan.SlotData},
		Arg:  [6]uint64{0, atFDCWD, uint64(len(target) + 1)}, Data: target + "\x00" + public + "\x00"})
}

// Numbers of the kernel's interface.
const (
	oNOFOLLOW       = 0x20000
	oDIRECTORY      = 0x10000
	renameNoReplace = 1
)

// privateEntries show the service its own private directories, and of the
// folder that they lie in, which nobody else may enter, nothing more.
func (b *execBuilder) privateEntries() []mountEntry {
	var out []mountEntry
	for kind := range b.e.dirs {
		paths := b.e.dirs[kind].paths
		if len(paths) == 0 || !b.e.private(kind) || b.e.view.ownRoot() {
			continue
		}
		out = append(out, mountEntry{path: directoryKinds[kind].base + "/private", view: viewEmpty, at: paths[0].at,
			options: "mode=0755", flags: msNOSUID | msNODEV, readOnly: true})
		for _, p := range paths {
			path := b.e.directoryPath(kind, p.v.path)
			out = append(out, mountEntry{path: path, source: path, view: viewBind, at: p.at})
		}
	}
	return out
}

// removeIPC is RemoveIPC=. root's objects stay, as with systemd.
func (b *execBuilder) removeIPC() {
	if !b.e.removeIPC.v || !b.login.hasUser || b.login.uid == 0 && !b.login.runtime {
		return
	}
	b.out.IPCUser = b.login.uid
	b.out.IPCPeers = b.lo.unitsOf(b.login.ipcUser())
}

// ipcUser is whose objects a unit's are: a name when the number is not known
// yet.
type ipcUser struct {
	name string
	uid  uint32
}

func (in *login) ipcUser() ipcUser { return ipcUser{in.user, in.uid} }

// unitsOf are the services of a user.
func (lo *lowering) unitsOf(who ipcUser) []plan.UnitID {
	if lo.unitsByUser == nil {
		lo.unitsByUser = map[ipcUser][]plan.UnitID{}
		for _, u := range lo.s.image {
			if u.kind == plan.KindService {
				in := lo.resolve(u, false)
				lo.unitsByUser[in.ipcUser()] = append(lo.unitsByUser[in.ipcUser()], u.id)
			}
		}
	}
	return lo.unitsByUser[who]
}
