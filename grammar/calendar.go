package grammar

import (
	"fmt"
	"slices"
	"strings"
)

// Calendar is a calendar event: systemd.time(7), "CALENDAR EVENTS". It is in
// normal form: the ranges are sorted, and years have four digits.
type Calendar struct {
	Weekdays         uint8 // bit 0 is Monday; 0 is any day
	Year, Month, Day []CalendarRange
	Hour, Minute     []CalendarRange
	Micros           []CalendarRange // microseconds of the minute
	EndOfMonth       bool            // Day counts back from the last one, which is 1
	Zone             string          // "" is the local time, else "UTC" or a name
}

// CalendarRange is Start, and with Repeat each Repeat after it, up to Stop. No
// range at all means any value.
type CalendarRange struct {
	Start  int
	Stop   int // -1: the end of the field
	Repeat int // 0: Start alone
}

// microsPerSecond is the unit of Micros.
const microsPerSecond = 1_000_000

// at is a chain of single values.
func at(values ...int) []CalendarRange {
	chain := make([]CalendarRange, len(values))
	for i, v := range values {
		chain[i] = CalendarRange{v, -1, 0}
	}
	return chain
}

// shorthands are the special expressions.
var shorthands = map[string]Calendar{
	"minutely":  {Micros: at(0)},
	"hourly":    {Minute: at(0), Micros: at(0)},
	"daily":     {Hour: at(0), Minute: at(0), Micros: at(0)},
	"weekly":    {Weekdays: 1, Hour: at(0), Minute: at(0), Micros: at(0)},
	"monthly":   {Day: at(1), Hour: at(0), Minute: at(0), Micros: at(0)},
	"yearly":    {Month: at(1), Day: at(1), Hour: at(0), Minute: at(0), Micros: at(0)},
	"quarterly": {Month: at(1, 4, 7, 10), Day: at(1), Hour: at(0), Minute: at(0), Micros: at(0)},
	"biannually": {Month: at(1, 7), Day: at(1),
		Hour: at(0), Minute: at(0), Micros: at(0)},
}

// shorthandAliases are other words for some of them.
var shorthandAliases = map[string]string{
	"annually": "yearly", "anually": "yearly",
	"semiannually": "biannually", "bi-annually": "biannually", "semi-annually": "biannually",
}

// shorthand finds a special expression, in any case.
func shorthand(word string) (Calendar, bool) {
	word = strings.ToLower(word)
	if name, ok := shorthandAliases[word]; ok {
		word = name
	}
	c, ok := shorthands[word]
	return c, ok
}

// clone makes the chains the caller's own.
func (c Calendar) clone() Calendar {
	for _, f := range c.fields() {
		*f.chain = slices.Clone(*f.chain)
	}
	return c
}

// calendarField is a field of a date or a time with its bounds.
type calendarField struct {
	chain    *[]CalendarRange
	name     string
	from, to int
}

// fields are the fields from the year down.
func (c *Calendar) fields() [6]calendarField {
	days := 31
	if c.EndOfMonth {
		days = 28 // every month has those
	}
	return [6]calendarField{
		{&c.Year, "year", 1970, 2199},
		{&c.Month, "month", 1, 12},
		{&c.Day, "day", 1, days},
		{&c.Hour, "hour", 0, 23},
		{&c.Minute, "minute", 0, 59},
		{&c.Micros, "second", 0, 60*microsPerSecond - 1},
	}
}

// normalize brings the event into the form that String prints.
func (c *Calendar) normalize() {
	if c.Weekdays == 1<<7-1 {
		c.Weekdays = 0
	}
	if strings.EqualFold(c.Zone, "UTC") {
		c.Zone = "UTC"
	}
	if c.Day == nil {
		c.EndOfMonth = false
	}
	for i := range c.Year {
		c.Year[i].Start = century(c.Year[i].Start)
		c.Year[i].Stop = century(c.Year[i].Stop)
	}
	for _, f := range c.fields() {
		*f.chain = sortRanges(*f.chain)
	}
}

// century completes a year of two digits: 12 is 2012, and 89 is 1989.
func century(year int) int {
	switch {
	case year >= 0 && year < 70:
		return year + 2000
	case year >= 70 && year < 100:
		return year + 1900
	}
	return year
}

