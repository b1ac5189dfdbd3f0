package grammar

import (
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/participle/v2"
	"github.com/alecthomas/participle/v2/lexer"
)

const calendarHint = "write it like \"Mon..Fri 2030-01-31 12:00:00\", with * for any value; or daily, weekly, monthly"

// calendarItems is the structure of a calendar event. That an item is a date
// or a time shows only at its first separator, so the order of the items is
// looked at afterwards.
type calendarItems struct {
	Items []*calendarItem `parser:"@@ (Blank @@)* Blank?"`
}

type calendarItem struct {
	Word     lexer.Token  `parser:"  @Word"` // a shorthand, or a time zone
	Epoch    lexer.Token  `parser:"| At @Decimal"`
	Weekdays []*dayRange  `parser:"| @@ (Comma @@)*"`
	Fields   []*dateField `parser:"| @@+"`
}

type dayRange struct {
	First lexer.Token `parser:"@Weekday"`
	Last  lexer.Token `parser:"((To | Minus) @Weekday)?"`
}

// dateField is a chain with the separator before it.
type dateField struct {
	Sep   lexer.Token     `parser:"@(Minus | Tilde | Colon)?"`
	Any   lexer.Token     `parser:"( @Star"`
	Chain []*decimalRange `parser:"| @@ (Comma @@)* )"`
}

type decimalRange struct {
	Start  lexer.Token `parser:"@Decimal"`
	Stop   lexer.Token `parser:"(To @Decimal)?"`
	Repeat lexer.Token `parser:"(Slash @Decimal)?"`
}

const (
	tokBlank lexer.TokenType = iota + 1
	tokName
	tokWeekday
	tokDecimal
	tokAt
	tokTo
	tokMinus
	tokTilde
	tokColonMark
	tokComma
	tokSlash
	tokStar
)

var calendarParser = participle.MustBuild[calendarItems](participle.Lexer(scanner{
	map[string]lexer.TokenType{
		"EOF": lexer.EOF, "Blank": tokBlank, "Word": tokName, "Weekday": tokWeekday,
		"Decimal": tokDecimal, "At": tokAt, "To": tokTo, "Minus": tokMinus, "Tilde": tokTilde,
		"Colon": tokColonMark, "Comma": tokComma, "Slash": tokSlash, "Star": tokStar,
	},
	scanCalendar,
}))

// calendarMarks are the characters that are tokens of their own.
var calendarMarks = [256]lexer.TokenType{
	'@': tokAt, '-': tokMinus, '~': tokTilde, ':': tokColonMark, ',': tokComma, '/': tokSlash, '*': tokStar,
}

// scanCalendar cuts a calendar event into tokens.
func scanCalendar(s string) ([]lexer.Token, *Error) {
	tokens := make([]lexer.Token, 0, 16)
	for i := 0; i < len(s); {
		kind, end := calendarMarks[s[i]], i+1
		switch c := s[i]; {
		case c == ' ':
			kind, end = tokBlank, i+len(s[i:])-len(strings.TrimLeft(s[i:], " "))
		case c == ',' && trailing(tokens, s[end:]):
			kind, end = tokBlank, len(s)-len(strings.TrimLeft(s[end:], " "))
		case strings.HasPrefix(s[i:], ".."):
			kind, end = tokTo, i+2
		case isDigit(c):
			kind, end = tokDecimal, scanFraction(s, i)
		case isLetter(c):
			kind, end = scanName(s, i)
		case kind == 0:
			return nil, &Error{i, i + 1, "unexpected " + quoted(s[i:]) + " in a calendar event", calendarHint}
		}
		tokens = append(tokens, tokenAt(kind, s, i, end))
		i = end
	}
	return tokens, nil
}

// trailing says whether a comma before rest ends a list of weekdays, which
// systemd allows.
func trailing(tokens []lexer.Token, rest string) bool {
	return len(tokens) > 0 && tokens[len(tokens)-1].Type == tokWeekday && (rest == "" || rest[0] == ' ')
}

// scanFraction finds the end of a decimal. Two points are a range.
func scanFraction(s string, i int) int {
	i = scanDigits(s, i)
	if i < len(s) && s[i] == '.' && !strings.HasPrefix(s[i:], "..") {
		i = scanDigits(s, i+1)
	}
	return i
}

// scanName reads a weekday, or a word up to the next blank.
func scanName(s string, i int) (lexer.TokenType, int) {
	end := i
	for end < len(s) && isLetter(s[end]) {
		end++
	}
	if weekday(s[i:end]) >= 0 && (end == len(s) || strings.IndexByte("-., ", s[end]) >= 0) {
		return tokWeekday, end
	}
	for end < len(s) && s[end] != ' ' {
		end++
	}
	return tokName, end
}

