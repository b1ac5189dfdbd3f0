package compiler

import (
	"path"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// The dependencies of the unit types that a plan cannot hold yet, as their
// manuals have them under IMPLICIT DEPENDENCIES and DEFAULT DEPENDENCIES. They
// say what such a unit would start. Devices are taken as plugged in, and have
// none; scopes have none but on shutdown.target.

// foreignEdges adds them.
func (s *unitSet) foreignEdges(u *unit) {
	if u.masked || u.broken || u.template || u.plumbing != nil {
		return
	}
	byDefault := u.flags&plan.DefaultDependencies != 0
	switch u.foreign {
	case "timer":
		s.triggerEdges(u, byDefault, "timers.target")
		if calendar := s.ownTexts(u, "OnCalendar"); byDefault && len(calendar) > 0 {
			u.state(plan.After, "time-set.target", "OnCalendar=", calendar[0].at)
			u.state(plan.After, "time-sync.target", "OnCalendar=", calendar[0].at)
		}
	case "path":
		s.triggerEdges(u, byDefault, "paths.target")
	case "automount":
		u.imply(plan.Before|plan.Triggers, withType(u.name, "mount"), "its mount")
		if byDefault {
			u.imply(plan.Before, "local-fs.target", "default dependency")
			u.imply(plan.After, "local-fs-pre.target", "default dependency")
		}
	case "mount":
		s.mountOrder(u, byDefault)
	case "swap":
		if byDefault {
			u.imply(plan.Before, "swap.target", "default dependency")
		}
	case "slice":
		if over := sliceOver(u.name); over != "" {
			u.imply(plan.Requires|plan.After, over, "its parent")
		}
	}
	s.mountEdges(u)
}

// triggerEdges are those of a unit that starts another (systemd.timer(5),
// systemd.path(5)).
func (s *unitSet) triggerEdges(u *unit, byDefault bool, target string) {
	name, at := withType(u.name, "service"), grammar.Pos{}
	if named := s.ownValues(u, "Unit", otherUnit); len(named) > 0 {
		name, at = named[len(named)-1].v, named[len(named)-1].at
	}
	u.state(plan.Before|plan.Triggers, name, "its unit", at)
	if byDefault {
		u.imply(plan.Requires|plan.After, "sysinit.target", "default dependency")
		u.imply(plan.Before, target, "default dependency")
	}
}

// mountOrder is the place of a mount in the boot: with the local file systems or
// with those of the network (systemd.mount(5)).
func (s *unitSet) mountOrder(u *unit, byDefault bool) {
	where := s.ownText(u, "Where")
	if where == "" {
		where, _ = u.pathOfName()
	}
	if !byDefault || isOutside(where) {
		return
	}
	options := strings.Split(s.ownText(u, "Options"), ",")
	kind := s.ownText(u, "Type")
	target := "local"
	if slices.Contains(options, "_netdev") || isNetworkFS(kind) {
		target = "remote"
		u.imply(plan.After, "network.target", "default dependency")
		u.imply(plan.Wants|plan.After, "network-online.target", "default dependency")
	}
	u.imply(plan.Before, target+"-fs.target", "default dependency")
	u.imply(plan.After, target+"-fs-pre.target", "default dependency")
	if kind == "tmpfs" {
		u.imply(plan.After, "swap.target", "default dependency")
	}
}

// pathOfName is the path that a mount is named after.
func (u *unit) pathOfName() (string, *grammar.Error) {
	name, _ := grammar.ParseUnitName(u.name)
	return grammar.UnescapePath(name.Prefix)
}

// foreignMountNeeds are the paths that such a unit needs: what a mount is made
// from and what it lies on, a swap's file, what a path unit looks at.
func (s *unitSet) foreignMountNeeds(u *unit) (needs []mountNeed) {
	add := func(name, because string, at grammar.Pos) {
		if strings.HasPrefix(name, "/") {
			needs = append(needs, mountNeed{cleanPath(name), plan.Requires, because, at, at})
		}
	}
	switch u.foreign {
	case "path":
		for _, key := range []string{"PathExists", "PathExistsGlob", "PathChanged", "PathModified", "DirectoryNotEmpty"} {
			for _, p := range s.ownTexts(u, key) {
				add(p.v, key+"=", p.at)
			}
		}
	case "mount", "automount":
		if where, err := u.pathOfName(); err == nil && where != "/" {
			add(path.Dir(where), "what it lies on", grammar.Pos{})
		}
		options := strings.Split(s.ownText(u, "Options"), ",")
		bind := slices.ContainsFunc(options, func(o string) bool {
			return o == "bind" || o == "rbind" || o == "loop" || strings.HasPrefix(o, "loop=")
		})
		if kind := s.ownText(u, "Type"); u.foreign == "mount" && (bind || kind == "bind" || kind == "rbind" || !slices.Contains(options, "_netdev") && !isNetworkFS(kind)) {
			for _, p := range s.ownTexts(u, "What") {
				add(p.v, "What=", p.at)
			}
		}
	case "swap":
		for _, p := range s.ownTexts(u, "What") {
			add(p.v, "What=", p.at)
		}
	}
	return needs
}

// withType is a unit's name with another type.
func withType(name, suffix string) string {
	return strings.TrimSuffix(name, splitName(name).suffix) + suffix
}

// sliceOver is the slice that a slice lies in, "" for the root of all
// (systemd.slice(5)).
func sliceOver(name string) string {
	prefix := strings.TrimSuffix(name, ".slice")
	switch dash := strings.LastIndexByte(prefix, '-'); {
	case prefix == "-":
		return ""
	case dash > 0:
		return prefix[:dash] + ".slice"
	}
	return "-.slice"
}

// isOutside says whether a file system is mounted by others than systemd, before
// it or beside it: such mounts have no default dependencies.
func isOutside(where string) bool {
	if where == "/" || where == "/usr" || where == "/etc" {
		return true
	}
	return slices.ContainsFunc([]string{"/run/initramfs", "/run/nextroot", "/proc", "/sys", "/dev"},
		func(dir string) bool { return below(where, dir) })
}

// isNetworkFS says whether a type of file system needs the network.
func isNetworkFS(kind string) bool {
	return slices.Contains([]string{"afs", "ceph", "cifs", "smb3", "smbfs", "sshfs", "ncpfs", "ncp", "nfs", "nfs4", "gfs", "gfs2", "glusterfs",
		"pvfs2", "ocfs2", "lustre", "davfs"}, strings.TrimPrefix(kind, "fuse."))
}

// ownTexts are the values of a directive in the unit's own section, specifiers
// replaced.
func (s *unitSet) ownTexts(u *unit, key string) []item[string] { return s.ownValues(u, key, text) }

// ownValues reads such values; an empty one takes back those before it. What is
// wrong with them has been said when they were decoded.
func (s *unitSet) ownValues(u *unit, key string, parse parseFunc[string]) (list []item[string]) {
	var mute diag.List
	for i := range u.settings {
		set := &u.settings[i]
		if set.key != key || set.section != u.section() {
			continue
		}
		x := &reading{s: s, u: u, set: set, text: set.value.Text(), l: &mute}
		if x.text == "" {
			list = nil
		} else if v, err := parse(x, x.text); err == nil {
			list = append(list, item[string]{v, set.value.PosAt(0)})
		}
	}
	return list
}

// ownText is the last of them.
func (s *unitSet) ownText(u *unit, key string) string {
	if list := s.ownTexts(u, key); len(list) > 0 {
		return list[len(list)-1].v
	}
	return ""
}
