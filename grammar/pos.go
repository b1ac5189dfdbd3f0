package grammar

// Pos is a place in a file that the user gave. Lines end at line feeds only,
// as editors count them, even where systemd sees another end of line (see
// [BadNUL] and [BadCR]).
type Pos struct {
	File   string // as the user gave it
	Line   int    // from 1; 0 is no place in the file
	Col    int    // in bytes, from 1
	Offset int    // in bytes, from 0
}

// right is the place n bytes further on the same line.
func (p Pos) right(n int) Pos {
	p.Col += n
	p.Offset += n
	return p
}

// past is the place after s, which stands at p.
func (p Pos) past(s string) Pos {
	for i := 0; i < len(s); i++ {
		p.Offset++
		p.Col++
		if s[i] == '\n' {
			p.Line++
			p.Col = 1
		}
	}
	return p
}
