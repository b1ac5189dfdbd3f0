package compiler

import (
	"strings"

	"rustysd/grammar"
)

// releaseKeys are the specifiers that os-release(5) answers.
var releaseKeys = map[byte]string{
	'A': "IMAGE_VERSION", 'B': "BUILD_ID", 'M': "IMAGE_ID", 'o': "ID", 'w': "VERSION_ID", 'W': "VARIANT_ID",
}

// releaseSpecifier is what the root's os-release(5) says, which is part of the
// image. Without a root the boot has to look.
func (s *unitSet) releaseSpecifier(c byte) (string, bool) {
	if s.opt.Root == "" {
		return "", false
	}
	if s.release == nil {
		s.release = s.readRelease()
	}
	return s.release[releaseKeys[c]], true
}

// readRelease reads the assignments of os-release(5).
func (s *unitSet) readRelease() map[string]string {
	for _, name := range [...]string{"/etc/os-release", "/usr/lib/os-release"} {
		if out, ok := s.assignments(name); ok {
			return out
		}
	}
	return map[string]string{}
}

// assignments are those of a file of the root in the syntax of os-release(5),
// the last of each; ok says whether the file can be read.
func (s *unitSet) assignments(name string) (out map[string]string, ok bool) {
	real, err := s.files.resolve(name)
	if err != nil {
		return nil, false
	}
	text, err := s.files.read(s.files.host(real))
	if err != nil {
		return nil, false
	}
	out = map[string]string{}
	for line := range strings.Lines(text) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if words, err := grammar.ParseWords(value); ok && err == nil && !strings.HasPrefix(key, "#") {
			out[key] = ""
			if len(words) > 0 {
				out[key] = words[0].Text
			}
		}
	}
	return out, true
}
