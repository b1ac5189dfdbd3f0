package compiler

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"rustysd/compiler/diag"
)

// minimal is a unit that is good, and started.
const minimal = "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n"

// hostileCase is a folder that means no good. What is said about it must hold
// each of codes, and while it is compiled no more than mib may be allocated in
// all, which bounds the time, too: quadratic work on inputs of this size shows.
type hostileCase struct {
	name  string
	mib   int
	fill  func(d hostileDir)
	codes string // separated by blanks; "" when the image is good
}

// hostileDir is the folder of a case.
type hostileDir struct {
	t   *testing.T
	dir string
}

func (d hostileDir) write(name, text string) { putFile(d.t, filepath.Join(d.dir, name), []byte(text)) }

func (d hostileDir) link(to, name string) { must(d.t, os.Symlink(to, filepath.Join(d.dir, name))) }

func (d hostileDir) path(name string) string { return filepath.Join(d.dir, name) }

// each writes n files, the text of which may depend on the number.
func (d hostileDir) each(n int, name, text string) {
	for i := range n {
		d.write(fmt.Sprintf(name, i), strings.ReplaceAll(text, "#", fmt.Sprint(i)))
	}
}

// unit is a service with more lines in its section.
func unitWith(lines string) string {
	return "[Service]\nExecStart=/bin/true\n" + lines + "\n[Install]\nWantedBy=multi-user.target\n"
}

const mebi = 1 << 20

