package security

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rustysd/compiler/diag"
)

// Text is a rating for people: what could be given up first, the worst at the
// top, then what is.
func (r *Rating) Text() string {
	list := slices.Clone(r.Rows)
	slices.SortStableFunc(list, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Exposure, a.Exposure), cmp.Compare(a.mark(), b.mark()))
	})
	name, text := 0, 0
	for _, row := range list {
		name = max(name, utf8.RuneCountInString(row.Name))
		text = max(text, utf8.RuneCountInString(row.Description))
	}
	var b strings.Builder
	for _, row := range list {
		share := ""
		if row.Exposure > 0 {
			share = row.Printed
		}
		fmt.Fprintln(&b, strings.TrimRight(fmt.Sprintf("%s %-*s  %-*s  %4s", row.mark(), name, row.Name, text, row.Description, share), " "))
	}
	fmt.Fprintf(&b, "\n%s: exposure %s %s\n", diag.Printable(r.Unit), r.Printed, r.Level)
	for _, row := range r.Rows {
		if row.Unhonoured != "" && !strings.Contains(b.String(), row.Origin) {
			fmt.Fprintf(&b, "%s: %s= is not honoured\n", row.Origin, row.Unhonoured)
		}
	}
	return b.String()
}

// mark is what stands before a row.
func (r *Row) mark() string {
	switch {
	case r.Set == nil:
		return " "
	case *r.Set:
		return "✓"
	}
	return "✗"
}

// Summary has a line for each service, the most exposed first.
func Summary(all []*Rating) string {
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b *Rating) int { return cmp.Compare(b.Exposure, a.Exposure) })
	width := 0
	for _, r := range all {
		width = max(width, utf8.RuneCountInString(diag.Printable(r.Unit)))
	}
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%-*s  %4s  %s\n", width, diag.Printable(r.Unit), r.Printed, r.Level)
	}
	return b.String()
}
