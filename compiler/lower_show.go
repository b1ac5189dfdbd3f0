package compiler

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// What systemctl(1) show tells of a unit's settings is known when it is compiled:
// the image has the lines that are not as systemd has them for a silent unit.

// shown are those lines.
func (lo *lowering) shown(u *unit, out *plan.Unit) string {
	v := shower{lo: lo, u: u, out: out}
	v.collect()
	var b strings.Builder
	for _, block := range plan.ShownOf(u.name) {
		for line := range strings.Lines(block) {
			name, usual, isSetting := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
			texts := v.texts(name)
			if len(texts) == 1 && isSetting && texts[0] == usual {
				continue
			}
			for _, text := range texts {
				b.WriteString(name + "=" + strings.ReplaceAll(asWritten(text), "\n", "\\n") + "\n")
			}
		}
	}
	return b.String()
}

// shower writes the settings of a unit.
type shower struct {
	lo  *lowering
	u   *unit
	out *plan.Unit
	// written are the assignments that count, by the name of the directive.
	written map[string][]*setting
}

func (v *shower) collect() {
	v.written = map[string][]*setting{}
	for n, e := range effective(v.u.settings) {
		if e.Effective && (e.Section == "Unit" || e.Section == v.u.section()) {
			v.written[e.Key] = append(v.written[e.Key], &v.u.settings[n])
		}
	}
}

// texts are the values of a property, nil where nothing is to be said.
func (v *shower) texts(name string) []string {
	if text, ok := v.common(name); ok {
		return []string{text}
	}
	if s := v.out.Service; s != nil {
		if text, ok := v.service(s, name); ok {
			return []string{text}
		}
	}
	if v.u.kind != plan.KindTarget {
		if texts := v.context(name); texts != nil {
			return texts
		}
	}
	return v.asWritten(name)
}

func one(text string) []string { return []string{text} }

// common are settings of every unit that the plan has.
func (v *shower) common(name string) (string, bool) {
	a := v.out.Actions
	if a == nil {
		a = &NoActions
	}
	flag := func(f plan.UnitFlags) (string, bool) { return showBool(v.out.Flags&f != 0), true }
	switch name {
	case "FailureAction":
		return wordOf(a.Failure), true
	case "SuccessAction":
		return wordOf(a.Success), true
	case "StartLimitAction":
		return wordOf(a.StartLimit), true
	case "JobTimeoutAction":
		return wordOf(a.JobTimeoutAction), true
	case "OnFailureJobMode":
		return wordOf(a.FailureMode), true
	case "OnSuccessJobMode":
		return wordOf(a.SuccessMode), true
	case "JobTimeoutUSec":
		return showSpan(a.JobTimeout), true
	case "JobRunningTimeoutUSec":
		return showSpan(a.JobRunningTimeout), true
	case "StartLimitIntervalUSec":
		return showSpan(v.out.StartLimitInterval), true
	case "StartLimitBurst":
		return strconv.Itoa(int(v.out.StartLimitBurst)), true
	case "CanStart":
		return showBool(v.out.Flags&plan.RefuseManualStart == 0), true
	case "CanStop":
		return showBool(v.out.Flags&plan.RefuseManualStop == 0), true
	case "CanIsolate", "AllowIsolate":
		return flag(plan.AllowIsolate)
	case "StopWhenUnneeded":
		return flag(plan.StopWhenUnneeded)
	case "RefuseManualStart":
		return flag(plan.RefuseManualStart)
	case "RefuseManualStop":
		return flag(plan.RefuseManualStop)
	case "DefaultDependencies":
		return flag(plan.DefaultDependencies)
	case "IgnoreOnIsolate":
		return flag(plan.IgnoreOnIsolate)
	case "DropInPaths":
		var paths []string
		if !v.u.builtin {
			for _, p := range v.lo.s.dropIns(v.u) {
				paths = append(paths, p.shown)
			}
		}
		return strings.Join(paths, " "), true
	}
	return "", false
}

// service are settings of a service that the plan has, with the defaults that
// depend on others.
func (v *shower) service(s *plan.Service, name string) (string, bool) {
	switch name {
	case "Type":
		return wordOf(s.Type), true
	case "NotifyAccess":
		return wordOf(s.NotifyAccess), true
	case "OOMPolicy":
		return wordOf(s.OOMPolicy), true
	case "PIDFile":
		return s.PIDFile, true
	case "BusName":
		return s.BusName, true
	case "RestartUSec":
		return showSpan(s.RestartSec), true
	case "TimeoutStartUSec":
		return showSpan(s.TimeoutStart), true
	case "TimeoutStopUSec":
		return showSpan(s.TimeoutStop), true
	case "TimeoutAbortUSec":
		return showSpan(s.TimeoutAbort), true
	case "RuntimeMaxUSec":
		return showSpan(s.RuntimeMax), true
	case "WatchdogUSec":
		return showSpan(s.Watchdog), true
	case "RestartPreventExitStatus":
		return showExitSet(s.Prevent), true
	case "RestartForceExitStatus":
		return showExitSet(s.Force), true
	case "SuccessExitStatus":
		return showExitSet(s.Success), true
	case "RestartKillSignal":
		return strconv.Itoa(int(cmp.Or(s.RestartKillSignal, s.KillSignal))), true
	case "FileDescriptorStorePreserve":
		return [...]string{"no", "yes", "restart", "yes"}[(s.Flags/plan.FDStorePreserve)&3], true
	case "FileDescriptorStoreMax":
		return strconv.Itoa(int(s.FDStoreMax)), true
	}
	return "", false
}

