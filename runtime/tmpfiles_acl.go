package runtime

import (
	"syscall"
	"unsafe"

	"rustysd/runtime/plan"
)

// aclEntry is an entry of an access control list as the kernel has it in an
// extended attribute, after a version (acl(5); linux/posix_acl_xattr.h).
type aclEntry struct {
	tag, perm uint16
	id        uint32
}

const (
	aclVersion   = 2
	aclUserObj   = 0x01
	aclUser      = 0x02
	aclGroupObj  = 0x04
	aclGroup     = 0x08
	aclMask      = 0x10
	aclOther     = 0x20
	aclNoID      = 1<<32 - 1
	aclEntrySize = 8
)

// setACL gives a file the entries of a step, those that every list has, and a
// mask if it needs one.
func setACL(s *plan.BootStep, fd int32, st *syscall.Stat_t) errno {
	name := "system.posix_acl_access"
	kind := st.Mode & syscall.S_IFMT
	if s.Flags&plan.BootDefaultACL != 0 {
		if name = "system.posix_acl_default"; kind != syscall.S_IFDIR {
			return 0
		}
	}
	if kind == syscall.S_IFLNK {
		return 0
	}
	var list []aclEntry
	if s.Flags&plan.BootForce != 0 {
		if has := getXattr(fdPath(fd), name); len(has) > 4 {
			list = parseACL(list, has[4:])
		}
	}
	list = parseACL(list, s.Data)
	if s.Flags&plan.BootForce == 0 {
		list = withMask(list) // systemd's is that of the entries of the line alone
	}
	for shift, tag := range [...]uint16{aclOther, aclGroupObj, aclUserObj} {
		if findACL(list, tag, aclNoID) < 0 {
			list = append(list, aclEntry{tag, uint16(st.Mode >> (3 * shift) & 7), aclNoID})
		}
	}
	e := setXattr(fdPath(fd), name, formatACL(withMask(list)))
	if e == syscall.EOPNOTSUPP || e == syscall.ENOSYS {
		return 0
	}
	return e
}

// parseACL adds entries to a list, each in the place of one for the same.
func parseACL(list []aclEntry, text string) []aclEntry {
	for ; len(text) >= aclEntrySize; text = text[aclEntrySize:] {
		e := aclEntry{uint16(text[0]) | uint16(text[1])<<8, uint16(text[2]) | uint16(text[3])<<8,
			uint32(text[4]) | uint32(text[5])<<8 | uint32(text[6])<<16 | uint32(text[7])<<24}
		if at := findACL(list, e.tag, e.id); at >= 0 {
			list[at] = e
		} else {
			list = append(list, e)
		}
	}
	return list
}

// findACL is where a list has an entry; -1 when it has none.
func findACL(list []aclEntry, tag uint16, id uint32) int {
	for n := range list {
		if list[n].tag == tag && list[n].id == id {
			return n
		}
	}
	return -1
}

// withMask adds the mask that a list with named users or groups must have: all
// that any of them may do.
func withMask(list []aclEntry) []aclEntry {
	perm, named := uint16(0), false
	for n := range list {
		switch list[n].tag {
		case aclMask:
			return list
		case aclUser, aclGroup:
			named = true
			perm |= list[n].perm
		case aclGroupObj:
			perm |= list[n].perm
		}
	}
	if !named {
		return list
	}
	return append(list, aclEntry{aclMask, perm, aclNoID})
}

// formatACL is a list in the order that the kernel wants.
func formatACL(list []aclEntry) string {
	for i := 1; i < len(list); i++ {
		for j := i; j > 0 && (list[j].tag < list[j-1].tag || list[j].tag == list[j-1].tag && list[j].id < list[j-1].id); j-- {
			list[j], list[j-1] = list[j-1], list[j]
		}
	}
	b := []byte{aclVersion, 0, 0, 0}
	for _, e := range list {
		b = append(b, byte(e.tag), byte(e.tag>>8), byte(e.perm), byte(e.perm>>8), byte(e.id), byte(e.id>>8), byte(e.id>>16), byte(e.id>>24))
	}
	return string(b)
}

// getXattr is an extended attribute, "" when there is none.
func getXattr(path, name string) string {
	var b [4096]byte
	p, q := path1.set(path), path2.set(name)
	n, _, e := syscall.RawSyscall6(syscall.SYS_GETXATTR, uintptr(unsafe.Pointer(p)), uintptr(unsafe.Pointer(q)),
		uintptr(unsafe.Pointer(&b)), unsafe.Sizeof(b), 0, 0)
	if e != 0 {
		return ""
	}
	return string(b[:n])
}
