package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"rustysd/cmd/sandbox"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == stageArg {
		stage(os.Args[2:])
	}
	sandbox.Stage()
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "rustysd-bench:", err)
		os.Exit(3)
	}
}

// options are the command line.
type options struct {
	compiler string // the rustysd-compile to measure
	runs     int    // how often each measurement is repeated
	only     string // the measure to take, "" for all
}

func run() error {
	defer sandbox.Tidy()
	var o options
	flag.StringVar(&o.compiler, "compiler", "./rustysd-compile", "the compiler to measure")
	flag.IntVar(&o.runs, "runs", 7, "runs of each measurement, of which the median counts")
	flag.StringVar(&o.only, "only", "", "take one `measure` only")
	flag.Parse()
	compiler, err := filepath.Abs(o.compiler)
	if err != nil {
		return err
	}
	o.compiler = compiler
	dir, err := scratch()
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	// In memory, because the services of every run write to it.
	file, err := os.CreateTemp("/dev/shm", "rustysd-bench-")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	b, err := newBench(o, dir, file.Name())
	if err != nil {
		return err
	}
	fmt.Printf("%s, %d CPUs, %s; medians of %d interleaved runs.\n\n", kernel(), runtime.NumCPU(), cpuName(), o.runs)
	return b.table(os.Stdout)
}

// scratch makes the folder of the run. What a confined service executes must
// not lie in a temporary folder, which it has one of its own of; without root,
// who alone has cgroups to confine, any will do.
func scratch() (string, error) {
	if dir, err := os.MkdirTemp("/var/cache", "rustysd-bench-"); err == nil {
		return dir, os.Chmod(dir, 0o755)
	}
	return os.MkdirTemp("", "rustysd-bench-")
}
