package gen

import (
	"bytes"
	"fmt"

	"github.com/dave/jennifer/jen"

	"rustysd/runtime/plan"
)

// Module is the path of the generated module. It is the one that the runtime's
// source is written against, so that it compiles there unchanged.
const Module = "rustysd"

// GoVersion is the oldest toolchain that builds an image.
const GoVersion = "1.26"

// The packages that main.go imports.
const (
	runtimePath = Module + "/runtime"
	planPath    = Module + "/runtime/plan"
)

// Input is what Generate prints.
type Input struct {
	Plan *plan.Plan
	// Origins says where a field was written: the key is the unit's name, a
	// blank and the field's path in plan ("redis.service Service.TimeoutStop"),
	// the value "file:line". Nil leaves such comments out; a field that is not
	// in it is a default.
	Origins map[string]string
	// Version is the compiler's, for the header; "" leaves it out.
	Version string
	// Draft leaves out the formatting, which costs more than all the rest: for
	// a build whose source nobody will read. The lines stay the same.
	Draft bool
}

// Generate yields the generated files of an image's module by their path.
func Generate(in Input) (map[string][]byte, error) {
	if len(in.Plan.Units) > int(plan.NoUnit) {
		return nil, fmt.Errorf("%d units are too many: an image holds at most %d", len(in.Plan.Units), int(plan.NoUnit))
	}
	var main bytes.Buffer
	if err := mainFile(in).Render(&main); err != nil {
		return nil, fmt.Errorf("BUG: gen: %w", err)
	}
	return map[string][]byte{
		"main.go": main.Bytes(),
		"go.mod":  []byte("module " + Module + "\n\ngo " + GoVersion + "\n"),
	}, nil
}

// mainFile is main.go: one call and the plan. The call comes first, so that its
// line, which the executable records, does not depend on how the plan is
// formatted.
func mainFile(in Input) *jen.File {
	f := jen.NewFile("main")
	f.NoFormat = in.Draft
	f.ImportName(runtimePath, "runtime")
	f.ImportName(planPath, "plan")
	f.HeaderComment(header(in))
	f.PackageComment(summary(in.Plan))
	f.Func().Id("main").Params().Block(mainCall(in.Plan.Features))
	p := newPrinter(in)
	f.Line().Add(p.image())
	for _, v := range p.vars.order {
		f.Line().Add(p.sharedVar(v))
	}
	return f
}

// mainCall names one function of the runtime for each feature.
func mainCall(features plan.Features) jen.Code {
	args := []jen.Code{jen.Op("&").Id("image")}
	for _, c := range enums[featuresType].names {
		if uint64(features)&c.value != 0 {
			args = append(args, jen.Qual(runtimePath, featureFunc(c.name)))
		}
	}
	return jen.Qual(runtimePath, "Main").Call(args...)
}
