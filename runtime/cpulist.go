package runtime

import "strings"

// eachCPU calls f with each number of a list of numbers and ranges, "0-3,8", below
// a limit. It is false when a part of the list is none.
func eachCPU(list string, limit int64, f func(n int64)) bool {
	good := true
	for _, part := range strings.FieldsFunc(list, func(c rune) bool { return c == ',' || c <= ' ' }) {
		low, high, isRange := strings.Cut(part, "-")
		first, ok := atoi(low)
		last := first
		if ok && isRange {
			last, ok = atoi(high)
		}
		if !ok || last < first || last >= limit {
			good = false
			continue
		}
		for ; first <= last; first++ {
			f(first)
		}
	}
	return good
}
