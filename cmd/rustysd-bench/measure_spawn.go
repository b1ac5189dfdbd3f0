package main

import "strconv"

// spawn compares spawn and wait of one static child with posix_spawn(3), by the
// benchmark of package runtime, which has the spawner without an init around it.
func (b *bench) spawn() (rows []row, err error) {
	out, err := goBench("rustysd/runtime", "BenchmarkSpawn", strconv.Itoa(b.runs)+"x")
	if err != nil {
		return nil, err
	}
	for _, kind := range [...]struct{ name, what string }{
		{"row", "spawn and wait of one child, many in flight"}, {"chain", "spawn and wait of one child, one by one"},
	} {
		f, err := figures(out, "BenchmarkSpawn/"+kind.name, "µs/spawn", "ratio")
		if err != nil {
			return nil, err
		}
		took := f["µs/spawn"]
		rows = append(rows, ratio(kind.what, "µs", []float64{took}, []float64{took / f["ratio"]}, 1.0))
	}
	return rows, nil
}

// filter compares the program that SystemCallFilter=@system-service becomes
// with a linear list of the same calls.
func (b *bench) filter() (rows []row, err error) {
	out, err := goBench("rustysd/compiler/seccomp", "BenchmarkCall", "300ms")
	if err != nil {
		return nil, err
	}
	at := func(kind, unit string) (v float64) {
		if err != nil {
			return 0
		}
		var f map[string]float64
		f, err = figures(out, "BenchmarkCall/"+kind, unit)
		return f[unit]
	}
	against := func(what, unit, call, metric string) {
		got, list := at("search/"+call, metric), at("list/"+call, metric)
		rows = append(rows, ratio(what, unit, []float64{got}, []float64{list}, 0))
	}
	against("filter @system-service against a linear list: length", "instructions", "refused", "instructions")
	against("… run for a refused call", "instructions", "refused", "steps")
	against("… a refused call in the kernel", "ns", "refused", "ns/op")
	against("… an allowed call in the kernel", "ns", "allowed", "ns/op")
	rows = append(rows, absolute("… the same allowed call without a filter", "ns", at("none/allowed", "ns/op"), 0))
	return rows, err
}
