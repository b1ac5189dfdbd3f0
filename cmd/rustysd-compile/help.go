package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"
)

const helpHead = `rustysd-compile compiles systemd unit files into one static init.

usage: rustysd-compile [VERB] [FLAGS] [UNITDIR...]

  rustysd-compile units/ -o init                  an init for a container
  rustysd-compile --root rootfs/ -o rootfs/init   from the units of a root file system
  rustysd-compile run units/                      boot them here, without root

The first UNITDIR has the highest precedence. Without one, --root means the
unit folders that systemd looks into, in that root.

verbs:
`

const helpTail = `
Exit status: 0 done, 1 errors in the units, 2 wrong usage, 3 the toolchain or
the machine failed. "rustysd-compile help VERB" shows the flags of a verb.
`

// doHelp shows the help of the command, with the flags of compile, or of one
// verb. That it was asked for is no error, so it goes to stdout.
func doHelp(t *tool) error {
	if len(t.args) == 0 {
		fmt.Fprint(t.stdout, helpHead)
		for _, v := range verbs() {
			fmt.Fprintf(t.stdout, "  %-11s %s\n", v.name, v.help)
		}
		fmt.Fprint(t.stdout, "\nflags of compile:\n")
		verbByName("compile").writeFlags(t.stdout)
		fmt.Fprint(t.stdout, helpTail)
		return nil
	}
	v := verbByName(t.args[0])
	if v == nil {
		return &usageError{"unknown verb " + quote(t.args[0]), suggest(t.args[0], verbNames(), "")}
	}
	fmt.Fprintf(t.stdout, "usage: rustysd-compile %s\n\n%s\n\nflags:\n", strings.Join(strings.Fields(v.name+" [FLAGS] "+v.args), " "), v.help)
	v.writeFlags(t.stdout)
	return nil
}

func (v *verb) writeFlags(w io.Writer) {
	for i := range flags {
		f := &flags[i]
		if !v.takes(f) {
			continue
		}
		short := "    "
		if f.short != "" {
			short = "-" + f.short + ", "
		}
		fmt.Fprintf(w, "  %s%-34s %s\n", short, strings.TrimSpace("--"+f.name+" "+f.arg), f.help)
	}
}

// doVersion shows what bug reports need.
func doVersion(t *tool) error {
	fmt.Fprintln(t.stdout, "rustysd-compile", version())
	if g, err := findGo(t.env); err == nil {
		fmt.Fprintln(t.stdout, "toolchain", g.version(t.ctx), g.path)
	}
	return nil
}

// version is the module's, as the toolchain that built the command recorded it.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "devel"
	}
	return info.Main.Version
}
