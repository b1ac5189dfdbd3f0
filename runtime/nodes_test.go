package runtime

import (
	"slices"
	"testing"
)

// TestAddList: a script could not give the machine these processors.
func TestAddList(t *testing.T) {
	for _, c := range []struct {
		list string
		want []uint64
	}{
		{"", nil},
		{"0", []uint64{1}},
		{"0-3,8", []uint64{0x10f}},
		{"63-65", []uint64{1 << 63, 3}},
		{"130", []uint64{0, 0, 4}},
		{"x,2,3-y", []uint64{4}},
		{"9999999999", nil},
	} {
		if got := addList(nil, c.list); !slices.Equal(got, c.want) {
			t.Errorf("%q: %x, not %x", c.list, got, c.want)
		}
	}
	if got := addList(addList(nil, "1"), "0,2"); !slices.Equal(got, []uint64{7}) {
		t.Errorf("two lists: %x", got)
	}
}
