package compiler

import (
	"strings"

	"rustysd/grammar"
	"rustysd/runtime/plan"
)

// builtin is a well-known target that exists without a file.
type builtin struct {
	name, description string
	requires, wants   string // blank-separated; each also gives After=
	loose             string // wanted without After=
	ifThere           string // wanted as well if there is such a unit
	after, before     string // further ordering
	early             bool   // DefaultDependencies=no
	yes               string // other settings that are on, by name
}

type builtins []builtin

// builtinTargets are the targets of systemd.special(7) that units count on,
// with the dependencies of bootup(7). A file of the same name replaces a row
// wholly. A target that nothing in the image hangs on is left out of it again
// (see prune).
//
// Diverges: local-fs.target has no OnFailure=emergency.target, because an
// image has no maintenance shell.
var builtinTargets = builtins{
	{name: "basic.target", description: "Basic System", requires: "sysinit.target",
		wants: "sockets.target paths.target slices.target", loose: "timers.target"},
	{name: "blockdev@.target", description: "Block Device Preparation for /%f", yes: "StopWhenUnneeded"},
	{name: "bluetooth.target", description: "Bluetooth Support", yes: "StopWhenUnneeded"},
	{name: "boot-complete.target", description: "Boot Completion Check", requires: "sysinit.target"},
	{name: "cryptsetup-pre.target", description: "Local Encrypted Volumes (Pre)", before: "cryptsetup.target", yes: "RefuseManualStart"},
	{name: "cryptsetup.target", description: "Local Encrypted Volumes"},
	{name: "default.target", description: "Default Target", yes: "AllowIsolate"},
	{name: "factory-reset.target", description: "Factory Reset"},
	{name: "first-boot-complete.target", description: "First Boot Complete", yes: "RefuseManualStart"},
	{name: "getty-pre.target", description: "Preparation for Logins"},
	{name: "getty.target", description: "Login Prompts"},
	{name: "graphical.target", description: "Graphical Interface", requires: "multi-user.target",
		ifThere: "display-manager.service", yes: "AllowIsolate"},
	{name: "hibernate.target", description: "System Hibernation", early: true, yes: "StopWhenUnneeded"},
	{name: "hybrid-sleep.target", description: "Hybrid Suspend and Hibernation", early: true, yes: "StopWhenUnneeded"},
	{name: "imports-pre.target", description: "Image Downloads (Pre)", before: "imports.target"},
	{name: "imports.target", description: "Image Downloads"},
	{name: "initrd-fs.target", description: "Initrd File Systems", early: true},
	{name: "initrd-root-device.target", description: "Initrd Root Device",
		loose: "remote-cryptsetup.target remote-veritysetup.target", early: true},
	{name: "initrd-root-fs.target", description: "Initrd Root File System", early: true},
	{name: "initrd-usr-fs.target", description: "Initrd /usr File System", early: true},
	{name: "initrd.target", description: "Initrd Default Target", requires: "basic.target",
		wants: "initrd-root-fs.target initrd-root-device.target initrd-fs.target initrd-usr-fs.target", yes: "AllowIsolate"},
	{name: "integritysetup-pre.target", description: "Local Integrity Protected Volumes (Pre)", before: "integritysetup.target", yes: "RefuseManualStart"},
	{name: "integritysetup.target", description: "Local Integrity Protected Volumes"},
	{name: "local-fs-pre.target", description: "Preparation for Local File Systems", yes: "RefuseManualStart"},
	{name: "local-fs.target", description: "Local File Systems", after: "local-fs-pre.target", early: true},
	{name: "machines.target", description: "Containers"},
	{name: "multi-user.target", description: "Multi-User System", requires: "basic.target",
		wants: "getty.target", loose: "remote-fs.target remote-cryptsetup.target remote-veritysetup.target", yes: "AllowIsolate"},
	{name: "network-online.target", description: "Network is Online", after: "network.target"},
	{name: "network-pre.target", description: "Preparation for Network", yes: "RefuseManualStart"},
	{name: "network.target", description: "Network", after: "network-pre.target", yes: "RefuseManualStart"},
	{name: "nss-lookup.target", description: "Host and Network Name Lookups", yes: "RefuseManualStart"},
	{name: "nss-user-lookup.target", description: "User and Group Name Lookups", yes: "RefuseManualStart"},
	{name: "paths.target", description: "Path Units"},
	{name: "printer.target", description: "Printer Support", yes: "StopWhenUnneeded"},
	{name: "remote-cryptsetup.target", description: "Remote Encrypted Volumes", after: "remote-fs-pre.target cryptsetup-pre.target", early: true},
	{name: "remote-fs-pre.target", description: "Preparation for Remote File Systems", yes: "RefuseManualStart"},
	{name: "remote-fs.target", description: "Remote File Systems", after: "remote-fs-pre.target", early: true},
	{name: "remote-veritysetup.target", description: "Remote Verity Protected Volumes", after: "remote-fs-pre.target veritysetup-pre.target", early: true},
	{name: "rpcbind.target", description: "RPC Port Mapper", yes: "RefuseManualStart"},
	{name: "sigpwr.target", description: "Power Failure"},
	{name: "sleep.target", description: "Sleep", early: true, yes: "RefuseManualStart StopWhenUnneeded"},
	{name: "slices.target", description: "Slice Units"},
	{name: "smartcard.target", description: "Smart Card", yes: "StopWhenUnneeded"},
	{name: "sockets.target", description: "Socket Units"},
	{name: "sound.target", description: "Sound Card", yes: "StopWhenUnneeded"},
	{name: "ssh-access.target", description: "SSH Access"},
	{name: "suspend-then-hibernate.target", description: "Suspend and Later Hibernation", early: true, yes: "StopWhenUnneeded"},
	{name: "suspend.target", description: "System Suspension", early: true, yes: "StopWhenUnneeded"},
	{name: "storage-target-mode.target", description: "Storage Target Mode"},
	{name: "swap.target", description: "Swaps"},
	{name: "sysinit.target", description: "System Initialization",
		wants: "local-fs.target swap.target cryptsetup.target integritysetup.target veritysetup.target"},
	{name: "system-update-pre.target", description: "Preparation for Offline Updates", after: "sysinit.target", yes: "RefuseManualStart"},
	{name: "system-update.target", description: "Offline System Update", requires: "sysinit.target",
		after: "system-update-pre.target", yes: "AllowIsolate"},
	{name: "time-set.target", description: "System Time Set", yes: "RefuseManualStart"},
	{name: "time-sync.target", description: "System Time Synchronized", wants: "time-set.target", yes: "RefuseManualStart"},
	{name: "timers.target", description: "Timer Units", early: true},
	{name: "tpm2.target", description: "Trusted Platform Module"},
	{name: "usb-gadget.target", description: "Hardware Activated USB Gadget"},
	{name: "veritysetup-pre.target", description: "Local Verity Protected Volumes (Pre)", before: "veritysetup.target", yes: "RefuseManualStart"},
	{name: "veritysetup.target", description: "Local Verity Protected Volumes"},

	// What ends the system; see isShutdown.
	{name: "exit.target", description: "Exit the Container", early: true},
	{name: "final.target", description: "Late Shutdown Services", early: true},
	{name: "halt.target", description: "System Halt", early: true},
	{name: "kexec.target", description: "Reboot via kexec", early: true},
	{name: "poweroff.target", description: "System Power Off", early: true},
	{name: "reboot.target", description: "System Reboot", early: true},
	{name: "shutdown.target", description: "System Shutdown", early: true},
	{name: "umount.target", description: "Unmount All Filesystems", early: true},
}

