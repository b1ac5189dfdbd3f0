package grammar

import (
	"strconv"
	"strings"
)

// Error is what is wrong with a value. Offset and End (exclusive) are bytes in
// the text that was parsed.
type Error struct {
	Offset, End int
	Msg         string // one line, lower case, no full stop
	Hint        string // what to do, imperative; or ""
}

// Error is the message without its hint.
func (e *Error) Error() string { return e.Msg }

// quoted puts text from a user into a message.
func quoted(s string) string { return strconv.Quote(shorten(s)) }

// shorten keeps the beginning of a long text for a message.
func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:57], "") + "..."
}

// shift moves an error of a part of a text to its place in the whole.
func (e *Error) shift(by int) *Error {
	if e == nil || by == 0 {
		return e
	}
	moved := *e
	moved.Offset += by
	moved.End += by
	return &moved
}
