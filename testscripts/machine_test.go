package testscripts

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rustysd/testscripts/internal/means"
)

// machine is a virtual machine that is nothing but a kernel and an initramfs:
// what namespaces cannot show, it can.
type machine struct{ files map[string]machineFile }

type machineFile struct {
	mode os.FileMode
	data []byte
}

// newMachine has a shell, cat and sleep, and the units compiled as its init.
func newMachine(t *testing.T, units map[string]string) *machine {
	t.Helper()
	means.Programs(t, "qemu-system-x86_64")
	m := &machine{map[string]machineFile{}}
	for _, dir := range []string{"bin", "lib64", "lib", "lib/x86_64-linux-gnu", "proc", "sys", "dev", "run", "tmp", "var"} {
		m.files[dir] = machineFile{mode: os.ModeDir | 0o755}
	}
	for to, from := range map[string]string{"bin/sh": "/bin/dash", "bin/cat": "/bin/cat", "bin/sleep": "/bin/sleep",
		"lib64/ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6": "/lib/x86_64-linux-gnu/libc.so.6"} {
		m.add(t, to, from)
	}
	dir := t.TempDir()
	for name, text := range units {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	init := filepath.Join(t.TempDir(), "init")
	build := exec.Command(filepath.Join(binDir, "rustysd-compile"), dir, "-o", init)
	build.Env = append(os.Environ(), "NO_COLOR=1")
	if out, err := build.CombinedOutput(); err != nil || strings.Contains(string(out), "warning") {
		t.Fatalf("%v\n%s", err, out)
	}
	m.add(t, "init", init)
	return m
}

// add puts a file of the host into the machine.
func (m *machine) add(t *testing.T, to, from string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	m.files[to] = machineFile{0o755, data}
}

// boot runs the machine until it is switched off, and answers what it printed.
func (m *machine) boot(t *testing.T) string {
	t.Helper()
	initramfs := filepath.Join(t.TempDir(), "initramfs")
	if err := os.WriteFile(initramfs, m.cpio(), 0o644); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "qemu-system-x86_64", "-M", "pc", "-m", "256", "-nographic", "-no-reboot", "-nic", "none",
		"-kernel", machineKernel(t), "-initrd", initramfs, "-append", "console=ttyS0 panic=-1 quiet")
	out, err := cmd.CombinedOutput()
	text := strings.ReplaceAll(string(out), "\r", "")
	if err != nil {
		t.Fatalf("qemu: %v\n%s", err, text)
	}
	return text
}

// cpio is the files as the kernel unpacks them (its initramfs buffer format).
func (m *machine) cpio() []byte {
	var b bytes.Buffer
	number := 0
	entry := func(name string, f machineFile) {
		number++
		mode := uint32(f.mode.Perm()) | 0o100000
		if f.mode.IsDir() {
			mode = uint32(f.mode.Perm()) | 0o040000
		}
		fmt.Fprintf(&b, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%s\x00",
			number, mode, 0, 0, 1, 0, len(f.data), 0, 0, 0, 0, len(name)+1, 0, name)
		pad(&b)
		b.Write(f.data)
		pad(&b)
	}
	for _, name := range sortedNames(m.files) { // folders before what is in them
		entry(name, m.files[name])
	}
	entry("TRAILER!!!", machineFile{})
	return b.Bytes()
}

func pad(b *bytes.Buffer) {
	for b.Len()%4 != 0 {
		b.WriteByte(0)
	}
}

// machineKernel is Debian's kernel for virtual machines: the one of /boot, or
// one that is downloaded and unpacked beside this run's other files.
func machineKernel(t *testing.T) string {
	t.Helper()
	if found, _ := filepath.Glob("/boot/vmlinuz-*-cloud-amd64"); len(found) > 0 {
		return found[len(found)-1]
	}
	dir := filepath.Join(rootDir, "kernel")
	script := `mkdir -p "$1" && cd "$1" && name=$(apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: //p') &&
apt-get -q download "$name" && dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinuz-*'`
	if out, err := exec.Command("/bin/sh", "-c", script, "sh", dir).CombinedOutput(); err != nil {
		means.Missing(t, fmt.Sprintf("Debian's package linux-image-cloud-amd64: %v\n%s", err, out))
	}
	found, _ := filepath.Glob(dir + "/boot/vmlinuz-*")
	if len(found) == 0 {
		means.Missing(t, "a kernel in Debian's package linux-image-cloud-amd64")
	}
	return found[0]
}
