package grammar

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// The parsers of this file are written by hand: a grammar for one number and
// its suffix would be longer than its reading.

// wrong is an error about all of s.
func wrong(s, msg, hint string) *Error { return &Error{0, len(s), msg, hint} }

// ParseBool reads a boolean: systemd.syntax(7).
func ParseBool(s string) (bool, *Error) {
	switch strings.ToLower(s) {
	case "1", "yes", "y", "true", "t", "on":
		return true, nil
	case "0", "no", "n", "false", "f", "off":
		return false, nil
	}
	return false, wrong(s, "expected a boolean, not "+quoted(s), "write yes or no")
}

// ParseMode reads access bits, in octal.
func ParseMode(s string) (uint32, *Error) {
	n, err := strconv.ParseUint(s, 8, 32)
	if err != nil || s[0] == '+' || n > 0o7777 {
		return 0, wrong(s, "expected access bits in octal, not "+quoted(s), "write them like 0644, at most 7777")
	}
	return uint32(n), nil
}

// ParseInt reads a number. As in C, "0x10" is hexadecimal and "010" octal.
func ParseInt(s string) (int64, *Error) {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil || strings.IndexByte(s, '_') >= 0 {
		return 0, wrong(s, "expected a whole number, not "+quoted(s), "")
	}
	return n, nil
}

// ParseUint reads a number that is not negative. As in C, "0x10" is
// hexadecimal and "010" octal.
func ParseUint(s string) (uint64, *Error) {
	n, err := strconv.ParseUint(strings.TrimPrefix(s, "+"), 0, 64)
	if err != nil || strings.IndexByte(s, '_') >= 0 || strings.HasPrefix(s, "++") {
		return 0, wrong(s, "expected a whole number from 0 up, not "+quoted(s), "")
	}
	return n, nil
}

// SizeInfinity is a size or limit without bound.
const SizeInfinity uint64 = math.MaxUint64

// sizeSuffixes are in the order in which they may follow each other; each is
// 1024 times the next.
const sizeSuffixes = "EPTGMKB"

const sizeHint = "write a number of bytes, with K, M, G or T for powers of 1024, as in 64M"

// ParseSize reads a number of bytes: "64M", "1.5G", "1G 512M", "4096B",
// "infinity". The suffixes are powers of 1024.
func ParseSize(s string) (uint64, *Error) { return parseSize(s, 1024, sizeHint) }

// ParseRate is ParseSize with suffixes that are powers of 1000, as for what
// passes in a second: IOReadBandwidthMax=, IOReadIOPSMax=.
func ParseRate(s string) (uint64, *Error) {
	return parseSize(s, 1000, "write a number, with K, M, G or T for powers of 1000, as in 5M")
}

func parseSize(s string, base uint64, hint string) (uint64, *Error) {
	if s == "infinity" {
		return SizeInfinity, nil
	}
	var sum uint64
	suffixes := sizeSuffixes
	for i := skipBlanks(s, 0); ; i = skipBlanks(s, i) {
		if i < len(s) && s[i] == '+' {
			i++
		}
		start := i
		if i = scanDigits(s, i); i == start && start > 0 && isLetter(s[start-1]) && i < len(s) && isLetter(s[i]) {
			return 0, &Error{start - 1, len(s), "unknown suffix of a size " + quoted(s[start-1:]), "write " + quoted(s[:start]) + ": one letter, as in 64M"}
		}
		if i == start || suffixes == "" {
			return 0, &Error{start, len(s), "expected a size", hint}
		}
		whole, frac := s[start:i], ""
		if i < len(s) && s[i] == '.' {
			end := scanDigits(s, i+1)
			frac, i = s[i+1:end], end
		}
		i = skipBlanks(s, i)
		exponent := 0
		if i < len(s) {
			n := strings.IndexByte(suffixes, s[i])
			if n < 0 {
				return 0, &Error{i, len(s), "unknown suffix of a size " + quoted(s[i:]), hint}
			}
			suffixes = suffixes[n+1:]
			exponent = len(suffixes)
			i++
		} else {
			suffixes = ""
		}
		add, ok := sizeOf(whole, frac, base, exponent)
		if !ok || sum > math.MaxUint64-add {
			return 0, wrong(s, "a size of more than 64 bits", hint)
		}
		if sum += add; i == len(s) {
			return sum, nil
		}
	}
}

