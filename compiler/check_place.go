package compiler

import (
	"path"
	"slices"
	"strconv"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// placeSet is a set of places.
type placeSet uint8

const (
	docker placeSet = 1 << iota
	podman
	restricted // Kubernetes' Pod Security Standard "restricted"
	vm
	board

	containers = docker | podman | restricted
)

// venue is where an image runs (--profile).
type venue struct {
	name  string
	set   placeSet
	grace plan.Duration // from SIGTERM to SIGKILL
	words string
}

// cannot goes between what is asked for and why it cannot be had.
func (v *venue) cannot() string { return " cannot be had in " + v.words + ": " }

// places are all of them. A virtual machine and a board are the init's own:
// what the kernel can do, it may ask for, and nobody stops it from outside.
var places = [...]venue{
	{"docker", docker, 10 * plan.Second, "a Docker container"},
	{"podman", podman, 10 * plan.Second, "a Podman container"},
	{"kubernetes-restricted", restricted, 30 * plan.Second, "a restricted pod"},
	{"vm", vm, plan.Infinity, "a virtual machine"},
	{"board", board, plan.Infinity, "a board"},
}

// Places are the names that Options.Place may have.
func Places() []string {
	var out []string
	for i := range places {
		out = append(out, places[i].name)
	}
	return out
}

// ownsKernel says whether the image has a kernel to itself, which nobody outside
// has set up.
func (s *unitSet) ownsKernel() bool {
	v := placeOf(s.opt.Place)
	return v != nil && v.set&containers == 0
}

func placeOf(name string) *venue {
	for i := range places {
		if places[i].name == name {
			return &places[i]
		}
	}
	return nil
}

// placeRows finds the rows about a directive.
var placeRows = makePlaceRows()

func makePlaceRows() map[string][]*placeRow {
	rows := map[string][]*placeRow{}
	for i := range placeTable {
		for _, name := range strings.Fields(placeTable[i].names) {
			rows[name] = append(rows[name], &placeTable[i])
		}
	}
	return rows
}

// checkPlace reports what units of the image ask for and the place cannot do.
func (s *unitSet) checkPlace(l *diag.List) {
	p := placeOf(s.opt.Place)
	if p == nil {
		return
	}
	s.checkPlaceUnits(p, l)
	s.checkPlaceBoot(p, l)
	if p.set == restricted && len(s.plan.Boot) > 0 {
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: s.opt.Root}, Severity: diag.Warning, Code: "profile-refuses",
			Msg:  "the folders that tmpfiles.d has made at boot belong to the pod's user in a restricted pod, and what is above them must be writable",
			Hint: "mount an emptyDir volume at /run, with the pod's fsGroup"})
	}
}

// checkPlaceUnits is checkPlace for what stands in units.
func (s *unitSet) checkPlaceUnits(p *venue, l *diag.List) {
	for _, u := range append(slices.Clone(s.image), s.keptSlices()...) {
		for i := range u.settings {
			set := &u.settings[i]
			for _, row := range placeRows[set.key] {
				if row.where&p.set != 0 && u.asksFor(row, set) {
					l.Add(s.refusal(p, row, u, set))
				}
			}
		}
		if p.set == restricted {
			fullPrivilege(u, l)
		}
	}
}

// keptSlices are the slice units that the image has the settings of.
func (s *unitSet) keptSlices() (out []*unit) {
	for i := range s.plan.Slices {
		if u := s.byName[path.Base(s.plan.Slices[i].Path)]; u != nil && u.foreign == "slice" {
			out = append(out, u)
		}
	}
	return out
}

