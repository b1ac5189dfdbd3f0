package compiler

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"path"
	"strconv"
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

// testCache makes a cache of libraries, as ldconfig(8) does; each word is a
// path.
func testCache(paths []string) []byte {
	var strs bytes.Buffer
	var entries []uint32
	at := uint32(cacheHeader + len(paths)*cacheEntry)
	put := func(s string) uint32 {
		defer strs.WriteString(s + "\x00")
		return at + uint32(strs.Len())
	}
	for _, p := range paths {
		entries = append(entries, 0x0303, put(path.Base(p)), put(p), 0, 0, 0)
	}
	var b bytes.Buffer
	b.WriteString(cacheMagic)
	for _, part := range []any{uint32(len(paths)), uint32(strs.Len()), [5]uint32{}, entries, strs.Bytes()} {
		if err := binary.Write(&b, binary.LittleEndian, part); err != nil {
			panic("BUG: " + err.Error())
		}
	}
	return b.Bytes()
}

// testACL makes an access control list of words like u:5:rx, g:7:x, m::x.
func testACL(t *testing.T, words []string) []byte {
	t.Helper()
	b := binary.LittleEndian.AppendUint32(nil, aclVersion)
	tags := map[string]uint16{"u:": 1, "g:": aclGroupOwner, "m:": aclMask, "o:": 0x20}
	for _, w := range words {
		kind, id, rights := w[:1], w[2:strings.LastIndexByte(w, ':')], w[strings.LastIndexByte(w, ':'):]
		tag, n := tags[kind+":"], uint64(1<<32-1)
		if id != "" {
			var err error
			n, err = strconv.ParseUint(id, 10, 32)
			must(t, err)
			tag = map[string]uint16{"u": aclUser, "g": aclGroup}[kind]
		}
		mode := uint16(0)
		for i, c := range "xwr" {
			if strings.ContainsRune(rights, c) {
				mode |= 1 << i
			}
		}
		b = binary.LittleEndian.AppendUint16(b, tag)
		b = binary.LittleEndian.AppendUint16(b, mode)
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
	}
	return b
}
