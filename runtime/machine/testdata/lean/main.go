// Command lean has an image of targets only.
package main

import (
	"os"

	"rustysd/runtime/machine"
	"rustysd/runtime/plan"
)

func main() {
	m := machine.New(&plan.Plan{Units: make([]plan.Unit, 1)})
	os.Exit(len(m.Step(1, machine.Event{Kind: machine.EvBoot})))
}
