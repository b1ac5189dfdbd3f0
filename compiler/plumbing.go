package compiler

import "strings"

// fate is what becomes of a unit that systemd ships to run its own machinery.
type fate uint8

const (
	// replaced: the init does that work itself.
	replaced fate = iota
	// dropped: an image has no use for it.
	dropped
	// ownKernel: it works alone, and is kept where the image has the kernel to
	// itself; in a container it is dropped.
	ownKernel
)

func (f fate) String() string { return [...]string{"replaced", "dropped", "dropped"}[f] }

// plumbing is one row about systemd's own units.
type plumbing struct {
	// names are unit names, separated by blanks. A template stands for all
	// its instances; a star at the end of one for any rest.
	names string
	fate  fate
	why   string // completes "because"
}

// plumbingTable has all units of systemd's packages that are not targets and
// that an image leaves out. A requirement on one of them is satisfied, and the
// compiler says so once for each that a kept unit asks for. The name decides
// and not the file: a copy of such a unit could not work under another init
// either. Units of systemd's packages that are not here (syslog.socket,
// systemd-timesyncd.service, systemd-networkd.service, systemd-resolved.service
// and others) work alone and are compiled like any other.
var plumbingTable = [...]plumbing{
	{"systemd-journald.service systemd-journald.socket systemd-journald-dev-log.socket systemd-journald@.service " +
		"systemd-journald@.socket systemd-journald-sync@.service", replaced, "the init logs what services print, and what comes to /dev/log and to the sockets of a journal"},
	{"systemd-journald-audit.socket systemd-journald-varlink@.socket systemd-journal-flush.service " +
		"systemd-journal-catalog-update.service", dropped, "the init keeps no journal on disk"},
	{"systemd-initctl.service systemd-initctl.socket", replaced, "the init has a control socket of its own"},

	{"systemd-poweroff.service systemd-reboot.service systemd-halt.service systemd-kexec.service " +
		"systemd-exit.service systemd-soft-reboot.service systemd-shutdown.service", replaced,
		"the init stops all units in order itself"},
	{"systemd-suspend.service systemd-hibernate.service systemd-hybrid-sleep.service " +
		"systemd-suspend-then-hibernate.service systemd-hibernate-resume@.service systemd-hibernate-resume.service " +
		"systemd-hibernate-clear.service", dropped, "an image does not sleep"},

	{"systemd-tmpfiles-setup.service systemd-tmpfiles-setup-dev.service systemd-tmpfiles-setup-dev-early.service " +
		"systemd-tmpfiles-clean.service systemd-tmpfiles-clean.timer", replaced,
		"the init does the lines of tmpfiles.d that the image needs, and nothing is cleaned up by age"},
	{"systemd-sysusers.service systemd-firstboot.service systemd-machine-id-commit.service systemd-hwdb-update.service " +
		"systemd-update-done.service ldconfig.service systemd-sysext.service systemd-confext.service " +
		"systemd-repart.service system-update-cleanup.service systemd-sysext.socket systemd-sysext@.service " +
		"systemd-sysupdate.service systemd-sysupdate.timer systemd-sysupdate-reboot.service systemd-sysupdate-reboot.timer", dropped, "that is done when the image is built"},

	{"systemd-udevd.service systemd-udevd-control.socket systemd-udevd-kernel.socket systemd-udev-trigger.service " +
		"systemd-udev-settle.service systemd-udev-load-credentials.service", ownKernel, "device nodes are the container's, or with --profile vm or board udev's"},
	{"initrd-udevadm-cleanup-db.service", dropped, "there is no initrd to leave"},
	{"systemd-modules-load.service kmod-static-nodes.service modprobe@.service systemd-binfmt.service " +
		"systemd-sysctl.service systemd-vconsole-setup.service systemd-random-seed.service systemd-pstore.service", ownKernel,
		"the kernel is the host's, unless --profile says vm or board"},
	{"systemd-remount-fs.service", ownKernel, "file systems are mounted before the container starts; --profile vm or board keeps it"},
	{"systemd-network-generator.service systemd-pcrphase*.service systemd-pcrextend*.service systemd-pcrmachine.service systemd-pcrfs*.service " +
		"systemd-pcrextend.socket systemd-pcrlock*.service systemd-pcrlock.socket " +
		"systemd-tpm2-setup*.service systemd-boot-update.service systemd-bless-boot.service " +
		"systemd-boot-random-seed.service systemd-boot-check-no-failures.service systemd-bsod.service", dropped,
		"the kernel is set up by the host, or by the board's own units"},
	{"systemd-fsck@.service systemd-fsck-root.service systemd-fsckd.service " +
		"systemd-fsckd.socket systemd-quotacheck.service systemd-quotacheck@.service quotaon.service quotaon@.service " +
		"systemd-quotacheck-root.service quotaon-root.service " +
		"systemd-growfs@.service systemd-growfs-root.service systemd-volatile-root.service systemd-makefs@.service " +
		"systemd-mkswap@.service systemd-cryptsetup@.service systemd-veritysetup@.service " +
		"systemd-integritysetup@.service systemd-backlight@.service systemd-rfkill.service " +
		"systemd-rfkill.socket systemd-storagetm.service", dropped,
		"file systems and devices are ready before the init starts"},

	{"getty@.service serial-getty@.service console-getty.service container-getty@.service getty-static.service " +
		"autovt@.service", ownKernel, "a container has no login prompt; --profile vm or board keeps it"},
	{"debug-shell.service", dropped, "a shell without a password is nothing for an image"},
	{"rescue.service rescue.target runlevel1.target emergency.service emergency.target systemd-sulogin*.service", dropped,
		"an image has no maintenance shell"},
	{"systemd-ask-password-console.path systemd-ask-password-console.service systemd-ask-password-wall.path " +
		"systemd-ask-password-wall.service systemd-ask-password-plymouth.path systemd-ask-password-plymouth.service", dropped,
		"nobody is there to ask"},

	{"systemd-logind.service systemd-logind-varlink.socket systemd-user-sessions.service user@.service " +
		"user-runtime-dir@.service capsule@.service systemd-userdbd.service systemd-userdbd.socket systemd-homed.service " +
		"systemd-homed-activate.service systemd-homed-firstboot.service systemd-update-utmp.service systemd-update-utmp-runlevel.service", dropped,
		"there are no login sessions: logind needs systemd itself as init"},
	{"systemd-hostnamed.service systemd-hostnamed.socket systemd-localed.service systemd-timedated.service " +
		"systemd-machined.service systemd-importd.service systemd-portabled.service systemd-oomd.service " +
		"systemd-oomd.socket systemd-nspawn@.service systemd-vmspawn@.service systemd-coredump.socket systemd-coredump@.service " +
		"systemd-importd.socket systemd-sysupdated.service systemd-bootctl.socket systemd-bootctl@.service systemd-creds.socket " +
		"systemd-creds@.service systemd-mountfsd.service systemd-mountfsd.socket systemd-nsresourced.service systemd-nsresourced.socket", dropped,
		"it is an interface to systemd as init"},
	{"systemd-battery-check.service initrd-cleanup.service initrd-parse-etc.service initrd-switch-root.service initrd-switch-root.target rc-local.service", dropped,
		"it belongs to how systemd boots a machine"},

	{"dev-hugepages.mount dev-mqueue.mount sys-kernel-config.mount sys-kernel-debug.mount sys-kernel-tracing.mount " +
		"sys-fs-fuse-connections.mount proc-sys-fs-binfmt_misc.automount proc-sys-fs-binfmt_misc.mount " +
		"var-lib-machines.mount tmp.mount", dropped, "file systems are mounted before the init starts"},
	// Debian's, of version 256 on; before that its systemd did it without a unit.
	{"run-lock.mount", replaced, "the init makes /run/lock"},
}