// runlevels are the names that targets had before systemd
// (systemd.special(7), "runlevel2.target" and the following).
var runlevels = [...][2]string{
	{"runlevel0.target", "poweroff.target"}, {"runlevel6.target", "reboot.target"}, {"runlevel2.target", "multi-user.target"}, {"runlevel3.target", "multi-user.target"},
	{"runlevel4.target", "multi-user.target"}, {"runlevel5.target", "graphical.target"},
}

// has says whether there is a row of that name.
func (b builtins) has(name string) bool {
	for i := range b {
		if b[i].name == name {
			return true
		}
	}
	return false
}

// isShutdown says whether a unit is part of how systemd goes down. The init
// has an ordered stop of its own, so these units never get into an image:
// Conflicts=shutdown.target and Before=shutdown.target mean what the machine
// does anyway.
func isShutdown(name string) bool {
	switch name {
	case "exit.target", "final.target", "halt.target", "kexec.target", "poweroff.target", "reboot.target",
		"shutdown.target", "soft-reboot.target", "umount.target", "ctrl-alt-del.target":
		return true
	}
	return false
}

// addBuiltins adds the well-known targets for which there is no file.
func (s *unitSet) addBuiltins() {
	for i := range builtinTargets {
		b := &builtinTargets[i]
		if s.byName[b.name] != nil {
			continue
		}
		u := &unit{name: b.name, builtin: true, settings: b.settings()}
		s.classify(u)
		s.add(u)
	}
	for i := range builtinTargets {
		b := &builtinTargets[i]
		if u := s.byName[b.name]; u.builtin && b.ifThere != "" && s.find(b.ifThere) != nil {
			u.imply(plan.Wants|plan.After, b.ifThere, "built in")
		}
	}
	for _, a := range s.builtinAliases {
		if u := s.find(a[1]); u != nil {
			s.alias(a[0], u)
		}
	}
	for _, a := range runlevels { // no aliases to tell of: nobody wrote them down
		if s.byName[a[0]] == nil {
			s.byName[a[0]] = s.byName[a[1]]
		}
	}
}

// settings are the row as a unit file would say it.
func (b *builtin) settings() []setting {
	var out []setting
	say := func(key, value string) {
		if value != "" {
			out = append(out, setting{section: "Unit", key: key, value: grammar.NewValue(value, grammar.Pos{})})
		}
	}
	say("Description", b.description)
	say("Requires", b.requires)
	say("Wants", strings.TrimSpace(b.wants+" "+b.loose))
	say("After", strings.TrimSpace(b.requires+" "+b.wants+" "+b.after))
	say("Before", b.before)
	if b.early {
		say("DefaultDependencies", "no")
	}
	for name := range strings.FieldsSeq(b.yes) {
		say(name, "yes")
	}
	return out
}
