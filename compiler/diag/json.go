package diag

import (
	"encoding/json"
	"io"
)

// jsonSchema is the version of the JSON form. Consumers must bear new fields.
const jsonSchema = 1

// jsonDiagnostic is the stable form of a diagnostic.
type jsonDiagnostic struct {
	Schema   int           `json:"schema"`
	File     string        `json:"file"`
	Line     int           `json:"line"`
	Column   int           `json:"column"`
	EndLine  int           `json:"endLine"`
	EndCol   int           `json:"endColumn"`
	Severity string        `json:"severity"`
	Code     Code          `json:"code"`
	Message  string        `json:"message"`
	Hint     string        `json:"hint"`
	Related  []jsonRelated `json:"related"`
}

type jsonRelated struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// WriteJSON writes one object a line, each with every field.
func WriteJSON(w io.Writer, list List) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, d := range list {
		j := jsonDiagnostic{jsonSchema, d.Pos.File, d.Pos.Line, d.Pos.Col, d.End.Line, d.End.Col, d.Severity.String(),
			d.Code, d.Msg, d.Hint, []jsonRelated{}}
		for _, r := range d.Related {
			j.Related = append(j.Related, jsonRelated{r.Pos.File, r.Pos.Line, r.Pos.Col, r.Msg})
		}
		if err := enc.Encode(j); err != nil {
			return err
		}
	}
	return nil
}