// sortRanges sorts, and lets each range end at a value that it has; a range of
// one value is that value.
func sortRanges(chain []CalendarRange) []CalendarRange {
	for i := range chain {
		r := &chain[i]
		if r.Stop > r.Start && r.Repeat > 0 {
			r.Stop -= (r.Stop - r.Start) % r.Repeat
		}
		if r.Stop == r.Start {
			r.Stop, r.Repeat = -1, 0
		}
	}
	slices.SortFunc(chain, func(a, b CalendarRange) int {
		switch {
		case a.Start != b.Start:
			return a.Start - b.Start
		case a.Stop != b.Stop:
			return a.Stop - b.Stop
		}
		return a.Repeat - b.Repeat
	})
	return slices.Compact(chain)
}

// problem says which value is out of bounds, or "".
func (c *Calendar) problem() string {
	for _, f := range c.fields() {
		for _, r := range *f.chain {
			if !r.within(f, c.EndOfMonth && f.name == "day") {
				return fmt.Sprintf("the %s is out of range or never repeats", f.name)
			}
		}
	}
	return ""
}

// within says whether the range is in the bounds of its field, and whether a
// repetition comes to pass.
func (r CalendarRange) within(f calendarField, back bool) bool {
	switch {
	case r.Start < f.from || r.Start > f.to || r.Repeat > f.to-f.from:
		return false
	case r.Stop >= 0:
		return r.Stop >= f.from && r.Stop <= f.to && r.Start+r.Repeat <= r.Stop
	case back:
		return r.Start-r.Repeat >= f.from
	}
	return r.Start+r.Repeat <= f.to
}

// String is the normal form, as "systemd-analyze calendar" prints it.
func (c Calendar) String() string {
	var b strings.Builder
	if c.Weekdays != 0 {
		printWeekdays(&b, c.Weekdays)
		b.WriteByte(' ')
	}
	printChain(&b, 4, c.Year)
	b.WriteByte('-')
	printChain(&b, 2, c.Month)
	if c.EndOfMonth {
		b.WriteByte('~')
	} else {
		b.WriteByte('-')
	}
	printChain(&b, 2, c.Day)
	b.WriteByte(' ')
	printChain(&b, 2, c.Hour)
	b.WriteByte(':')
	printChain(&b, 2, c.Minute)
	b.WriteByte(':')
	printSeconds(&b, c.Micros)
	if c.Zone != "" {
		b.WriteByte(' ')
		b.WriteString(c.Zone)
	}
	return b.String()
}

var weekdayNames = [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}

// printWeekdays joins three days and more that follow each other by "..".
func printWeekdays(b *strings.Builder, days uint8) {
	for i := 0; i < 7; i++ {
		if days>>i&1 == 0 {
			continue
		}
		last := i
		for last < 6 && days>>(last+1)&1 != 0 {
			last++
		}
		if days&(1<<i-1) != 0 {
			b.WriteByte(',')
		}
		b.WriteString(weekdayNames[i])
		if last == i+1 {
			b.WriteByte(',')
		} else if last > i {
			b.WriteString("..")
		}
		if last > i {
			b.WriteString(weekdayNames[last])
		}
		i = last
	}
}

// printChain prints the ranges of a field, with width digits.
func printChain(b *strings.Builder, width int, chain []CalendarRange) {
	if len(chain) == 0 {
		b.WriteByte('*')
	}
	for i, r := range chain {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(b, "%0*d", width, r.Start)
		if r.Stop > 0 {
			fmt.Fprintf(b, "..%0*d", width, r.Stop)
		}
		if r.Repeat > 0 && (r.Stop <= 0 || r.Repeat != 1) {
			fmt.Fprintf(b, "/%d", r.Repeat)
		}
	}
}

// printSeconds prints the ranges of the seconds, which may have fractions.
func printSeconds(b *strings.Builder, chain []CalendarRange) {
	if len(chain) == 0 || len(chain) == 1 && chain[0] == (CalendarRange{0, -1, microsPerSecond}) {
		b.WriteByte('*')
		return
	}
	for i, r := range chain {
		if i > 0 {
			b.WriteByte(',')
		}
		printMicros(b, 2, r.Start)
		if r.Stop > 0 {
			b.WriteString("..")
			printMicros(b, 2, r.Stop)
		}
		if r.Repeat > 0 && (r.Stop <= 0 || r.Repeat != microsPerSecond) {
			b.WriteByte('/')
			printMicros(b, 1, r.Repeat)
		}
	}
}

func printMicros(b *strings.Builder, width, n int) {
	fmt.Fprintf(b, "%0*d", width, n/microsPerSecond)
	if n %= microsPerSecond; n > 0 {
		fmt.Fprintf(b, ".%06d", n)
	}
}
