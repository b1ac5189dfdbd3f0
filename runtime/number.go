package runtime

// appendInt appends n in decimal.
func appendInt(b []byte, n int64) []byte {
	var buf [20]byte
	i := len(buf)
	u := uint64(n)
	if n < 0 {
		u = -u
	}
	for {
		i--
		buf[i] = byte('0' + u%10)
		if u /= 10; u == 0 {
			break
		}
	}
	if n < 0 {
		b = append(b, '-')
	}
	return append(b, buf[i:]...)
}

// itoa is n in decimal. Messages have it in many places, none of them hot: a
// copy in each would be kilobytes of the init.
//
//go:noinline
func itoa(n int64) string {
	var b [21]byte
	return string(appendInt(b[:0], n))
}

// atoi reads a number of digits only; ok is false for anything else, and for
// what does not fit.
func atoi[T string | []byte](s T) (n int64, ok bool) {
	if len(s) == 0 || len(s) > 18 {
		return 0, false
	}
	for i := range len(s) {
		c := s[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
