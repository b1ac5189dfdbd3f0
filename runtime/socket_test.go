package runtime

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rustysd/internal/means"
)

func TestSockets(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(dir+"/busy", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Close() }()
	port := busy.Addr().(*net.TCPAddr).Port
	main := `
func un(typ int32, path string) plan.Listen {
	return plan.Listen{Address: path, Raw: "\x01\x00" + path + "\x00", Domain: 1, Type: typ, Path: true, Origin: "units/s.socket:2"}
}

func main() {
	s := svc(plan.TypeSimple, sh("echo fds=$LISTEN_FDS names=$LISTEN_FDNAMES right=$((LISTEN_PID == $$)); readlink /proc/self/fd/7; head -c 3 <&6; exec sleep 1000"))
	s.Sockets = []plan.UnitID{1}
	p := image(
		unit("s.service", s),
		plan.Unit{Name: "s.socket", Kind: plan.KindSocket, Socket: &plan.Socket{
			Listen: []plan.Listen{un(1, "DIR/sub/stream"), un(2, "DIR/dgram"), un(5, "DIR/seq"),
				{Address: "DIR/fifo", Path: true, Origin: "units/s.socket:5"}},
			FDName: "web", Service: 0, SocketMode: 0o660, DirectoryMode: 0o750, Backlog: 10, Symlinks: []string{"DIR/link"},
			Flags: plan.RemoveOnStop, TimeoutSec: 5 * plan.Second}},
		plan.Unit{Name: "t.socket", Kind: plan.KindSocket, Socket: &plan.Socket{
			Listen: []plan.Listen{{Address: "127.0.0.1:PORT", Raw: "\x02\x00HIGHLOW\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", Domain: 2, Type: 1, Origin: "units/t.socket:2"}},
			Service: 0, TimeoutSec: 5 * plan.Second}},
	)
	// The service is not wanted: traffic starts it.
	p.Units[0].Deps = []plan.Dep{{1, plan.TriggeredBy | plan.After}}
	p.Units[1].Deps = append([]plan.Dep{{0, plan.Triggers | plan.Before}}, p.Units[1].Deps...)
	p.Units[3].Deps = p.Units[3].Deps[1:]
	runtime.Main(p, runtime.Services, runtime.Journal, runtime.Sockets)
}`
	const hex = "0123456789abcdef"
	escape := func(b int) string { return `\x` + string(hex[b>>4&15]) + string(hex[b&15]) }
	main = strings.NewReplacer("DIR", dir, "HIGHLOW", escape(port>>8)+escape(port), "PORT", "0").Replace(main)
	bin := build(t, main)
	for round := range 2 { // the second finds what a crash would have left
		r := start(t, bin)
		r.wait("s.socket: started")
		r.wait("t.socket: cannot listen on 127.0.0.1:0: bind: address already in use (units/t.socket:2)")
		r.wait("zz.target: reached")
		checkMode(t, dir+"/sub/stream", 0o660)
		checkMode(t, dir+"/fifo", 0o660)
		checkMode(t, dir+"/sub", 0o750)
		if strings.Contains(r.text(), "s.service: started") {
			t.Error("started before there was traffic")
		}
		if link, _ := os.Readlink(dir + "/link"); link != dir+"/fifo" {
			t.Errorf("link to %q", link)
		}
		writeFIFO(t, dir+"/fifo")
		r.wait("fds=4 names=web:web:web:web right=1")
		if round == 0 {
			r.end()
			_ = os.Remove(dir + "/fifo")
			continue
		}
		if status := r.stop(syscall.SIGTERM); status != 0 {
			t.Errorf("exit status %d\n%s", status, r.text())
		}
		left, _ := filepath.Glob(dir + "/[dfls]*")
		if len(left) != 1 { // the folder stays
			t.Errorf("left: %v", left)
		}
	}
}

