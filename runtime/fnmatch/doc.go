// Package fnmatch matches texts against patterns as fnmatch(3) does.
//
// It reads a pattern and a text and yields whether they fit: see [Match]. The
// boot asks it, and so does the compiler, which decides by the same patterns what
// the boot would (--immutable): one rule for both. It knows no folders, and no
// braces. [path.Match] would not do: it has no "!", refuses some patterns, and
// stops at slashes.
package fnmatch
