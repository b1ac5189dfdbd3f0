package demo

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestHandedDescriptors runs the service without an init, so that a fault of
// the demo is told apart from one of the init.
func TestHandedDescriptors(t *testing.T) {
	tmp := t.TempDir()
	bin := filepath.Join(tmp, "testservice")
	if out, err := exec.Command("go", "build", "-o", bin, "rustysd/cmd/testservice").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	stream := listenUnix(t, "unix", filepath.Join(tmp, "stream"))
	fifo := filepath.Join(tmp, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	fifoFile, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer fifoFile.Close()
	ready, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(tmp, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()

	// The shell puts its own process id into LISTEN_PID and becomes the service.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ exec "$0"`, bin)
	cmd.Env = []string{"LISTEN_FDS=2", "LISTEN_FDNAMES=one:two", "NOTIFY_SOCKET=" + ready.LocalAddr().String()}
	cmd.ExtraFiles = []*os.File{stream, fifoFile}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready.SetDeadline(time.Now().Add(10 * time.Second))
	buf := make([]byte, 256)
	n, err := ready.Read(buf)
	if err != nil || !strings.HasPrefix(string(buf[:n]), "READY=1\n") {
		t.Errorf("the first notification is %q, %v", buf[:n], err)
	}
	if err := os.WriteFile(fifo, []byte("through the fifo\n"), 0); err != nil {
		t.Error(err)
	}
	conn, err := net.Dial("unix", filepath.Join(tmp, "stream"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write([]byte("through the stream\n"))
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	n, err = conn.Read(buf)
	if string(buf[:n]) != "heard all 2\n" {
		t.Errorf("the answer is %q, %v", buf[:n], err)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	for _, want := range []string{"one is a stream", "two is a fifo", "one: through the stream", "two: through the fifo"} {
		if !strings.Contains(out.String(), "testservice: "+want+"\n") {
			t.Errorf("no line %q in\n%s", want, out.String())
		}
	}
}

// listenUnix is a listening socket as a file, to be passed on.
func listenUnix(t *testing.T, network, path string) *os.File {
	t.Helper()
	l, err := net.ListenUnix(network, &net.UnixAddr{Name: path, Net: network})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}