// A port on which a connection has ended a moment ago can be had again, as
// systemd has it: the socket may just have been restarted.
func TestSocketAgain(t *testing.T) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	client, err := net.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	_ = server.Close() // who closes first waits
	_, _ = client.Read(make([]byte, 1))
	_, _ = client.Close(), l.Close()
	port := l.Addr().(*net.TCPAddr).Port
	const hex = "0123456789abcdef"
	escape := func(b int) string { return `\x` + string(hex[b>>4&15]) + string(hex[b&15]) }
	bin := build(t, strings.ReplaceAll(`
func main() {
	s := svc(plan.TypeSimple, sh("exec sleep 1000"))
	s.Sockets = []plan.UnitID{1}
	p := image(unit("s.service", s),
		plan.Unit{Name: "t.socket", Kind: plan.KindSocket, Socket: &plan.Socket{
			Listen: []plan.Listen{{Address: "again", Raw: "\x02\x00PORT\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", Domain: 2, Type: 1}},
			Service: 0, TimeoutSec: 5 * plan.Second}})
	p.Units[0].Deps = []plan.Dep{{1, plan.TriggeredBy | plan.After}}
	p.Units[1].Deps = append([]plan.Dep{{0, plan.Triggers | plan.Before}}, p.Units[1].Deps...)
	p.Units[2].Deps = p.Units[2].Deps[1:]
	runtime.Main(p, runtime.Services, runtime.Journal, runtime.Sockets)
}`, "PORT", escape(port>>8)+escape(port)))
	r := start(t, bin)
	r.wait("t.socket: started")
	r.stop(syscall.SIGTERM)
}

func checkMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	st, err := os.Stat(path)
	if err != nil {
		t.Error(err)
	} else if st.Mode().Perm() != want {
		t.Errorf("%s: mode %o, want %o", path, st.Mode().Perm(), want)
	}
}

func writeFIFO(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString("abc"); err != nil {
		t.Error(err)
	}
	_ = f.Close()
}

// The bus itself is a service of the image and comes late; the one that waits
// for its name is ready when it has got it.
func TestBus(t *testing.T) {
	means.Programs(t, "dbus-daemon", "dbus-test-tool")
	dir := t.TempDir()
	bin := build(t, strings.ReplaceAll(`
func main() {
	e := journal
	e.Env = []string{"DBUS_SESSION_BUS_ADDRESS=unix:path=DIR/bus"}
	bus := svc(plan.TypeSimple, sh("sleep 0.5; exec dbus-daemon --session --nofork --address=unix:path=DIR/bus"))
	name := svc(plan.TypeDBus, sh("sleep 1.2; exec dbus-test-tool echo --name=org.example.Name"))
	name.BusName, name.Exec = "org.example.Name", &e
	never := svc(plan.TypeDBus, sh("sleep 1.2; exec dbus-test-tool echo --name=org.example.Other"))
	never.BusName, never.Exec, never.TimeoutStart = "org.example.Never", &e, 3*plan.Second
	runtime.Main(image(unit("bus.service", bus), unit("name.service", name), unit("never.service", never)),
		runtime.Services, runtime.Journal, runtime.Bus)
}`, "DIR", dir))
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+dir+"/bus")
	r := start(t, bin)
	r.wait("name.service: started")
	r.wait("never.service: failed (timeout")
	if status := r.stop(syscall.SIGTERM); status != 0 {
		t.Errorf("exit status %d\n%s", status, r.text())
	}
}

func TestDirectoriesGo(t *testing.T) {
	dir := t.TempDir()
	for _, d := range []string{"/run/x/a/b", "/other"} {
		if err := os.MkdirAll(dir+d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, f := range []string{"/run/x/a/b/file", "/other/kept"} {
		if err := os.WriteFile(dir+f, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(dir+"/other", dir+"/run/x/link"); err != nil {
		t.Fatal(err)
	}
	bin := build(t, strings.ReplaceAll(`
func main() {
	e := journal
	e.Remove = []string{"DIR/run/x"}
	s := svc(plan.TypeOneshot, sh("test -d DIR/run/x && echo there"))
	s.Exec = &e
	runtime.Main(image(unit("a.service", s)), runtime.Services, runtime.Journal, runtime.Directories)
}`, "DIR", dir))
	r := start(t, bin)
	r.wait("]: there")
	deadline := time.Now().Add(10 * time.Second)
	for {
		left, _ := os.ReadDir(dir + "/run")
		if len(left) == 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("left: %v", left)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if _, err := os.Stat(dir + "/other/kept"); err != nil {
		t.Error("followed a link: ", err)
	}
	r.stop(syscall.SIGTERM)
}