// plumbingOf is the row about a unit, unless the unit is kept all the same.
func (s *unitSet) plumbingOf(name string) *plumbing {
	row := plumbingOf(name)
	if row != nil && row.fate == ownKernel && s.ownsKernel() {
		return nil
	}
	return row
}

// lackingProgram is a row for one of systemd's own units that would be kept, and
// has no program in the root: it is left out like the others.
func (s *unitSet) lackingProgram(u *unit) *plumbing {
	if s.opt.Root == "" || plumbingOf(u.name) == nil {
		return nil
	}
	for i := range u.settings {
		if set := &u.settings[i]; set.section == "Service" && set.key == "ExecStart" {
			words := strings.Fields(strings.TrimLeft(set.value.Text(), "-+!@:"))
			if len(words) == 0 || !strings.HasPrefix(words[0], "/") {
				return nil
			}
			if why := s.programTrouble(words[0]); why != "" {
				return &plumbing{fate: dropped, why: "its program \"" + words[0] + "\" " + why}
			}
			return nil
		}
	}
	return nil
}

var (
	plumbingNames  map[string]*plumbing
	plumbingStarts []plumbingStart
)

// plumbingStart is a name with a star in it.
type plumbingStart struct {
	before, after string
	row           *plumbing
}

func init() {
	plumbingNames = map[string]*plumbing{}
	for i := range plumbingTable {
		row := &plumbingTable[i]
		for _, name := range strings.Fields(row.names) {
			if before, after, ok := strings.Cut(name, "*"); ok {
				plumbingStarts = append(plumbingStarts, plumbingStart{before, after, row})
			} else {
				plumbingNames[name] = row
			}
		}
	}
}

// plumbingOf is the row about a unit, or nil.
func plumbingOf(name string) *plumbing {
	if row := plumbingNames[name]; row != nil {
		return row
	}
	if n := splitName(name); n.instance != "" {
		return plumbingNames[n.prefix+"@."+n.suffix]
	}
	for _, p := range plumbingStarts {
		if strings.HasPrefix(name, p.before) && strings.HasSuffix(name, p.after) {
			return p.row
		}
	}
	return nil
}