var hostileCases = [...]hostileCase{
	{"NUL", 60, func(d hostileDir) {
		d.write("a.service", unitWith("Environment=A=a\x00b\nUs\x00er=x\n\x00"))
		d.write("b.service", strings.Repeat("\x00", 100_000))
	}, "syntax"},
	{"a line of a MiB", 60, func(d hostileDir) {
		d.write("a.service", "[Unit]\nDescription="+strings.Repeat("x", mebi)+"\n"+minimal)
	}, "syntax"},
	{"continued to more than a MiB", 350, func(d hostileDir) {
		d.write("a.service", "[Unit]\nDescription="+strings.Repeat("x\\\n", mebi)+"\n"+minimal)
	}, "syntax"},
	{"half a MiB of words", 500, func(d hostileDir) {
		d.write("a.service", "[Service]\nExecStart=/bin/true "+strings.Repeat("a ", mebi/4)+"\n[Install]\nWantedBy=multi-user.target\n")
	}, ""},
	{"a command of prefixes", 60, func(d hostileDir) {
		d.write("a.service", "[Service]\nExecStart="+strings.Repeat("@-+!!", 100_000)+"/bin/true\n[Install]\nWantedBy=multi-user.target\n")
	}, "invalid-value"},
	{"byte order marks", 20, func(d hostileDir) {
		d.write("a.service", "\ufeff"+minimal)
		d.write("b.service", "\ufeff\ufeff"+minimal)
		d.write("c.service", "\xff\xfe[\x00S\x00e\x00r\x00v\x00")
	}, "syntax"},
	{"CRLF and CR", 20, func(d hostileDir) {
		d.write("a.service", strings.ReplaceAll(minimal, "\n", "\r\n"))
		d.write("b.service", strings.ReplaceAll(minimal, "\n", "\r"))
	}, "syntax"},
	{"latin-1", 20, func(d hostileDir) {
		d.write("a.service", "[Unit]\nDescription=caf\xe9\n"+unitWith("Environment=A=\xe9\xff\n"))
		d.write("caf\xe9.service", minimal)
	}, "ignored-file syntax"},
	{"loops of links", 20, func(d hostileDir) {
		d.write("x.service", minimal)
		d.link("b.service", "a.service")
		d.link("a.service", "b.service")
		d.link("c.service", "c.service")
		d.link("x.service.d", "x.service.d")
		d.link(".", "multi-user.target.wants")
		d.link("/proc/self/fd", "y.service.d")
		for i := range 100 {
			d.link(fmt.Sprintf("l%d.service", i+1), fmt.Sprintf("l%d.service", i))
		}
		d.write("l100.service", minimal)
	}, "link-loop unreadable-file"},
	{"devices", 20, func(d hostileDir) {
		d.link("/dev/zero", "zero.service")
		d.link("/dev/full", "full.socket")
		d.link("/proc/self/mem", "memory.service")
	}, "unreadable-file"},
	{"no files, but named like units", 20, func(d hostileDir) {
		must(d.t, syscall.Mkfifo(d.path("fifo.service"), 0o666))
		must(d.t, os.Mkdir(d.path("folder.service"), 0o777))
		d.write("a.service", minimal)
		must(d.t, os.MkdirAll(d.path("a.service.d/10.conf"), 0o777))
		must(d.t, syscall.Mkfifo(d.path("a.service.d/20.conf"), 0o666))
		d.write("b.service.d", "a file")
		d.write("multi-user.target.wants", "a file")
		l, err := net.Listen("unix", d.path("socket.service"))
		must(d.t, err)
		d.t.Cleanup(func() { l.Close() })
	}, "unreadable-file ignored-file"},
	{"names", 40, func(d hostileDir) {
		for _, name := range []string{strings.Repeat("a", 247), strings.Repeat("a", 200) + "@" + strings.Repeat("b", 40),
			"@", "", "a@", ".", "a b", "a\nb", "a`b", "a*b", `a"b`, "-", "%", "a%n", "é", "a@@b", "*/", "\xff"} {
			if !strings.Contains(name, "/") {
				d.write(name+".service", minimal)
			}
		}
		d.write("r.service", "[Unit]\nAfter="+strings.Repeat("a", 300)+".service\nWants="+strings.Repeat("a", 4000)+".service\n"+minimal)
	}, "ignored-file invalid-value"},
	{"dashes", 20, func(d hostileDir) {
		d.write(strings.Repeat("a-", 120)+"a.service", minimal)
		for i := range 110 {
			d.write(strings.Repeat("a-", i+1)+".service.d/a.conf", "[Service]\nEnvironment=A=b\n")
		}
	}, ""},
	{"a clique in a circle", 400, func(d hostileDir) { writeClique(d.t, d.dir, 800, true) }, "ordering-cycle"},
	{"a clique", 500, func(d hostileDir) { writeClique(d.t, d.dir, 2_000, false) }, "too-many-units"},
	{"templates that ask for longer ones", 30, func(d hostileDir) {
		d.write("a@.service", "[Unit]\nWants=a@%i%i.service\n"+minimal+"DefaultInstance=a\n")
	}, "invalid-value"},
	{"templates without end", 1_500, func(d hostileDir) {
		d.write("a@.service", "[Unit]\nWants=a@a%i.service a@b%i.service a@c%i.service\n"+minimal+"DefaultInstance=a\n")
	}, "too-many-units"},
	{"specifiers that grow", 100, func(d hostileDir) {
		d.write("a@.service", "[Unit]\nDescription="+strings.Repeat("%i", 200_000)+"\n"+minimal+"DefaultInstance="+strings.Repeat("b", 200)+"\n")
	}, "invalid-value"},
	{"numbers", 60, func(d hostileDir) {
		nines := strings.Repeat("9", 100_000)
		d.write("a.service", unitWith("Nice="+nines+"\nRestartSec="+nines+"\nLimitNOFILE="+nines+"\nLimitCPU="+nines+"y\nUMask="+nines+
			"\nOOMScoreAdjust=-"+nines+"\nTimeoutStartSec="+nines+"h\nRestartSteps="+nines+"\nSuccessExitStatus="+nines+"\nCPUAffinity=0-"+nines))
		d.write("a.socket", "[Socket]\nListenStream="+nines+"\nListenStream=[::1%"+nines+"]:1\nBacklog="+nines+"\nReceiveBuffer="+nines+"T\nSocketMode="+nines+"\n")
	}, "invalid-value"},
	{"drop-ins", 120, func(d hostileDir) {
		d.write("a.service", minimal)
		d.each(10_000, "a.service.d/%05d.conf", "[Service]\nEnvironment=A#=#\n[Unit]\nAfter=b#.service\n")
	}, ""},
	{"slips", 300, func(d hostileDir) {
		var b strings.Builder
		for i := range 50_000 {
			fmt.Fprintf(&b, "ExecStart%d=x\n", i)
		}
		d.write("a.service", unitWith(b.String()))
	}, "unknown-directive"},
	{"unknown system calls", 100, func(d hostileDir) {
		d.write("a.service", unitWith("SystemCallFilter="+strings.Repeat("frobnicate read ", 30_000)))
	}, "unknown-system-call"},
	{"groups of system calls", 60, func(d hostileDir) {
		d.write("a.service", unitWith("SystemCallFilter="+strings.Repeat("@system-service ", 20_000)))
	}, ""},
	{"installed everywhere", 250, func(d hostileDir) {
		var alias, target strings.Builder
		for i := range 20_000 {
			fmt.Fprintf(&alias, "x%d.service ", i)
			fmt.Fprintf(&target, "y%d.target ", i)
		}
		d.write("a.service", minimal+"Alias="+alias.String()+"\nWantedBy="+target.String()+"\n")
	}, "never-started"},
	{"addresses", 450, func(d hostileDir) {
		var b strings.Builder
		for i := range 40_000 {
			fmt.Fprintf(&b, "ListenStream=127.%d.%d.1:80\n", i/250, i%250)
		}
		d.write("a.socket", "[Socket]\nReusePort=yes\n"+b.String()+"[Install]\nWantedBy=multi-user.target\n")
		d.write("a.service", minimal)
		d.write("b.socket", "[Socket]\n"+strings.Repeat("ListenStream=/run/x\n", 20_000)+"[Install]\nWantedBy=multi-user.target\n")
		d.write("b.service", minimal)
	}, "address-conflict"},
	{"a path of many folders", 60, func(d hostileDir) {
		d.write("a.service", unitWith("StateDirectory="+strings.Repeat("a/", 100_000)+"\nTemporaryFileSystem=/x:"+strings.Repeat("x,", 100_000)))
	}, "invalid-value"},
	{"paths", 250, func(d hostileDir) {
		var paths, dirs strings.Builder
		for i := range 10_000 {
			fmt.Fprintf(&paths, "/a%d/b ", i)
			fmt.Fprintf(&dirs, "a%d ", i)
		}
		d.write("a.service", unitWith("ReadOnlyPaths="+paths.String()+"\nRuntimeDirectory="+dirs.String()))
	}, ""},
	{"conditions", 120, func(d hostileDir) {
		d.write("a.service", "[Unit]\n"+strings.Repeat("ConditionPathExists=|/x\n", 20_000)+
			"ConditionPathExistsGlob="+strings.Repeat("/{a,b}", 600)+"*\n"+minimal)
	}, ""},
	{"comments and sections", 300, func(d hostileDir) {
		d.write("a.service", strings.Repeat("[Unit]\n#\\\n;[\n", 100_000)+minimal)
	}, ""},
}

