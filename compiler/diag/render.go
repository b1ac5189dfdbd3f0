package diag

import (
	"fmt"
	"io"
	"strings"

	"rustysd/grammar"
)

// Renderer writes diagnostics as text, one line each with a line for the hint;
// with Excerpts also the line of the file, and a mark under the place.
type Renderer struct {
	W      io.Writer
	Colour bool
	// Excerpts asks for the source lines; Read gives a file's text.
	Excerpts bool
	Read     func(file string) (string, error)
	// Columns is the width of the terminal, which no excerpt leaves; 0 is one
	// that is wide.
	Columns int

	lines map[string][]string // of the files that were shown
	last  grammar.Pos         // of the last excerpt
}

// The colours of the severities.
var severityColours = [...]string{Note: "36", Warning: "35", Error: "31"}

// Diagnostic writes one.
func (r *Renderer) Diagnostic(d Diagnostic) {
	r.last = grammar.Pos{}
	fmt.Fprintf(r.W, "%s%s %s%s\n", place(d.Pos), r.paint(severityColours[d.Severity], d.Severity.String()+":"),
		r.paint("1", Printable(d.Msg)), codeText(d.Code))
	r.excerpt(d.Pos, d.End)
	for _, rel := range d.Related {
		fmt.Fprintf(r.W, "%s%s %s\n", place(rel.Pos), r.paint(severityColours[Note], "note:"), Printable(rel.Msg))
		r.excerpt(rel.Pos, grammar.Pos{})
	}
	if d.Hint != "" {
		fmt.Fprintf(r.W, "%s %s\n", r.paint("32", "hint:"), Printable(d.Hint))
	}
}

// Summary is the last line, "1 error, 2 warnings"; "" when there is nothing to
// say.
func (l List) Summary() string {
	var parts []string
	for _, s := range [...]Severity{Error, Warning} {
		switch n := l.Count(s); {
		case n == 1:
			parts = append(parts, "1 "+s.String())
		case n > 1:
			parts = append(parts, fmt.Sprintf("%d %ss", n, s))
		}
	}
	return strings.Join(parts, ", ")
}

func codeText(c Code) string {
	if c == "" {
		return ""
	}
	return " [" + string(c) + "]"
}

// place is "file:line:col: ", as far as it is known.
func place(p grammar.Pos) string {
	file := Printable(p.File)
	switch {
	case file == "":
		return ""
	case p.Line == 0:
		return file + ": "
	case p.Col == 0:
		return fmt.Sprintf("%s:%d: ", file, p.Line)
	}
	return fmt.Sprintf("%s:%d:%d: ", file, p.Line, p.Col)
}

func (r *Renderer) paint(colour, s string) string {
	if !r.Colour {
		return s
	}
	return "\x1b[" + colour + "m" + s + "\x1b[0m"
}

// excerpt shows the line of a place, with a mark under it. A place without a
// column is the whole line; one that stands right above already is not shown
// again.
func (r *Renderer) excerpt(pos, end grammar.Pos) {
	line, ok := r.line(pos)
	if !ok || pos == r.last {
		return
	}
	r.last = pos
	text, columns := display(line)
	start := columns[min(max(pos.Col-1, 0), len(line))]
	stop := start + 1
	if end.Line > pos.Line { // it goes on in the next lines
		stop = max(stop, columns[len(line)])
	} else if end.Line == pos.Line && end.Col > pos.Col {
		stop = max(stop, columns[min(end.Col-1, len(line))])
	}
	number := fmt.Sprintf("%5d", pos.Line)
	text, start, stop = window(text, start, stop, r.room(len(number)))
	fmt.Fprintf(r.W, "%s | %s\n", number, text)
	if pos.Col > 0 {
		fmt.Fprintf(r.W, "%*s | %s%s\n", len(number), "", strings.Repeat(" ", start), r.paint("32", "^"+strings.Repeat("~", stop-start-1)))
	}
}

// How much of a line an excerpt shows at most, and on a terminal that is hardly
// one.
const (
	maxColumns = 160
	minColumns = 20
)

// room is how many columns of a line fit behind its number, with a sign for what
// is cut off at either end.
func (r *Renderer) room(number int) int {
	if r.Columns == 0 {
		return maxColumns
	}
	return min(max(r.Columns-number-len(" | ")-2, minColumns), maxColumns)
}

// window cuts a line that is longer than room down to the part around the mark.
func window(text string, start, stop, room int) (string, int, int) {
	runes := []rune(text)
	from, col := 0, 0
	if stop > room {
		for from < len(runes) && col < start-room/4 {
			col += runeWidth(runes[from])
			from++
		}
	}
	to, width := from, 0
	for to < len(runes) && width+runeWidth(runes[to]) <= room {
		width += runeWidth(runes[to])
		to++
	}
	cut, shift := string(runes[from:to]), col
	if from > 0 {
		cut, shift = "…"+cut, col-1
	}
	if to < len(runes) {
		cut += "…"
	}
	start -= shift
	return cut, start, max(start+1, min(stop-shift, width+1))
}

// line is the line of a place, if it can be shown.
func (r *Renderer) line(pos grammar.Pos) (string, bool) {
	if !r.Excerpts || r.Read == nil || pos.File == "" || pos.Line < 1 {
		return "", false
	}
	lines, known := r.lines[pos.File]
	if !known {
		if text, err := r.Read(pos.File); err == nil {
			lines = strings.Split(strings.TrimPrefix(text, "\xEF\xBB\xBF"), "\n")
		}
		if r.lines == nil {
			r.lines = map[string][]string{}
		}
		r.lines[pos.File] = lines
	}
	if pos.Line > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[pos.Line-1], "\r"), true
}