// weekday is the number of a day by its name in any case, from Monday, or -1.
func weekday(name string) int {
	for i := range 7 {
		full := time.Weekday((i + 1) % 7).String()
		if strings.EqualFold(name, full) || strings.EqualFold(name, full[:3]) {
			return i
		}
	}
	return -1
}

// ParseCalendar reads a calendar event. Whether a time zone exists is not
// looked at.
func ParseCalendar(s string) (Calendar, *Error) {
	tree, err := parseShort(calendarParser, s, "a calendar event", calendarHint)
	if err != nil {
		return Calendar{}, err
	}
	c, err := lowerCalendar(s, tree.Items)
	if err != nil {
		return Calendar{}, err
	}
	c.normalize()
	if msg := c.problem(); msg != "" {
		return Calendar{}, wrong(s, msg, calendarHint)
	}
	return c, nil
}

// lowerCalendar reads: a shorthand, or weekdays, date and time, of which at
// least one must be there; then a time zone.
func lowerCalendar(s string, items []*calendarItem) (Calendar, *Error) {
	zone, err := zoneOf(s, items)
	if err != nil {
		return Calendar{}, err
	}
	if zone != "" {
		items = items[:len(items)-1]
		s = s[:len(s)-len(zone)-1]
	}
	if err := trailingBlank(s, items[len(items)-1]); err != nil {
		return Calendar{}, err
	}
	if word := items[0].Word; word.Value != "" {
		c, ok := shorthand(word.Value)
		if !ok || len(items) > 1 {
			return Calendar{}, inToken(word, "unknown calendar event "+quoted(word.Value), calendarHint)
		}
		c = c.clone()
		c.Zone = zone
		return c, nil
	}
	c := Calendar{Hour: at(0), Minute: at(0), Micros: at(0), Zone: zone}
	return c, c.lower(s, items)
}

// zoneOf is the word at the end, after one blank.
func zoneOf(s string, items []*calendarItem) (string, *Error) {
	last := items[len(items)-1].Word
	if _, known := shorthand(last.Value); len(items) == 1 || known || !strings.HasSuffix(s, last.Value) {
		return "", nil
	}
	if last.Value != "" && strings.HasSuffix(s[:last.Pos.Offset], "  ") {
		return "", inToken(last, "more than one blank before the time zone", "write one blank")
	}
	return last.Value, nil
}

// trailingBlank refuses a blank after anything but weekdays and a date, as
// systemd does.
func trailingBlank(s string, last *calendarItem) *Error {
	if strings.HasSuffix(s, " ") && last.Weekdays == nil && (last.Fields == nil || isTime(last.Fields)) {
		return &Error{len(s) - 1, len(s), "a blank at the end of a calendar event", "remove it"}
	}
	return nil
}

// lower reads the items of an event which is no shorthand.
func (c *Calendar) lower(s string, items []*calendarItem) *Error {
	stage := 0 // how far it got: 1 weekdays, 2 date, 3 time or time stamp
	for _, item := range items {
		var err *Error
		next := 3
		switch {
		case item.Weekdays != nil:
			next, err = 1, c.lowerWeekdays(item.Weekdays)
		case item.Epoch.Value != "":
			if stage > 1 {
				return wrong(s, "a time stamp after a date", calendarHint)
			}
			err = c.lowerEpoch(item.Epoch)
		case item.Fields != nil && isTime(item.Fields):
			err = c.lowerTime(item.Fields)
		case item.Fields != nil:
			next, err = 2, c.lowerDate(s, item.Fields)
		default:
			err = inToken(item.Word, "unexpected "+quoted(item.Word.Value)+" in a calendar event", calendarHint)
		}
		if err == nil && next <= stage {
			err = wrong(s, "weekdays, date and time in another order, or twice", calendarHint)
		}
		if err != nil {
			return err
		}
		stage = next
	}
	return nil
}

func (c *Calendar) lowerWeekdays(days []*dayRange) *Error {
	for _, d := range days {
		first := weekday(d.First.Value)
		last := first
		if d.Last.Value != "" {
			last = weekday(d.Last.Value)
		}
		if last < first {
			return inToken(d.Last, "a range of weekdays that ends before it begins", "a week begins on Monday: write Sat,Sun,Mon for days over its end")
		}
		for i := first; i <= last; i++ {
			c.Weekdays |= 1 << i
		}
	}
	return nil
}

