package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"rustysd/cmd/sandbox"
)

// restraint is the set of directives that systemd.exec(5) has for what a
// service may call and which rights it has, and view those for what it sees of
// the machine, as far as the compiler honours them and the services of the
// benchmark can live with them: they write to a file in /dev/shm.
const restraint = `NoNewPrivileges=yes
CapabilityBoundingSet=CAP_NET_BIND_SERVICE
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM
SystemCallArchitectures=native
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
ProtectClock=yes
ProtectHostname=yes
`

const view = `ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
PrivateDevices=yes
ProtectProc=invisible
ProcSubset=pid
`

// chainKinds are the chains, from the plain one to the one with all of it.
var chainKinds = [...]struct{ kind, settings, what string }{
	{"chain", "", "plain"},
	{"restrained", restraint, "restrained (filters, rights)"},
	{"confined", restraint + view, "confined (mounts too)"},
}

const systemd = "/usr/lib/systemd/systemd"

// systemdTargets are those that its default dependencies name.
var systemdTargets = [...]string{"sysinit.target", "basic.target", "shutdown.target"}

// confined compares links of chains of oneshots, from one's first instruction
// to the next one's: confined ones with plain ones, and each with what systemd
// takes for the same units. Both inits run in the same sandbox and give each
// service a cgroup.
func (b *bench) confined() ([]row, error) {
	group, err := sandbox.NewCgroup()
	if err != nil {
		fmt.Fprintln(os.Stderr, "rustysd-bench: confined: left out:", err)
		return nil, nil
	}
	removeSoon(group)
	inits := []func(string) (sandbox.Options, error){b.ownInit}
	if _, err := os.Stat(systemd); err == nil {
		inits = append(inits, b.systemdInit)
	} else {
		fmt.Fprintln(os.Stderr, "rustysd-bench: confined: no comparison with systemd:", err)
	}
	took, err := b.chains(inits)
	if err != nil {
		return nil, err
	}
	return confinedRows(took), nil
}

// confinedRows are the rows for what the chains took, by init and kind.
func confinedRows(took [][][]float64) (rows []row) {
	ours := took[0]
	for k := 1; k < len(chainKinds); k++ {
		rows = append(rows, ratio("link of a chain of 100 "+chainKinds[k].what+" oneshots against plain ones, a cgroup each", "µs", ours[k], ours[0], 0))
	}
	if len(took) == 1 {
		return rows
	}
	theirs := took[1]
	for k := range chainKinds {
		rows = append(rows, ratio("… the "+chainKinds[k].what+" ones against systemd", "µs", ours[k], theirs[k], 0))
	}
	last := len(chainKinds) - 1
	return append(rows, ratio("… what the confinement adds to one, against systemd", "µs", less(ours[last], ours[0]), less(theirs[last], theirs[0]), 0))
}

// less is a run for run less b.
func less(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] - b[i]
	}
	return out
}

// chains are the links of each init and kind of chain, in turns.
func (b *bench) chains(inits []func(kind string) (sandbox.Options, error)) ([][][]float64, error) {
	took := make([][][]float64, len(inits))
	for i := range took {
		took[i] = make([][]float64, len(chainKinds))
	}
	for range b.runs {
		for i, options := range inits {
			for k := range chainKinds {
				o, err := options(chainKinds[k].kind)
				if err != nil {
					return nil, err
				}
				us, err := b.sandboxedChain(o)
				if err != nil {
					return nil, err
				}
				took[i][k] = append(took[i][k], us)
			}
		}
	}
	return took, nil
}

// ownInit is a compiled init for a chain.
func (b *bench) ownInit(kind string) (sandbox.Options, error) {
	image, err := b.image(kind, chainLength)
	return sandbox.Options{Init: image, Env: []string{"PATH=/usr/bin:/bin"}}, err
}

// systemdInit is systemd with the units that ownInit has compiled. The host's
// file system is for reading only, as systemd would write to it.
func (b *bench) systemdInit(kind string) (sandbox.Options, error) {
	targets := filepath.Join(b.dir, "systemd")
	if err := os.MkdirAll(targets, 0o755); err != nil {
		return sandbox.Options{}, err
	}
	for _, name := range systemdTargets {
		text, err := os.ReadFile(filepath.Join("/usr/lib/systemd/system", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(targets, name), text, 0o644)
		}
		if err != nil {
			return sandbox.Options{}, err
		}
	}
	return sandbox.Options{Init: "/bin/sh",
		Args: []string{"-c", "mount -o remount,bind,ro / && exec unshare --uts " + systemd + " --unit=bench.target --log-target=null --show-status=no"},
		Env: []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "container=docker", "HOME=/root",
			"SYSTEMD_UNIT_PATH=" + b.units(kind, chainLength) + ":" + targets,
			"SYSTEMD_GENERATOR_PATH=", "SYSTEMD_ENVIRONMENT_GENERATOR_PATH="}}, nil
}

// sandboxedChain is the mean link of one run in microseconds. PID 1 is killed
// at its end: what it would do for its stop is not the matter here.
func (b *bench) sandboxedChain(o sandbox.Options) (us float64, err error) {
	if err := newRecord(b.file); err != nil {
		return 0, err
	}
	if o.Cgroup, err = sandbox.NewCgroup(); err != nil {
		return 0, err
	}
	defer removeSoon(o.Cgroup)
	o.Net, o.Keep = true, []string{b.dir}
	runtime.LockOSThread() // PID 1 dies with this thread
	defer runtime.UnlockOSThread()
	cmd, err := sandbox.Command(o)
	if err != nil {
		return 0, err
	}
	var printed strings.Builder
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &printed, &printed, time.Second
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	rec, err := await(b.file, func(r record) bool { return r.up() >= chainLength })
	kill(cmd)
	if err != nil {
		return 0, fmt.Errorf("%s: %w\n%s", o.Init, err, tail(printed.String()))
	}
	return float64(rec.started(chainLength-1)-rec.started(0)) / (chainLength - 1) / 1e3, nil
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

// removeSoon waits for the kernel to end what was in the groups.
func removeSoon(group *sandbox.Cgroup) {
	for range 100 {
		if group.Remove() == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
}
