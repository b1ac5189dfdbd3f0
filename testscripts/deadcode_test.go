package testscripts

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rustysd/compiler"
)

// featureUnits are units that need a feature of the runtime, by the name of its
// constant in package plan. Each stands beside a plain service.
var featureUnits = map[string]string{
	"Services": "",
	"Sockets":  "-- x.socket --\n[Socket]\nListenStream=/run/x.sock\n[Install]\nWantedBy=sockets.target\n-- x.service --\n[Service]\nExecStart=/bin/true\nStandardOutput=null\n",
	"Notify":   "Type=notify\n",
	"Bus": "-- x.service --\n[Service]\nType=dbus\nBusName=org.example.X\nExecStart=/bin/true\nStandardOutput=null\n[Install]\nWantedBy=multi-user.target\n" +
		"-- dbus.socket --\n[Socket]\nListenStream=/run/dbus/system_bus_socket\n-- dbus.service --\n[Service]\nExecStart=/bin/true\n",
	"Forking":        "Type=forking\nPIDFile=/run/x.pid\n",
	"Journal":        "StandardOutput=journal\n",
	"Expand":         "ExecStart=\nExecStart=/bin/echo $HOME\n",
	"EnvFiles":       "EnvironmentFile=/etc/x\n",
	"Users":          "User=x\n",
	"Directories":    "RuntimeDirectory=x\n",
	"Conditions":     "[Unit]\nConditionPathExists=/etc/x\n",
	"BootMarks":      "Environment=HOST=%H\n",
	"Tmpfiles":       "", // takes a root: see rootFor
	"OwnKernel":      "", // takes --profile vm
	"Control":        "", // takes that --no-control is not given
	"Capabilities":   "CapabilityBoundingSet=CAP_KILL\n",
	"PrivateTmp":     "PrivateTmp=yes\n",
	"Views":          "ProtectSystem=yes\n",
	"FDStore":        "FileDescriptorStoreMax=1\n",
	"Controls":       "MemoryMax=1G\n",
	"OOM":            "OOMPolicy=stop\n",
	"Handover":       "",
	"Filters":        "DevicePolicy=closed\n",
	"Namespaces":     "PrivateNetwork=yes\nExecStartPost=/bin/true\n",
	"Credentials":    "SetCredential=x:y\n",
	"RemoveIPC":      "User=5\nRemoveIPC=yes\n",
	"Terminals":      "TTYPath=/dev/tty1\nTTYReset=yes\n",
	"Utmp":           "UtmpIdentifier=x\n",
	"LogRules":       "StandardOutput=journal\nLogLevelMax=err\n",
	"LogCopies":      "StandardOutput=kmsg+console\n",
	"Trees":          "StateDirectory=x\n",
	"Rights":         "PrivateNetwork=yes\n",
	"OpenFiles":      "OpenFile=/etc/x\n",
	"Locale":         "",
	"PIDs":           "PrivatePIDs=yes\n",
	"JournalSockets": "",
	"Nodes":          "CPUAffinity=numa\nNUMAMask=0\n",
}

// featureImage is an image that needs one feature.
func featureImage(t *testing.T, name string) (opt compiler.Options, args []string) {
	t.Helper()
	dir := t.TempDir()
	files := map[string]string{"x.service": ""}
	text, ok := featureUnits[name]
	if !ok {
		t.Fatalf("plan.Feature%s has no units in the table of this test: add what needs it", name)
	}
	if strings.HasPrefix(text, "-- ") {
		files = map[string]string{}
		for part := range strings.SplitSeq(strings.TrimPrefix(text, "-- "), "\n-- ") {
			file, body, _ := strings.Cut(part, " --\n")
			files[file] = body
		}
		text = ""
	}
	for file, body := range files {
		if body == "" {
			body = "[Service]\nExecStart=/bin/true\nStandardOutput=null\nStandardError=null\n" + text + "\n[Install]\nWantedBy=multi-user.target\n"
		}
		write(t, filepath.Join(dir, "units", file), body)
	}
	opt = compiler.Options{UnitDirs: []string{filepath.Join(dir, "units")}, Arch: "amd64", NoControl: name != "Control"}
	if name == "OwnKernel" {
		opt.Place = "vm"
	}
	if name == "Tmpfiles" {
		opt.Root = rootFor(t, dir)
	}
	args = []string{opt.UnitDirs[0], "--symbols", "--arch", "amd64", "-q"}
	if opt.Place != "" {
		args = append(args, "--profile", opt.Place)
	}
	if opt.NoControl {
		args = append(args, "--no-control")
	}
	if opt.Root != "" {
		args = append(args, "--root", opt.Root)
	}
	return opt, args
}

