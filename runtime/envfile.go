package runtime

import (
	"strings"
	"syscall"
	"unicode/utf8"

	"rustysd/runtime/plan"
)

// EnvFiles is the feature of units with EnvironmentFile=, read at each start.
func EnvFiles(i *Init) {
	i.started = append(i.started, func(i *Init) { i.spawner.envFiles = readEnvFiles })
}

// envFileMax bounds an environment file; execve(2) takes no more anyway.
const envFileMax = 1 << 20

// readEnvFiles puts the assignments of a request's files into fileEnv. It runs
// beside the loop. A file that is not there is an error, unless it is marked
// with "-"; then no other trouble with it counts either.
func readEnvFiles(r *spawnRequest) syscall.Errno {
	for n := range r.exec.EnvFiles {
		f := &r.exec.EnvFiles[n]
		if errno := readEnvFile(r, f); errno != 0 && !f.Optional {
			r.badFile = f
			return errno
		}
	}
	return 0
}

func readEnvFile(r *spawnRequest, f *plan.EnvFile) syscall.Errno {
	paths := []string{f.Path}
	if strings.ContainsAny(f.Path, "*?[") {
		if paths = globPaths(f.Path); len(paths) == 0 {
			return syscall.ENOENT
		}
	}
	for _, path := range paths {
		text, errno := readBounded(path, envFileMax)
		if errno != 0 {
			return errno
		}
		if !utf8.ValidString(text) {
			return syscall.EILSEQ
		}
		r.fileEnv = parseEnvFile(r.fileEnv, text)
	}
	return 0
}
