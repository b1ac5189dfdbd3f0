package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"rustysd/compiler"
	"rustysd/runtime/plan"
)

// Schema is the version of [Document]. A new field does not change it; a field
// that goes or means something else does. See plan-json.md.
const Schema = 1

// Document is a plan as names and values: what --emit writes, what an init
// carries behind its last byte, and what [Diff] compares.
type Document struct {
	Schema int    `json:"schema"`
	Name   string `json:"name"`   // the unit that the image boots
	Digest string `json:"digest"` // of the plan
	// Settings are those of the image as a whole.
	Settings []Setting `json:"settings"`
	Units    []Unit    `json:"units"` // sorted by name
}

// Unit is a unit of a [Document].
type Unit struct {
	Name      string     `json:"name"`
	Type      string     `json:"type"`
	Settings  []Setting  `json:"settings"`
	Relations []Relation `json:"relations"`
	// Written are the honoured directives of the unit's files that count, as they are
	// written there, by section and key: "Service.ProtectSystem". What they have
	// become is in Settings.
	Written []Setting `json:"written"`
}

// Setting is a field of the plan that is not zero: a list has several values.
type Setting struct {
	Name   string   `json:"name"` // "Service.TimeoutStop"
	Values []string `json:"values"`
	// Origin is the "file:line" where it was written; "" for a default.
	Origin string `json:"origin"`
}

// Relation is one dependency on another unit of the image, as systemd.unit(5)
// names it. Inverse ones (RequiredBy) stand with the other unit.
type Relation struct {
	Relation string `json:"relation"`
	Unit     string `json:"unit"`
}

// Describe makes the document of a result's plan.
func Describe(r *compiler.Result) *Document {
	d := describePlan(r.Plan, r.Origins)
	for i := range d.Units {
		d.Units[i].Written = written(r.Written(d.Units[i].Name))
	}
	return d
}

// written are the assignments under their directives.
func written(list []compiler.SettingInfo) []Setting {
	out := []Setting{}
	at := map[string]int{}
	for _, s := range list {
		if s.Level != "honoured" {
			continue
		}
		name := s.Section + "." + s.Key
		i, known := at[name]
		if !known {
			i = len(out)
			at[name] = i
			out = append(out, Setting{Name: name, Origin: Place(s.Pos)})
		}
		out[i].Values = append(out[i].Values, s.Value)
	}
	return out
}

// describePlan is the document of a plan alone.
func describePlan(p *plan.Plan, origins map[string]string) *Document {
	d := &Document{Schema: Schema, Name: p.Name, Digest: p.Digest, Settings: []Setting{}, Units: []Unit{}}
	whole := *p
	whole.Name, whole.Digest, whole.Units, whole.Target = "", "", nil, 0
	w := walker{plan: p}
	w.structure("", reflect.ValueOf(whole))
	d.Settings = w.list()
	for i := range p.Units {
		d.Units = append(d.Units, describeUnit(p, &p.Units[i], origins))
	}
	return d
}

func describeUnit(p *plan.Plan, u *plan.Unit, origins map[string]string) Unit {
	bare := *u
	bare.Name, bare.Deps, bare.Actions = "", nil, nil
	w := walker{plan: p, origins: origins, unit: u.Name}
	w.structure("", reflect.ValueOf(bare))
	if u.Actions != nil {
		w.changed("Actions.", reflect.ValueOf(*u.Actions), reflect.ValueOf(compiler.NoActions))
	}
	out := Unit{Name: u.Name, Type: TypeOf(u.Name), Settings: w.list(), Relations: []Relation{}, Written: []Setting{}}
	for _, dep := range u.Deps {
		for _, name := range relationNames(dep.Rel) {
			out.Relations = append(out.Relations, Relation{name, p.Units[dep.Unit].Name})
		}
	}
	return out
}

// JSON is the document as one line of JSON.
func (d *Document) JSON() []byte {
	text, err := json.Marshal(d)
	if err != nil {
		panic("BUG: " + err.Error()) // strings and numbers only
	}
	return append(text, '\n')
}

// ParseDocument reads what [Document.JSON] wrote. It bears fields that it does
// not know, and refuses a schema that it does not know.
func ParseDocument(text []byte) (*Document, error) {
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("not the JSON of a plan: %w", err)
	}
	switch {
	case d.Schema == 0:
		return nil, errors.New("not the JSON of a plan: no \"schema\"")
	case d.Schema != Schema:
		return nil, fmt.Errorf("its schema is %d, and this compiler reads schema %d", d.Schema, Schema)
	}
	return &d, nil
}
