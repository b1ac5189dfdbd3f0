package runtime

import "strings"

// compareVersions orders two versions as the version format specification of
// uapi-group.org says: less than 0, 0, or more.
//
// Separators count only as such, "~" comes before everything, the end before
// what follows, then "-", "^" and "."; letters come before numbers, which are
// compared by value.
func compareVersions(a, b string) int {
	for {
		a, b = trimSeparators(a), trimSeparators(b)
		if order, decided := compareMark(a, b, '~', -1); decided {
			return order
		}
		switch {
		case a == "" && b == "":
			return 0
		case a == "":
			return -1
		case b == "":
			return 1
		}
		for _, mark := range [...]byte{'-', '^', '.'} {
			if order, decided := compareMark(a, b, mark, -1); decided {
				return order
			}
		}
		if a[0] == b[0] && strings.IndexByte("~-^.", a[0]) >= 0 {
			a, b = a[1:], b[1:]
			continue
		}
		var order int
		if order, a, b = comparePart(a, b); order != 0 {
			return order
		}
	}
}

// compareMark decides when only one of two versions goes on with a mark: that
// one has the given order.
func compareMark(a, b string, mark byte, order int) (int, bool) {
	x, y := a != "" && a[0] == mark, b != "" && b[0] == mark
	switch {
	case x == y:
		return 0, false
	case x:
		return order, true
	}
	return -order, true
}

// trimSeparators takes off what belongs to no part.
func trimSeparators(s string) string {
	for s != "" && !isDigit(s[0]) && !isLetter(s[0]) && strings.IndexByte("~-^.", s[0]) < 0 {
		s = s[1:]
	}
	return s
}

// comparePart compares the runs of digits or letters at the start, and
// answers what follows them.
func comparePart(a, b string) (int, string, string) {
	if isDigit(a[0]) || isDigit(b[0]) {
		x, restA := run(a, isDigit)
		y, restB := run(b, isDigit)
		x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
		switch {
		case !isDigit(a[0]):
			return -1, "", ""
		case !isDigit(b[0]):
			return 1, "", ""
		case len(x) != len(y):
			return len(x) - len(y), "", ""
		}
		return strings.Compare(x, y), restA, restB
	}
	x, restA := run(a, isLetter)
	y, restB := run(b, isLetter)
	return strings.Compare(x, y), restA, restB
}

// run is the longest start of s of one class.
func run(s string, of func(byte) bool) (string, string) {
	n := 0
	for n < len(s) && of(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
