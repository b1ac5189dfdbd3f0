package compiler

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// controlFiles are the files of cgroup v2 (the kernel's admin-guide/cgroup-v2)
// for directives with one value, in systemd's order. One with a value for the
// start takes another after it, that of the unit or the kernel's.
var controlFiles = [...]struct {
	file           string
	value, startup control
	otherwise      string
	of             plan.GroupTotal
}{
	{"memory.min", memoryMin, noControl, "", plan.TotalMemory},
	{"memory.low", memoryLow, memoryLowStartup, "0", plan.TotalMemory},
	{"memory.high", memoryHigh, memoryHighStartup, "max", plan.TotalMemory},
	{"memory.max", memoryMax, memoryMaxStartup, "max", plan.TotalMemory},
	{"memory.swap.max", memorySwapMax, memorySwapMaxStartup, "max", plan.TotalMemory},
	{"memory.zswap.max", memoryZSwapMax, memoryZSwapMaxStartup, "max", plan.TotalMemory},
	{"memory.zswap.writeback", memoryZSwapWriteback, noControl, "", plan.TotalNone},
	{"pids.max", tasksMax, noControl, "", plan.TotalTasks},
}

// groupBuilder collects the writes of one group.
type groupBuilder struct {
	g   groupSettings
	out []plan.GroupWrite
}

// group lowers what becomes of a unit's cgroup; nil when it has a plain one.
func (lo *lowering) group(u *unit) *plan.Group {
	g := &u.common.group
	out := plan.Group{Writes: g.writes()}
	if u.service != nil && u.service.oomPolicy.v == plan.OOMKill {
		// systemd.service(5), "OOMPolicy=kill": the kernel ends the whole group.
		out.Writes = append(out.Writes, plan.GroupWrite{File: "memory.oom.group", Value: "1", Origin: place(u.service.oomPolicy.at)})
	}
	if path := slicePath(g.slice.v); path != "system.slice" {
		out.Slice = path
	}
	lo.slices(slicePath(g.slice.v), g.slice.set)
	if g.delegate.set {
		lo.delegate(u, &out)
	}
	if g.pressure.v == watchYes && u.kind != plan.KindTarget {
		lo.pressure(u, &out)
	}
	if u.service != nil && u.service.oomPolicy.set && u.service.oomPolicy.v == plan.OOMStop {
		out.Controllers = strings.TrimSpace(out.Controllers + " memory")
	}
	if u.kind != plan.KindTarget {
		out.Filters = lo.filters(u)
	}
	if out.Slice == "" && len(out.Writes) == 0 && len(out.Filters) == 0 && out.Controllers == "" && !out.Delegate {
		return nil
	}
	note(lo, u, "Group.Slice", g.slice)
	note(lo, u, "Group.Delegate", g.delegate)
	return &out
}

// groupFeatures are what a unit's group needs of the runtime.
func groupFeatures(g *plan.Group) (f plan.Features) {
	if g == nil {
		return 0
	}
	if len(g.Filters) > 0 {
		f |= plan.FeatureFilters
	}
	if g.Slice != "" || len(g.Writes) > 0 || g.Delegate || g.Controllers != "" {
		f |= plan.FeatureControls | memoryFeature(g.Writes)
	}
	if strings.Contains(g.Controllers, "memory") {
		f |= plan.FeatureOOM
	}
	return f
}

// delegate is Delegate=: the group becomes the user's.
func (lo *lowering) delegate(u *unit, out *plan.Group) {
	g := &u.common.group
	in := lo.resolve(u, false)
	out.Delegate, out.Controllers, out.Subgroup = true, strings.TrimSpace(g.delegate.v), g.subgroup.v
	out.UID, out.GID = in.uid, in.gid
}

// pressure is MemoryPressureWatch=yes. Diverges: "auto", the default, says nothing
// to the service, which is what it may do for itself then; systemd has it watch
// wherever memory is accounted for, and that is everywhere.
func (lo *lowering) pressure(u *unit, out *plan.Group) {
	const window = 2 * plan.Second // systemd's
	threshold := min(max(u.common.group.threshold.or(200*plan.Millisecond), plan.Microsecond), window)
	write := fmt.Sprintf("some %d %d\x00", threshold/plan.Microsecond, window/plan.Microsecond)
	out.Pressure = base64.StdEncoding.EncodeToString([]byte(write))
	in := lo.resolve(u, false)
	out.UID, out.GID = in.uid, in.gid
	if !strings.Contains(" "+out.Controllers+" ", " memory ") {
		out.Controllers = strings.TrimSpace(out.Controllers + " memory")
	}
}

// slicePath is the folder of a slice: each dash of its name is a slice above
// (systemd.slice(5)).
func slicePath(name string) string {
	base := strings.TrimSuffix(name, ".slice")
	switch {
	case name == "":
		return "system.slice"
	case base == "-":
		return ""
	}
	path := ""
	for i := range len(base) {
		if base[i] == '-' {
			path += base[:i] + ".slice/"
		}
	}
	return path + name
}