// TestHostile: each folder is compiled to an end, is told what is wrong with
// it, and costs no more than its size can excuse.
func TestHostile(t *testing.T) {
	for _, c := range hostileCases {
		if testing.Short() && c.mib > 350 {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			d := hostileDir{t, t.TempDir()}
			c.fill(d)
			l := compileHostile(t, Options{UnitDirs: []string{d.dir}}, c.mib)
			for code := range strings.FieldsSeq(c.codes) {
				if !hasCode(l, diag.Code(code)) {
					t.Errorf("nothing of %s in\n%s", code, firstText(l))
				}
			}
			if c.codes == "" && l.Count(diag.Error)+l.Count(diag.Warning) > 0 {
				t.Errorf("it is good, and there is\n%s", firstText(l))
			}
		})
	}
}

// TestHostileRoot: so is a root that means no good.
func TestHostileRoot(t *testing.T) {
	for _, c := range [...]hostileCase{
		{"no files", 40, func(d hostileDir) {
			must(d.t, os.MkdirAll(d.path("etc/group"), 0o777))
			must(d.t, syscall.Mkfifo(d.path("etc/passwd"), 0o666))
			must(d.t, syscall.Mkfifo(d.path("bin/fifo"), 0o777))
			d.write("u/a.service", "[Service]\nUser=x\nExecStart=/bin/fifo\n[Install]\nWantedBy=multi-user.target\n")
		}, "unreadable-file unknown-user not-executable"},
		{"links out of it, and in circles", 40, func(d hostileDir) {
			d.link("/../../../../../../etc", "etc")
			d.link("loop", "loop")
			d.link("/usr", "usr")
			d.write("u/a.service", "[Service]\nExecStart=/usr/x\nExecStartPre=/loop/x\nWorkingDirectory=/etc\n[Install]\nWantedBy=multi-user.target\n")
		}, "missing-program missing-directory"},
		{"lists of users", 400, func(d hostileDir) {
			var b strings.Builder
			for i := range 100_000 {
				fmt.Fprintf(&b, "g%d:x:%d:x,x,x\n", i, i)
			}
			d.write("etc/group", b.String())
			d.write("etc/passwd", "x:x:1:1::/:/bin/sh\n"+strings.Repeat(":::::::::\n", 100_000))
			d.write("u/a.service", "[Service]\nUser=x\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n")
		}, ""},
		{"a linker's folders", 100, func(d hostileDir) {
			d.write("etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n"+strings.Repeat("/a ", 100_000)+"\n")
			d.each(100, "etc/ld.so.conf.d/%d.conf", "include /etc/ld.so.conf.d/*.conf\n/lib/#\n")
			d.write("lib64/ld-linux-x86-64.so.2", "a linker")
			d.write("u/a.service", minimal)
		}, "missing-library"},
		{"programs", 300, func(d hostileDir) {
			d.write("bin/head", "\x7fELF\x02\x01\x01"+strings.Repeat("\xff", 4096))
			d.write("bin/script", "#!"+strings.Repeat(" ", 100_000)+"/bin/script")
			d.write("bin/self", "#!/bin/self\n")
			for _, name := range []string{"head", "script", "self"} {
				must(d.t, os.Chmod(d.path("bin/"+name), 0o755))
				d.write("u/"+name+".service", "[Service]\nExecStart=/bin/"+name+"\n[Install]\nWantedBy=multi-user.target\n")
			}
		}, "missing-interpreter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := hostileDir{t, t.TempDir()}
			for _, dir := range []string{"u", "bin"} {
				must(t, os.Mkdir(d.path(dir), 0o777))
			}
			program, err := os.ReadFile("/bin/true")
			must(t, err)
			must(t, os.WriteFile(d.path("bin/true"), program, 0o755))
			if !strings.HasPrefix(c.name, "links") {
				must(t, os.MkdirAll(d.path("etc"), 0o777))
			}
			c.fill(d)
			l := compileHostile(t, Options{UnitDirs: []string{d.path("u")}, Root: d.dir, Arch: runtime.GOARCH}, c.mib)
			for code := range strings.FieldsSeq(c.codes) {
				if !hasCode(l, diag.Code(code)) {
					t.Errorf("nothing of %s in\n%s", code, firstText(l))
				}
			}
		})
	}
}

