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
	after             string // further ordering
	early             bool   // DefaultDependencies=no
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
		wants: "sockets.target paths.target slices.target"},
	{name: "blockdev@.target", description: "Block Device Preparation for /%f"},
	{name: "bluetooth.target", description: "Bluetooth Support"},
	{name: "boot-complete.target", description: "Boot Completion Check"},
	{name: "cryptsetup-pre.target", description: "Local Encrypted Volumes (Pre)"},
	{name: "cryptsetup.target", description: "Local Encrypted Volumes"},
	{name: "default.target", description: "Default Target"},
	{name: "factory-reset.target", description: "Factory Reset"},
	{name: "first-boot-complete.target", description: "First Boot Complete"},
	{name: "getty-pre.target", description: "Preparation for Logins"},
	{name: "getty.target", description: "Login Prompts"},
	{name: "graphical.target", description: "Graphical Interface", requires: "multi-user.target"},
	{name: "hibernate.target", description: "System Hibernation", early: true},
	{name: "hybrid-sleep.target", description: "Hybrid Suspend and Hibernation", early: true},
	{name: "integritysetup-pre.target", description: "Local Integrity Protected Volumes (Pre)"},
	{name: "integritysetup.target", description: "Local Integrity Protected Volumes"},
	{name: "local-fs-pre.target", description: "Preparation for Local File Systems"},
	{name: "local-fs.target", description: "Local File Systems", after: "local-fs-pre.target", early: true},
	{name: "machines.target", description: "Containers"},
	{name: "multi-user.target", description: "Multi-User System", requires: "basic.target"},
	{name: "network-online.target", description: "Network is Online", after: "network.target"},
	{name: "network-pre.target", description: "Preparation for Network"},
	{name: "network.target", description: "Network", after: "network-pre.target"},
	{name: "nss-lookup.target", description: "Host and Network Name Lookups"},
	{name: "nss-user-lookup.target", description: "User and Group Name Lookups"},
	{name: "paths.target", description: "Path Units"},
	{name: "printer.target", description: "Printer Support"},
	{name: "remote-cryptsetup.target", description: "Remote Encrypted Volumes"},
	{name: "remote-fs-pre.target", description: "Preparation for Remote File Systems"},
	{name: "remote-fs.target", description: "Remote File Systems", after: "remote-fs-pre.target", early: true},
	{name: "remote-veritysetup.target", description: "Remote Verity Protected Volumes"},
	{name: "rpcbind.target", description: "RPC Port Mapper"},
	{name: "sigpwr.target", description: "Power Failure"},
	{name: "sleep.target", description: "Sleep", early: true},
	{name: "slices.target", description: "Slice Units"},
	{name: "smartcard.target", description: "Smart Card"},
	{name: "sockets.target", description: "Socket Units"},
	{name: "sound.target", description: "Sound Card"},
	{name: "ssh-access.target", description: "SSH Access"},
	{name: "suspend-then-hibernate.target", description: "Suspend and Later Hibernation", early: true},
	{name: "suspend.target", description: "System Suspension", early: true},
	{name: "swap.target", description: "Swaps"},
	{name: "sysinit.target", description: "System Initialization", wants: "local-fs.target swap.target"},
	{name: "system-update-pre.target", description: "Preparation for Offline Updates", early: true},
	{name: "system-update.target", description: "Offline System Update", early: true},
	{name: "time-set.target", description: "System Time Set"},
	{name: "time-sync.target", description: "System Time Synchronized", wants: "time-set.target"},
	{name: "timers.target", description: "Timer Units", early: true},
	{name: "tpm2.target", description: "Trusted Platform Module"},
	{name: "usb-gadget.target", description: "Hardware Activated USB Gadget"},
	{name: "veritysetup-pre.target", description: "Local Verity Protected Volumes (Pre)"},
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
	{"runlevel2.target", "multi-user.target"}, {"runlevel3.target", "multi-user.target"},
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
	// basic.target pulls in timers.target without waiting for it (bootup(7)).
	if u := s.byName["basic.target"]; u.builtin {
		u.imply(plan.Wants, "timers.target", "built in")
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
	say("Wants", b.wants)
	say("After", strings.TrimSpace(b.requires+" "+b.wants+" "+b.after))
	if b.early {
		say("DefaultDependencies", "no")
	}
	return out
}
