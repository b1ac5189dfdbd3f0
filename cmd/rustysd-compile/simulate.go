package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"rustysd/compiler"
	"rustysd/compiler/simulate"
	"rustysd/runtime/plan"
)

// doSimulate boots the image in virtual time.
func doSimulate(t *tool) error {
	res, err := t.frontEnd()
	if err != nil {
		return err
	}
	o, err := t.simulation(res)
	if err != nil {
		return err
	}
	if t.opt.failEach {
		stop := t.progress("simulating", "a boot for each unit", "")
		all := simulate.Each(res.Plan, o)
		stop()
		return t.answer(all, func() string { return simulate.EachText(all) })
	}
	b := simulate.Run(res.Plan, o)
	if t.opt.svg != "" {
		if err := t.writeOutput("--svg", t.opt.svg, []byte(b.SVG())); err != nil || t.opt.svg == "-" {
			return err
		}
	}
	lost := t.blast(res.Plan, o, b)
	return t.answer(simulated{b, lost}, func() string {
		if lost == nil {
			return b.Text()
		}
		return b.Text() + lost.Text()
	})
}

// answer writes a result as JSON, in one line, or as text.
func (t *tool) answer(v any, text func() string) error {
	if t.opt.json {
		return json.NewEncoder(t.stdout).Encode(v)
	}
	fmt.Fprint(t.stdout, text())
	return nil
}

// simulated is the answer in JSON: the boot, and what the failures have cost.
type simulated struct {
	*simulate.Boot
	Lost *simulate.Damage // null when nothing fails
}

// blast is what the failures have cost, nil when there are none.
func (t *tool) blast(p *plan.Plan, o simulate.Options, b *simulate.Boot) *simulate.Damage {
	if len(o.Failures) == 0 {
		return nil
	}
	var names []string
	for _, f := range o.Failures {
		names = append(names, p.Units[f.Unit].Name)
	}
	o.Failures = nil
	d := simulate.Compare(simulate.Run(p, o), b, names...)
	return &d
}

// simulation is what the flags say about the programs.
func (t *tool) simulation(res *compiler.Result) (o simulate.Options, err error) {
	if t.opt.durations != "" {
		text, err := os.ReadFile(t.opt.durations)
		if err != nil {
			return o, &usageError{msg: "--durations: cannot read " + quote(t.opt.durations) + ": " + unwrapped(err).Error()}
		}
		if err := o.ParseFile(res.Plan, string(text)); err != nil {
			return o, badUnit(res.Plan, "--durations", err)
		}
	}
	for _, d := range t.opt.duration {
		if err := o.ParseTimes(res.Plan, d); err != nil {
			return o, badUnit(res.Plan, "--duration", err)
		}
	}
	for _, text := range t.opt.fail {
		f, err := simulate.ParseFailure(res.Plan, text)
		if err != nil {
			return o, badUnit(res.Plan, "--fail", err)
		}
		o.Failures = append(o.Failures, f)
	}
	return o, nil
}

// badUnit is a usage error, with a hint when only the name is wrong.
func badUnit(p *plan.Plan, flag string, err error) error {
	var unknown *simulate.UnknownUnit
	if !errors.As(err, &unknown) {
		return &usageError{msg: flag + ": " + err.Error()}
	}
	var names []string
	for i := range p.Units {
		names = append(names, p.Units[i].Name)
	}
	return &usageError{flag + ": " + err.Error(), suggest(unknown.Name, names, "the units are listed by: rustysd-compile list")}
}
