package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// settle is how long an init is left alone before it is looked at.
const settle = 700 * time.Millisecond

// withUp runs look on an init that has n services up.
func (b *bench) withUp(n int, look func(pid int) error) error {
	image, err := b.image("boot", n)
	if err != nil {
		return err
	}
	r := runner{b: b}
	if err := r.start(image); err != nil {
		return err
	}
	if _, err := await(b.file, func(r record) bool { return r.up() >= n }); err != nil {
		r.kill()
		r.cmd.Wait()
		return r.explain(err)
	}
	time.Sleep(settle)
	lookErr := look(r.cmd.Process.Pid)
	if _, _, err := r.stop(); err != nil {
		return err
	}
	return lookErr
}

// memory is the init's proportional set size.
func (b *bench) memory() (rows []row, err error) {
	for _, m := range []struct {
		n      int
		budget float64
	}{{100, 2.4}, {1000, 3.5}} {
		var mib []float64
		for range min(b.runs, 3) {
			err := b.withUp(m.n, func(pid int) error {
				kib, err := pss(pid)
				mib = append(mib, kib/1024)
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		rows = append(rows, absolute(fmt.Sprintf("memory (PSS) of the init, %d services up", m.n), "MiB", median(mib), m.budget))
	}
	return rows, nil
}

// Images whose size is measured: the smallest plan that there is, one that runs
// a program and nothing more, and one with what most services want.
var sizeImages = [...]struct {
	what   string
	budget float64
	flags  []string
	units  map[string]string
}{
	{"size of the smallest plan, a target alone, --no-control", 1.5, []string{"--no-control"}, map[string]string{
		"bench.target": "[Unit]\nDescription=Nothing else\n",
	}},
	{"size of an init that runs a program, --no-control", 0, []string{"--no-control"}, map[string]string{
		"bench.target": "[Unit]\nWants=one.service\n",
		"one.service":  "[Service]\nExecStart=/bin/true\nStandardOutput=null\n",
	}},
	{"size of an init with sockets, notify and control", 2.0, nil, map[string]string{
		"bench.target": "[Unit]\nWants=one.service one.socket\n",
		"one.service":  "[Service]\nType=notify\nExecStart=/bin/true ${HOME}\n",
		"one.socket":   "[Socket]\nListenStream=/run/one\n",
	}},
}

// size is the size of stripped inits.
func (b *bench) size() (rows []row, err error) {
	for i, image := range sizeImages {
		dir := filepath.Join(b.dir, fmt.Sprintf("size-%d", i))
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, err
		}
		for name, text := range image.units {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				return nil, err
			}
		}
		if err := b.compile(dir, dir+".init", image.flags); err != nil {
			return nil, err
		}
		info, err := os.Stat(dir + ".init")
		if err != nil {
			return nil, err
		}
		rows = append(rows, absolute(image.what, "MB", float64(info.Size())/1e6, image.budget))
	}
	return rows, nil
}

// idle counts what an init does while nothing happens.
func (b *bench) idle() (rows []row, err error) {
	err = b.withUp(100, func(pid int) error {
		before := wakeUps(pid)
		time.Sleep(5 * time.Second)
		rows = append(rows, absolute("wake-ups of the idle init in 5 s", "calls", float64(wakeUps(pid)-before), 0))
		calls, err := idleCalls(pid, b.dir)
		rows = append(rows, absolute("system calls of the idle init in 5 s", "calls", float64(calls), 0))
		return err
	})
	return rows, err
}

// timed is how long a compilation takes, in seconds.
func (b *bench) timed(units string, env ...string) (float64, error) {
	from := time.Now()
	err := b.compile(units, filepath.Join(b.dir, "timed.init"), nil, env...)
	return time.Since(from).Seconds(), err
}

// compileTime is how long it takes from units to the init: with an empty build
// cache, with a warm one, and what further units add.
func (b *bench) compileTime() ([]row, error) {
	small, big := filepath.Join(b.dir, "compile-100"), filepath.Join(b.dir, "compile-1000")
	for dir, n := range map[string]int{small: 100, big: 1000} {
		if err := b.writeUnits(dir, "boot", n); err != nil {
			return nil, err
		}
	}
	cache := "GOCACHE=" + filepath.Join(b.dir, "cache")
	cold, err := b.timed(small, cache)
	if err != nil {
		return nil, err
	}
	var warm, more []float64
	for i := range min(b.runs, 5) {
		// A changed unit, so that the link is not the same as the last one.
		changed := b.unit("boot", i) + fmt.Sprintf("Environment=RUN=%d\n", i)
		for _, dir := range []string{small, big} {
			if err := os.WriteFile(filepath.Join(dir, unitName(i)), []byte(changed), 0o644); err != nil {
				return nil, err
			}
		}
		s, err := b.timed(small, cache)
		if err != nil {
			return nil, err
		}
		l, err := b.timed(big, cache)
		if err != nil {
			return nil, err
		}
		warm, more = append(warm, s), append(more, (l-s)/9)
	}
	return []row{
		absolute("compile 100 units, empty build cache", "s", cold, 0),
		absolute("compile 100 units, one of them changed", "s", median(warm), 1),
		absolute("each further 100 units", "s", median(more), 0.1),
	}, nil
}

// frontEnd is how long it takes to check units, without gen and go build.
func (b *bench) frontEnd() (rows []row, err error) {
	for _, m := range []struct {
		n      int
		budget float64
	}{{1000, 150}, {10000, 1500}} {
		dir := filepath.Join(b.dir, fmt.Sprintf("check-%d", m.n))
		if err := b.writeUnits(dir, "boot", m.n); err != nil {
			return nil, err
		}
		var ms []float64
		for range min(b.runs, 5) {
			from := time.Now()
			if text, err := exec.Command(b.compiler, "check", "--target", "bench.target", dir).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("check: %w\n%s", err, tail(string(text)))
			}
			ms = append(ms, float64(time.Since(from).Microseconds())/1e3)
		}
		rows = append(rows, absolute(fmt.Sprintf("check %d units, the whole command", m.n), "ms", median(ms), m.budget))
	}
	return rows, nil
}
