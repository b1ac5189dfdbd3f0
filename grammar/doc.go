// Package grammar turns text into syntax: unit files, and the small languages
// inside their values.
//
// It reads text and yields trees with positions. Parsing a file never fails:
// every byte sequence is a [File], a bad line is a node in it, and printing the
// tree gives the bytes back. A value's parser answers an [*Error] that says
// where and what. Look first at [File] and [Value].
//
// It knows no directive by name, and touches no file system.
package grammar
