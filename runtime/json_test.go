package runtime

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

// encoding/json is the oracle: what it takes we take and understand alike.
func checkJSON(t *testing.T, b []byte) {
	v, ok := validJSON(b)
	if want := json.Valid(b) && utf8.Valid(b) && depthOf(b) < jsonDepth; ok != want && depthOf(b) < jsonDepth {
		t.Fatalf("%q: valid %v, want %v", b, ok, want)
	}
	if !ok {
		return
	}
	var want any
	if err := json.Unmarshal(b, &want); err != nil {
		return // a number out of range
	}
	checkAgainst(t, v, want)
}

// depthOf is no less than how deep b is nested.
func depthOf(b []byte) int {
	return strings.Count(string(b), "[") + strings.Count(string(b), "{")
}

func checkAgainst(t *testing.T, v jsonText, want any) {
	t.Helper()
	switch want := want.(type) {
	case string:
		if got := v.text(); got != want || !v.is(want) {
			t.Fatalf("%q reads as %q, want %q", v, got, want)
		}
		var w jsonWriter
		w.text(want)
		var back string
		if err := json.Unmarshal(w.b, &back); err != nil || back != want {
			t.Fatalf("%q is written as %s: %q, %v", want, w.b, back, err)
		}
	case []any:
		rest, n := v, 0
		for e := jsonText(nil); ; n++ {
			if e, rest = rest.next(); e == nil {
				break
			}
			checkAgainst(t, e, want[n])
		}
		if n != len(want) {
			t.Fatalf("%s has %d elements, want %d", v, n, len(want))
		}
	case map[string]any:
		if strings.Count(string(v), "\"") != 2*len(want) {
			return // a name may be there twice: ours takes the first
		}
		for name, value := range want {
			checkAgainst(t, v.member(name), value)
		}
	}
}

var jsonSeeds = [...]string{
	`{"jsonrpc":"2.0","id":1,"method":"start","params":{"unit":"a.service"}}`, `[]`, `{}`, ` [ 1 , 2.5e-3 , "x" ] `,
	`"\ud83d\ude00\u00e9\n\"\\\/"`, `"\ud800x"`, `"\udc00\ud800"`, `"é"`, "\"\xff\"", `"\u12"`, `01`, `-`, `-0`, `1.`, `{"a"}`, `{"a":}`,
	`[1,]`, `[,1]`, `{"a":1,}`, `nul`, `true false`, "\"\x00\"", strings.Repeat("[", 100), `""`, `"`, `"\`, `{"a":[1,{"b":null}],"c":true}`, "\"\x7f\"",
}

func TestJSON(t *testing.T) {
	for _, s := range jsonSeeds {
		checkJSON(t, []byte(s))
	}
	if _, ok := validJSON([]byte(strings.Repeat("[", jsonDepth) + strings.Repeat("]", jsonDepth))); !ok {
		t.Errorf("%d levels are refused", jsonDepth)
	}
	if _, ok := validJSON([]byte(strings.Repeat("[", jsonDepth+1) + strings.Repeat("]", jsonDepth+1))); ok {
		t.Errorf("%d levels are taken", jsonDepth+1)
	}
	var w jsonWriter
	w.text("a\xffb")
	if string(w.b) != `"a`+"\ufffd"+`b"` {
		t.Errorf("bad UTF-8 is written as %s", w.b)
	}
}

func FuzzJSON(f *testing.F) {
	for _, s := range jsonSeeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) { checkJSON(t, b) })
}
