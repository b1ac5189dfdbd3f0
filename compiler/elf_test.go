package compiler

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"strings"
	"testing"
)

// testELF makes an ELF file of which the headers are all that there is. The
// words say what it is: "arm64" or "amd64", "interp=PATH", "needs=NAME,NAME",
// "soname=NAME", "runpath=DIR", "rpath=DIR".
func testELF(t *testing.T, words []string) []byte {
	t.Helper()
	machine := elf.EM_X86_64
	interp := ""
	strs := []byte{0}
	var dyn []elf.Dyn64
	add := func(tag elf.DynTag, text string) {
		dyn = append(dyn, elf.Dyn64{Tag: int64(tag), Val: uint64(len(strs))})
		strs = append(append(strs, text...), 0)
	}
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "amd64":
		case "arm64":
			machine = elf.EM_AARCH64
		case "interp":
			interp = value + "\x00"
		case "needs":
			for _, n := range strings.Split(value, ",") {
				add(elf.DT_NEEDED, n)
			}
		case "soname":
			add(elf.DT_SONAME, value)
		case "rpath":
			add(elf.DT_RPATH, value)
		case "runpath":
			add(elf.DT_RUNPATH, value)
		default:
			t.Fatalf("unknown word %q", w)
		}
	}
	return layELF(machine, interp, strs, append(dyn, elf.Dyn64{}))
}

// layELF lays out: header, one program header, the interpreter's path, the
// dynamic strings, the dynamic section, three section headers.
func layELF(machine elf.Machine, interp string, strs []byte, dyn []elf.Dyn64) []byte {
	const head, prog, sect = 64, 56, 64
	interpAt := uint64(head + prog)
	strsAt := interpAt + uint64(len(interp))
	dynAt := strsAt + uint64(len(strs))
	size := uint64(len(dyn) * 16)
	h := elf.Header64{Type: uint16(elf.ET_DYN), Machine: uint16(machine), Version: 1, Phoff: head, Shoff: dynAt + size,
		Ehsize: head, Phentsize: prog, Phnum: 1, Shentsize: sect, Shnum: 3}
	copy(h.Ident[:], elf.ELFMAG)
	h.Ident[elf.EI_CLASS], h.Ident[elf.EI_DATA], h.Ident[elf.EI_VERSION] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), 1
	p := elf.Prog64{Type: uint32(elf.PT_INTERP), Off: interpAt, Filesz: uint64(len(interp))}
	if interp == "" {
		p.Type = uint32(elf.PT_NULL)
	}
	var b bytes.Buffer
	for _, part := range []any{h, p, []byte(interp), strs, dyn, elf.Section64{},
		elf.Section64{Type: uint32(elf.SHT_STRTAB), Off: strsAt, Size: uint64(len(strs))},
		elf.Section64{Type: uint32(elf.SHT_DYNAMIC), Off: dynAt, Size: size, Link: 1, Entsize: 16}} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	return b.Bytes()
}
