package compiler

import (
	"debug/elf"
	"errors"
	"io"
	"path"
	"strings"
	"syscall"

	"rustysd/runtime/fnmatch"
)

// elfFile is what the kernel and the dynamic linker look at in a program or a
// library.
type elfFile struct {
	class   elf.Class
	machine elf.Machine
	interp  string // "" for a static program, or a library
	needed  []string
	soname  string
	rpath   []string
	runpath []string
}

// elfAnswer is a file that was read, or why it could not be.
type elfAnswer struct {
	file *elfFile
	err  error
}

// errNotELF says that a file begins with something else.
var errNotELF = errors.New("it is no ELF file")

// elf reads the headers of a file of the root, once. The path has no links.
func (r *rootView) elf(real string) (*elfFile, error) {
	a := r.elfs[real]
	if a == nil {
		a = &elfAnswer{}
		a.file, a.err = r.readELF(real)
		r.elfs[real] = a
	}
	return a.file, a.err
}

func (r *rootView) readELF(real string) (*elfFile, error) {
	b, err := openBounded(r.files.host(real))
	if err != nil {
		return nil, err
	}
	defer b.close()
	f, err := elf.NewFile(b)
	if err != nil {
		if b.spent() {
			return nil, errTooBig
		}
		return nil, errNotELF
	}
	out := &elfFile{class: f.Class, machine: f.Machine}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP && p.Filesz <= 4096 {
			text, _ := io.ReadAll(io.LimitReader(p.Open(), 4096))
			out.interp = strings.TrimRight(string(text), "\x00")
		}
	}
	// A file without section headers has no dynamic strings to read here: then
	// nothing is known of its libraries, and nothing is said.
	out.needed, _ = f.ImportedLibraries()
	out.soname = first(f.DynString(elf.DT_SONAME))
	out.rpath = paths(f.DynString(elf.DT_RPATH))
	out.runpath = paths(f.DynString(elf.DT_RUNPATH))
	return out, nil
}

func first(list []string, err error) string {
	if err != nil || len(list) == 0 {
		return ""
	}
	return list[0]
}

func paths(list []string, err error) []string {
	text := first(list, err)
	if text == "" {
		return nil
	}
	return strings.Split(text, ":")
}

// bounded reads a regular file, and no more of it than maxELF in all: a file
// may claim any size for its tables.
type bounded struct {
	fd   int
	left int64
}

// maxELF bounds what is read of one program or library: headers and string
// tables, which are far smaller.
const maxELF = 64 << 20

func openBounded(name string) (*bounded, error) {
	fd, err := openFile(name)
	if err != nil {
		return nil, err
	}
	b := &bounded{fd: fd, left: maxELF}
	var st syscall.Stat_t
	if err = syscall.Fstat(fd, &st); err == nil && st.Mode&syscall.S_IFMT != syscall.S_IFREG {
		err = errNotRegular
	}
	if err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *bounded) close() { _ = syscall.Close(b.fd) }

func (b *bounded) spent() bool { return b.left < 0 }

// ReadAt is io.ReaderAt.
func (b *bounded) ReadAt(p []byte, off int64) (int, error) {
	if b.left -= int64(len(p)); b.left < 0 {
		return 0, errTooBig
	}
	n := 0
	for n < len(p) {
		k, err := syscall.Pread(b.fd, p[n:], off+int64(n))
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return n, err
		case k == 0:
			return n, io.EOF
		default:
			n += k
		}
	}
	return n, nil
}

// archMachines are the architectures that an image can be built for: what their
// kernels execute, and where Debian's dynamic linker looks besides /lib.
var archMachines = map[string][]elf.Machine{
	"amd64": {elf.EM_X86_64, elf.EM_386},
	"arm64": {elf.EM_AARCH64, elf.EM_ARM},
}

var machineDirs = map[elf.Machine]string{
	elf.EM_X86_64: "x86_64-linux-gnu", elf.EM_386: "i386-linux-gnu",
	elf.EM_AARCH64: "aarch64-linux-gnu", elf.EM_ARM: "arm-linux-gnueabihf",
}

// machineName is a machine as people write it.
func machineName(m elf.Machine) string {
	switch m {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_386:
		return "i386"
	case elf.EM_ARM:
		return "arm"
	}
	return strings.ToLower(strings.TrimPrefix(m.String(), "EM_"))
}

// systemDirs is where the dynamic linker looks last (ld.so(8)).
func systemDirs(f *elfFile) []string {
	var out []string
	if d := machineDirs[f.machine]; d != "" {
		out = append(out, "/lib/"+d, "/usr/lib/"+d)
	}
	if f.class == elf.ELFCLASS64 {
		out = append(out, "/lib64", "/usr/lib64")
	}
	return append(out, "/lib", "/usr/lib", "/lib32", "/usr/lib32", "/usr/local/lib")
}

// confDirs are the folders that ldconfig(8) takes from /etc/ld.so.conf.
func (r *rootView) confDirs() []string {
	if !r.readConf {
		r.readConf = true
		r.readLdConf("/etc/ld.so.conf", map[string]bool{})
	}
	return r.libraryDirs
}

// maxConfDirs bounds the folders of a hostile root.
const maxConfDirs = 1000

// readLdConf reads one file of ldconfig's, once: a second time it would add no
// folder.
func (r *rootView) readLdConf(name string, seen map[string]bool) {
	f, err := r.stat(name)
	if err != nil || seen[f.path] {
		return
	}
	seen[f.path] = true
	text, err := r.files.read(r.files.host(f.path))
	if err != nil {
		return
	}
	for line := range strings.Lines(text) {
		line, _, _ = strings.Cut(line, "#")
		w := strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(" \t\r\n:,", c) })
		switch {
		case len(w) == 0 || w[0] == "hwcap":
		case w[0] == "include":
			for _, pattern := range w[1:] {
				for _, name := range r.glob(path.Join("/etc", strings.TrimPrefix(pattern, "/etc"))) {
					r.readLdConf(name, seen)
				}
			}
		case w[0][0] == '/':
			r.libraryDirs = append(r.libraryDirs, w[:min(len(w), maxConfDirs-len(r.libraryDirs))]...)
		}
	}
}

// glob lists the files of one folder of the root that match a pattern.
func (r *rootView) glob(pattern string) []string {
	d, err := r.files.open(path.Dir(pattern), true)
	if err != nil {
		return nil
	}
	entries, _ := r.files.list(d)
	var out []string
	for _, e := range entries {
		if fnmatch.Match(path.Base(pattern), e.Name(), true) {
			out = append(out, path.Join(path.Dir(pattern), e.Name()))
		}
	}
	return out
}
