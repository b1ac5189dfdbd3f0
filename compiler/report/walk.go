package report

import (
	"fmt"
	"reflect"
	"strings"

	"rustysd/compiler"
	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// walker collects the settings of a plan's values by reflection, so that a new
// field of the plan can never be forgotten.
type walker struct {
	plan    *plan.Plan
	origins map[string]string
	unit    string
	out     []Setting
	places  map[string]int // by name, in out
}

func (w *walker) list() []Setting {
	if w.out == nil {
		return []Setting{}
	}
	return w.out
}

// add notes a value of a setting.
func (w *walker) add(name, value, origin string) {
	if w.places == nil {
		w.places = map[string]int{}
	}
	i, known := w.places[name]
	if !known {
		i = len(w.out)
		w.places[name] = i
		if origin == "" {
			origin = w.origins[w.unit+" "+name]
		}
		w.out = append(w.out, Setting{Name: name, Origin: origin})
	}
	w.out[i].Values = append(w.out[i].Values, value)
}

// structure collects the fields that are not zero, and of words also the first
// one, which means something.
func (w *walker) structure(prefix string, v reflect.Value) {
	t := v.Type()
	for i := range t.NumField() {
		name := t.Field(i).Name
		if f := v.Field(i); (!f.IsZero() || compiler.EnumWords(f.Type()) != nil) && name != "Origins" && name != "Origin" && f.Type() != kindType {
			w.value(prefix+name, f)
		}
	}
}

// changed collects the fields of v that are not as in usual.
func (w *walker) changed(prefix string, v, usual reflect.Value) {
	for i := range v.NumField() {
		if !v.Field(i).Equal(usual.Field(i)) {
			w.value(prefix+v.Type().Field(i).Name, v.Field(i))
		}
	}
}

// kindType is what the type of a [Unit] says already.
var kindType = reflect.TypeFor[plan.Kind]()

func (w *walker) value(name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			w.value(name, v.Elem())
		}
		return
	case reflect.Slice:
		for i := range v.Len() {
			w.value(name, v.Index(i))
		}
		return
	}
	switch x := v.Interface().(type) {
	case plan.Command:
		w.command(name, x)
	case plan.Listen:
		w.add(name, listenText(x), x.Origin)
	case plan.Condition:
		w.add(name, x.Text, x.Origin)
	case plan.GroupWrite:
		w.add(name, groupWriteText(x), x.Origin)
	case plan.EnvFile:
		w.add(name, optional(x.Optional)+asWritten(x.Path), x.Origin)
	default:
		w.plain(name, v)
	}
}

func (w *walker) plain(name string, v reflect.Value) {
	if s, ok := v.Interface().(plan.Stream); ok && s.Kind == plan.StreamTTY && strings.HasSuffix(name, "Stdin") {
		w.add(name, terminalText(s), "")
		return
	}
	if list, ok := flagTexts(v); ok {
		for _, text := range list {
			w.add(name, text, "")
		}
		return
	}
	if strings.HasSuffix(name, "Signal") && v.Kind() == reflect.Uint8 {
		w.add(name, grammar.SignalName(int(v.Uint())), "")
		return
	}
	if text, ok := valueText(w.plan, v); ok {
		w.add(name, text, "")
		return
	}
	w.structure(name+".", v)
}

// terminalText is a terminal as StandardInput= has it.
func terminalText(s plan.Stream) string {
	switch {
	case s.Steal:
		return "tty-force"
	case s.Wait:
		return "tty"
	}
	return "tty-fail"
}

// command adds a command line under the name of its role, and its context when
// that is one of its own.
func (w *walker) command(name string, c plan.Command) {
	name = strings.TrimSuffix(name, "Commands") + enumText(reflect.ValueOf(c.Role))
	text := asWritten(c.Path)
	if len(c.Argv) > 0 && c.Argv[0] != c.Path {
		text = "@" + text + " " + quoteWord(asWritten(c.Argv[0]))
	}
	for _, arg := range c.Argv[min(1, len(c.Argv)):] {
		text += " " + quoteWord(asWritten(arg))
	}
	prefix := optional(c.Flags&plan.IgnoreFailure != 0)
	switch {
	case c.Flags&plan.NoExpand != 0:
		prefix += ":"
		if c.Flags&plan.Expand != 0 { // because of a specifier, so that dollars are doubled
			text = strings.ReplaceAll(text, "$$", "$")
		}
	case c.Flags&plan.Expand == 0 && strings.Contains(text, "$"): // they stay dollars
		prefix += ":"
	}
	for _, p := range privileges {
		if c.Flags&p.flag != 0 {
			prefix += p.sign
		}
	}
	w.add(name, prefix+text, c.Origin)
	if c.Exec != nil {
		w.value(name+".Exec", reflect.ValueOf(*c.Exec))
	}
}