// usesSlice says whether a unit of the image is in a slice or one below it.
func (s *unitSet) usesSlice(slice *unit) bool {
	return slices.ContainsFunc(s.image, func(u *unit) bool {
		return u.kind != plan.KindTarget && strings.Contains("/"+slicePath(u.common.group.slice.v)+"/", "/"+slice.name+"/")
	})
}

// slices notes the folders down to a slice, with what their own units say.
func (lo *lowering) slices(path string, named bool) {
	parts := strings.Split(path, "/")
	for i, name := range parts {
		s := plan.Slice{Path: strings.Join(parts[:i+1], "/")}
		if slices.ContainsFunc(lo.p.Slices, func(p plan.Slice) bool { return p.Path == s.Path }) {
			continue
		}
		if u := lo.s.byName[name]; u != nil && u.foreign == "slice" {
			s.Writes = u.common.group.writes()
		}
		if named && s.Path != "" && s.Path != "system.slice" || len(s.Writes) > 0 {
			lo.p.Slices = append(lo.p.Slices, s)
		}
	}
	slices.SortFunc(lo.p.Slices, func(a, b plan.Slice) int { return cmp.Compare(a.Path, b.Path) })
}

// writes lowers the settings, in systemd's order.
func (g *groupSettings) writes() []plan.GroupWrite {
	b := &groupBuilder{g: *g}
	b.legacy()
	b.cpu()
	b.numbers("cpuset.cpus", b.g.cpus)
	b.numbers("cpuset.mems", b.g.nodes)
	b.io()
	for _, c := range controlFiles {
		value, startup := b.g.values[c.value], b.g.values[c.startup]
		b.phases(value, startup, c.otherwise, func(a amount) []plan.GroupWrite {
			w := plan.GroupWrite{File: c.file, Value: a.text, Share: a.share}
			if a.share != 0 {
				w.Of = c.of
			}
			return []plan.GroupWrite{w}
		})
	}
	return b.out
}

// add appends a write.
func (b *groupBuilder) add(w plan.GroupWrite, at grammar.Pos) {
	w.Origin = place(at)
	b.out = append(b.out, w)
}

// phases adds the writes for a value that may have another one at the start.
func (b *groupBuilder) phases(value, startup opt[amount], otherwise string, write func(a amount) []plan.GroupWrite) {
	add := func(o opt[amount], phase plan.GroupPhase) {
		for _, w := range write(o.v) {
			w.Phase = phase
			b.add(w, o.at)
		}
	}
	switch {
	case startup.set && !value.set:
		value = opt[amount]{v: amount{text: otherwise}, at: startup.at}
		fallthrough
	case startup.set:
		add(startup, plan.PhaseStartup)
		add(value, plan.PhaseUp)
	case value.set:
		add(value, plan.PhaseAlways)
	}
}

// legacy translates what cgroup v1 had into what is there now, where a unit
// says nothing newer (systemd.resource-control(5), "DEPRECATED OPTIONS").
func (b *groupBuilder) legacy() {
	v := &b.g.values
	if !v[cpuWeight].set && !v[cpuWeightStartup].set {
		v[cpuWeight], v[cpuWeightStartup] = scaled(v[cpuShares], 1024), scaled(v[cpuSharesStartup], 1024)
	}
	newer := false
	for _, c := range [...]control{memoryMin, memoryLow, memoryHigh, memoryMax, memorySwapMax} {
		newer = newer || v[c].set
	}
	if !newer {
		v[memoryMax] = v[memoryLimit]
	}
	newer = v[ioWeight].set || v[ioWeightStartup].set
	for c := ioDeviceWeight; c <= ioLatency; c++ {
		newer = newer || len(b.g.disks[c]) > 0
	}
	if newer {
		return
	}
	v[ioWeight], v[ioWeightStartup] = scaled(v[blockIOWeight], 500), scaled(v[blockIOWeightStartup], 500)
	for _, d := range b.g.disks[blockIODeviceWeight] {
		d.v.value = scaledText(d.v.value, 500)
		b.g.disks[ioDeviceWeight] = append(b.g.disks[ioDeviceWeight], d)
	}
	b.g.disks[ioReadBandwidth] = b.g.disks[blockIOReadBandwidth]
	b.g.disks[ioWriteBandwidth] = b.g.disks[blockIOWriteBandwidth]
}

// scaled is a weight of which usual was the usual one, as one of 1 to 10000
// with 100 as the usual one.
func scaled(o opt[amount], usual uint64) opt[amount] {
	if o.set {
		o.v.text = scaledText(o.v.text, usual)
	}
	return o
}

func scaledText(s string, usual uint64) string {
	n, _ := strconv.ParseUint(s, 10, 64)
	return strconv.FormatUint(min(max(n*100/usual, 1), 10000), 10)
}

