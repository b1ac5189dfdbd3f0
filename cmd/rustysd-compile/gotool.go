package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"rustysd/gen"
)

// This file is the only one that runs Go.

// goTool is a Go toolchain.
type goTool struct {
	path string // of the go command
	env  environment
}

// toolchainVariable names folders in which alone the go command is looked for,
// separated by colons: for a machine with several, or for none of them.
const toolchainVariable = "RUSTYSD_TOOLCHAIN"

// errNoGo says how to get a toolchain.
func errNoGo(places []string) error {
	return errors.New("no Go toolchain found: looked for \"go\" in " + strings.Join(places, ", ") + `
hint: install Go ` + gen.GoVersion + ` or later (https://go.dev/dl, or your distribution's package "golang"), or compile in the image "golang"`)
}

// goPlaces are the folders where a toolchain may be.
func goPlaces(env environment) []string {
	if only := env.get(toolchainVariable); only != "" {
		return filepath.SplitList(only)
	}
	dirs := filepath.SplitList(env.get("PATH"))
	if root := env.get("GOROOT"); root != "" {
		dirs = append(dirs, filepath.Join(root, "bin"))
	}
	return append(dirs, "/usr/local/go/bin", "/usr/lib/go/bin")
}

// findGo looks where a toolchain usually is.
func findGo(env environment) (*goTool, error) {
	places := goPlaces(env)
	for _, dir := range places {
		path := filepath.Join(dir, "go")
		if !filepath.IsAbs(path) {
			continue // what lies in the current folder is not to be trusted
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return &goTool{path, env}, nil
		}
	}
	return nil, errNoGo(places)
}

// version is what "go version" says, "go1.26.0", or "" when it fails.
func (g *goTool) version(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, g.path, "env", "GOVERSION")
	cmd.Env = g.environment(os.TempDir(), "")
	out, _ := cmd.Output()
	return strings.TrimSpace(string(out))
}

// build is one run of "go build".
type build struct {
	dir     string // of the module
	out     string // the executable, absolute
	arch    string // "": this machine's
	symbols bool
	goEntry bool   // it begins as other programs of Go do
	work    string // a folder of its own for temporary files
}

// args are the arguments that make the same bytes of the same source anywhere.
// Functions begin at multiples of 4 bytes: at 32, which is Go's choice for amd64,
// two in a hundred bytes of an init would be filling. Go's runtime without inlined
// calls is 57 kB smaller, and no slower for what an init asks of it. The program
// begins in package early, which tells why.
func (b build) args() []string {
	args := []string{"build", "-trimpath", "-buildvcs=false", "-gcflags=runtime=-l"}
	flags := "-buildid= -funcalign=4"
	if !b.symbols {
		flags += " -s -w"
	}
	if !b.goEntry {
		flags += " -E=" + gen.Module + "/runtime/early.entry -checklinkname=0"
		args = append(args, "-tags=rustysd_entry")
	}
	return append(args, "-ldflags="+flags, "-o", b.out, ".")
}

// errNoEntry is of a toolchain whose runtime does not have the variable that
// package early changes.
var errNoEntry = errors.New("this toolchain has no runtime.sigtable")

// run builds; the error holds what the toolchain said.
func (g *goTool) run(ctx context.Context, b build) error {
	cmd := exec.CommandContext(ctx, g.path, b.args()...)
	cmd.Dir = b.dir
	cmd.Env = g.environment(b.work, b.arch)
	// The compiler and the linker are children of the go command: an interrupt
	// must reach them too.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return g.explain(ctx, err, out.String())
	}
	return nil
}

// explain makes an error of a failed build: a toolchain that is too old, a
// machine without room, or else generated code that is wrong, which is a bug.
func (g *goTool) explain(ctx context.Context, err error, out string) error {
	out = strings.TrimSpace(out)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case strings.Contains(out, "runtime.sigtable"):
		return errNoEntry
	case strings.Contains(out, "requires go >= "):
		return fmt.Errorf("%s is %s, which is too old\nhint: install Go %s or later (https://go.dev/dl), or put it first in PATH", g.path, g.version(ctx), gen.GoVersion)
	case strings.Contains(out, ".go:"):
		return fmt.Errorf("BUG: the generated source does not compile:\n%s", out)
	}
	return fmt.Errorf("go build: %w\n%s", err, out)
}

// environment is made from nothing: what a user set for their own builds
// (GOFLAGS, a go.work above, GO111MODULE=off, "go env -w") must neither break
// an image nor change it.
func (g *goTool) environment(work, arch string) []string {
	env := []string{
		"PATH=" + filepath.Dir(g.path) + ":/usr/bin:/bin",
		"TMPDIR=" + work,
		"GOPATH=" + filepath.Join(work, "gopath"),
		"GOCACHE=" + g.cache(),
		"GOTOOLCHAIN=local", "GOWORK=off", "GOENV=off", "GOFLAGS=", "GO111MODULE=on",
		"GOPROXY=off", "GOSUMDB=off", "GOTELEMETRY=off", "CGO_ENABLED=0", "GOOS=linux",
	}
	if arch != "" {
		env = append(env, "GOARCH="+arch)
	}
	// Without a home, Go has no place for a few things that it can do without.
	if home := g.env.get("HOME"); filepath.IsAbs(home) {
		env = append(env, "HOME="+home)
	}
	return slices.Clip(env)
}

// cache is Go's build cache: the user's own, since it is what makes the second
// build fast, or one in the temporary folder where there is no home to write to.
func (g *goTool) cache() string {
	dir := g.env.get("GOCACHE")
	for _, v := range [...]struct{ name, below string }{{"XDG_CACHE_HOME", "go-build"}, {"HOME", ".cache/go-build"}} {
		if base := g.env.get(v.name); !filepath.IsAbs(dir) && isDir(base) {
			dir = filepath.Join(base, v.below)
		}
	}
	if filepath.IsAbs(dir) && os.MkdirAll(dir, 0o777) == nil && unix.Access(dir, unix.W_OK) == nil {
		return dir
	}
	return privateCache()
}

// privateCache is a folder below the temporary one that belongs to the user:
// anybody can write there, and a cache from a stranger would be linked in.
func privateCache() string {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("rustysd-compile-cache-%d", os.Getuid()))
	if err := os.Mkdir(dir, 0o700); err == nil {
		return dir
	}
	info, err := os.Lstat(dir)
	if err == nil && info.IsDir() && info.Mode().Perm() == 0o700 && info.Sys().(*syscall.Stat_t).Uid == uint32(os.Getuid()) {
		return dir
	}
	return "off" // and the go command says what to do
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return filepath.IsAbs(path) && err == nil && info.IsDir()
}
