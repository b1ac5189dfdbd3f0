package grammar

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

// Infinity is a time span that never ends. What is too long for 64 bits of
// nanoseconds (292 years) is Infinity, too.
const Infinity int64 = math.MaxInt64

// Units of time, in nanoseconds.
const (
	Nanosecond  int64 = 1
	Microsecond       = 1000 * Nanosecond
	Millisecond       = 1000 * Microsecond
	Second            = 1000 * Millisecond
	Minute            = 60 * Second
	Hour              = 60 * Minute
	Day               = 24 * Hour
	Week              = 7 * Day
	Month             = 2629800 * Second  // 30.44 days
	Year              = 31557600 * Second // 365.25 days
)

// timeUnits are the names of systemd.time(7), "PARSING TIME SPANS".
var timeUnits = map[string]int64{
	"nsec": Nanosecond, "ns": Nanosecond,
	"usec": Microsecond, "us": Microsecond, "µs": Microsecond, "μs": Microsecond,
	"msec": Millisecond, "ms": Millisecond,
	"seconds": Second, "second": Second, "sec": Second, "s": Second,
	"minutes": Minute, "minute": Minute, "min": Minute, "m": Minute,
	"hours": Hour, "hour": Hour, "hr": Hour, "h": Hour,
	"days": Day, "day": Day, "d": Day,
	"weeks": Week, "week": Week, "w": Week,
	"months": Month, "month": Month, "M": Month,
	"years": Year, "year": Year, "y": Year,
}

const timespanHint = "write numbers with the units us, ms, s, min, h, d, w, month, y, as in \"5min 20s\"; or \"infinity\""

// timespan is the structure of a time span.
type timespan struct {
	Infinity bool        `parser:"@Infinity"`
	Terms    []*timeTerm `parser:"| @@+"`
}

type timeTerm struct {
	Number lexer.Token `parser:"@Number"`
	Unit   lexer.Token `parser:"@Unit?"`
}

const (
	tokNumber lexer.TokenType = iota + 1
	tokUnit
	tokInfinity
)

var timespanParser = participle.MustBuild[timespan](participle.Lexer(scanner{
	map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Number": tokNumber, "Unit": tokUnit, "Infinity": tokInfinity,
	},
	scanTimespan,
}))

// ParseTimespan reads a time span in which a number without unit means
// seconds: systemd.time(7). What is shorter than a microsecond is cut off, as
// systemd counts in microseconds.
func ParseTimespan(s string) (ns int64, err *Error) { return ParseTimespanIn(s, Second) }

// ParseTimespanIn is ParseTimespan with another unit for bare numbers. With
// Nanosecond it reads directives of that granularity, and knows "ns".
func ParseTimespanIn(s string, unit int64) (ns int64, err *Error) {
	tree, err := parseShort(timespanParser, s, "a time span", timespanHint)
	if err != nil {
		return 0, err
	}
	if tree.Infinity {
		return Infinity, nil
	}
	grain := Microsecond
	if unit == Nanosecond {
		grain = Nanosecond
	}
	var sum uint64
	for _, t := range tree.Terms {
		add, err := t.value(unit, grain)
		if err != nil {
			return 0, err
		}
		if sum+add < sum || sum+add == math.MaxUint64 {
			return 0, wrong(s, "a time span of more than 64 bits", "write \"infinity\" for no end")
		}
		sum += add
	}
	if sum >= uint64(Infinity/grain) {
		return Infinity, nil
	}
	return int64(sum) * grain, nil
}

// value is the term, counted in grain.
func (t *timeTerm) value(unit, grain int64) (uint64, *Error) {
	if name := t.Unit.Value; name != "" {
		u, ok := timeUnits[name]
		if !ok || u < grain {
			return 0, inToken(t.Unit, "unknown unit of time "+quoted(name), timespanHint)
		}
		unit = u
	}
	unit /= grain
	whole, frac, _ := strings.Cut(strings.TrimPrefix(t.Number.Value, "+"), ".")
	n, err := strconv.ParseUint("0"+whole, 10, 63)
	high, low := bits.Mul64(n, uint64(unit))
	if err != nil || high != 0 || low == math.MaxUint64 {
		return 0, inToken(t.Number, "a time span of more than 64 bits", "write \"infinity\" for no end")
	}
	for i := 0; i < len(frac) && unit >= 10; i++ {
		unit /= 10
		digit := uint64(frac[i]-'0') * uint64(unit)
		if low+digit < low {
			return 0, inToken(t.Number, "a time span of more than 64 bits", "write \"infinity\" for no end")
		}
		low += digit
	}
	return low, nil
}

// scanTimespan cuts a time span into numbers and names.
func scanTimespan(s string) ([]lexer.Token, *Error) {
	tokens := make([]lexer.Token, 0, 4)
	for i := skipBlanks(s, 0); i < len(s); i = skipBlanks(s, i) {
		kind, end := tokUnit, i
		if c := s[i]; isDigit(c) || c == '.' || c == '+' || c == '-' {
			kind = tokNumber
			var err *Error
			if end, err = scanDecimal(s, i); err != nil {
				return nil, err
			}
		} else {
			for end < len(s) && !isBlank(s[end]) && !isDigit(s[end]) && strings.IndexByte(".+-", s[end]) < 0 {
				end++
			}
			if s[i:end] == "infinity" {
				kind = tokInfinity
			}
		}
		tokens = append(tokens, tokenAt(kind, s, i, end))
		i = end
	}
	return tokens, nil
}

// scanDecimal finds the end of a number like "5", "1.5" or ".5".
func scanDecimal(s string, start int) (end int, err *Error) {
	i := start
	if s[i] == '-' {
		return 0, &Error{start, len(s), "a time span cannot be negative", timespanHint}
	}
	if s[i] == '+' {
		i++
	}
	digits := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	whole := i > digits
	if i < len(s) && s[i] == '.' {
		i++
		digits = i
		for i < len(s) && isDigit(s[i]) {
			i++
		}
		whole = i > digits
	}
	if !whole || i < len(s) && strings.IndexByte(".+-", s[i]) >= 0 {
		return 0, &Error{start, min(i+1, len(s)), "expected a number like 5 or 1.5", timespanHint}
	}
	return i, nil
}
