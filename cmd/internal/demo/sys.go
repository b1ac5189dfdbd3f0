package demo

import (
	"syscall"
	_ "unsafe" // for go:linkname
)

// args are the process's arguments, which the Go runtime keeps for os.Args;
// importing os for them would cost 160 kB.
//
//go:linkname args os.runtime_args
func args() []string

// say writes one line to standard output, in one call so that lines of several
// services do not mix.
func say(words ...string) {
	line := ""
	for _, w := range words {
		line += w
	}
	writeAll(1, line+"\n")
}

// writeAll writes all of s, or reports why it could not.
func writeAll(fd int, s string) error {
	for b := []byte(s); len(b) > 0; {
		n, err := syscall.Write(fd, b)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// getenv is a variable of the environment, or "".
func getenv(name string) string {
	v, _ := syscall.Getenv(name)
	return v
}

// atoi reads a decimal number; anything else is -1.
func atoi(s string) int {
	n := 0
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<20 {
			return -1
		}
		n = n*10 + int(c-'0')
	}
	if s == "" {
		return -1
	}
	return n
}

// itoa prints a number that is not negative.
func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

// split cuts s at each sep.
func split(s string, sep byte) []string {
	var parts []string
	from := 0
	for i := range len(s) {
		if s[i] == sep {
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[from:])
}

// base is what follows the last slash of a path.
func base(path string) string {
	parts := split(path, '/')
	return parts[len(parts)-1]
}
