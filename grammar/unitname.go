package grammar

import (
	"fmt"
	"slices"
	"strings"
)

// UnitName is a unit's name, taken apart.
type UnitName struct {
	Prefix   string // up to the "@", or up to the type
	Instance string // between "@" and the type; "" for templates and plain names
	Type     string // "service", "socket", …
	Template bool   // nothing stands between "@" and the type
}

// unitTypes are systemd's types of units, sorted.
var unitTypes = []string{
	"automount", "device", "mount", "path", "scope", "service", "slice", "socket", "swap", "target", "timer",
}

// unitNameMax is the longest unit name: systemd.unit(5).
const unitNameMax = 255

// ParseUnitName reads a unit's name: systemd.unit(5), "DESCRIPTION". Specifiers
// must be resolved before.
func ParseUnitName(s string) (UnitName, *Error) {
	dot := strings.LastIndexByte(s, '.')
	switch {
	case s == "":
		return UnitName{}, wrong(s, "expected a unit's name", "write a name with its type, as in web.service")
	case len(s) > unitNameMax:
		return UnitName{}, wrong(s, fmt.Sprintf("a unit's name of %d bytes", len(s)), "use at most 255 bytes")
	case dot < 0:
		return UnitName{}, wrong(s, "a unit's name without its type: "+quoted(s), "add the type, as in "+quoted(shorten(s)+".service"))
	case !slices.Contains(unitTypes, s[dot+1:]):
		return UnitName{}, &Error{dot + 1, len(s), "unknown type of unit " + quoted(s[dot+1:]), "use one of " + strings.Join(unitTypes, ", ")}
	}
	for i := range dot {
		if !isUnitByte(s[i]) && s[i] != '@' {
			return UnitName{}, badUnitByte(s, i)
		}
	}
	u := UnitName{Prefix: s[:dot], Type: s[dot+1:]}
	if at := strings.IndexByte(u.Prefix, '@'); at >= 0 {
		u.Prefix, u.Instance = s[:at], s[at+1:dot]
		u.Template = u.Instance == ""
	}
	if u.Prefix == "" {
		return UnitName{}, &Error{0, max(dot, 1), "a unit's name with nothing before its type or its \"@\"", "write a name with its type, as in web.service"}
	}
	return u, nil
}

// badUnitByte says that the character at i may not be in a unit's name.
func badUnitByte(s string, i int) *Error {
	if s[i] == '%' {
		return &Error{i, min(i+2, len(s)), "a specifier in a unit's name here", "write the name out"}
	}
	for _, r := range s[i:] {
		return &Error{i, i + len(string(r)), "the character " + quoted(string(r)) + " cannot be in a unit's name",
			"use letters, digits and :-_.\\@; write others as systemd-escape does"}
	}
	return nil
}

// isUnitByte says whether c may be in the prefix and the instance of a name.
func isUnitByte(c byte) bool {
	return isLetter(c) || isDigit(c) || strings.IndexByte(":-_.\\", c) >= 0
}

// String puts the name together.
func (u UnitName) String() string {
	if u.Template || u.Instance != "" {
		return u.Prefix + "@" + u.Instance + "." + u.Type
	}
	return u.Prefix + "." + u.Type
}

// TemplateOf is the template of an instance: "a@b.service" → "a@.service". It
// is "" for names that are no instance.
func TemplateOf(name string) string {
	u, err := ParseUnitName(name)
	if err != nil || u.Instance == "" {
		return ""
	}
	u.Instance, u.Template = "", true
	return u.String()
}

// MangleInstance is the instance of a template, with the characters escaped
// that may not be in a name: "a@.service" and "b" → "a@b.service".
func MangleInstance(template, instance string) (string, *Error) {
	u, err := ParseUnitName(template)
	if err != nil {
		return "", err
	}
	if !u.Template {
		return "", wrong(template, quoted(template)+" is no template", "name a unit that has \"@\" right before its type")
	}
	if instance == "" {
		return "", wrong(template, "an empty instance", "write something between the \"@\" and the type")
	}
	var b strings.Builder
	for i := range len(instance) {
		if c := instance[i]; isUnitByte(c) || c == '@' {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	u.Instance, u.Template = b.String(), false
	name := u.String()
	_, err = ParseUnitName(name)
	return name, err
}

// Escape makes any text fit for a part of a unit's name: systemd.unit(5),
// "STRING ESCAPING FOR INCLUSION IN UNIT NAMES".
func Escape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '/':
			b.WriteByte('-')
		case isLetter(c) || isDigit(c) || c == ':' || c == '_' || c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, `\x%02x`, c)
		}
	}
	return b.String()
}

// Unescape is the reverse of Escape.
func Unescape(s string) (string, *Error) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '-':
			b.WriteByte('/')
		case '\\':
			value, n := number(s[i:min(i+4, len(s))] + " ")
			if n != 4 || s[i+1] != 'x' || value == 0 {
				return "", &Error{i, min(i+4, len(s)), "expected \\x and two hexadecimal digits that are not 00", "escape the name with systemd-escape"}
			}
			b.WriteByte(byte(value))
			i += 3
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), nil
}

// EscapePath escapes a path of the file system: slashes at its ends and double
// ones go, and the root is "-".
func EscapePath(path string) (string, *Error) {
	parts := strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
	parts = slices.DeleteFunc(parts, func(p string) bool { return p == "." })
	if slices.Contains(parts, "..") {
		return "", wrong(path, "\"..\" in a path that names a unit", "write the path without \"..\"")
	}
	if len(parts) == 0 && path != "" && path[0] != '/' {
		return "", wrong(path, quoted(path)+" names no file", "write the path from / on")
	}
	if len(parts) == 0 {
		return "-", nil
	}
	return Escape(strings.Join(parts, "/")), nil
}

// UnescapePath is the reverse of EscapePath.
func UnescapePath(s string) (string, *Error) {
	if s == "-" {
		return "/", nil
	}
	path, err := Unescape(s)
	if err != nil {
		return "", err
	}
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." {
			return "", wrong(s, quoted(s)+" is no escaped path", "escape the path with systemd-escape --path")
		}
	}
	return "/" + path, nil
}
