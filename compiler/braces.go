package compiler

import "strings"

// maxBraces bounds how many patterns one with braces may stand for.
const maxBraces = 256

// expandBraces are the patterns that one stands for, as glob(3) with GLOB_BRACE
// has it: "/a/{b,c}" is "/a/b" and "/a/c", in this order. Braces without an end
// stand for themselves, and so do all if they stand for more than maxBraces.
func expandBraces(pattern string) []string {
	var out []string
	if !addBraces(&out, pattern) {
		return []string{pattern}
	}
	return out
}

// addBraces appends them; false when there are too many.
func addBraces(out *[]string, pattern string) bool {
	start, end, commas := findBraces(pattern)
	if end < 0 {
		*out = append(*out, pattern)
		return len(*out) <= maxBraces
	}
	from := start + 1
	for _, to := range append(commas, end) {
		if !addBraces(out, pattern[:start]+pattern[from:to]+pattern[end+1:]) {
			return false
		}
		from = to + 1
	}
	return true
}

// findBraces finds the first pair, and the commas that part its members; end is
// -1 when there is none.
func findBraces(s string) (start, end int, commas []int) {
	start = strings.IndexByte(s, '{')
	depth := 0
	for i := max(start, 0); start >= 0 && i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case ',':
			if depth == 1 {
				commas = append(commas, i)
			}
		case '}':
			if depth--; depth == 0 {
				return start, i, commas
			}
		}
	}
	return 0, -1, nil
}
