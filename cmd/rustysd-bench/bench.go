package main

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed yard
var yard embed.FS

// bench is what all measures share.
type bench struct {
	options
	dir   string // scratch
	limit string // the yardstick's PID 1
	svc   string // the service
	file  string // the record file of the run
}

// newBench builds the yardstick and the service.
func newBench(o options, dir, file string) (*bench, error) {
	b := &bench{options: o, dir: dir, limit: filepath.Join(dir, "limit"), svc: filepath.Join(dir, "svc"),
		file: file}
	if err := os.CopyFS(dir, yard); err != nil {
		return nil, err
	}
	if err := b.cc(b.limit, "limit.c"); err != nil {
		return nil, err
	}
	return b, b.cc(b.svc, "svc.c", "-nostdlib", "-ffreestanding", "-fno-stack-protector", "-fno-pie", "-no-pie")
}

// cc compiles one file of the yardstick with the system's compiler.
func (b *bench) cc(out, source string, flags ...string) error {
	args := append([]string{"-O2", "-static", "-o", out, filepath.Join(b.dir, "yard", source)}, flags...)
	if text, err := exec.Command("cc", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("cc %s: %w\n%s", source, err, text)
	}
	return nil
}

// compile makes an init of a folder of units.
func (b *bench) compile(units, out string, flags []string, env ...string) error {
	args := append([]string{"--target", "bench.target", units, "-o", out}, flags...)
	cmd := exec.Command(b.compiler, args...)
	cmd.Env = append(os.Environ(), env...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("rustysd-compile %s: %w\n%s", units, err, text)
	}
	return nil
}

// units is where image writes the units of a kind.
func (b *bench) units(kind string, n int) string {
	return filepath.Join(b.dir, fmt.Sprintf("units-%s-%d", kind, n))
}

// image is an init for n services of a kind, with its folder of units.
func (b *bench) image(kind string, n int) (string, error) {
	units := b.units(kind, n)
	out := units + ".init"
	if _, err := os.Stat(out); err == nil {
		return out, nil
	}
	if err := b.writeUnits(units, kind, n); err != nil {
		return "", err
	}
	return out, b.compile(units, out, nil)
}

// writeUnits writes bench.target and n services: independent ones ("boot"),
// oneshots (of one of the chainKinds) or notify services ("ready") that each
// follow another.
func (b *bench) writeUnits(dir, kind string, n int) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var target strings.Builder
	target.WriteString("[Unit]\nDescription=All of them\nDefaultDependencies=no\n")
	for i := range n {
		fmt.Fprintf(&target, "Wants=%s\n", unitName(i))
		if err := os.WriteFile(filepath.Join(dir, unitName(i)), []byte(b.unit(kind, i)), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "bench.target"), []byte(target.String()), 0o644)
}

func unitName(i int) string { return fmt.Sprintf("svc-%05d.service", i) }

// unit is the text of one service.
func (b *bench) unit(kind string, i int) string {
	var s strings.Builder
	fmt.Fprintf(&s, "[Unit]\nDescription=Service %d\n", i)
	if kind != "boot" && i > 0 {
		fmt.Fprintf(&s, "Requires=%[1]s\nAfter=%[1]s\n", unitName(i-1))
	}
	s.WriteString("\n[Service]\nStandardOutput=null\n")
	command := fmt.Sprintf("ExecStart=%s %s %d", b.svc, b.file, i)
	switch kind {
	case "boot":
		fmt.Fprintf(&s, "%s\n", command)
	case "ready":
		fmt.Fprintf(&s, "Type=notify\n%s notify\n", command)
	}
	for _, c := range chainKinds {
		if c.kind == kind {
			fmt.Fprintf(&s, "%sType=oneshot\nRemainAfterExit=yes\n%s once\n", c.settings, command)
		}
	}
	return s.String()
}

// kernel is the kernel's release.
func kernel() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return "Linux " + strings.TrimSpace(string(b))
}

// cpuName is the processor's name, where the kernel has one.
func cpuName() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(b)) {
		if name, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(v)
		}
	}
	return "unknown processor"
}
