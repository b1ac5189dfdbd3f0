package compiler

import (
	"debug/elf"
	"errors"
	"io"
	"strings"
	"syscall"
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
