package runtime

import (
	"syscall"
	"unicode/utf8"
	"unsafe"
)

// How times are written. The clock's zone is UTC, whatever /etc/localtime says:
// reading zones is worth more code than the rest of the client.

const (
	usecSecond = int64(1_000_000)
	usecMinute = 60 * usecSecond
	usecHour   = 60 * usecMinute
	usecDay    = 24 * usecHour
	usecYear   = 31557600 * usecSecond // systemd.time(7): 365.25 days
	usecMonth  = 2629800 * usecSecond
)

// timestamp is a time since 1970 as systemctl writes it: "Sun 2026-11-22
// 23:05:07 UTC".
func timestamp(usec int64) string {
	days, secs := usec/usecDay, usec%usecDay/usecSecond
	year, month, day := date(days)
	var b []byte
	b = append(b, weekdays[(days+4)%7]...)
	b = append(b, ' ')
	b = appendPadded(b, year, 4)
	b = append(b, '-')
	b = appendPadded(b, month, 2)
	b = append(b, '-')
	b = appendPadded(b, day, 2)
	b = append(b, ' ')
	b = appendPadded(b, secs/3600, 2)
	b = append(b, ':')
	b = appendPadded(b, secs/60%60, 2)
	b = append(b, ':')
	b = appendPadded(b, secs%60, 2)
	return string(append(b, " UTC"...))
}

var weekdays = [...]string{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"}

// date is the day of the Gregorian calendar, counted since 1970. The year is
// taken to begin in March, so that the odd day comes last.
func date(days int64) (year, month, day int64) {
	days += 719468 // since the first of March of year 0
	era := days / 146097
	doe := days % 146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	m := (5*doy + 2) / 153
	year, month, day = era*400+yoe, m+3, doy-(153*m+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

// appendPadded stands in one place: a copy for each part of a time is a page.
//
//go:noinline
func appendPadded(b []byte, n int64, width int) []byte {
	s := itoa(n)
	for range width - len(s) {
		b = append(b, '0')
	}
	return append(b, s...)
}

// many is "1 day" or "2 days".
//
//go:noinline
func many(n int64, unit string) string {
	if n != 1 {
		unit += "s"
	}
	return itoa(n) + " " + unit
}

// ago is how long a span is, as far as anybody wants to know.
func ago(usec int64) string {
	switch {
	case usec >= usecYear:
		return many(usec/usecYear, "year") + " " + many(usec%usecYear/usecMonth, "month") + " ago"
	case usec >= usecMonth:
		return many(usec/usecMonth, "month") + " " + many(usec%usecMonth/usecDay, "day") + " ago"
	case usec >= 7*usecDay:
		return many(usec/(7*usecDay), "week") + " " + many(usec%(7*usecDay)/usecDay, "day") + " ago"
	case usec >= 2*usecDay:
		return many(usec/usecDay, "day") + " ago"
	case usec >= 25*usecHour:
		return "1 day " + itoa((usec-usecDay)/usecHour) + "h ago"
	case usec >= 6*usecHour:
		return itoa(usec/usecHour) + "h ago"
	case usec >= usecHour:
		return itoa(usec/usecHour) + "h " + itoa(usec%usecHour/usecMinute) + "min ago"
	case usec >= 5*usecMinute:
		return itoa(usec/usecMinute) + "min ago"
	case usec >= usecMinute:
		return itoa(usec/usecMinute) + "min " + itoa(usec%usecMinute/usecSecond) + "s ago"
	case usec >= usecSecond:
		return itoa(usec/usecSecond) + "s ago"
	case usec >= 1000:
		return itoa(usec/1000) + "ms ago"
	}
	return "now"
}

// now is the time since 1970.
func now() int64 {
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 0, uintptr(unsafe.Pointer(&t)), 0)
	return t.Nano() / 1000
}

// pad fills up with blanks on the right, as a terminal counts.
func pad(s string, width int) string {
	n := utf8.RuneCountInString(s)
	for ; n < width; n++ {
		s += " "
	}
	return s
}

// colours for a terminal; they mean nothing elsewhere.
const (
	colourRed    = "\x1b[0;1;31m"
	colourGreen  = "\x1b[0;1;32m"
	colourYellow = "\x1b[0;1;33m"
	colourOff    = "\x1b[0m"
)

//go:noinline
func (c *client) paint(colour, s string) string {
	if !c.colour || colour == "" {
		return s
	}
	return colour + s + colourOff
}

// mark is the dot before a unit, and its colour.
//
//go:noinline
func mark(active string) (dot, colour string) {
	switch active {
	case "active":
		return "●", colourGreen
	case "reloading":
		return "↻", colourGreen
	case "inactive":
		return "○", ""
	case "failed":
		return "×", colourRed
	}
	return "●", ""
}