// lowerEpoch reads seconds since 1970, which are one moment in UTC.
func (c *Calendar) lowerEpoch(tok lexer.Token) *Error {
	n, err := strconv.ParseInt(tok.Value, 10, 40)
	if err != nil {
		return inToken(tok, "expected seconds since 1970, not "+quoted(tok.Value), calendarHint)
	}
	t := time.Unix(n, 0).UTC()
	c.Year, c.Month, c.Day = at(t.Year()), at(int(t.Month())), at(t.Day())
	c.Hour, c.Minute, c.Micros = at(t.Hour()), at(t.Minute()), at(t.Second()*microsPerSecond)
	c.Zone = "UTC"
	return nil
}

// isTime says whether the separators are those of a time.
func isTime(fields []*dateField) bool {
	return len(fields) > 1 && fields[1].Sep.Type == tokColonMark
}

func (c *Calendar) lowerTime(fields []*dateField) *Error {
	if len(fields) > 3 {
		return inToken(fields[3].Sep, "a time with more than hours, minutes and seconds", calendarHint)
	}
	for i, to := range []*[]CalendarRange{&c.Hour, &c.Minute, &c.Micros}[:len(fields)] {
		f := fields[i]
		if f.Sep.Type != tokColonMark && i > 0 || i == 0 && f.Sep.Type != 0 {
			return inToken(f.Sep, "expected \":\" in a time, not "+quoted(f.Sep.Value), calendarHint)
		}
		unit := 1
		if i == 2 {
			unit = microsPerSecond
		}
		var err *Error
		if *to, err = f.chain(unit); err != nil {
			return err
		}
	}
	return nil
}

func (c *Calendar) lowerDate(s string, fields []*dateField) *Error {
	targets := []*[]CalendarRange{&c.Year, &c.Month, &c.Day}
	n := len(fields)
	if n < 2 || n > 3 {
		return wrong(s, "expected a date like 2030-01-31 or a time like 12:00", calendarHint)
	}
	for i, f := range fields {
		last := i == n-1
		switch {
		case i == 0 && f.Sep.Type == 0, i > 0 && f.Sep.Type == tokMinus:
		case last && f.Sep.Type == tokTilde:
			c.EndOfMonth = true
		default:
			return wrong(s, "expected \"-\" between the parts of a date, and \"~\" at most before the day", calendarHint)
		}
		var err *Error
		if *targets[i+3-n], err = f.chain(1); err != nil {
			return err
		}
	}
	return nil
}

// chainMax is systemd's limit for the ranges of a field.
const chainMax = 240

// chain reads the ranges of a field in which 1 is written for unit.
func (f *dateField) chain(unit int) ([]CalendarRange, *Error) {
	if f.Any.Value != "" {
		if unit > 1 {
			return []CalendarRange{{0, -1, unit}}, nil
		}
		return nil, nil
	}
	if len(f.Chain) > chainMax+1 {
		return nil, inToken(f.Chain[0].Start, "more than 241 values in a list", "use a range, or *")
	}
	chain := make([]CalendarRange, len(f.Chain))
	for i, r := range f.Chain {
		var err *Error
		if chain[i], err = r.lower(unit); err != nil {
			return nil, err
		}
	}
	return chain, nil
}

func (d *decimalRange) lower(unit int) (r CalendarRange, err *Error) {
	r.Stop = -1
	if r.Start, err = decimal(d.Start, unit); err != nil {
		return r, err
	}
	if d.Stop.Value != "" {
		r.Repeat = unit
		if r.Stop, err = decimal(d.Stop, unit); err != nil {
			return r, err
		}
	}
	if d.Repeat.Value != "" {
		if r.Repeat, err = decimal(d.Repeat, unit); err == nil && r.Repeat == 0 {
			err = inToken(d.Repeat, "a repetition of 0", "write how many lie between two times")
		}
	}
	return r, err
}

// decimal reads a number; where unit is not 1, with up to six places after the
// point. The seventh is used to round.
func decimal(tok lexer.Token, unit int) (int, *Error) {
	whole, frac, point := strings.Cut(tok.Value, ".")
	n, err := strconv.ParseInt(whole, 10, 32)
	if err != nil || int(n)*unit > 1<<31-1 {
		return 0, inToken(tok, "the number "+quoted(tok.Value)+" is too large", calendarHint)
	}
	if point && (unit == 1 || frac == "") {
		return 0, inToken(tok, "a fraction in "+quoted(tok.Value), "only seconds may have one")
	}
	value := int(n) * unit
	for _, c := range []byte(frac) {
		if unit == 1 {
			if c >= '5' {
				value++
			}
			break
		}
		unit /= 10
		value += int(c-'0') * unit
	}
	return value, nil
}