// checkPlaceBoot is checkPlace for the lines of tmpfiles.d that are carried out
// at boot.
func (s *unitSet) checkPlaceBoot(p *venue, l *diag.List) {
	if p.set&containers == 0 {
		return
	}
	for i := range s.plan.Boot {
		step := &s.plan.Boot[i]
		why, hint := "", ""
		switch {
		case step.Kind == plan.BootAttributes && step.Number&lockedAttributes != 0:
			why, hint = "the attributes a and i take CAP_LINUX_IMMUTABLE", "take it out"
		case (step.Kind == plan.BootChar || step.Kind == plan.BootBlock) && p.set&docker == 0:
			why, hint = "a device node takes CAP_MKNOD", "give the container the device"
		case below(step.Path, "/proc/sys"):
			why, hint = "/proc/sys is read-only", "set the sysctl of the container, or on the host"
		case below(step.Path, "/sys"):
			why, hint = "/sys is read-only", "set it on the host"
		default:
			continue
		}
		file, line, _ := strings.Cut(step.Origin, ".conf:") // in the root
		n, _ := strconv.Atoi(line)
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: path.Join(s.opt.Root, file+".conf"), Line: n, Col: 1}, Severity: diag.Warning, Code: "profile-refuses", Hint: hint,
			Msg: "what the line asks for" + p.cannot() + why})
	}
}

// lockedAttributes are those of chattr(1) that only CAP_LINUX_IMMUTABLE sets,
// append only and immutable.
const lockedAttributes = 0x20 | 0x10

// asksFor says whether an assignment counts: a later one of a single value
// replaces it, and what the image does not honour has been reported.
func (u *unit) asksFor(row *placeRow, set *setting) bool {
	text := set.value.Text()
	if text == "" || u.overridden(set) {
		return false
	}
	if h, ok := u.common.unhonoured[set.key]; ok && h.d.level != honoured {
		return false
	}
	if row.asks != nil {
		return row.asks(u, text)
	}
	on, err := grammar.ParseBool(text)
	return err != nil || on
}

// overridden says whether a later assignment takes one back: an empty one, or,
// for a directive with one value, any.
func (u *unit) overridden(set *setting) bool {
	past := false
	for i := range u.settings {
		other := &u.settings[i]
		if past && other.key == set.key && (other.value.Text() == "" || !placeList(set.key)) && !(other.value.Text() == "" && ignoredWhenEmpty(other)) {
			return true
		}
		past = past || other == set
	}
	return false
}

// placeList says whether assignments to a directive add up.
func placeList(key string) bool {
	return strings.HasSuffix(key, "Paths") || strings.HasPrefix(key, "Listen") || strings.HasSuffix(key, "Directory") ||
		strings.HasSuffix(key, "Directories") || strings.HasSuffix(key, "Images") ||
		slices.Contains([]string{"TemporaryFileSystem", "AmbientCapabilities", "SupplementaryGroups"}, key)
}

func (s *unitSet) refusal(p *venue, row *placeRow, u *unit, set *setting) diag.Diagnostic {
	d := diag.Diagnostic{Pos: set.pos, End: set.end, Severity: row.severity, Code: "profile-refuses", Hint: row.hint,
		Msg: set.key + "=" + set.value.Text() + p.cannot() + row.reason}
	switch {
	case row.where == restricted || !strings.Contains(runsWithout, " "+set.key+" "), u.insists(set):
	case slices.Contains(s.opt.AllowUnsupported, set.key):
		d.Severity, d.Hint = diag.Note, ""
	default:
		d.Hint += "; with --allow-unsupported " + set.key + " the service runs all the same"
	}
	return d
}

// apiInRoot says whether a root of the unit's own has file systems of the
// kernel's mounted in it, as is the default (systemd.exec(5), "MountAPIVFS=").
func apiInRoot(u *unit, text string) bool {
	on, err := grammar.ParseBool(u.lastText("MountAPIVFS"))
	return cleanPath(text) != "/" && (err != nil || on)
}

// fullPrivilege reports the prefixes "+" and "!" where no program is root.
func fullPrivilege(u *unit, l *diag.List) {
	for i := range u.common.commands {
		if c := &u.common.commands[i]; c.prefix.Has(grammar.PrefixFull) {
			l.Add(diag.Diagnostic{Pos: c.at, End: c.end, Severity: diag.Warning, Code: "profile-refuses",
				Msg:  "the prefix \"+\" gives no privileges in a restricted pod: the init has none itself",
				Hint: "take it out, or do what the command does when the image is built"})
		}
	}
}
