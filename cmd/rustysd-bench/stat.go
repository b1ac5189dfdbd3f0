package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// median of some values; they are sorted in place.
func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	slices.Sort(v)
	if n := len(v) / 2; len(v)%2 == 0 {
		return (v[n-1] + v[n]) / 2
	} else {
		return v[n]
	}
}

// pss is a process's proportional set size in KiB.
func pss(pid int) (float64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "Pss:"); ok {
			return strconv.ParseFloat(strings.Fields(v)[0], 64)
		}
	}
	return 0, fmt.Errorf("no Pss in smaps_rollup of %d", pid)
}

// wakeUps counts how often the threads of a process have been given the CPU.
func wakeUps(pid int) (n int) {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	for _, name := range files {
		b, _ := os.ReadFile(name)
		for line := range strings.Lines(string(b)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.HasSuffix(k, "voluntary_ctxt_switches") {
				c, _ := strconv.Atoi(strings.TrimSpace(v))
				n += c
			}
		}
	}
	return n
}

// idleCalls counts the system calls that a process starts within five seconds.
// The first second under strace does not count: being attached to interrupts a
// wait, which is then begun again.
func idleCalls(pid int, scratch string) (int, error) {
	out := filepath.Join(scratch, "strace")
	trace := exec.Command("strace", "-f", "-ttt", "-o", out, "-p", strconv.Itoa(pid))
	begin := float64(time.Now().UnixMicro()) / 1e6
	if err := trace.Start(); err != nil {
		return 0, err
	}
	time.Sleep(6 * time.Second)
	end := float64(time.Now().UnixMicro()) / 1e6
	trace.Process.Signal(os.Interrupt)
	if err := trace.Wait(); err != nil && !strings.Contains(err.Error(), "interrupt") && trace.ProcessState.ExitCode() > 1 {
		return 0, fmt.Errorf("strace: %w", err)
	}
	b, err := os.ReadFile(out)
	if err != nil || len(b) == 0 {
		return 0, fmt.Errorf("strace saw no process: %v", err)
	}
	n := 0
	for line := range strings.Lines(string(b)) {
		f := strings.Fields(line)
		if len(f) < 3 || !strings.Contains(line, "(") {
			continue
		}
		if at, err := strconv.ParseFloat(f[1], 64); err == nil && at > begin+1 && at < end-0.01 {
			n++
		}
	}
	return n, nil
}
