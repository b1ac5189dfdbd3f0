package compiler

import (
	"path"
	"slices"
	"strings"

	"rustysd/compiler/diag"
	"rustysd/grammar"
)

// systemd runs generators at boot, which make units out of other files
// (systemd.generator(7)). An image has none that run: what they would have added
// is looked for here, so that it is not missed in silence.

// generatorPath are the folders of generators, the first with the highest
// precedence (systemd.generator(7)).
var generatorPath = [...]string{
	"/run/systemd/system-generators",
	"/etc/systemd/system-generators",
	"/usr/local/lib/systemd/system-generators",
	"/usr/lib/systemd/system-generators",
	"/lib/systemd/system-generators",
}

// generatedPath are the folders that generators write to.
var generatedPath = [...]string{"/run/systemd/generator.early", "/run/systemd/generator", "/run/systemd/generator.late"}

// checkGenerated reports what generators would make of the root's files. With
// UNITDIRs the units are theirs and not what the root's packages ask for.
func (s *unitSet) checkGenerated(l *diag.List) {
	if s.opt.Root == "" || s.installCounts() || s.hasGenerated() {
		return
	}
	s.checkGenerators(l)
	s.checkScripts(l)
	if s.ownsKernel() {
		s.checkFstab(l)
	}
}

// hasGenerated says whether the root's generators have been run.
func (s *unitSet) hasGenerated() bool {
	for _, dir := range generatedPath {
		if d, err := s.files.open(dir, true); err == nil {
			if entries, err := s.files.list(d); err == nil && len(entries) > 0 {
				return true
			}
		}
	}
	return false
}

// checkGenerators reports the generators of packages that have a unit in the
// image, and those that no package owns. What systemd's own make is reported by
// what they read.
func (s *unitSet) checkGenerators(l *diag.List) {
	for _, g := range s.generators() {
		owner := s.packages().of(g.path)
		if owner != "" && !slices.ContainsFunc(s.image, func(u *unit) bool { return s.packageOf(u) == owner }) {
			continue
		}
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: g.shown}, Severity: diag.Warning, Code: "not-generated",
			Msg: "no generator runs when an image boots: the units that this one makes are not in the image",
			Hint: "run it in the root when the image is built, as in: chroot " + s.opt.Root + " " + g.path + " " +
				generatedPath[1] + " " + generatedPath[0] + " " + generatedPath[2] +
				"; or name the instances that it starts with --enable"})
	}
}

// generator is a program that makes units.
type generator struct{ path, shown string }

// generators are the root's, but for those of systemd itself and those that are
// masked.
func (s *unitSet) generators() (out []generator) {
	seen := map[string]bool{}
	for _, dir := range generatorPath {
		d, err := s.files.open(dir, true)
		if err != nil {
			continue
		}
		entries, _ := s.files.list(d)
		for _, e := range entries {
			name := e.Name()
			if seen[name] || strings.HasPrefix(name, "systemd-") {
				continue
			}
			seen[name] = true
			if s.programTrouble(dir+"/"+name) == "" {
				out = append(out, generator{dir + "/" + name, d.shown + "/" + name})
			}
		}
	}
	return out
}

// scriptLevels are the folders with links to the scripts of System V that a boot
// starts (systemd-sysv-generator(8)); rcS.d is not read.
var scriptLevels = [...]string{"/etc/rc2.d", "/etc/rc3.d", "/etc/rc4.d", "/etc/rc5.d"}

// checkScripts reports scripts of System V init that are enabled and have no
// unit, and a script rc.local.
func (s *unitSet) checkScripts(l *diag.List) {
	told := map[string]bool{}
	for _, dir := range scriptLevels {
		d, err := s.files.open(dir, true)
		if err != nil {
			continue
		}
		entries, _ := s.files.list(d)
		for _, e := range entries {
			base := scriptName(e.Name())
			if base == "" || told[base] || s.exists(base+".service") || s.programTrouble(dir+"/"+e.Name()) != "" {
				continue
			}
			told[base] = true
			l.Add(diag.Diagnostic{Pos: grammar.Pos{File: d.shown + "/" + e.Name()}, Severity: diag.Warning, Code: "not-generated",
				Msg: "the script \"" + base + "\" of System V init has no unit, and the image does not start it",
				Hint: "write " + base + ".service; with Type=forking and ExecStart=/etc/init.d/" + base +
					" start it is near to what systemd makes of the script"})
		}
	}
	if rc := s.byName["rc-local.service"]; s.programTrouble("/etc/rc.local") == "" && (rc == nil || !rc.kept && !rc.masked) {
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: path.Join(s.opt.Root, "/etc/rc.local")}, Severity: diag.Warning, Code: "not-generated",
			Msg:  "systemd starts this script at boot, and the image does not: no generator enables rc-local.service",
			Hint: "enable it with --enable rc-local.service, or take the script's executable bits away"})
	}
}

// scriptName is the script that an entry of a level's folder starts, "S01foo",
// or "".
func scriptName(entry string) string {
	if len(entry) < 4 || entry[0] != 'S' || !allDigits(entry[1:3]) {
		return ""
	}
	return strings.TrimSuffix(entry[3:], ".sh")
}

// checkFstab reports the file systems of fstab(5) that systemd would mount: a
// container finds its own mounted, a machine does not.
func (s *unitSet) checkFstab(l *diag.List) {
	real, err := s.files.resolve("/etc/fstab")
	if err != nil {
		return
	}
	text, err := s.files.read(s.files.host(real))
	if err != nil {
		return
	}
	n := 0
	for line := range strings.Lines(text) {
		n++
		f := strings.Fields(line)
		if len(f) < 4 || f[0][0] == '#' || f[1] == "/" || f[2] == "swap" || slices.Contains(strings.Split(f[3], ","), "noauto") {
			continue
		}
		l.Add(diag.Diagnostic{Pos: grammar.Pos{File: path.Join(s.opt.Root, "/etc/fstab"), Line: n, Col: 1}, Severity: diag.Warning,
			Code: "not-generated", Msg: "the image does not mount \"" + f[1] + "\": nothing makes a unit of this line",
			Hint: "write a service with Type=oneshot, RemainAfterExit=yes, ExecStart=/bin/mount " + f[1] + " and Before=local-fs.target"})
	}
}
