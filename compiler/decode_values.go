package compiler

import (
	"fmt"
	"math"
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// parseFunc reads a value of type T.
type parseFunc[T any] func(x *reading, text string) (T, *grammar.Error)

// scalar is a directive of which the last assignment counts; an empty one
// gives back the default.
func scalar[T any](parse parseFunc[T], field func(u *unit) *opt[T]) decodeFunc {
	return func(x *reading) {
		f := field(x.u)
		if x.text == "" {
			*f = opt[T]{}
			return
		}
		v, err := parse(x, x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		*f = opt[T]{v, true, x.set.pos}
	}
}

// list is a directive whose assignments add up; an empty one empties it.
func list[T any](parse parseFunc[T], field func(u *unit) *[]item[T]) decodeFunc {
	return func(x *reading) {
		f := field(x.u)
		if x.text == "" {
			*f = nil
			return
		}
		for _, w := range grammar.ParseList(x.text) {
			v, err := parse(x, w.Text)
			if err != nil {
				x.bad(err, w.Offset)
				continue
			}
			*f = append(*f, item[T]{v, x.set.value.PosAt(w.Offset)})
		}
	}
}

// oneOf reads a word out of a list; the value is its place in it, so the list
// follows the constants of the plan.
func oneOf[T ~uint8](names ...string) parseFunc[T] {
	return func(x *reading, text string) (T, *grammar.Error) {
		for i, n := range names {
			if n == text && n != "" {
				return T(i), nil
			}
		}
		return 0, wrong(text, "\""+text+"\" is not a value of it", didYouMean(text, names, "use one of "+strings.Join(names, ", ")))
	}
}

func boolean(x *reading, text string) (bool, *grammar.Error) { return grammar.ParseBool(text) }

// timespan is a span of time in seconds or with units.
func timespan(x *reading, text string) (plan.Duration, *grammar.Error) {
	ns, err := grammar.ParseTimespan(text)
	return plan.Duration(ns), err
}

// timeout is a span of time of which 0 means none, as it did of old
// (systemd.service(5), "TimeoutStopSec=").
func timeout(x *reading, text string) (plan.Duration, *grammar.Error) {
	d, err := timespan(x, text)
	if d == 0 && err == nil {
		d = plan.Infinity
	}
	return d, err
}

// integer is a number between two bounds.
func integer[T ~int16 | ~int32](low, high int64) parseFunc[T] {
	return func(x *reading, text string) (T, *grammar.Error) {
		n, err := grammar.ParseInt(text)
		if err == nil && (n < low || n > high) {
			err = wrong(text, text+" is out of range", fmt.Sprintf("use a number from %d to %d", low, high))
		}
		return T(n), err
	}
}

// unsigned is a number up to a bound.
func unsigned[T ~uint8 | ~uint16 | ~uint32 | ~uint64](high uint64) parseFunc[T] {
	return func(x *reading, text string) (T, *grammar.Error) {
		n, err := grammar.ParseUint(text)
		if err == nil && n > high {
			err = wrong(text, text+" is out of range", fmt.Sprintf("use a number up to %d", high))
		}
		return T(n), err
	}
}

// count is a number that the plan holds in 16 bits: beyond them lies no
// difference, so it is clamped.
func count(x *reading, text string) (uint16, *grammar.Error) {
	n, err := unsigned[uint32](math.MaxUint32)(x, text)
	return uint16(min(n, math.MaxUint16)), err
}

// size is a number of bytes with K, M, G or T.
func size(x *reading, text string) (uint64, *grammar.Error) { return grammar.ParseSize(text) }

func mode(x *reading, text string) (uint32, *grammar.Error) { return grammar.ParseMode(text) }

func signal(x *reading, text string) (uint8, *grammar.Error) {
	n, err := grammar.ParseSignal(text)
	if err != nil {
		err.Hint = didYouMean(text, signalNames(), err.Hint)
	}
	return uint8(n), err
}

// signalNames are the signals that have names of their own.
func signalNames() (names []string) {
	for n := 1; n < 32; n++ {
		names = append(names, "SIG"+strings.TrimPrefix(grammar.SignalName(n), "SIG"))
	}
	return names
}

// didYouMean is a hint that names what was nearly written, or else another.
func didYouMean(wrote string, names []string, hint string) string {
	if best := suggest(wrote, names); best != "" {
		return "did you mean \"" + best + "\"?"
	}
	return hint
}

// plainText is a string without specifiers.
func plainText(x *reading, s string) (string, *grammar.Error) { return s, nil }

// text is a string with specifiers, of which those that only the boot knows stay,
// as marks.
func text(x *reading, s string) (string, *grammar.Error) {
	out, _, ok := x.expandBoot(s)
	if !ok {
		return "", errReported
	}
	return out, nil
}

// cpus reads a list of CPUs or memory nodes, in which specifiers may stand: a
// template's instances are bound to one each. One that the boot completes is
// late, a text.
func (x *reading) cpus() (list []grammar.CPURange, late string, ok bool) {
	out, boot, ok := x.expandBoot(x.text)
	if boot || !ok {
		return nil, out, ok
	}
	list, ok = x.numbers(out)
	return list, "", ok
}

// numbers reads such a list, its specifiers replaced.
func (x *reading) numbers(out string) ([]grammar.CPURange, bool) {
	list, err := grammar.ParseCPUs(out)
	switch {
	case err != nil && out != x.text:
		x.bad(wrong(x.text, err.Msg, err.Hint), 0)
	case err != nil:
		x.bad(err, 0)
	}
	return list, err == nil
}

// joined are two lists of numbers, either of which may be empty.
func joined(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + "," + b
}

// errReported stands for an error that has a diagnostic already.
var errReported = &grammar.Error{}

// absolute is an absolute path with specifiers, made simple.
func absolute(x *reading, s string) (string, *grammar.Error) {
	out, err := text(x, s)
	if err != nil {
		return "", err
	}
	return absolutePath(s, out)
}

// pathName is an absolute path that the image makes, in which marks may stay that
// stand for parts of it.
func pathName(x *reading, s string) (string, *grammar.Error) {
	out, ok := x.expandPath(s)
	if !ok {
		return "", errReported
	}
	return absolutePath(s, out)
}

// absolutePath checks and simplifies a path; wrote is what errors point at.
func absolutePath(wrote, path string) (string, *grammar.Error) {
	if strings.HasPrefix(path, "/") && strings.Contains(path+"/", "/../") {
		return "", wrong(wrote, "path \""+path+"\" contains \"..\"", "write the path that is meant")
	}
	return anyPath(wrote, path)
}

// anyPath is absolutePath where ".." may stay: of a program and of OpenFile=.
func anyPath(wrote, path string) (string, *grammar.Error) {
	if strings.HasPrefix(path, shellMark) {
		return path, nil
	}
	if !strings.HasPrefix(path, "/") {
		return "", wrong(wrote, "path \""+path+"\" is not absolute", "start it with /")
	}
	path = cleanPath(path)
	if bad := tooLong(path); bad != "" {
		return "", wrong(wrote, bad, "the kernel takes paths of less than 4096 bytes, of parts of at most 255")
	}
	return path, nil
}

// tooLong says what is too long of a path for the kernel (path_resolution(7),
// PATH_MAX and NAME_MAX), and so for systemd; "" for nothing.
func tooLong(path string) string {
	if len(path) >= 4096 {
		return "a path of " + itoa(int64(len(path))) + " bytes"
	}
	for part := range strings.SplitSeq(path, "/") {
		if len(part) > 255 {
			return "a path with a part of " + itoa(int64(len(part))) + " bytes"
		}
	}
	return ""
}

// cleanPath takes out empty and "." parts and a slash at the end.
func cleanPath(path string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(path, "/") {
		if part != "" && part != "." {
			b.WriteByte('/')
			b.WriteString(part)
		}
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// unitName is the name of a unit with specifiers.
func unitName(x *reading, s string) (string, *grammar.Error) {
	name, err := namePart(x, s)
	if err != nil {
		return "", err
	}
	if _, bad := grammar.ParseUnitName(name); bad != nil {
		if x.u.template && name != s {
			return "", errReported // an instance may make a name of it
		}
		return "", wrong(s, bad.Msg, bad.Hint)
	}
	return name, nil
}

// namePart is a part of such a name.
func namePart(x *reading, s string) (string, *grammar.Error) {
	part, ok := x.expand(s, whyUnit)
	if !ok {
		return "", errReported
	}
	return part, nil
}

// instanceName is the name of an instance.
func instanceName(x *reading, s string) (string, *grammar.Error) {
	name, err := namePart(x, s)
	if err == nil && !isUnitName("x@"+name+".service") {
		err = wrong(s, "\""+name+"\" cannot be the name of an instance", "use letters, digits and :-_.\\@; write others as systemd-escape does")
	}
	return name, err
}

// exitStatuses is a list of exit statuses and signals as one value.
func exitStatuses(field func(s *serviceSettings) *[]item[grammar.ExitStatuses]) decodeFunc {
	return func(x *reading) {
		f := field(x.u.service)
		if x.text == "" {
			*f = nil
			return
		}
		v, err := grammar.ParseExitStatuses(x.text)
		if err != nil {
			x.bad(err, 0)
			return
		}
		*f = append(*f, item[grammar.ExitStatuses]{v, x.set.pos})
	}
}
