package report

import (
	"fmt"
	"math/bits"
	"reflect"
	"strconv"
	"strings"

	"rustysd/compiler"
	"rustysd/runtime/plan"
)

// enumText is a value by its word, or as Go prints it.
func enumText(v reflect.Value) string {
	if words := compiler.EnumWords(v.Type()); words != nil && v.CanUint() && v.Uint() < uint64(len(words)) {
		return words[v.Uint()]
	}
	return fmt.Sprint(v.Interface())
}

// flagTexts are the members of a set by their words.
func flagTexts(v reflect.Value) ([]string, bool) {
	words := compiler.SetWords(v.Type())
	if words == nil {
		return nil, false
	}
	var out []string
	for set := v.Uint(); set != 0; set &= set - 1 {
		bit := bits.TrailingZeros64(set)
		if bit < len(words) {
			out = append(out, words[bit])
		} else {
			out = append(out, "bit "+strconv.Itoa(bit))
		}
	}
	return out, true
}

// relations are those that a unit states itself, as systemd.unit(5) names them;
// their inverses stand with the other unit.
var relations = [...]struct {
	rel  plan.Rel
	name string
}{
	{plan.Requires, "Requires"}, {plan.Requisite, "Requisite"}, {plan.BindsTo, "BindsTo"}, {plan.Wants, "Wants"},
	{plan.Upholds, "Upholds"}, {plan.After, "After"}, {plan.Conflicts, "Conflicts"}, {plan.PartOf, "PartOf"},
	{plan.OnSuccess, "OnSuccess"}, {plan.OnFailure, "OnFailure"}, {plan.Triggers, "Triggers"},
	{plan.PropagatesReloadTo, "PropagatesReloadTo"}, {plan.PropagatesStopTo, "PropagatesStopTo"},
	{plan.JoinsNamespaceOf, "JoinsNamespaceOf"}, {plan.KeepsOnFailure, "KeepsOnFailure"},
}

func relationNames(r plan.Rel) []string {
	var out []string
	for _, x := range relations {
		if r&x.rel != 0 {
			out = append(out, x.name)
		}
	}
	return out
}

// TypeOf is a unit's type: the part of its name after the last dot.
func TypeOf(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }
