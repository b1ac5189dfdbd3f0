package gen

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/dave/jennifer/jen"

	"rustysd/runtime/plan"
)

// This file is the only one that hands text to jennifer's Comment, Op and
// Custom. Names and descriptions are the user's: a newline in one would end a
// line comment, and jennifer writes a comment that starts with "//" or "/*" as
// it is, so that a "*/" in it would end it. harmless takes both out.

// harmless makes s fit for the inside of a line comment.
func harmless(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '\uFFFD'
	}, s)
	return strings.TrimSpace(s)
}

// comment is a line comment, or nothing for "". The slashes come from here, so
// that jennifer never judges how the text starts.
func comment(s string) jen.Code {
	if s = harmless(s); s == "" {
		return jen.Null()
	}
	return jen.Comment("// " + s)
}

// text is a string literal. strconv.Quote escapes all that does not print,
// bidirectional marks and bytes that are not UTF-8 included.
func text(s string) jen.Code { return jen.Op(strconv.Quote(s)) }

// integer is a number of any of Go's integer types, without a conversion.
func integer(n int64) jen.Code { return jen.Op(strconv.FormatInt(n, 10)) }

func unsigned(n uint64) jen.Code { return jen.Op(strconv.FormatUint(n, 10)) }

func octal(n uint64) jen.Code { return jen.Op("0o" + strconv.FormatUint(n, 8)) }

func hex(n uint64) jen.Code { return jen.Op("0x" + strconv.FormatUint(n, 16)) }

// item is one element of a list, with what is said about it behind the comma.
func item(value jen.Code, about string) jen.Code { return finish(&jen.Statement{value}, about) }

// keyed is one element with its key, a field's name or a number. Jennifer's
// Dict would sort the fields.
func keyed(key string, value jen.Code, about string) jen.Code {
	return finish(jen.Op(key+":").Add(value), about)
}

func finish(s *jen.Statement, about string) jen.Code {
	s = s.Op(",")
	if about == "" {
		return s
	}
	return s.Add(comment(about))
}

// lines puts one item on each line between braces; about goes behind the
// opening one.
func lines(about string, items ...jen.Code) jen.Code {
	open := "{"
	if about = harmless(about); about != "" {
		open = "{ // " + about
	}
	if len(items) == 0 {
		return inline()
	}
	return jen.Custom(jen.Options{Open: open, Close: "}", Multi: true}, items...)
}

// inline puts values on one line between braces.
func inline(values ...jen.Code) jen.Code {
	return jen.Custom(jen.Options{Open: "{", Close: "}", Separator: ", "}, values...)
}

// anyOf joins flags.
func anyOf(flags []jen.Code) jen.Code {
	return jen.Custom(jen.Options{Separator: " | "}, flags...)
}

// header is main.go's first line, in the form that go(1), "Generate Go files",
// gives for generated files.
func header(in Input) string {
	by := Marker
	if in.Version != "" {
		by += " " + in.Version
	}
	return "// " + harmless(by+" from "+in.Plan.Name+". DO NOT EDIT.")
}

// summary is the package comment.
func summary(p *plan.Plan) string {
	units := strconv.Itoa(len(p.Units)) + " units"
	if len(p.Units) == 1 {
		units = "1 unit"
	}
	return "// " + harmless("Command init boots "+p.Name+": "+units+".")
}