// compileHostile compiles with a bound on what is allocated. A compilation
// that does not end is given up, with the place where it hangs.
func compileHostile(t *testing.T, o Options, mib int) diag.List {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan diag.List)
	go func() {
		_, l, err := Compile(o)
		if err != nil {
			t.Error(err)
		}
		done <- l
	}()
	var l diag.List
	select {
	case l = <-done:
	case <-time.After(2 * time.Minute):
		panic("the compilation does not end")
	}
	runtime.ReadMemStats(&after)
	used := int((after.TotalAlloc - before.TotalAlloc) >> 20)
	t.Logf("%d MiB allocated, %d diagnostics", used, len(l))
	if used > mib {
		t.Errorf("%d MiB allocated, want at most %d", used, mib)
	}
	var text strings.Builder
	r := diag.Renderer{W: &text}
	for _, d := range l {
		r.Diagnostic(d)
	}
	for line := range strings.Lines(text.String()) {
		line = strings.TrimSuffix(line, "\n")
		if len(line) > 800 || !utf8.ValidString(line) || strings.ContainsFunc(line, unicode.IsControl) {
			t.Fatalf("a line that no terminal should see: %.900q", line)
		}
	}
	return l
}

// firstText is the beginning of what was said.
func firstText(l diag.List) string { return diagText(l[:min(len(l), 10)]) }