// privileges are the prefixes of a command that changes less about itself.
var privileges = [...]struct {
	flag plan.CommandFlags
	sign string
}{{plan.Privileged, "+"}, {plan.NoSetUID, "!"}, {plan.Ambient, "!!"}}

// asWritten writes a text as a unit file would: what the boot replaces as the
// specifier that it was, and the signs that would be taken for one twice.
func asWritten(s string) string {
	if strings.IndexByte(s, plan.BootMark) < 0 && strings.IndexByte(s, '%') < 0 {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		next := byte(' ')
		if i+1 < len(s) {
			next = s[i+1]
		}
		letter := next|0x20 >= 'a' && next|0x20 <= 'z'
		switch {
		case s[i] == plan.BootMark && letter:
			b.WriteByte('%')
		case s[i] == '%' && (letter || next == '%' || next == plan.BootMark):
			b.WriteString("%%")
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func optional(on bool) string {
	if on {
		return "-"
	}
	return ""
}

// quoteWord writes a word of a command line so that its end is seen.
func quoteWord(s string) string {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == '"' || r == '\'' || r == '\\' || r == 0x7f }) {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// protocols are those of SocketProtocol=, by the kernel's numbers.
var protocols = map[int32]string{136: "udplite", 132: "sctp", 262: "mptcp"}

// listenText is an address with the kind of its socket.
func listenText(l plan.Listen) string {
	kind := "stream"
	switch {
	case l.Domain == 0:
		kind = "fifo"
	case l.Domain < 0:
		kind = "special"
	case l.Type == 2:
		kind = "datagram"
	case l.Type == 5:
		kind = "sequential-packet"
	case l.Type == 3:
		kind = "raw"
	}
	if p := protocols[l.Protocol]; p != "" && l.Type != 3 {
		kind += " " + p
	}
	return kind + " " + asWritten(l.Address)
}

// valueText is a value that is one text; false for a structure to go into.
func valueText(p *plan.Plan, v reflect.Value) (string, bool) {
	switch x := v.Interface().(type) {
	case plan.Duration:
		return durationText(x), true
	case plan.Call:
		return compiler.CallText(&x), true
	case plan.UnitID:
		if p == nil || int(x) >= len(p.Units) {
			return "", true
		}
		return p.Units[x].Name, true
	case plan.Stream:
		return strings.TrimSpace(enumText(reflect.ValueOf(x.Kind)) + " " + asWritten(x.Path)), true
	case plan.Limit:
		return fmt.Sprintf("%s %s:%s", compiler.LimitName(x.Resource), limitText(x.Soft), limitText(x.Hard)), true
	case plan.ExitSet:
		return compiler.ExitSetText(&x), true
	}
	if v.Kind() == reflect.String {
		return asWritten(v.String()), true
	}
	if v.Kind() == reflect.Struct || v.Kind() == reflect.Map || v.Kind() == reflect.Interface {
		return "", false
	}
	return enumText(v), true
}

// groupWriteText is a file of a cgroup with what is written to it.
func groupWriteText(g plan.GroupWrite) string {
	value := g.Value
	if g.Of != plan.TotalNone {
		value = fmt.Sprintf("%d.%02d%% of %s", g.Share/100, g.Share%100, enumText(reflect.ValueOf(g.Of)))
	}
	text := g.File + " " + strings.TrimSpace(asWritten(g.Device+" "+value))
	if g.Phase != plan.PhaseAlways {
		text += " " + enumText(reflect.ValueOf(g.Phase))
	}
	return optional(g.Optional) + text
}

func durationText(d plan.Duration) string {
	if d == 0 {
		return "0"
	}
	return compiler.DurationText(d)
}

func limitText(n uint64) string {
	if n == 1<<64-1 {
		return "infinity"
	}
	return fmt.Sprint(n)
}