// sizeOf is whole.frac times base to the power of exponent.
func sizeOf(whole, frac string, base uint64, exponent int) (uint64, bool) {
	factor := uint64(1)
	for range exponent {
		factor *= base
	}
	n, err := strconv.ParseUint(whole, 10, 64)
	if err != nil {
		return 0, false
	}
	high, low := bits.Mul64(n, factor)
	if high != 0 {
		return 0, false
	}
	part := 0.0
	if frac != "" {
		part, _ = strconv.ParseFloat("0."+frac, 64)
	}
	add := uint64(part * float64(factor))
	return low + add, low <= math.MaxUint64-add
}

func scanDigits(s string, i int) int {
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	return i
}

// ParsePercent reads "50%", "12.5%", "125‰" or "1250‱" and answers in parts of
// ten thousand. It may be more than the whole.
func ParsePercent(s string) (int64, *Error) {
	places := 2
	number, found := strings.CutSuffix(s, "%")
	if !found {
		if number, found = strings.CutSuffix(s, "‰"); found {
			places = 1
		} else if number, found = strings.CutSuffix(s, "‱"); found {
			places = 0
		}
	}
	whole, frac, dot := strings.Cut(number, ".")
	if found && whole != "" && scanDigits(whole, 0) == len(whole) && scanDigits(frac, 0) == len(frac) &&
		len(frac) <= places && (frac != "" || !dot) {
		n, err := strconv.ParseInt(whole+frac+"00"[:places-len(frac)], 10, 64)
		if err == nil {
			return n, nil
		}
	}
	return 0, wrong(s, "expected a percentage, not "+quoted(s), "write it like 50% or 12.5%")
}

// LimitKind says in what a resource limit is counted.
type LimitKind uint8

// The kinds of resource limits: systemd.exec(5), table "Resource limit
// directives".
const (
	LimitNumber  LimitKind = iota // a plain number: NOFILE, NPROC, LOCKS, SIGPENDING, RTPRIO
	LimitSize                     // bytes: FSIZE, DATA, STACK, CORE, RSS, AS, MEMLOCK, MSGQUEUE
	LimitSeconds                  // CPU
	LimitMicros                   // RTTIME
	LimitNice                     // NICE: +n and -n are nice levels, n is the raw value
)

// ParseLimit reads a resource limit: "soft:hard", or one value for both.
// "infinity" is SizeInfinity.
func ParseLimit(kind LimitKind, s string) (soft, hard uint64, err *Error) {
	first, second, two := strings.Cut(s, ":")
	if soft, err = parseLimit(kind, first); err != nil {
		return 0, 0, err
	}
	if !two {
		return soft, soft, nil
	}
	if hard, err = parseLimit(kind, second); err != nil {
		return 0, 0, err.shift(len(first) + 1)
	}
	if soft > hard {
		return 0, 0, wrong(s, "a soft limit above the hard limit", "write it as soft:hard")
	}
	return soft, hard, nil
}

func parseLimit(kind LimitKind, s string) (uint64, *Error) {
	if s == "infinity" && kind != LimitNice {
		return SizeInfinity, nil
	}
	switch kind {
	case LimitSize:
		return ParseSize(s)
	case LimitSeconds:
		return limitTime(s, Second)
	case LimitMicros:
		return limitTime(s, Microsecond)
	case LimitNice:
		return limitNice(s)
	}
	n, err := ParseUint(s)
	if err != nil {
		err.Hint = "write a number, soft:hard, or infinity"
	}
	return n, err
}

// limitTime is a time span in units, rounded up.
func limitTime(s string, unit int64) (uint64, *Error) {
	ns, err := ParseTimespanIn(s, unit)
	switch {
	case err != nil:
		return 0, err
	case ns == Infinity:
		return SizeInfinity, nil
	}
	n := ns / unit
	if ns%unit != 0 {
		n++
	}
	return uint64(n), nil
}

// limitNice is the kernel's view of a nice level: 20 minus the level.
func limitNice(s string) (uint64, *Error) {
	n, err := ParseInt(s)
	if err != nil {
		return 0, err
	}
	switch level := s[0] == '+' || s[0] == '-'; {
	case level && n >= -20 && n <= 19:
		return uint64(20 - n), nil
	case !level && n <= 40:
		return uint64(n), nil
	}
	return 0, wrong(s, "a nice level that is out of range", "write -20 to +19 with its sign, or a raw limit from 0 to 40")
}
