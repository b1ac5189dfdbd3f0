package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"rustysd/compiler"
	"rustysd/compiler/report"
)

// doDiff compares two images: each a folder of units, an init, or the JSON of a
// plan.
func doDiff(t *tool) error {
	if len(t.args) != 2 {
		return &usageError{"diff takes two: OLD and NEW", "each is a folder of units, an init, or a file of --emit"}
	}
	first, second := t.args[0], t.args[1]
	old, err := t.document(first)
	if err != nil {
		return err
	}
	new, err := t.document(second)
	if err != nil {
		return err
	}
	text := report.Diff(old, new, t.opt.verbose)
	fmt.Fprint(t.stdout, text)
	if text != "" && t.opt.exitCode {
		return exitStatus(1)
	}
	return nil
}

// document is the plan behind a name.
func (t *tool) document(name string) (*report.Document, error) {
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, &usageError{msg: "cannot read " + quote(name) + ": " + unwrapped(err).Error()}
	case info.IsDir():
		t.args = []string{name}
		res, err := t.frontEnd()
		if err != nil {
			return nil, err
		}
		return document(res), nil
	case !info.Mode().IsRegular():
		return nil, &usageError{msg: quote(name) + " is neither a folder nor a file"}
	}
	return readPlan(name, info.Size())
}

// document is the plan of a result.
func document(res *compiler.Result) *report.Document { return report.Describe(res) }

// readPlan reads the JSON of a plan, or the one that an init carries.
func readPlan(name string, size int64) (*report.Document, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	doc, err := report.ReadTrailer(f, size)
	if errors.Is(err, report.ErrNoTrailer) {
		head := make([]byte, 4)
		if _, err := f.ReadAt(head, 0); err == nil && bytes.Equal(head, []byte("\x7fELF")) {
			return nil, &usageError{quote(name) + " carries no plan", "it was stripped, or not built by this compiler; compare the units, or files of --emit"}
		}
		doc, err = parsePlan(name)
	}
	if err != nil {
		return nil, &usageError{msg: quote(name) + ": " + err.Error()}
	}
	return doc, nil
}

func parsePlan(name string) (*report.Document, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return report.ParseDocument(text)
}

func unwrapped(err error) error {
	if inner := errors.Unwrap(err); inner != nil {
		return inner
	}
	return err
}

// emitThePlan writes the plan where --emit says.
func (t *tool) emitThePlan(res *compiler.Result) error {
	return t.writeOutput("--emit", t.opt.emitPlan, document(res).JSON())
}

// appendPlan puts the plan behind the last byte of an init.
func appendPlan(file string, res *compiler.Result) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(report.Trailer(document(res)))
	return errors.Join(err, f.Close())
}
