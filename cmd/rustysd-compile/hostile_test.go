package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rustysd/compiler"
	"rustysd/compiler/diag"
)

// payloads try to become code: INJECTED must be seen in literals and comments
// only. Between them they fit what most directives take.
var payloads = [...]string{
	"*/ func init() { panic(\"INJECTED\") } /*",
	"` + INJECTED + `",
	"\"); INJECTED(); (\"",
	"//go:build INJECTED",
	"//line INJECTED:1",
	"INJECTED",
	"\u2028INJECTED\u2029\u202e\u0085",
	"/*INJECTED*/`+INJECTED+`",
	"/INJECTED`*/\"\\x22\\x60\\n",
	"'INJECTED=*/ INJECTED() /*'",
	"INJECTED=`*/\\nINJECTED()",
	"'/INJECTED \\n*/ INJECTED() /*'",
	"-/INJECTED/*/",
	"@/INJECTED*/`",
	"INJECTED:INJECTED`*/",
	"/bin/true INJECTED */ `INJECTED` \\nINJECTED() //",
}

// TestInjection gives every directive each payload. The units that systemd's
// rules let pass become one image, whose source is then taken apart.
func TestInjection(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "*` INJECTED \"")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	allow := writeInjections(t, dir)
	o := compiler.Options{UnitDirs: []string{dir}, AllowUnsupported: allow}
	_, list, _ := compiler.Compile(o)
	bad := map[string]bool{}
	for _, d := range list {
		if d.Severity == diag.Error {
			bad[d.Pos.File] = true
		}
	}
	for name := range bad {
		if err := os.Remove(name); err != nil {
			t.Fatal(err)
		}
	}
	res, list, err := compiler.Compile(o)
	if err != nil || res.Plan == nil {
		t.Fatal(err, list.Summary(), list[0])
	}
	files, err := source(res, false)
	if err != nil {
		t.Fatal(err)
	}
	src := files["main.go"]
	n := strings.Count(string(src), "INJECTED")
	t.Logf("%d units, %d injections", len(res.Plan.Units), n)
	if len(res.Plan.Units) < 500 || n < 1000 {
		t.Error("few payloads reach the source: what is this test about?")
	}
	parseInjected(t, src)
	scanInjected(t, src)
}

// writeInjections writes a unit for each directive and payload, and answers
// the directives that must be allowed.
func writeInjections(t *testing.T, dir string) (allow []string) {
	n := 0
	for _, d := range compiler.Directives() {
		allow = append(allow, d.Name)
		for _, p := range payloads {
			n++
			name := fmt.Sprintf("u%05d", n)
			service := "[Unit]\nDescription=" + p + "\n"
			socket := ""
			line := fmt.Sprintf("[%s]\n%s=%s\n", d.Section, d.Name, p)
			switch d.Section {
			case "Unit", "Install", "Service":
				service += line
			case "Socket":
				socket = line + fmt.Sprintf("[Socket]\nListenStream=/run/%s\n", name)
			default:
				continue
			}
			write(t, filepath.Join(dir, name+".service"), service+"[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
			if socket != "" {
				write(t, filepath.Join(dir, name+".socket"), socket)
			}
		}
	}
	return allow
}

func write(t *testing.T, name, text string) {
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

// parseInjected demands the shape of an image: one function, two imports, the
// rest variables.
func parseInjected(t *testing.T, src []byte) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "main.go", src, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	funcs := 0
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			funcs++
		case *ast.GenDecl:
			if d.Tok != token.VAR && d.Tok != token.IMPORT {
				t.Errorf("%s: a declaration of another kind: %s", fset.Position(d.Pos()), d.Tok)
			}
		}
	}
	if funcs != 1 || len(file.Imports) != 2 {
		t.Errorf("%d functions, %d imports", funcs, len(file.Imports))
	}
	if at := fset.Position(file.End()); at.Filename != "main.go" {
		t.Errorf("the file calls itself %s", at.Filename)
	}
}

// scanInjected demands that payloads are in literals and comments only, and
// that no comment speaks to the toolchain.
func scanInjected(t *testing.T, src []byte) {
	fset := token.NewFileSet()
	var s scanner.Scanner
	s.Init(fset.AddFile("main.go", -1, len(src)), src, nil, scanner.ScanComments)
	for {
		pos, tok, text := s.Scan()
		switch {
		case tok == token.EOF:
			return
		case tok == token.COMMENT:
			if !strings.HasPrefix(text, "// ") || strings.ContainsAny(text, "\r\u2028\u2029\u202e\u0085") {
				t.Errorf("%s: a comment in another form: %q", fset.Position(pos), text)
			}
		case tok != token.STRING && strings.Contains(text, "INJECTED"):
			t.Errorf("%s: outside of a literal: %q", fset.Position(pos), text)
		}
	}
}
