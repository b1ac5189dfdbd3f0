package compiler

import (
	"io/fs"
	"os"
	"path"

	"rustysd/runtime/plan"
)

// fileTests answer the conditions about files from the root. What depends on
// mounts is left to the boot, and so are folders that need not be empty, which
// mounts often fill.
var fileTests = [plan.NumConditions]func(s *unitSet, path string) bool{
	plan.ConditionPathExists:      func(s *unitSet, p string) bool { return s.stat(p) != nil },
	plan.ConditionPathIsDirectory: func(s *unitSet, p string) bool { i := s.stat(p); return i != nil && i.IsDir() },
	plan.ConditionPathIsSocket: func(s *unitSet, p string) bool {
		i := s.stat(p)
		return i != nil && i.Mode()&fs.ModeSocket != 0
	},
	plan.ConditionPathIsSymbolicLink: (*unitSet).isLink,
	plan.ConditionFileNotEmpty: func(s *unitSet, p string) bool {
		i := s.stat(p)
		return i != nil && i.Mode().IsRegular() && i.Size() > 0
	},
	plan.ConditionFileIsExecutable: func(s *unitSet, p string) bool {
		i := s.stat(p)
		return i != nil && i.Mode().IsRegular() && i.Mode()&0o111 != 0
	},
}

// stat is the file at a path of the root, links followed within it; nil when
// there is none.
func (s *unitSet) stat(name string) fs.FileInfo {
	real, err := s.files.resolve(name)
	if err != nil {
		return nil
	}
	info, err := os.Lstat(s.files.host(real))
	if err != nil {
		return nil
	}
	return info
}

// isLink follows all but the last part of a path.
func (s *unitSet) isLink(name string) bool {
	dir, err := s.files.resolve(path.Dir(name))
	if err != nil {
		return false
	}
	info, err := os.Lstat(s.files.host(path.Join(dir, path.Base(name))))
	return err == nil && info.Mode()&fs.ModeSymlink != 0
}
