package compiler

import (
	"strings"

	"rustysd/grammar"
)

// viewSettings are those of systemd.exec(5), "SANDBOXING", that are about what
// the service sees of the file system.
type viewSettings struct {
	system        opt[protectSystem]
	home          opt[protectHome]
	controlGroups opt[bool]
	privateMounts opt[bool]
	privateTmp    opt[bool]
	mountFlags    opt[uint64]
	// paths has the lists of paths by what becomes of each.
	paths [viewExec + 1][]item[viewPath]
}

// viewPath is one path of ReadOnlyPaths= and its kin.
type viewPath struct {
	path string
	may  bool // the prefix "-"
}

// protectSystem is a value of ProtectSystem=.
type protectSystem uint8

const (
	systemNo protectSystem = iota
	systemYes
	systemFull
	systemStrict
)

// protectHome is a value of ProtectHome=.
type protectHome uint8

const (
	homeNo protectHome = iota
	homeYes
	homeReadOnly
	homeEmpty
)

// boolOr reads a boolean or one of some words, which follow no and yes.
func boolOr[T ~uint8](words ...string) parseFunc[T] {
	return func(x *reading, text string) (T, *grammar.Error) {
		if on, err := grammar.ParseBool(text); err == nil {
			if on {
				return 1, nil
			}
			return 0, nil
		}
		return oneOf[T](append([]string{"no", "yes"}, words...)...)(x, text)
	}
}

// mountFlags is MountFlags=, a legacy name of PrivateMounts= with more values.
func mountFlags(x *reading, text string) (uint64, *grammar.Error) {
	n, err := oneOf[uint8]("shared", "slave", "private")(x, text)
	if err != nil {
		return 0, err
	}
	return [...]uint64{msSHARED, msSLAVE, msPRIVATE}[n], nil
}

// privateTmp is PrivateTmp=.
func privateTmp(x *reading, text string) (bool, *grammar.Error) {
	if text == "disconnected" {
		return false, x.unsupportedValue(text, "the folders are made in those of all", "write yes")
	}
	return grammar.ParseBool(text)
}

// viewPaths reads a list of paths. Of the prefixes, "-" lets a path be
// missing, and "+" says that it is in the service's root, which is the image's.
func viewPaths(view pathView) decodeFunc {
	return func(x *reading) {
		list := &x.u.exec().view.paths[view]
		if x.text == "" {
			*list = nil
			return
		}
		for _, w := range x.words() {
			text, ok := x.expand(w.Text)
			if !ok {
				continue
			}
			text, may := strings.CutPrefix(text, "-")
			text, _ = strings.CutPrefix(text, "+")
			if !strings.HasPrefix(text, "/") {
				x.bad(wrong(w.Text, "\""+w.Text+"\" is not an absolute path", "begin it with /"), w.Offset)
				continue
			}
			*list = append(*list, item[viewPath]{viewPath{cleanPath(text), may}, x.set.value.PosAt(w.Offset)})
		}
	}
}

// entries are the paths that the settings name or imply, in no order.
func (v *viewSettings) entries(c *confineSettings) []mountEntry {
	var out []mountEntry
	add := func(at grammar.Pos, view pathView, may bool, paths string) {
		for _, p := range strings.Fields(paths) {
			out = append(out, mountEntry{path: p, view: view, may: may, at: at})
		}
	}
	v.protectSystem(add)
	v.protectHome(add)
	v.protectKernel(c, add)
	if v.privateTmp.v {
		add(v.privateTmp.at, viewPrivate, false, "/tmp /var/tmp")
	}
	for view, list := range v.paths {
		for _, p := range list {
			add(p.at, pathView(view), p.v.may, p.v.path)
		}
	}
	if len(out) == 0 || onlyOpen(out) {
		return nil
	}
	return out
}

// onlyOpen says whether nothing is taken away, so that there is no need of a
// namespace.
func onlyOpen(entries []mountEntry) bool {
	for _, e := range entries {
		if e.view != viewKeep && e.view != viewExec {
			return false
		}
	}
	return true
}

type addEntries func(at grammar.Pos, view pathView, may bool, paths string)

// protectSystem is ProtectSystem=. With strict, the kernel's file systems and
// home folders stay as they are: other directives are about them.
func (v *viewSettings) protectSystem(add addEntries) {
	at := v.system.at
	switch v.system.v {
	case systemStrict:
		add(at, viewReadOnly, false, "/")
		add(at, viewKeep, true, "/proc /sys /dev /home /root /run/user")
	case systemFull:
		add(at, viewReadOnly, true, "/usr /boot /efi /etc")
	case systemYes:
		add(at, viewReadOnly, true, "/usr /boot /efi")
	}
}

// protectHome is ProtectHome=.
func (v *viewSettings) protectHome(add addEntries) {
	const homes = "/home /root /run/user"
	switch v.home.v {
	case homeYes:
		add(v.home.at, viewHidden, true, homes)
	case homeReadOnly:
		add(v.home.at, viewReadOnly, true, homes)
	case homeEmpty:
		add(v.home.at, viewEmpty, true, homes)
	}
}

// protectKernel is what the directives about the kernel hide or make
// read-only; their capabilities and calls are elsewhere.
func (v *viewSettings) protectKernel(c *confineSettings, add addEntries) {
	if c.tunables.v {
		at := c.tunables.at
		add(at, viewReadOnly, false, "/proc/sys /sys")
		add(at, viewReadOnly, true, "/proc/acpi /proc/apm /proc/asound /proc/bus /proc/fs /proc/irq /proc/latency_stats "+
			"/proc/mtrr /proc/scsi /proc/sysrq-trigger /proc/timer_stats")
		add(at, viewHidden, true, "/proc/kallsyms /proc/kcore")
		add(at, viewKeep, true, "/sys/fs/cgroup /sys/fs/selinux")
	}
	if c.kernelModules.v {
		add(c.kernelModules.at, viewHidden, true, "/lib/modules /usr/lib/modules")
	}
	if c.kernelLogs.v {
		add(c.kernelLogs.at, viewHidden, true, "/proc/kmsg")
		add(c.kernelLogs.at, viewNoDevice, true, "/dev/kmsg")
	}
	if v.controlGroups.v {
		add(v.controlGroups.at, viewReadOnly, true, "/sys/fs/cgroup")
	}
}
