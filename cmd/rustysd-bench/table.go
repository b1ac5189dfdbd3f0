package main

import (
	"fmt"
	"io"
	"strings"
)

// row is one line of the table.
type row struct {
	what   string
	got    string // what was measured of the init or the compiler
	limit  string // what was measured of the yardstick, "" for none
	value  float64
	budget float64 // value shall not exceed it; 0 is no budget
	unit   string  // of value and budget; "" for a ratio
}

// ratio is a row that compares two medians in milliseconds or microseconds.
func ratio(what, unit string, got, limit []float64, budget float64) row {
	g, l := median(got), median(limit)
	return row{what: what, got: number(g) + " " + unit, limit: number(l) + " " + unit, value: g / l, budget: budget}
}

// absolute is a row that stands for itself.
func absolute(what, unit string, got, budget float64) row {
	return row{what: what, got: number(got) + " " + unit, value: got, budget: budget, unit: unit}
}

// number prints three significant digits or so.
func number(v float64) string {
	switch {
	case v == float64(int(v)):
		return fmt.Sprintf("%.0f", v)
	case v < 10:
		return fmt.Sprintf("%.2f", v)
	case v < 100:
		return fmt.Sprintf("%.1f", v)
	}
	return fmt.Sprintf("%.0f", v)
}

// cells are the columns of a row.
func (r row) cells() string {
	ratio, budget, verdict := "", "", ""
	if r.limit != "" {
		ratio = number(r.value)
	}
	if r.budget != 0 || r.unit == "calls" {
		budget, verdict = strings.TrimSpace("≤ "+number(r.budget)+" "+r.unit), "met"
		if r.value > r.budget {
			verdict = "**missed**"
		}
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s | %s |", r.what, r.got, r.limit, ratio, budget, verdict)
}

// table takes every measure and prints it as it comes.
func (b *bench) table(w io.Writer) error {
	fmt.Fprintln(w, "| what | measured | yardstick | ratio | budget | |\n|---|---:|---:|---:|---:|---|")
	for _, m := range measures {
		if b.only != "" && b.only != m.name {
			continue
		}
		rows, err := m.take(b)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		for _, r := range rows {
			fmt.Fprintln(w, r.cells())
		}
	}
	return nil
}
