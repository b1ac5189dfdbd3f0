package gen

import (
	"encoding/binary"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"rustysd/runtime/plan"
)

// arguments says how the arguments of each call are written: a letter for
// each, d a number, o permission bits, x a set of bits, f a folder's
// descriptor, g a list of groups. What is not in it is written in decimal up to the last argument
// that is not 0.
var arguments = [plan.NumSys]string{
	plan.SysUmask:       "o",
	plan.SysMkdirat:     "fdo",
	plan.SysFchmodat:    "fdo",
	plan.SysFchownat:    "fdddx",
	plan.SysSymlinkat:   "dfd",
	plan.SysUnlinkat:    "fdx",
	plan.SysOpenat:      "fdxo",
	plan.SysClose:       "d",
	plan.SysDup3:        "ddx",
	plan.SysChdir:       "d",
	plan.SysChroot:      "d",
	plan.SysSetgroups:   "dg",
	plan.SysSetresgid:   "ddd",
	plan.SysSetresuid:   "ddd",
	plan.SysWrite:       "ddd",
	plan.SysUnshare:     "x",
	plan.SysMknodat:     "fdod",
	plan.SysRenameat2:   "fdfdx",
	plan.SysMemfdCreate: "dx",
	plan.SysLseek:       "ddd",
	plan.SysSetns:       "dx",
	plan.SysMount:       "dddxd",
	plan.SysUmount2:     "dx",
	plan.SysPrlimit64:   "dddd",
}

// describeCall is a call as a C programmer would write it.
func describeCall(c *plan.Call) string {
	var b strings.Builder
	b.WriteString(callName(c.Sys))
	b.WriteByte('(')
	for i := range argumentCount(c) {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(argument(c, i))
	}
	b.WriteByte(')')
	return b.String()
}

func argumentCount(c *plan.Call) int {
	if int(c.Sys) < len(arguments) && arguments[c.Sys] != "" {
		return len(arguments[c.Sys])
	}
	n := len(c.Arg)
	for n > 0 && c.Arg[n-1] == 0 && c.Slot[n-1] == plan.SlotConst {
		n--
	}
	return n
}

// argument is argument i as a reader would write it.
func argument(c *plan.Call, i int) string {
	n := c.Arg[i]
	switch c.Slot[i] {
	case plan.SlotConst:
		return constArgument(c.Sys, i, n)
	case plan.SlotData:
		if form(c.Sys, i) == 'g' {
			return groups(c.Data[min(n, uint64(len(c.Data))):])
		}
		return dataArgument(c.Data, n)
	case plan.SlotUID:
		return "uid " + strconv.FormatUint(n, 10)
	case plan.SlotGID:
		return "gid " + strconv.FormatUint(n, 10)
	case plan.SlotLimit:
		return "limit " + strconv.FormatUint(n, 10)
	}
	if s, ok := enumName(c.Slot[i]); ok {
		return lowerFirst(strings.TrimPrefix(s, "Slot"))
	}
	return strconv.FormatUint(n, 10)
}

// form is the letter for argument i of a call.
func form(sys plan.Sys, i int) byte {
	if int(sys) < len(arguments) && i < len(arguments[sys]) {
		return arguments[sys][i]
	}
	return 'd'
}

// groups is a list of gid_t as a program of either architecture has it in
// memory.
func groups(data string) string {
	var ids []string
	for ; len(data) >= 4; data = data[4:] {
		ids = append(ids, strconv.FormatUint(uint64(binary.LittleEndian.Uint32([]byte(data[:4]))), 10))
	}
	return "[" + strings.Join(ids, " ") + "]"
}

// atFDCWD is AT_FDCWD as the kernel gets it.
const atFDCWD = 0xFFFFFFFFFFFFFF9C

func constArgument(sys plan.Sys, i int, n uint64) string {
	form := form(sys, i)
	switch {
	case form == 'f' && (n == atFDCWD || uint32(n) == atFDCWD&0xFFFFFFFF):
		return "AT_FDCWD"
	case form == 'o':
		return "0" + strconv.FormatUint(n, 8)
	case form == 'x' && n != 0:
		return "0x" + strconv.FormatUint(n, 16)
	}
	return strconv.FormatInt(int64(n), 10)
}

// dataArgument is the string at an offset of a call's data, or its length when
// it is no text.
func dataArgument(data string, at uint64) string {
	if at >= uint64(len(data)) {
		return "\"\""
	}
	s, _, ended := strings.Cut(data[at:], "\x00")
	if !ended || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Itoa(len(data)-int(at)) + " bytes"
	}
	return strconv.Quote(s)
}

// callName is a call's name in section 2 of the manual: SysPivotRoot is
// pivot_root.
func callName(sys plan.Sys) string {
	name, ok := enumName(sys)
	if !ok {
		return "call " + strconv.Itoa(int(sys))
	}
	var b strings.Builder
	for i, r := range strings.TrimPrefix(name, "Sys") {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
