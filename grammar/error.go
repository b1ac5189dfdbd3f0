package grammar

// Error is what is wrong with a value. Offset and End (exclusive) are bytes in
// the text that was parsed.
type Error struct {
	Offset, End int
	Msg         string // one line, lower case, no full stop
	Hint        string // what to do, imperative; or ""
}

func (e *Error) Error() string { return e.Msg }
