package main

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
)

// goBench runs a Go benchmark of this module, for what cannot be measured from
// outside of a whole init.
func goBench(pkg, name, benchtime string) (string, error) {
	cmd := exec.Command("go", "test", "-run", "^$", "-bench", "^"+name+"$", "-benchtime", benchtime, pkg)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(cmd.Args, " "), err, tail(string(out)))
	}
	return string(out), nil
}

// figures finds the metrics of one benchmark, "VALUE UNIT …", in the output of
// goBench. It fails unless all of units are there.
func figures(out, name string, units ...string) (map[string]float64, error) {
	found := map[string]float64{}
	for line := range strings.Lines(out) {
		if !strings.HasPrefix(line, name+"-") && !strings.HasPrefix(line, name+" ") && !strings.HasPrefix(line, name+"\t") {
			continue
		}
		words := strings.Fields(line)
		for i := 3; i < len(words); i += 2 {
			v, err := strconv.ParseFloat(words[i-1], 64)
			if err != nil {
				return nil, err
			}
			found[words[i]] = v
		}
	}
	for _, u := range units {
		if _, ok := found[u]; !ok {
			return nil, fmt.Errorf("%s printed no %s:\n%s", name, u, tail(out))
		}
	}
	return found, nil
}