// rootFor is a root with a line of tmpfiles.d(5), and the program.
func rootFor(t *testing.T, dir string) string {
	t.Helper()
	root := filepath.Join(dir, "root")
	write(t, filepath.Join(root, "etc", "tmpfiles.d", "x.conf"), "d /run/x\n")
	write(t, filepath.Join(root, "etc", "group"), "root:x:0:\n")
	write(t, filepath.Join(root, "etc", "passwd"), "root:x:0:0:root:/root:/bin/sh\n")
	for _, file := range []string{"/bin/true", "/lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/libc.so.6"} {
		program, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(root, file), string(program))
		if err := os.Chmod(filepath.Join(root, file), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// featureNames are the names of the constants, in the order of their bits.
func featureNames(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(moduleDir, "runtime", "plan", "feature.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok {
			for _, id := range spec.Names {
				names = append(names, strings.TrimPrefix(id.Name, "Feature"))
			}
		}
		return true
	})
	return names
}

// featureFiles are the source files of the runtime that hold the function of
// each feature, and nothing that another needs: their functions come and go
// with it.
func featureFiles(t *testing.T, names []string) map[string]string {
	t.Helper()
	files := map[string]string{}
	sources, _ := filepath.Glob(filepath.Join(moduleDir, "runtime", "*.go"))
	for _, source := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), source, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && slices.Contains(names, f.Name.Name) {
				files[f.Name.Name] = filepath.Base(source)
			}
		}
	}
	return files
}

// machineParts are the parts of the machine that go with a feature.
var machineParts = map[string]string{
	"Sockets": "machine/socket.go", "Notify": "machine/notify.go", "Bus": "machine/bus.go", "Forking": "machine/forking.go",
	"Conditions": "machine/condition.go", "Services": "machine/service_start.go",
}

// borrows are the features whose files hold something that a feature uses too;
// then only the other's own function must not be there.
var borrows = map[string][]string{
	"Forking":     {"Notify"},       // whose a process is
	"Conditions":  {"BootMarks"},    // what the boot knows
	"Control":     {"BootMarks"},    // the names of a machine
	"PrivateTmp":  {"Directories"},  // taking trees away
	"Views":       {"Capabilities"}, // what the init may do
	"Controls":    {"BootMarks"},
	"Namespaces":  {"Capabilities"}, // what the init may do
	"Filters":     {"BootMarks"},
	"Credentials": {"Directories"}, // taking trees away
	"LogRules":    {"Journal"},
	"LogCopies":   {"Journal"},
	"OwnKernel":   {"BootMarks", "Conditions", "Namespaces"}, // the machine-id, the first boot, the loopback device
	"Trees":       {"Directories"},                           // opening what is in a folder
	"RemoveIPC":   {"Directories"},                           // taking trees away
	"Utmp":        {"Sockets"},                               // the number of a group
	"Tmpfiles":    {"Sockets", "BootMarks"},                  // making folders on the way
}

// TestDeadCode builds an image for each feature: the code of the features that
// its plan has is linked, and none of any other.
func TestDeadCode(t *testing.T) {
	if testing.Short() {
		t.Skip("short: builds an image for each feature")
	}
	names := featureNames(t)
	files := featureFiles(t, names)
	for _, row := range slices.Sorted(maps.Keys(featureUnits)) {
		if !slices.Contains(names, row) {
			t.Errorf("the table has %s, and package plan has no Feature%s", row, row)
		}
	}
	for bit, name := range names {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			opt, args := featureImage(t, name)
			res, list, err := compiler.Compile(opt)
			if err != nil || res.Plan == nil {
				t.Fatal(err, list)
			}
			if res.Plan.Features&(1<<bit) == 0 {
				t.Fatalf("the image does not need Feature%s", name)
			}
			have := linkedFunctions(t, args)
			for bit, other := range names {
				needed := res.Plan.Features&(1<<bit) != 0
				if have["rustysd/runtime."+other] != needed {
					t.Errorf("the plan needs Feature%s: %v, and it is linked: %v", other, needed, !needed)
				}
				borrowed := slices.ContainsFunc(names, func(user string) bool {
					return res.Plan.Features&(1<<slices.Index(names, user)) != 0 && slices.Contains(borrows[user], other)
				})
				if needed || !borrowed {
					checkLinked(t, have, other, files[other], needed)
				}
				if part := machineParts[other]; part != "" {
					checkLinked(t, have, other, part, needed)
				}
			}
		})
	}
}

// linkedFunctions are the functions of an image that is built with args.
func linkedFunctions(t *testing.T, args []string) map[string]bool {
	t.Helper()
	init := filepath.Join(t.TempDir(), "init")
	compile(t, append(args, "-o", init)...)
	out, err := exec.Command("go", "tool", "nm", init).Output()
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		if f := strings.Fields(line); len(f) > 0 {
			have[f[len(f)-1]] = true
		}
	}
	return have
}

// checkLinked demands functions of a feature's file, or that none is there.
func checkLinked(t *testing.T, have map[string]bool, feature, source string, needed bool) {
	t.Helper()
	all, err := sourceFunctions(source)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, f := range all {
		if have[f] {
			found = append(found, f)
		}
	}
	switch {
	case needed && len(found) == 0:
		t.Errorf("the plan needs Feature%s, and nothing of %s is linked", feature, source)
	case !needed && len(found) > 0:
		t.Errorf("the plan does not need Feature%s, and of %s is linked: %s", feature, source, strings.Join(found, " "))
	}
}
