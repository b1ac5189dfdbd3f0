package grammar

// Pos is a place in a file that the user gave.
type Pos struct {
	File   string // as the user gave it
	Line   int    // from 1; 0 is no place in the file
	Col    int    // in bytes, from 1
	Offset int    // in bytes, from 0
}
