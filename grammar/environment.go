package grammar

import "strings"

// EnvAssignment is one NAME=value of Environment=.
type EnvAssignment struct {
	Name, Value string
	Offset, End int    // in the text of the directive, with the quotes
	Bad         *Error // why systemd warns and ignores it; nil when it is good
	Escape      *Error // the first unknown escape, as in [Word]
}

// ParseEnvironment reads assignments of environment variables:
// systemd.exec(5), "Environment=". The error is about the quotes; an
// assignment that is none says so in its Bad.
func ParseEnvironment(s string) ([]EnvAssignment, *Error) {
	words, err := ParseWords(s)
	if err != nil {
		return nil, err
	}
	list := make([]EnvAssignment, len(words))
	for i, w := range words {
		name, value, found := strings.Cut(w.Text, "=")
		list[i] = EnvAssignment{Name: name, Value: value, Offset: w.Offset, End: w.End, Escape: w.Escape}
		list[i].Bad = badAssignment(w, name, value, found)
	}
	return list, nil
}

// badAssignment says what is wrong with a word as an assignment.
func badAssignment(w Word, name, value string, found bool) *Error {
	e := &Error{Offset: w.Offset, End: w.End}
	switch {
	case !found:
		e.Msg, e.Hint = "expected NAME=value, not "+quoted(w.Text), "put quotes around all of it when the value has blanks: \"NAME=a b\""
	case !IsEnvName(name):
		e.Msg, e.Hint = quoted(name)+" is no name of an environment variable", "use letters, digits and _, with no digit first"
	case !validText(value):
		e.Msg, e.Hint = "the value of "+quoted(name)+" is not UTF-8", "systemd puts only UTF-8 into the environment"
	default:
		return nil
	}
	return e
}

// IsEnvName says whether systemd takes s for the name of an environment
// variable.
func IsEnvName(s string) bool {
	for i := range len(s) {
		if c := s[i]; !isLetter(c) && c != '_' && (i == 0 || !isDigit(c)) {
			return false
		}
	}
	return s != ""
}

// ParseUnitList reads a list of unit names, such as that of After=. The names
// are not checked, as they may have specifiers.
func ParseUnitList(s string) ([]Word, *Error) { return ParseItems(s) }
