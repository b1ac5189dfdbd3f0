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

	"rustysd/internal/means"
)

// machine is a virtual machine that is nothing but a kernel and an initramfs:
// what namespaces cannot show, it can.
type machine struct {
	arch  *machineArch
	files map[string]machineFile
	disk  string // an image of its only disk; "" for none
}

// machineArch is a kind of machine.
type machineArch struct {
	name string // Go's
	qemu []string
	// console is the kernel's name of what qemu shows.
	console string
}

var (
	amd64 = &machineArch{"amd64", []string{"qemu-system-x86_64", "-M", "pc"}, "ttyS0"}
	arm64 = &machineArch{"arm64", []string{"qemu-system-aarch64", "-M", "virt", "-cpu", "cortex-a57"}, "ttyAMA0"}
)

type machineFile struct {
	mode os.FileMode
	data []byte
}

// newMachine has a shell, cat and sleep, and the units compiled as its init.
func newMachine(t *testing.T, units map[string]string) *machine {
	t.Helper()
	m := bareMachine(t, amd64, units)
	for _, dir := range []string{"lib64", "lib", "lib/x86_64-linux-gnu"} {
		m.files[dir] = machineFile{mode: os.ModeDir | 0o755}
	}
	for to, from := range map[string]string{"bin/sh": "/bin/dash", "bin/cat": "/bin/cat", "bin/sleep": "/bin/sleep",
		"lib64/ld-linux-x86-64.so.2": "/lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6": "/lib/x86_64-linux-gnu/libc.so.6"} {
		m.add(t, to, from)
	}
	return m
}

// bareMachine has the units compiled as its init, and no program.
func bareMachine(t *testing.T, arch *machineArch, units map[string]string) *machine {
	t.Helper()
	means.Programs(t, arch.qemu[0])
	m := &machine{arch: arch, files: map[string]machineFile{}}
	for _, dir := range []string{"bin", "proc", "sys", "dev", "run", "tmp", "var"} {
		m.files[dir] = machineFile{mode: os.ModeDir | 0o755}
	}
	dir := t.TempDir()
	for name, text := range units {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	init := filepath.Join(t.TempDir(), "init")
	if out := compile(t, "--profile", "vm", "--arch", arch.name, dir, "-o", init); strings.Contains(out, "warning") {
		t.Fatal(out)
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
	args := append(m.arch.qemu[1:], "-m", "256", "-nographic", "-no-reboot", "-nic", "none",
		"-kernel", machineKernel(t, m.arch.name), "-initrd", initramfs, "-append", "console="+m.arch.console+" panic=-1 loglevel=1 locale.LANG=eo") // else the kernel writes into services' lines
	if m.disk != "" {
		args = append(args, "-drive", "if=virtio,format=raw,file="+m.disk)
	}
	cmd := exec.CommandContext(ctx, m.arch.qemu[0], args...)
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
// one that is downloaded and unpacked beside this run's other files. apt gets
// folders of its own, so that it knows nothing of this machine's architecture.
func machineKernel(t *testing.T, arch string) string {
	t.Helper()
	if found, _ := filepath.Glob("/boot/vmlinuz-*-cloud-" + arch); len(found) > 0 {
		return found[len(found)-1]
	}
	dir := filepath.Join(rootDir, "kernel-"+arch)
	if found, _ := filepath.Glob(dir + "/boot/vmlinuz-*"); len(found) > 0 {
		return found[0]
	}
	script := `set -e
mkdir -p "$1/lists/partial" "$1/cache/archives/partial" && cd "$1"
if [ "$(dpkg --print-architecture)" != "$2" ]; then
	: >status
	printf 'APT::Architecture "%s"; APT::Architectures { "%s"; };\nDir::State::lists "%s/lists"; Dir::State::status "%s/status"; Dir::Cache "%s/cache";\n' "$2" "$2" "$1" "$1" "$1" >apt.conf
	export APT_CONFIG="$1/apt.conf"
	apt-get -q update
fi
name=$(apt-cache depends "linux-image-cloud-$2" | sed -n 's/.*Depends: //p' | head -n 1)
apt-get -q download "$name"
dpkg-deb --fsys-tarfile ./*.deb | tar -x --wildcards './boot/vmlinuz-*' './lib/modules/*/virtio*.ko'`
	if out, err := exec.Command("/bin/sh", "-c", script, "sh", dir, arch).CombinedOutput(); err != nil {
		means.Missing(t, fmt.Sprintf("Debian's package linux-image-cloud-%s: %v\n%s", arch, err, out))
	}
	found, _ := filepath.Glob(dir + "/boot/vmlinuz-*")
	if len(found) == 0 {
		means.Missing(t, "a kernel in Debian's package linux-image-cloud-"+arch)
	}
	return found[0]
}
