// Package grammar turns text into syntax: unit files, and the small languages
// inside their values.
//
// It reads text and yields trees with positions. Parsing a file never fails:
// every byte sequence is a [File], a bad line is a node in it, and printing the
// tree gives the bytes back. A value's parser answers an [*Error] that says
// where and what. Look first at [File] and [Value].
//
// Files: lexer.go cuts a file into logical lines, file.go is its structure,
// badline.go what is no syntax and what systemd does with it. Then a file for
// each language inside of values: words.go (quotes), command.go, variables.go,
// specifier.go, timespan.go, calendar.go, address.go, unitname.go, number.go,
// signal.go, exitstatus.go, environment.go, sets.go. What has syntax has a
// participle grammar over a lexer of its own (scan.go); what is a number or a
// list is read by hand.
//
// The reading is that of systemd 252, also where its manual is silent; the
// tests ask systemd itself where it is installed.
//
// It knows no directive by name, and touches no file system.
package grammar
