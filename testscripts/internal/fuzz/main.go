// Command fuzz runs each native fuzz target of the module for some seconds,
// and prints a line for each: what make fuzz does in an hour, in the minutes
// that a CI has. The seeds of the targets are the corpus, beside what is in
// testdata/fuzz.
//
//	go run ./testscripts/internal/fuzz [-time 4s] [-target REGEXP] [PACKAGE...]
//
// It reads the names of the targets off the source, and yields their number of
// executions. What a target finds is written to its package's testdata/fuzz,
// where go test has it as a seed from then on; the exit status is then 1.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

func main() {
	span := flag.Duration("time", 4*time.Second, "how long each target runs")
	only := flag.String("target", "", "a regular expression: the targets to run")
	flag.Parse()
	if err := run(*span, *only, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "fuzz:", err)
		os.Exit(1)
	}
}

// pkg is a package with targets.
type pkg struct {
	path, dir string
	targets   []string
}

// run fuzzes the targets of the packages, all of the module when there are
// none, one by one: each uses all cores.
func run(span time.Duration, only string, patterns []string) error {
	match, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "rustysd-fuzz-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	list, err := packages(patterns, match)
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return errors.New("no target has such a name")
	}
	failed := 0
	for _, p := range list {
		program := filepath.Join(work, strings.ReplaceAll(p.path, "/", "_")+".test")
		if out, err := exec.Command("go", "test", "-c", "-fuzz=.", "-o", program, p.path).CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w\n%s", p.path, err, out)
		}
		for _, target := range p.targets {
			if !fuzz(p, program, target, span, work) {
				failed++
			}
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d targets have found something", failed)
	}
	return nil
}

var declaration = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(\w+ \*testing\.F\)`)

// packages are those that have targets which match.
func packages(patterns []string, match *regexp.Regexp) ([]pkg, error) {
	if len(patterns) == 0 {
		patterns = []string{"./..."}
	}
	const format = "{{.ImportPath}}\t{{.Dir}}\t{{join .TestGoFiles \" \"}} {{join .XTestGoFiles \" \"}}"
	out, err := exec.Command("go", append([]string{"list", "-f", format}, patterns...)...).Output()
	if err != nil {
		return nil, err
	}
	var all []pkg
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		p := pkg{path: f[0], dir: f[1]}
		for name := range strings.FieldsSeq(strings.Join(f[2:], " ")) {
			text, err := os.ReadFile(filepath.Join(p.dir, name))
			if err != nil {
				return nil, err
			}
			for _, m := range declaration.FindAllSubmatch(text, -1) {
				if match.Match(m[1]) {
					p.targets = append(p.targets, string(m[1]))
				}
			}
		}
		if slices.Sort(p.targets); p.targets != nil {
			all = append(all, p)
		}
	}
	return all, nil
}

var executions = regexp.MustCompile(`execs: (\d+)`)

// fuzz runs one target and says how often. One that neither ends nor fails is
// ended, and counts as failed.
func fuzz(p pkg, program, target string, span time.Duration, work string) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 4*span+2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, "-test.run=^$", "-test.fuzz=^"+target+"$", "-test.fuzztime="+span.String(),
		"-test.fuzzminimizetime=20x", "-test.fuzzcachedir="+filepath.Join(work, "cache"))
	cmd.Dir = p.dir
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmp.Or(cmd.Run(), ctx.Err())
	n := "0"
	if m := executions.FindAllStringSubmatch(out.String(), -1); m != nil {
		n = m[len(m)-1][1]
	}
	fmt.Printf("fuzzed: %s %s execs\n", target, n)
	if err != nil || n == "0" {
		fmt.Printf("%s %s: %v\n%s", p.path, target, err, out.Bytes())
		return false
	}
	return true
}