// context are settings of what runs programs.
func (v *shower) context(name string) []string {
	e := v.u.exec()
	g := &v.u.common.group
	switch name {
	case "Listen":
		return v.listen()
	case "FileDescriptorName":
		return one(cmp.Or(v.out.Socket.FDName, v.u.name))
	case "User":
		return one(e.user.v)
	case "Group":
		return one(e.group.v)
	case "Environment":
		return one(showWords(values(e.environment)))
	case "EnvironmentFiles":
		var texts []string
		for _, f := range e.envFiles {
			path, optional := strings.CutPrefix(f.v, "-")
			texts = append(texts, path+" (ignore_errors="+showBool(optional)+")")
		}
		return texts
	case "UnsetEnvironment":
		return one(showWords(values(e.unsetEnv)))
	case "WorkingDirectory":
		text := e.workDir.v
		if e.workDirMay {
			text = "!" + text
		}
		return one(text)
	case "Slice":
		if g.slice.set {
			return one(g.slice.v)
		}
	case "Delegate":
		return one(showBool(g.delegate.set))
	case "DelegateControllers":
		return one(strings.TrimPrefix(g.delegate.v, " "))
	case "IOSchedulingClass":
		if e.ioClass.set {
			return one(strconv.Itoa(int(e.ioClass.v)))
		}
	case "CPUSchedulingPolicy":
		return one(strconv.Itoa(int(e.cpuPolicy.v)))
	case "SecureBits":
		return one(strconv.Itoa(int(e.confine.secureBits.v)))
	case "CapabilityBoundingSet":
		if b := e.confine.bounding; b.set {
			return one(showCapabilities(b.v))
		}
		return nil
	case "AmbientCapabilities":
		return one(showCapabilities(e.confine.ambient.v))
	case "SyslogLevel":
		if e.log.level.set {
			return one(strconv.Itoa(int(e.log.level.v)))
		}
	case "SyslogPriority":
		return one(strconv.Itoa(3<<3 | int(e.log.level.or(6))))
	case "LogLevelMax":
		if e.log.maxLevel.set {
			return one(strconv.Itoa(int(e.log.maxLevel.v)))
		}
	}
	for d, kind := range showDirKinds {
		switch name {
		case kind + "Directory":
			return one(showDirectories(e.dirs[d].paths))
		case kind + "DirectorySymlink":
			return showSymlinks(e.dirs[d].paths)
		}
	}
	if resource, ok := strings.CutPrefix(name, "Limit"); ok {
		return showLimit(e, resource)
	}
	return nil
}

func (v *shower) listen() (texts []string) {
	for _, l := range v.u.socket.listen {
		texts = append(texts, l.text+" ("+showListen[l.typ]+")")
	}
	return texts
}

// showDirKinds are those of RuntimeDirectory= and kin, by directoryKind.
var showDirKinds = [numDirectories]string{dirRuntime: "Runtime", dirState: "State", dirCache: "Cache", dirLogs: "Logs", dirConfiguration: "Configuration"}

func showDirectories(all []item[directory]) string {
	var paths []string
	for _, d := range all {
		paths = append(paths, d.v.path)
	}
	slices.Sort(paths)
	return strings.Join(paths, " ")
}

func showSymlinks(all []item[directory]) []string {
	var links []string
	for _, d := range all {
		for _, to := range d.v.links {
			links = append(links, d.v.path+":"+to)
		}
	}
	if links == nil {
		return nil
	}
	return one(strings.Join(links, " "))
}

// showLimit writes a limit that is set: the hard one, and with Soft the other.
func showLimit(e *execSettings, resource string) []string {
	resource, soft := strings.CutSuffix(resource, "Soft")
	n := slices.Index(limitNames[:], resource)
	if n < 0 || !e.limits[n].set {
		return nil
	}
	value := e.limits[n].v.Hard
	if soft {
		value = e.limits[n].v.Soft
	}
	if value == 1<<64-1 {
		return one("infinity")
	}
	return one(strconv.FormatUint(value, 10))
}

