package compiler

import (
	"strings"

	"rustysd/grammar"
)

// entries are the paths that the settings name or imply, in no order.
func (v *viewSettings) entries(c *confineSettings, how privilege) []mountEntry {
	var out []mountEntry
	if how != full {
		v.protections(c, &out)
	}
	for _, t := range v.empty {
		out = append(out, mountEntry{path: t.v.path, view: viewEmpty, at: t.at, options: t.v.options,
			flags: t.v.flags &^ msRDONLY, readOnly: t.v.flags&msRDONLY != 0})
	}
	for _, b := range v.binds {
		out = append(out, mountEntry{path: b.v.path, view: viewBind, may: b.v.may, at: b.at, source: b.v.source,
			readOnly: b.v.readOnly, flat: b.v.flat})
	}
	return out
}

// protections are the entries that take something away.
func (v *viewSettings) protections(c *confineSettings, out *[]mountEntry) {
	add := func(at grammar.Pos, view pathView, may bool, paths string) {
		for _, p := range strings.Fields(paths) {
			*out = append(*out, mountEntry{path: p, view: view, may: may, at: at})
		}
	}
	v.protectSystem(add)
	v.protectHome(out, add)
	v.protectKernel(c, out, add)
	switch at := v.privateTmp.at; v.privateTmp.v {
	case tmpYes:
		add(at, viewPrivate, false, "/tmp /var/tmp")
	case tmpDisconnected: // each command has its own, as each has a view of its own
		for _, p := range [...]string{"/tmp", "/var/tmp"} {
			*out = append(*out, mountEntry{path: p, view: viewEmpty, at: at, options: "mode=1777,size=10%,nr_inodes=1m",
				flags: msNOSUID | msNODEV | msSTRICTATIME})
		}
	}
	if c.privateDevices.v {
		add(c.privateDevices.at, viewDevices, false, "/dev")
	}
	v.ownProc(c, out)
	if at, own := c.ownIPCMount(); own {
		add(at, viewQueues, false, "/dev/mqueue")
	}
	v.accessPaths(out)
	if v.logSockets.v {
		for _, p := range strings.Fields("/dev/log /run/systemd/journal/socket /run/systemd/journal/stdout /run/systemd/journal/dev-log") {
			*out = append(*out, mountEntry{path: p, view: viewBind, may: true, at: v.logSockets.at, source: p, readOnly: true})
		}
	}
}

// accessPaths are ReadWritePaths= and its kin. Without the prefix "+" they are
// paths of the image, of which those outside of RootDirectory= are not seen
// (systemd.exec(5), "ReadWritePaths=").
func (v *viewSettings) accessPaths(out *[]mountEntry) {
	for view, list := range v.paths {
		for _, p := range list {
			path := p.v.path
			if root := v.root.v; v.ownRoot() && !p.v.inRoot {
				if path != root && !strictlyUnder(path, root) {
					continue
				}
				path = cleanPath(strings.TrimPrefix(path, root))
			}
			*out = append(*out, mountEntry{path: path, view: pathView(view), may: p.v.may, at: p.at})
		}
	}
}

// ownRoot says whether the service has a root of its own.
func (v *viewSettings) ownRoot() bool { return v.root.set && v.root.v != "/" }

type addEntries func(at grammar.Pos, view pathView, may bool, paths string)

// protectSystem is ProtectSystem=. With strict, the kernel's file systems and
// home folders stay as they are: other directives are about them.
func (v *viewSettings) protectSystem(add addEntries) {
	at := v.system.at
	switch v.system.v {
	case systemStrict:
		add(at, viewReadOnly, false, "/")
		add(at, viewImplied, true, "/proc /sys /dev /home /root /run/user")
	case systemFull:
		add(at, viewReadOnly, true, "/usr /boot /efi /etc")
	case systemYes:
		add(at, viewReadOnly, true, "/usr /boot /efi")
	}
}

// protectHome is ProtectHome=. Of tmpfs the manual says that it is read-only;
// systemd mounts it to be written to, so services may rely on that, and what
// they write is theirs alone.
func (v *viewSettings) protectHome(out *[]mountEntry, add addEntries) {
	const homes = "/home /root /run/user"
	switch v.home.v {
	case homeYes:
		add(v.home.at, viewHidden, true, homes)
	case homeReadOnly:
		add(v.home.at, viewReadOnly, true, homes)
	case homeEmpty:
		for _, p := range strings.Fields(homes) {
			*out = append(*out, mountEntry{path: p, view: viewEmpty, may: true, at: v.home.at})
		}
	}
}

// ownProc is ProtectProc= and ProcSubset=: a /proc of the service's own, of
// which the kernel leaves out what it shall not see (proc(5), "hidepid="). With
// PrivatePIDs= it is that of the service's processes, and no other will do.
func (v *viewSettings) ownProc(c *confineSettings, out *[]mountEntry) {
	e := mountEntry{path: "/proc", view: viewProc, at: v.proc.at, fresh: c.privatePIDs.v}
	subset := v.procSubset.v == subsetPID
	switch {
	case v.proc.v != procDefault:
	case subset:
		e.at = v.procSubset.at
	case c.privatePIDs.v:
		e.at = c.privatePIDs.at
		*out = append(*out, e)
		return
	default:
		return
	}
	e.options = "hidepid=" + [...]string{"off", "noaccess", "invisible", "ptraceable"}[v.proc.v]
	if subset {
		e.options += ",subset=pid"
	}
	*out = append(*out, e)
}

// protectHostname is what a view of the file system adds to the filter: the
// names cannot be written as files either. It is no reason for a view
// (systemd.exec(5), "ProtectHostname=").
func (v *viewSettings) protectHostname(c *confineSettings, out *[]mountEntry) {
	if !c.hostname.v {
		return
	}
	for _, name := range [...]string{"hostname", "domainname"} {
		*out = append(*out, mountEntry{path: "/proc/sys/kernel/" + name, view: viewReadOnly, may: v.procSubset.v == subsetPID, at: c.hostname.at})
	}
}

// protectKernel is what the directives about the kernel hide or make
// read-only; their capabilities and calls are elsewhere.
func (v *viewSettings) protectKernel(c *confineSettings, out *[]mountEntry, add addEntries) {
	if c.tunables.v {
		at := c.tunables.at
		add(at, viewReadOnly, v.procSubset.v == subsetPID, "/proc/sys")
		add(at, viewReadOnly, false, "/sys")
		add(at, viewReadOnly, true, "/proc/acpi /proc/apm /proc/asound /proc/bus /proc/fs /proc/irq /proc/latency_stats "+
			"/proc/mtrr /proc/scsi /proc/sysrq-trigger /proc/timer_stats")
		add(at, viewHidden, true, "/proc/kallsyms /proc/kcore")
		add(at, viewImplied, true, "/sys/fs/cgroup /sys/fs/selinux")
	}
	if c.kernelModules.v {
		add(c.kernelModules.at, viewHidden, true, "/lib/modules /usr/lib/modules")
	}
	if c.kernelLogs.v {
		add(c.kernelLogs.at, viewHidden, true, "/proc/kmsg")
		add(c.kernelLogs.at, viewNoDevice, true, "/dev/kmsg")
	}
	switch at := v.controlGroups.at; v.controlGroups.v {
	case groupsYes:
		add(at, viewReadOnly, true, "/sys/fs/cgroup")
	case groupsPrivate, groupsStrict:
		*out = append(*out, mountEntry{path: "/sys/fs/cgroup", view: viewGroups, may: true, at: at,
			readOnly: v.controlGroups.v == groupsStrict})
	}
}
