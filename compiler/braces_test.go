package compiler

import (
	"slices"
	"strings"
	"testing"
)

// TestBraces: what glob(3) makes of braces; TestConditionsLikeSystemd holds some
// of it against systemd.
func TestBraces(t *testing.T) {
	for pattern, want := range map[string]string{
		"/a": "/a", "/a/{b,c}": "/a/b /a/c", "/{a,b}/{c,d}": "/a/c /a/d /b/c /b/d", "/{a,{b,c}d}e": "/ae /bde /cde",
		"/a{}b": "/ab", "/a{b}": "/ab", "/a{b,}": "/ab /a", "/a{b,c": "/a{b,c", "/a}b": "/a}b", "/a{b\\,c,d}": "/ab\\,c /ad",
	} {
		if got := expandBraces(pattern); !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%s stands for %q, want %s", pattern, got, want)
		}
	}
	if many := strings.Repeat("{a,b}", 30); len(expandBraces(many)) != 1 {
		t.Error("a billion patterns")
	}
	if some := strings.Repeat("{a,b}", 8); len(expandBraces(some)) != 256 {
		t.Error("256 patterns are not too many")
	}
}
