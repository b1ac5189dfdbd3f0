package main

import "testing"

func TestFigures(t *testing.T) {
	const out = "goos: linux\nBenchmarkA/row-2   \t  15\t 77209186 ns/op\t  0.5753 ratio\nBenchmarkA/rows-2\t1\t9 ns/op\nPASS\n"
	f, err := figures(out, "BenchmarkA/row", "ns/op", "ratio")
	if err != nil || f["ns/op"] != 77209186 || f["ratio"] != 0.5753 {
		t.Errorf("%v, %v", f, err)
	}
	if _, err := figures(out, "BenchmarkA/rows", "ratio"); err == nil {
		t.Error("a metric that is not there is found")
	}
	if _, err := figures(out, "BenchmarkB", "ns/op"); err == nil {
		t.Error("a benchmark that did not run has figures")
	}
}