// cpu is the share of the processors, and the limit.
func (b *groupBuilder) cpu() {
	value, startup := b.g.values[cpuWeight], b.g.values[cpuWeightStartup]
	mixed := startup.set && (startup.v.text == "idle") != (value.v.text == "idle")
	b.phases(value, startup, "100", func(a amount) []plan.GroupWrite {
		if a.text == "idle" {
			return []plan.GroupWrite{{File: "cpu.idle", Value: "1"}}
		}
		w := []plan.GroupWrite{{File: "cpu.weight", Value: a.text}}
		if mixed {
			w = slices.Insert(w, 0, plan.GroupWrite{File: "cpu.idle", Value: "0"})
		}
		return w
	})
	if q := b.g.quota; q.set {
		period := quotaPeriodFor(q.v, b.g.quotaPeriod.or(100_000))
		b.add(plan.GroupWrite{File: "cpu.max",
			Value: strconv.FormatUint(max(q.v*period/10000, 1000), 10) + " " + strconv.FormatUint(period, 10)}, q.at)
	}
}

// quotaPeriodFor is a period in which the quota is at least the millisecond
// that the kernel counts in, and at most a second.
func quotaPeriodFor(quota uint64, period int64) uint64 {
	p := uint64(period)
	if quota*p/10000 < 1000 {
		p = (1000*10000 + quota - 1) / quota
	}
	return min(max(p, 1000), 1_000_000)
}

// numbers is a list of CPUs or nodes; an empty line takes it back.
func (b *groupBuilder) numbers(file string, lists [2]opt[ranges]) {
	var values [2]opt[amount]
	for i, o := range lists {
		values[i] = opt[amount]{amount{text: joined(rangesText(o.v.list), o.v.late)}, o.set, o.at}
	}
	b.phases(values[0], values[1], "\n", func(a amount) []plan.GroupWrite {
		return []plan.GroupWrite{{File: file, Value: a.text}}
	})
}

// rangesText is a list in order, as the kernel reads it.
func rangesText(list []grammar.CPURange) string {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b grammar.CPURange) int { return cmp.Or(a.First-b.First, a.Last-b.Last) })
	var out []string
	for i := 0; i < len(list); i++ {
		r := list[i]
		for i+1 < len(list) && list[i+1].First <= r.Last+1 {
			i++
			r.Last = max(r.Last, list[i].Last)
		}
		text := strconv.Itoa(r.First)
		if r.Last > r.First {
			text += "-" + strconv.Itoa(r.Last)
		}
		out = append(out, text)
	}
	return strings.Join(out, ",")
}

// io is the share of the disks, and the limits of each. A kernel has one of
// two files for the share.
func (b *groupBuilder) io() {
	b.phases(b.g.values[ioWeight], b.g.values[ioWeightStartup], "100", func(a amount) []plan.GroupWrite {
		return []plan.GroupWrite{{File: "io.bfq.weight", Value: bfqWeight(a.text), Optional: true},
			{File: "io.weight", Value: "default " + a.text, Optional: true}}
	})
	for _, d := range lastOfDisk(b.g.disks[ioDeviceWeight]) {
		b.add(plan.GroupWrite{File: "io.bfq.weight", Device: d.v.path, Value: bfqWeight(d.v.value), Optional: true}, d.at)
		b.add(plan.GroupWrite{File: "io.weight", Device: d.v.path, Value: d.v.value, Optional: true}, d.at)
	}
	for _, d := range lastOfDisk(b.g.disks[ioLatency]) {
		b.add(plan.GroupWrite{File: "io.latency", Device: d.v.path, Value: "target=" + d.v.value}, d.at)
	}
	b.ioMax()
}

// bfqWeight is a weight of 1 to 10000 on the scheduler's scale of 1 to 1000;
// 100 is the usual one on both.
func bfqWeight(s string) string {
	n, _ := strconv.ParseUint(s, 10, 64)
	if n > 100 {
		n = 100 + (n-100)*900/9900
	}
	return strconv.FormatUint(n, 10)
}

// lastOfDisk keeps the last value of each path.
func lastOfDisk(list []item[diskValue]) []item[diskValue] {
	var out []item[diskValue]
	for _, d := range list {
		out = slices.DeleteFunc(out, func(o item[diskValue]) bool { return o.v.path == d.v.path })
		out = append(out, d)
	}
	return out
}

// ioMax has one line for all limits of a disk.
func (b *groupBuilder) ioMax() {
	keys := [...]string{"rbps", "wbps", "riops", "wiops"}
	var paths []string
	values, at := map[string][4]string{}, map[string]grammar.Pos{}
	for k := range keys {
		for _, d := range b.g.disks[ioReadBandwidth+diskControl(k)] {
			if _, ok := values[d.v.path]; !ok {
				paths = append(paths, d.v.path)
				at[d.v.path] = d.at
			}
			v := values[d.v.path]
			v[k] = d.v.value
			values[d.v.path] = v
		}
	}
	for _, path := range paths {
		var words []string
		for k, key := range keys {
			words = append(words, key+"="+cmp.Or(values[path][k], "max"))
		}
		b.add(plan.GroupWrite{File: "io.max", Device: path, Value: strings.Join(words, " ")}, at[path])
	}
}
