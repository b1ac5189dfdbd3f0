package compiler

import (
	"crypto/sha256"
	"encoding/hex"

	"rustysd/compiler/diag"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// Reason is why a unit is in an image: because of the relation that By has to
// it, which is written at Pos. The target itself has no By, and neither has what
// --keep names, of which Verb says so.
type Reason struct {
	By   string
	Verb string // "requires", "wants", …
	Pos  grammar.Pos
}

// Options are what the command line says about an image.
type Options struct {
	// UnitDirs are the folders with unit files, the first with the highest
	// precedence. Empty: the standard unit paths in Root.
	UnitDirs []string
	// Root is the file system that the image runs on; "" when it is unknown.
	Root string
	// UnitPath is $SYSTEMD_UNIT_PATH: folders of Root, separated by colons, in
	// place of the standard ones, or before them if it ends in a colon.
	UnitPath string
	// Enable are units whose [Install] sections count although Root has no links
	// for them.
	Enable []string
	// Preset lets preset files decide what is enabled: those of Root, and of the
	// folders system-preset beside UnitDirs.
	Preset bool
	// Target is the unit to boot; "" for the default.
	Target string
	// Keep are units that the image has although Target does not reach them, so
	// that they can be started when it runs.
	Keep []string
	// Immutable says that no boot changes what Root has, but for the folders that
	// conditions.go lists: conditions about its files are decided here.
	Immutable bool
	// Main is the container's main unit: the init ends with it. May be "".
	Main string
	// AllowUnsupported are directives that may be left unhonoured.
	AllowUnsupported []string
	// KeepOnFailure is --on-dependency-failure=keep: a Requires= on a unit
	// that has finally failed does not stop the unit (systemd's rule).
	KeepOnFailure bool
	// PassEnvironment hands the init's own environment to every service.
	PassEnvironment bool
	// PlainLog leaves out the prefix of journal output.
	PlainLog bool
	// NoControl leaves out the control socket and systemctl.
	NoControl bool
	// NoSettings leaves out what systemctl tells of the units' settings, which is
	// half the work, when the plan is made for its diagnostics alone.
	NoSettings bool
	// Arch is what the image is built for, "amd64" or "arm64"; "" leaves the
	// programs of the root unchecked for it.
	Arch string
	// Place is where the image will run (--profile), a name of [Places]; "" is
	// anywhere.
	Place string
	// Grace is how long that place waits for an ordered stop before it kills
	// everything; 0 is the place's own.
	Grace plan.Duration
	// Lints are codes of diagnostics that are not given unless asked for, see
	// [Lints].
	Lints []diag.Code
}

// Result is a compiled image.
type Result struct {
	Plan *plan.Plan
	// Origins says where a field of the plan was written: the key is the
	// unit's name, a blank and the field's path in plan ("redis.service
	// Service.TimeoutStop"), the value "file:line". What is not in it is a
	// default.
	Origins map[string]string
	// Dropped says why a unit that was loaded is not in the plan.
	Dropped map[string]string
	// Kept says why a unit is in the plan.
	Kept map[string]Reason
	set  *unitSet
}

// Compile makes the plan of an image. The plan is nil when the diagnostics
// hold an error; the error is about the machine, never about the user's files.
func Compile(o Options) (*Result, diag.List, error) {
	s, l := compileTo(o, "")
	return s.result(l), l, nil
}

// result is what the passes have made; there is no plan when they found an
// error.
func (s *unitSet) result(l diag.List) *Result {
	res := &Result{Dropped: s.dropped(), Kept: s.reasons(), Origins: s.origins, set: s}
	if l.Count(diag.Error) == 0 {
		res.Plan = s.plan
	}
	return res
}

// compileTo runs the passes up to and with the one that is named, or all of
// them.
func compileTo(o Options, last string) (*unitSet, diag.List) {
	s := &unitSet{opt: o}
	var l diag.List
	for i := range passes {
		passes[i].run(s, &l)
		if s.tooMany != "" {
			l.Add(diag.Diagnostic{Pos: s.somewhere(), Severity: diag.Error, Code: "too-many-units",
				Msg: "more than " + s.tooMany + ": an image cannot hold them"})
			break
		}
		if passes[i].name == last {
			break
		}
	}
	s.collect(&l)
	l.Sort()
	return s, unique(l)
}

// decodeAll decodes each unit, and those that turn up meanwhile because a unit
// asks for an instance of a template.
func (s *unitSet) decodeAll(l *diag.List) {
	s.decoding = true
	for i := 0; i < len(s.units) && s.tooMany == ""; i++ {
		s.decodeUnit(s.units[i])
	}
	s.sort()
}

// decodeUnit decodes one unit, once, and makes the instances that it pulls in.
func (s *unitSet) decodeUnit(u *unit) {
	if u.decoded {
		return
	}
	u.decoded = true
	if u.masked || u.broken || u.plumbing != nil {
		return
	}
	s.decode(u, &u.diags)
	if u.template {
		return
	}
	s.checkUnit(u, &u.diags)
	for i := range u.edges {
		if e := &u.edges[i]; e.rel&pulls != 0 && !e.to.sought {
			e.to.sought = true
			s.find(e.to.name)
		}
	}
	switch {
	case u.service != nil:
		for _, sock := range u.service.sockets {
			s.find(sock.v)
		}
	case u.socket != nil:
		name, _ := s.serviceOf(u)
		s.find(name)
	}
}

// checkImage looks for what is wrong with the image as a whole.
func (s *unitSet) checkImage(l *diag.List) {
	s.checkGraph(l)
	s.checkCycles(l)
	s.checkAddresses(l)
	s.checkBusNames(l)
}

// makePlan lowers the image, when there is one: a unit whose file cannot be
// read has nothing to lower.
func (s *unitSet) makePlan(l *diag.List) {
	if s.target == nil {
		return
	}
	for _, u := range s.image {
		if u.broken {
			return
		}
	}
	s.plan, s.origins = s.lower(l)
	s.plan.Name, s.plan.Target = s.target.name, s.target.id
	s.relocate()
	sum := sha256.New()
	dumpTo(sum, s.plan)
	s.plan.Digest = hex.EncodeToString(sum.Sum(nil))
}
