package grammar

import (
	"sort"
	"strings"
)

// Value is the text right of "=", with what is needed to find each byte of it
// in the file again. Values are cheap to copy and to slice.
type Value struct {
	text string
	base int     // where text begins in the logical line that pieces speak of
	pos  Pos     // of the first byte of text, when pieces is empty
	more []piece // the physical lines, when there are several; shared by slices
}

// piece says that the bytes of a logical line from at on stand at pos.
type piece struct {
	at  int
	pos Pos
}

// blanks is what systemd takes off around lines, keys and values. Line ends
// never get that far.
const blanks = " \t"

// NewValue is a value that stands at one place: in a built-in unit, or in a
// test.
func NewValue(text string, at Pos) Value { return Value{text: text, pos: at} }

// Text is the value with its continued lines joined and the blanks around it
// taken off.
func (v Value) Text() string { return v.text }

// PosAt is the place of byte i of Text. The place after the last byte is
// PosAt(len(Text())); what is outside of the text is moved to its edge.
func (v Value) PosAt(i int) Pos {
	i = min(max(i, 0), len(v.text))
	if len(v.more) == 0 {
		if v.pos.Line == 0 {
			return v.pos // text of a built-in unit: there is no place to count in
		}
		return v.pos.right(i)
	}
	at := i + v.base
	// The end of a value belongs to the line of its last byte.
	find := at
	if i == len(v.text) && i > 0 {
		find--
	}
	n := sort.Search(len(v.more), func(k int) bool { return v.more[k].at > find }) - 1
	p := v.more[max(n, 0)]
	return p.pos.right(at - p.at)
}

// Pos is the place of the first byte.
func (v Value) Pos() Pos { return v.PosAt(0) }

// End is the place after the last byte.
func (v Value) End() Pos { return v.PosAt(len(v.text)) }

// Slice is the part of the value from byte i up to byte j of Text.
func (v Value) Slice(i, j int) Value {
	s := v
	s.text = v.text[i:j]
	if len(v.more) > 0 {
		s.base += i
	} else if v.pos.Line != 0 {
		s.pos = v.pos.right(i)
	}
	return s
}

// trim takes off the blanks on both sides.
func (v Value) trim() Value {
	left := len(v.text) - len(strings.TrimLeft(v.text, blanks))
	return v.Slice(left, max(left, len(strings.TrimRight(v.text, blanks))))
}

// split says whether the text stands on more than one physical line.
func (v Value) split() bool {
	return len(v.more) > 0 && v.End().Offset-v.Pos().Offset != len(v.text)
}