// asWritten is for all other settings: what the files say, in the way in which
// systemctl writes values of the directive's type.
func (v *shower) asWritten(name string) []string {
	if name == "Description" || strings.Contains(dependencyKeys, " "+name+" ") && name != "RequiresMountsFor" {
		return nil // the init tells them
	}
	key := name
	written := v.written[key]
	if base, ok := strings.CutSuffix(name, "USec"); ok && written == nil {
		key = base + "Sec"
		written = v.written[key]
	}
	if key == "CPUQuotaPerSecSec" {
		key, written = "CPUQuota", v.written["CPUQuota"]
	}
	if written == nil {
		return nil
	}
	var texts []string
	for _, set := range written {
		d := table[set.section][set.key]
		if d == nil || d.value == nil || d.value.name == "command lines" {
			return nil
		}
		x := &reading{s: v.lo.s, u: v.u, d: d, set: set, text: set.value.Text(), l: new(diag.List)}
		text, _, ok := x.expandBoot(x.text)
		if !ok {
			text = x.text
		}
		if text = showValue(d.value.name, text); text != "" {
			texts = append(texts, text)
		}
	}
	return one(strings.Join(texts, " "))
}

// showValue writes a value of a type of compiler/directives_values.go.
func showValue(kind, text string) string {
	switch {
	case strings.HasPrefix(kind, "boolean"), strings.HasPrefix(kind, "no, yes"):
		if on, err := grammar.ParseBool(text); err == nil {
			return showBool(on)
		}
	case strings.HasPrefix(kind, "percentage of one CPU"):
		if n, err := grammar.ParsePercent(text); err == nil {
			return showSpan(plan.Duration(n) * 100 * plan.Microsecond)
		}
	case strings.HasPrefix(kind, "time span, bare"):
		if ns, err := grammar.ParseTimespanIn(text, 1); err == nil {
			return strconv.FormatInt(ns, 10)
		}
	case strings.HasPrefix(kind, "time span"):
		if ns, err := grammar.ParseTimespan(text); err == nil {
			return showSpan(plan.Duration(ns))
		}
	case strings.HasPrefix(kind, "size"):
		if n, err := grammar.ParseSize(text); err == nil {
			return strconv.FormatUint(n, 10)
		}
	case strings.HasPrefix(kind, "access bits"):
		if mode, err := grammar.ParseMode(text); err == nil {
			return fmt.Sprintf("%04o", mode)
		}
	case strings.HasPrefix(kind, "numbers and ranges"):
		text = strings.ReplaceAll(text, ",", " ")
	case kind == "URLs":
		return showWords(strings.Fields(text))
	case kind == "signal":
		if n, err := grammar.ParseSignal(text); err == nil {
			return strconv.Itoa(n)
		}
	}
	return strings.Join(strings.Fields(text), " ")
}

// showListen are the words for what is listened to, by listenType.
var showListen = [...]string{"Stream", "Datagram", "SequentialPacket", "FIFO", "Special", "Netlink"}

func showBool(on bool) string {
	if on {
		return "yes"
	}
	return "no"
}

// showWords writes words as systemctl does: quoted where a shell would need it.
func showWords(words []string) string {
	var b strings.Builder
	for n, w := range words {
		if n > 0 {
			b.WriteByte(' ')
		}
		if w != "" && !strings.ContainsAny(w, shellSpecial) {
			b.WriteString(w)
			continue
		}
		b.WriteByte('"')
		for _, c := range []byte(w) {
			if strings.IndexByte("\"\\`$", c) >= 0 {
				b.WriteByte('\\')
			}
			b.WriteByte(c)
		}
		b.WriteByte('"')
	}
	return b.String()
}

// shellSpecial are the bytes that systemctl quotes a word for.
const shellSpecial = " \t\n\r\"\\`$*?['()<>|&;!"

// showSpan writes a span of time as systemd.time(7) reads it.
func showSpan(d plan.Duration) string {
	if d == plan.Infinity {
		return "infinity"
	}
	usec := int64(d / plan.Microsecond)
	if usec == 0 {
		return "0"
	}
	var parts []string
	for _, unit := range [...]struct {
		name string
		size int64
	}{{"y", 31557600e6}, {"month", 2629800e6}, {"w", 7 * 86400e6}, {"d", 86400e6}, {"h", 3600e6}, {"min", 60e6}, {"s", 1e6}, {"ms", 1e3}, {"us", 1}} {
		n := usec / unit.size
		if n == 0 {
			continue
		}
		usec -= n * unit.size
		text := strconv.FormatInt(n, 10)
		if usec > 0 && (unit.size == 1e6 || unit.size == 1e3) {
			digits := strconv.FormatInt(unit.size+usec, 10) // a one, and the digits with their zeros
			text, usec = text+"."+digits[1:], 0
		}
		parts = append(parts, text+unit.name)
	}
	return strings.Join(parts, " ")
}

func showExitSet(s *plan.ExitSet) string {
	if s == nil {
		return ""
	}
	return strings.ReplaceAll(ExitSetText(s), "SIG", "")
}

func showCapabilities(set uint64) string {
	var names []string
	for n := range 64 {
		if name := grammar.CapabilityName(n); set>>n&1 != 0 && strings.HasPrefix(name, "CAP_") {
			names = append(names, strings.ToLower(name))
		}
	}
	return strings.Join(names, " ")
}
