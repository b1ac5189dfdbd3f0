package compiler

import (
	"debug/elf"
	"path"
	"slices"
	"strings"
)

// missingLibrary is a library that a program needs and the root has not, or has
// where the linker looks only once ldconfig(8) has been there.
type missingLibrary struct{ name, by, uncached string }

// linker finds what a program loads, as the dynamic linker does when it starts
// (ld.so(8)): breadth first, each name once.
type linker struct {
	r *rootView
	// env is $LD_LIBRARY_PATH of the service, with what it says about the
	// program filled in.
	env []string
	// system are the folders where the linker looks last, and lib is what it
	// has for $LIB; a root whose linker does not say has several.
	system, lib []string
	loaded      map[string]bool // by the name that was asked for, and by soname
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
	program := &loadedFile{path: real, elf: f}
	l := &linker{r: r, env: env, loaded: map[string]bool{}}
	if arch, ok := strings.CutPrefix(path.Base(f.interp), "ld-musl-"); ok {
		l.musl, l.muslDirs = true, r.muslDirs(strings.TrimSuffix(arch, ".so.1"))
	} else {
		l.system, l.lib = r.systemDirs(f)
		l.env = l.expandAll(env, program)
	}
	l.loaded[path.Base(f.interp)] = true // the linker itself is there, wherever that is
	if file, err := r.stat(f.interp); err == nil && f.interp != "" {
		if e, err := r.elf(file.path); err == nil && e.soname != "" {
			l.loaded[e.soname] = true
		}
	}
	queue := []*loadedFile{program}
	for i := 0; i < len(queue) && i < maxLibraries; i++ {
		at := queue[i]
		for _, name := range at.elf.needed {
			if l.loaded[name] || l.builtIn(name) {
				continue
			}
			l.loaded[name] = true
			found := l.find(name, at)
			if len(found) == 0 {
				l.out = append(l.out, missingLibrary{name, at.path, l.uncached(name, at)})
			}
			for _, next := range found {
				if next.elf.soname != "" {
					l.loaded[next.elf.soname] = true
				}
				queue = append(queue, next)
			}
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

// find looks for a library; a file of another machine is passed over. There may
// be several: those that only some processors use come before the one for all
// of them, and each has needs of its own.
func (l *linker) find(name string, by *loadedFile) (found []*loadedFile) {
	places := l.expand(name, by)
	if !strings.Contains(name, "/") {
		places = l.places(name, by)
	}
	for _, p := range places {
		f := l.try(p, by)
		if f != nil {
			found = append(found, f)
		}
		if f != nil && !strings.Contains(p, hardwareDir) {
			break
		}
	}
	return found
}

// places is where a library that by needs is looked for, in order: ld.so(8) has
// first what files and the environment say, then the cache, then the folders
// that the linker knows itself.
func (l *linker) places(name string, by *loadedFile) []string {
	if l.musl {
		return under(l.dirsOfMusl(by), name)
	}
	out := l.under(l.dirs(by), name, by)
	cache, known := l.r.cache()
	if !known {
		out = append(out, l.under(l.r.confDirs(), name, by)...)
	}
	out = append(out, cache[name]...)
	return append(out, l.under(l.system, name, by)...)
}

// hardwareDir is in the paths of libraries for some processors.
const hardwareDir = "/glibc-hwcaps/"

// hardwareDirs are the folders of each machine in it (ld.so(8)). C libraries
// before 2.37 looked for others beside, of old, which hold copies of what is
// elsewhere.
var hardwareDirs = map[elf.Machine][]string{elf.EM_X86_64: {"x86-64-v4/", "x86-64-v3/", "x86-64-v2/"}}

// under is a name in each of some folders, for each processor.
func (l *linker) under(dirs []string, name string, by *loadedFile) (out []string) {
	for _, dir := range dirs {
		for _, features := range hardwareDirs[by.elf.machine] {
			out = append(out, dir+hardwareDir+features+name)
		}
		out = append(out, dir+"/"+name)
	}
	return out
}

// uncached is where a library is that ldconfig would find, "" if nowhere.
func (l *linker) uncached(name string, by *loadedFile) string {
	if !l.musl && !strings.Contains(name, "/") {
		for _, p := range under(l.r.confDirs(), name) {
			if l.try(p, by) != nil {
				return p
			}
		}
	}
	return ""
}

// under is a name in each of some folders.
func under(dirs []string, name string) []string {
	out := make([]string, len(dirs))
	for i, dir := range dirs {
		out[i] = dir + "/" + name
	}
	return out
}

// dirs is where a library that by needs is looked for, in order, before the
// cache and the system's folders. A DT_RPATH counts for what the library's own
// needs are, too, a DT_RUNPATH does not, and switches it off.
func (l *linker) dirs(by *loadedFile) []string {
	var out []string
	if by.elf.runpath == nil {
		for f := by; f != nil; f = f.by {
			if f.elf.runpath == nil {
				out = append(out, l.expandAll(f.elf.rpath, f)...)
			}
		}
	}
	out = append(out, l.env...)
	return append(out, l.expandAll(by.elf.runpath, by)...)
}

// dirsOfMusl is dirs as musl has it: both kinds of path count for what the
// library's own needs are, and there is no ld.so.conf.
func (l *linker) dirsOfMusl(by *loadedFile) []string {
	out := slices.Clone(l.env)
	for f := by; f != nil; f = f.by {
		if f.elf.runpath != nil {
			out = append(out, l.expandAll(f.elf.runpath, f)...)
		} else {
			out = append(out, l.expandAll(f.elf.rpath, f)...)
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

// expandAll is expand for a search path. Musl's linker does without the whole of
// one that has a token which it does not know.
func (l *linker) expandAll(dirs []string, f *loadedFile) []string {
	var out []string
	for _, d := range dirs {
		out = append(out, l.expand(d, f)...)
	}
	if l.musl && strings.Contains(strings.Join(out, ""), "$") {
		return nil
	}
	return out
}

// platforms are what $PLATFORM may be: the kernel's word for the processor, and
// what C libraries before 2.37 had for a new one.
var platforms = map[elf.Machine][]string{
	elf.EM_X86_64: {"x86_64", "haswell", "xeon_phi"}, elf.EM_386: {"i686", "i586", "i486", "i386"},
	elf.EM_AARCH64: {"aarch64"}, elf.EM_ARM: {"v8l", "v7l", "v6l", "v5l"},
}

func platformsOf(m elf.Machine) []string {
	if list := platforms[m]; list != nil {
		return list
	}
	return []string{machineName(m)}
}

// expand replaces what a path may say about its own file and the machine
// (ld.so(8), "Dynamic string tokens"). Where it is not known what will be
// there, the answers are several.
func (l *linker) expand(dir string, f *loadedFile) []string {
	if !strings.Contains(dir, "$") {
		return []string{dir}
	}
	dir = replaceToken(dir, "ORIGIN", path.Dir(f.path))
	if l.musl {
		return []string{dir}
	}
	var out []string
	for _, lib := range l.lib {
		d := replaceToken(dir, "LIB", lib)
		for _, platform := range platformsOf(f.elf.machine) {
			out = append(out, replaceToken(d, "PLATFORM", platform))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// replaceToken replaces ${name}, and $name where no longer name follows.
func replaceToken(s, name, value string) string {
	s = strings.ReplaceAll(s, "${"+name+"}", value)
	var b strings.Builder
	for {
		before, after, found := strings.Cut(s, "$"+name)
		b.WriteString(before)
		switch {
		case !found:
			return b.String()
		case after != "" && (after[0] == '_' || isAlnum(after[0])):
			b.WriteString("$" + name)
		default:
			b.WriteString(value)
		}
		s = after
	}
}

func isAlnum(c byte) bool {
	return '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
}

// systemDirs are the folders where a program's linker looks last, and what it
// has for $LIB: both are texts in its file. A linker that has none of those that
// distributions build in is taken to look into all of them.
func (r *rootView) systemDirs(f *elfFile) (dirs, lib []string) {
	wide := []string{"lib"}
	if f.class == elf.ELFCLASS64 {
		wide = []string{"lib64", "lib"}
	} else {
		wide = append(wide, "lib32")
	}
	if d := machineDirs[f.machine]; d != "" {
		wide = append([]string{"lib/" + d}, wide...)
	}
	var all []string
	for _, l := range wide {
		all = append(all, "/"+l, "/usr/"+l)
	}
	text := r.linkerText(f.interp)
	has := func(s string) bool { return strings.Contains(text, "\x00"+s+"\x00") }
	for _, d := range all {
		if has(d + "/") {
			dirs = append(dirs, d)
		}
	}
	for _, l := range wide {
		if has(l) {
			lib = append(lib, l)
		}
	}
	if dirs == nil {
		dirs = all
	}
	if lib == nil {
		lib = wide
	}
	return dirs, lib
}

// linkerText is the file of a dynamic linker, "" if there is none to read.
func (r *rootView) linkerText(interp string) string {
	if text, read := r.linkers[interp]; read || interp == "" {
		return text
	}
	text := ""
	if f, err := r.stat(interp); err == nil {
		text, _ = r.files.read(r.files.host(f.path))
	}
	r.linkers[interp] = text
	return text
}
