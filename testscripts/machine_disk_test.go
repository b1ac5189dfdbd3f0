package testscripts

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/internal/means"
)

// diskModules are what Debian's kernel for virtual machines needs to see a disk,
// in the order in which they need each other.
var diskModules = []string{"virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk"}

// loadDisk is the words of look that make the kernel see the disk.
var loadDisk = "module:/" + strings.Join(diskModules, ".ko module:/") + ".ko"

// addDisk gives a machine an empty disk, and the program and the modules to see
// it.
func (m *machine) addDisk(t *testing.T) {
	t.Helper()
	m.add(t, "bin/look", buildLook(t, "amd64"))
	lib := filepath.Join(filepath.Dir(filepath.Dir(machineKernel(t, "amd64"))), "lib/modules/*/kernel/drivers/*")
	for _, name := range diskModules {
		found, _ := filepath.Glob(filepath.Join(lib, name+".ko"))
		if len(found) == 0 {
			t.Fatal("no module ", name, " in ", lib)
		}
		m.add(t, name+".ko", found[len(found)-1])
	}
	m.disk = filepath.Join(t.TempDir(), "disk")
	if err := os.WriteFile(m.disk, make([]byte, 16<<20), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestMachineDisk has a machine write to a disk until its end: a service holds a
// file open, and mounts are there that nobody but the init unmounts. The disk
// must be as an ordered stop leaves it, without a journal to replay.
func TestMachineDisk(t *testing.T) {
	if testing.Short() {
		t.Skip("short: boots a virtual machine")
	}
	means.Programs(t, "mkfs.ext4", "dumpe2fs", "debugfs")
	m := bareMachine(t, amd64, map[string]string{
		"default.target": "[Unit]\nWants=disk.service holder.service end.service\n",
		"disk.service":   "[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/look " + loadDisk + " disk:/data make:/data/made disk:/data/again\n",
		"holder.service": "[Unit]\nRequires=disk.service\nAfter=disk.service\n[Service]\nExecStart=/bin/look hold:/data/held\n",
		"end.service":    "[Unit]\nAfter=holder.service\nSuccessAction=poweroff\n[Service]\nType=oneshot\nExecStart=/bin/look await:/data/held mounted:/data\n",
	})
	m.addDisk(t)
	means.Run(t, "mkfs.ext4", "-q", m.disk)
	log := m.boot(t)
	if !strings.Contains(log, "disk:/data done") || !strings.Contains(log, "disk:/data/again done") {
		t.Fatal("the disk was not mounted:\n", log)
	}
	if head := means.Run(t, "dumpe2fs", "-h", m.disk); !strings.Contains(head, "clean\n") || strings.Contains(head, "needs_recovery") {
		t.Errorf("the disk was not unmounted:\n%s\n%s", head, log)
	}
	if list := means.Run(t, "debugfs", "-R", "ls /", m.disk); !strings.Contains(list, "made") || !strings.Contains(list, "held") {
		t.Errorf("the disk has\n%s", list)
	}
}
