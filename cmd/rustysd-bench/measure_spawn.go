package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// spawn compares spawn and wait of one static child with posix_spawn(3), by the
// benchmark of package runtime, which has the spawner without an init around it.
func (b *bench) spawn() ([]row, error) {
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", "^BenchmarkSpawn$", "-benchtime", strconv.Itoa(b.runs)+"x", "rustysd/runtime")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(string(out)))
	}
	var rows []row
	for _, kind := range [...]struct{ name, what string }{
		{"row", "spawn and wait of one child, many in flight"}, {"chain", "spawn and wait of one child, one by one"},
	} {
		took, ratioTo, err := spawnFigures(string(out), kind.name)
		if err != nil {
			return nil, err
		}
		rows = append(rows, ratio(kind.what, "µs", []float64{took}, []float64{took / ratioTo}, 1.0))
	}
	return rows, nil
}

// spawnFigures finds the benchmark's own metrics, "VALUE UNIT", in its line.
func spawnFigures(out, name string) (took, ratioTo float64, err error) {
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, "BenchmarkSpawn/"+name+"-") && !strings.HasPrefix(line, "BenchmarkSpawn/"+name+"\t") {
			continue
		}
		words := strings.Fields(line)
		for i := 1; i < len(words); i++ {
			switch words[i] {
			case "µs/spawn":
				took, err = strconv.ParseFloat(words[i-1], 64)
			case "ratio":
				ratioTo, err = strconv.ParseFloat(words[i-1], 64)
			}
			if err != nil {
				return 0, 0, err
			}
		}
	}
	if took <= 0 || ratioTo <= 0 {
		return 0, 0, fmt.Errorf("BenchmarkSpawn/%s printed no figures:\n%s", name, tail(out))
	}
	return took, ratioTo, nil
}
