package diag

import (
	"encoding/json"
	"io"
	"net/url"
	"path"
	"slices"
	"strings"

	"rustysd/grammar"
)

// SARIF 2.1.0 (OASIS, "Static Analysis Results Interchange Format"): what code
// hosts read to show results beside the lines of a change.
const (
	sarifVersion = "2.1.0"
	sarifSchema  = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

// Rule is what a code means, for the SARIF form.
type Rule struct {
	Code  Code
	Short string // one sentence
	Help  string // Markdown
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID    Code      `json:"id"`
	Short sarifText `json:"shortDescription"`
	Help  sarifText `json:"help"`
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifResult struct {
	Rule      Code            `json:"ruleId"`
	RuleIndex int             `json:"ruleIndex"`
	Level     string          `json:"level"`
	Message   sarifText       `json:"message"`
	Locations []sarifLocation `json:"locations"`
	Related   []sarifLocation `json:"relatedLocations,omitempty"`
}

type sarifLocation struct {
	Physical *sarifPhysical `json:"physicalLocation,omitempty"`
	Message  *sarifText     `json:"message,omitempty"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
	EndLine     int `json:"endLine,omitempty"`
	EndColumn   int `json:"endColumn,omitempty"`
}

// WriteSARIF writes the whole list as one SARIF log, with all rules, so that a
// reader knows also what was looked for and not found. Each code that occurs must
// be among them; the text of a file that columns are counted in comes from
// read.
func WriteSARIF(w io.Writer, list List, version string, rules []Rule, read func(string) (string, error)) error {
	s := sarif{source: Renderer{Excerpts: true, Read: read}}
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "rustysd-compile", Version: version, Rules: sarifRules(rules)}
	for _, d := range list {
		run.Results = append(run.Results, s.result(d, run.Tool.Driver.Rules))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(sarifLog{sarifSchema, sarifVersion, []sarifRun{run}})
}

// sarifRules are the rules, sorted.
func sarifRules(rules []Rule) []sarifRule {
	out := []sarifRule{}
	for _, r := range rules {
		out = append(out, sarifRule{r.Code, sarifText{Text: r.Short}, sarifText{Text: r.Help, Markdown: r.Help}})
	}
	slices.SortFunc(out, func(a, b sarifRule) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return out
}

// sarif counts columns in characters, as the format wants them.
type sarif struct{ source Renderer }

func (s *sarif) result(d Diagnostic, rules []sarifRule) sarifResult {
	msg := d.Msg
	if d.Hint != "" {
		msg += "\n" + d.Hint
	}
	r := sarifResult{Rule: d.Code, Level: d.Severity.String(), Message: sarifMessage(msg), Locations: []sarifLocation{}}
	r.RuleIndex = slices.IndexFunc(rules, func(r sarifRule) bool { return r.ID == d.Code })
	if p := s.physical(d.Pos, d.End); p != nil {
		r.Locations = append(r.Locations, sarifLocation{Physical: p})
	}
	for _, rel := range d.Related {
		text := sarifMessage(rel.Msg)
		r.Related = append(r.Related, sarifLocation{s.physical(rel.Pos, grammar.Pos{}), &text})
	}
	return r
}

// sarifMessage is a text without placeholders, in which braces stand twice (3.11.5,
// "Messages with placeholders").
func sarifMessage(text string) sarifText {
	return sarifText{Text: strings.NewReplacer("{", "{{", "}", "}}").Replace(text)}
}

func (s *sarif) physical(pos, end grammar.Pos) *sarifPhysical {
	if pos.File == "" {
		return nil
	}
	p := &sarifPhysical{Artifact: sarifArtifact{uri(pos.File)}}
	if pos.Line > 0 {
		p.Region = &sarifRegion{StartLine: pos.Line, StartColumn: s.column(pos)}
		if end.Line > pos.Line || end.Line == pos.Line && end.Col > pos.Col {
			p.Region.EndLine, p.Region.EndColumn = end.Line, s.column(grammar.Pos{File: pos.File, Line: end.Line, Col: end.Col})
		}
	}
	return p
}

// column is the column of a place in characters, from 1; 0 when there is none.
func (s *sarif) column(pos grammar.Pos) int {
	line, ok := s.source.line(pos)
	if !ok || pos.Col < 1 {
		return max(pos.Col, 0)
	}
	return len([]rune(line[:min(pos.Col-1, len(line))])) + 1
}

// uri is a file name as a relative or absolute reference.
func uri(file string) string {
	u := url.URL{Path: path.Clean(file)}
	if path.IsAbs(file) {
		u.Scheme = "file"
	}
	return u.String()
}
