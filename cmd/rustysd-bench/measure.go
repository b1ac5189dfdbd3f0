package main

import (
	"strconv"
	"time"
)

// measures are what is measured, in the order of the table. The budgets are
// the project's own.
var measures = [...]struct {
	name string
	take func(*bench) ([]row, error)
}{
	{"spawn", (*bench).spawn},
	{"filter", (*bench).filter},
	{"boot-10", func(b *bench) ([]row, error) { return b.boot(10, 2.5, 0) }},
	{"boot-100", func(b *bench) ([]row, error) { return b.boot(100, 0, 0) }},
	{"boot-1000", func(b *bench) ([]row, error) { return b.boot(1000, 0.8, 1.3) }},
	{"chain", func(b *bench) ([]row, error) { return b.link("chain", "link of a chain of 100 oneshots") }},
	{"ready", func(b *bench) ([]row, error) { return b.link("ready", "link of a chain of 100 READY=1") }},
	{"confined", (*bench).confined},
	{"memory", (*bench).memory},
	{"size", (*bench).size},
	{"idle", (*bench).idle},
	{"compile", (*bench).compileTime},
	{"frontend", (*bench).frontEnd},
}

// bootTimes are one run of independent services: to the last one's first
// instruction, and from the request to stop to its receipt by the last one and
// to the end of PID 1.
type bootTimes struct{ up, stop, exit float64 }

// once boots n services, waits until they are all up, and stops them.
func (b *bench) once(n int, cgroups bool, argv ...string) (t bootTimes, err error) {
	r := runner{b: b, cgroups: cgroups}
	if err := r.start(argv...); err != nil {
		return t, err
	}
	rec, err := await(b.file, func(r record) bool { return r.up() >= n })
	if err != nil {
		r.kill()
		r.cmd.Wait()
		return t, r.explain(err)
	}
	t.up = float64(rec.lastStart(n)-rec.boot()) / 1e6
	time.Sleep(100 * time.Millisecond) // the services' own first steps
	asked, ended, err := r.stop()
	if err != nil {
		return t, err
	}
	if rec, err = await(b.file, func(r record) bool { return r.down() >= n }); err != nil {
		return t, r.explain(err)
	}
	t.stop = float64(rec.lastStop(n)-asked) / 1e6
	t.exit = float64(ended-asked) / 1e6
	return t, nil
}

// boot compares the boot and the stop of n services, without and, when there
// is a budget for it, with a cgroup for each.
func (b *bench) boot(n int, budget, cgroupBudget float64) ([]row, error) {
	image, err := b.image("boot", n)
	if err != nil {
		return nil, err
	}
	limit := []string{b.limit, "boot", strconv.Itoa(n), b.svc, b.file}
	var up, upLimit, upGroups, stop, stopLimit, exit, exitLimit []float64
	for range b.runs {
		l, err := b.once(n, false, limit...)
		if err != nil {
			return nil, err
		}
		t, err := b.once(n, false, image)
		if err != nil {
			return nil, err
		}
		if cgroupBudget != 0 {
			g, err := b.once(n, true, image)
			if err != nil {
				return nil, err
			}
			upGroups = append(upGroups, g.up)
		}
		up, upLimit = append(up, t.up), append(upLimit, l.up)
		stop, stopLimit = append(stop, t.stop), append(stopLimit, l.stop)
		exit, exitLimit = append(exit, t.exit), append(exitLimit, l.exit)
	}
	of := " of " + strconv.Itoa(n) + " services"
	rows := []row{ratio("boot"+of, "ms", up, upLimit, budget)}
	if cgroupBudget != 0 {
		stopBudget := 1.1
		rows = append(rows, ratio("boot"+of+", a cgroup each", "ms", upGroups, upLimit, cgroupBudget),
			ratio("stop"+of+", to the last SIGTERM", "ms", stop, stopLimit, stopBudget),
			ratio("stop"+of+", to the end of PID 1", "ms", exit, exitLimit, 0))
	}
	return rows, nil
}

// chainLength is how many links the chains have.
const chainLength = 100

// link compares the time from one service's start to the next one's, where
// each waits for the one before.
func (b *bench) link(kind, what string) ([]row, error) {
	image, err := b.image(kind, chainLength)
	if err != nil {
		return nil, err
	}
	limit := []string{b.limit, kind, strconv.Itoa(chainLength), b.svc, b.file}
	var links, linksLimit []float64
	for range b.runs {
		l, err := b.oneChain(limit...)
		if err != nil {
			return nil, err
		}
		t, err := b.oneChain(image)
		if err != nil {
			return nil, err
		}
		links, linksLimit = append(links, t), append(linksLimit, l)
	}
	return []row{ratio(what, "µs", links, linksLimit, 1.3)}, nil
}

// oneChain is the mean link of one run, in microseconds.
func (b *bench) oneChain(argv ...string) (float64, error) {
	r := runner{b: b}
	if err := r.start(argv...); err != nil {
		return 0, err
	}
	rec, err := await(b.file, func(r record) bool { return r.up() >= chainLength })
	if err != nil {
		r.kill()
		r.cmd.Wait()
		return 0, r.explain(err)
	}
	time.Sleep(20 * time.Millisecond) // the last one's READY=1
	if _, _, err := r.stop(); err != nil {
		return 0, err
	}
	return float64(rec.started(chainLength-1)-rec.started(0)) / (chainLength - 1) / 1e3, nil
}
