package grammar

// Value is the text right of "=", with what is needed to find each byte of it
// in the file again.
type Value struct {
	text   string
	pieces []piece
}

// piece says that the bytes of a value from at on stand at pos.
type piece struct {
	at  int
	pos Pos
}

// Text is the value with its continued lines joined and the blanks around it
// taken off.
func (v Value) Text() string { return v.text }
