package grammar

import "strings"

// String prints the tree. It is the text that was parsed, byte for byte.
func (f *File) String() string {
	var b strings.Builder
	b.Grow(len(f.Src))
	print(&b, f.Head.entries)
	for _, s := range f.Sections {
		b.WriteString(s.header)
		print(&b, s.entries)
	}
	return b.String()
}

func print(b *strings.Builder, entries []entry) {
	for i := range entries {
		b.WriteString(entries[i].raw)
	}
}
