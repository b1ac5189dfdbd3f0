package compiler

import (
	"path"
	"slices"
	"strings"
)

// missingLibrary is a library that a program needs and the root has not.
type missingLibrary struct{ name, by string }

// linker finds what a program loads, as the dynamic linker does when it starts
// (ld.so(8)): breadth first, each name once.
type linker struct {
	r *rootView
	// env is $LD_LIBRARY_PATH of the service.
	env    []string
	loaded map[string]bool // by the name that was asked for, and by soname
	// musl is set for musl's linker, which looks for libraries in another way;
	// muslDirs is where it looks last.
	musl     bool
	muslDirs []string
	out      []missingLibrary
}

// loadedFile is a file that the linker has mapped, and who asked for it.
type loadedFile struct {
	path string
	elf  *elfFile
	by   *loadedFile
}

// maxLibraries bounds the closure of a hostile root.
const maxLibraries = 2000

// missingLibraries are those in the closure of a program's DT_NEEDED that are
// not there. The path has no links.
func (r *rootView) missingLibraries(real string, f *elfFile, env []string) []missingLibrary {
	key := real + "\x00" + strings.Join(env, ":")
	if list, ok := r.missing[key]; ok {
		return list
	}
	l := &linker{r: r, env: env, loaded: map[string]bool{}}
	if arch, ok := strings.CutPrefix(path.Base(f.interp), "ld-musl-"); ok {
		l.musl, l.muslDirs = true, r.muslDirs(strings.TrimSuffix(arch, ".so.1"))
	}
	queue := []*loadedFile{{path: real, elf: f}}
	for i := 0; i < len(queue) && i < maxLibraries; i++ {
		at := queue[i]
		for _, name := range at.elf.needed {
			if l.loaded[name] || l.builtIn(name) {
				continue
			}
			l.loaded[name] = true
			next := l.find(name, at)
			if next == nil {
				l.out = append(l.out, missingLibrary{name, at.path})
				continue
			}
			if next.elf.soname != "" {
				l.loaded[next.elf.soname] = true
			}
			queue = append(queue, next)
		}
	}
	r.missing[key] = l.out
	return l.out
}

// builtIn says whether musl's linker is that library itself.
func (l *linker) builtIn(name string) bool {
	rest, ok := strings.CutPrefix(name, "lib")
	if !l.musl || !ok {
		return false
	}
	part, _, _ := strings.Cut(rest, ".")
	switch part {
	case "c", "pthread", "rt", "m", "dl", "util", "xnet":
		return true
	}
	return false
}

// find looks for a library; nil when it is nowhere. A file of another machine
// is passed over.
func (l *linker) find(name string, by *loadedFile) *loadedFile {
	if strings.Contains(name, "/") {
		return l.try(expandOrigin(name, by), by)
	}
	for _, dir := range l.dirs(by) {
		if f := l.try(dir+"/"+name, by); f != nil {
			return f
		}
	}
	return nil
}

// dirs is where a library that by needs is looked for, in order. A DT_RPATH
// counts for what the library's own needs are, too, a DT_RUNPATH does not, and
// switches it off.
func (l *linker) dirs(by *loadedFile) []string {
	if l.musl {
		return l.dirsOfMusl(by)
	}
	var out []string
	if by.elf.runpath == nil {
		for f := by; f != nil; f = f.by {
			if f.elf.runpath == nil {
				out = append(out, expandAll(f.elf.rpath, f)...)
			}
		}
	}
	out = append(out, l.env...)
	out = append(out, expandAll(by.elf.runpath, by)...)
	out = append(out, l.r.confDirs()...)
	return append(out, systemDirs(by.elf)...)
}

// dirsOfMusl is dirs as musl has it: both kinds of path count for what the
// library's own needs are, and there is no ld.so.conf.
func (l *linker) dirsOfMusl(by *loadedFile) []string {
	out := slices.Clone(l.env)
	for f := by; f != nil; f = f.by {
		if f.elf.runpath != nil {
			out = append(out, expandAll(f.elf.runpath, f)...)
		} else {
			out = append(out, expandAll(f.elf.rpath, f)...)
		}
	}
	return append(out, l.muslDirs...)
}

// muslDirs is what the root says of where musl's linker looks, or where it does
// by default.
func (r *rootView) muslDirs(arch string) []string {
	if f, err := r.stat("/etc/ld-musl-" + arch + ".path"); err == nil {
		if text, err := r.files.read(r.files.host(f.path)); err == nil {
			return strings.FieldsFunc(text, func(c rune) bool { return c == ':' || c == '\n' })
		}
	}
	return []string{"/lib", "/usr/local/lib", "/usr/lib"}
}

func (l *linker) try(name string, by *loadedFile) *loadedFile {
	if !strings.HasPrefix(name, "/") {
		return nil
	}
	real, err := l.r.files.resolve(name)
	if err != nil {
		return nil
	}
	f, err := l.r.elf(real)
	if err != nil || f.class != by.elf.class || f.machine != by.elf.machine {
		return nil
	}
	return &loadedFile{path: real, elf: f, by: by}
}

func expandAll(dirs []string, f *loadedFile) []string {
	out := make([]string, len(dirs))
	for i, d := range dirs {
		out[i] = expandOrigin(d, f)
	}
	return out
}

// expandOrigin replaces what a search path may say about its own file
// (ld.so(8), "Rpath token expansion").
func expandOrigin(dir string, f *loadedFile) string {
	if !strings.Contains(dir, "$") {
		return dir
	}
	lib := "lib"
	if d := machineDirs[f.elf.machine]; d != "" {
		lib = "lib/" + d // as Debian's linker has it
	}
	origin := path.Dir(f.path)
	return strings.NewReplacer("$ORIGIN", origin, "${ORIGIN}", origin, "$LIB", lib, "${LIB}", lib).Replace(dir)
}
