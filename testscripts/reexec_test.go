package testscripts

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// busy is a service that never rests, so that an init which executes itself
// anew has something to lose:
//
//	busy lines NAME     numbered lines to stdout, each in two halves, until
//	                    SIGTERM; the last one says "NAME wrote N"
//	busy starts FILE    add a byte to FILE and end a little later, until there
//	                    are enough
//	busy watchdog       WATCHDOG=1 and a new STATUS= every 20 ms
//	busy answers        answer each connection with a line, until there is none
//	                    for a while
func busy(args []string) int {
	var err error
	switch args[0] {
	case "lines":
		err = writeLines(args[1])
	case "starts":
		err = countStart(args[1])
	case "watchdog":
		err = pingWatchdog()
	case "answers":
		err = answerAll()
	}
	if err != nil {
		return fail(err)
	}
	return 0
}

func writeLines(name string) error {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	for n := 1; ; n++ {
		fmt.Fprintf(os.Stdout, "%s li", name)
		select {
		case <-term:
			_, err := fmt.Fprintf(os.Stdout, "ne %d\n%s wrote %d\n", n, name, n)
			return err
		case <-time.After(500 * time.Microsecond):
		}
		if _, err := fmt.Fprintf(os.Stdout, "ne %d\n", n); err != nil {
			return err
		}
	}
}

func countStart(file string) error {
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte{'.'})
	if info, _ := f.Stat(); info.Size() > enoughStarts {
		select {}
	}
	time.Sleep(15 * time.Millisecond)
	return errors.Join(err, f.Close())
}

// enoughStarts is how often "busy starts" ends.
const enoughStarts = 40

func pingWatchdog() error {
	if err := notify("READY=1\nSTATUS=0"); err != nil {
		return err
	}
	for n := 1; ; n++ {
		time.Sleep(20 * time.Millisecond)
		if err := notify("WATCHDOG=1\nSTATUS=" + strconv.Itoa(n)); err != nil {
			return err
		}
	}
}

func answerAll() error {
	_ = unix.SetNonblock(3, true)
	l, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	for {
		_ = l.(*net.UnixListener).SetDeadline(time.Now().Add(100 * time.Millisecond))
		conn, err := l.Accept()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintln(conn, "answer"); err != nil {
			return err
		}
		conn.Close()
	}
}

// reexecs has the init execute itself anew, -N times in a row, and demands that
// its services are the same all the while: "reexecs TIMES METHOD SOCKET STARTS",
// where SOCKET is that of a service "busy answers" and STARTS the file of one
// "busy starts". METHOD is daemon-reexec, or panic@POINT for a fault.
func reexecs(args []string) int {
	times, err := strconv.Atoi(args[0])
	if err != nil {
		return fail(err)
	}
	r := &reexecRun{method: args[1]}
	r.method, r.point, _ = strings.Cut(args[1], "@")
	if err := r.all(times, args[2], args[3]); err != nil {
		return fail(err)
	}
	return 0
}

type reexecRun struct {
	method, point string
	conn          net.Conn
	in            *bufio.Reader
	id            int
}

// all is the whole run.
func (r *reexecRun) all(times int, socket, starts string) error {
	if err := r.dial(); err != nil {
		return err
	}
	before, err := r.facts()
	if err != nil {
		return err
	}
	stop, dialed := make(chan struct{}), make(chan error, 1)
	go func() { dialed <- dialAll(socket, stop) }()
	slow := make(chan error, 1)
	go func() { slow <- startSlow(r.point == "step") }()
	for n := range times {
		go interrupt(n)
		if err := r.once(); err != nil {
			return fmt.Errorf("time %d: %w", n, err)
		}
		after, err := r.facts()
		if err != nil {
			return fmt.Errorf("after time %d: %w", n, err)
		}
		if after != before {
			return fmt.Errorf("after time %d: %s, before %s", n, after, before)
		}
		time.Sleep(time.Duration(n%4) * 5 * time.Millisecond)
	}
	close(stop)
	return errors.Join(<-dialed, <-slow, r.allStarts(starts), r.statusMoves())
}

// interrupt sends the init a signal that it has to hear, while it executes itself
// anew: another one each time, as two of a kind may be one.
func interrupt(n int) {
	kinds := [...]syscall.Signal{54, 55, 56, 57, 58, 59, 60, 61, syscall.SIGHUP} // from SIGRTMIN+20
	time.Sleep(time.Duration(n%16) * 300 * time.Microsecond)
	_ = syscall.Kill(1, kinds[n%len(kinds)])
}

func (r *reexecRun) dial() (err error) {
	if r.conn, err = net.Dial("unix", "/run/rustysd/control.sock"); err == nil {
		err = r.conn.SetDeadline(time.Now().Add(30 * time.Second))
		r.in = bufio.NewReader(r.conn)
	}
	return err
}

// call asks for something and answers the result.
func (r *reexecRun) call(method string, params any) (json.RawMessage, error) {
	r.id++
	line, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": r.id, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	if _, err := r.conn.Write(append(line, '\n')); err != nil {
		return nil, err
	}
	text, err := r.in.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	var reply struct {
		ID            int
		Result, Error json.RawMessage
	}
	if err := json.Unmarshal(text, &reply); err != nil || reply.Error != nil || reply.ID != r.id {
		return nil, fmt.Errorf("%s: %s: %w", method, text, err)
	}
	return reply.Result, nil
}

// once has the init execute itself anew. Who makes it panic may lose the
// connection.
func (r *reexecRun) once() error {
	if r.method == "daemon-reexec" {
		v, err := r.call(r.method, map[string]any{})
		if err == nil && !strings.Contains(string(v), `"done"`) {
			err = fmt.Errorf("daemon-reexec: %s", v)
		}
		return err
	}
	_, err := r.call(r.method, map[string]any{"at": r.point})
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return r.dial()
	}
	return err
}

// facts are what must not change.
func (r *reexecRun) facts() (string, error) {
	all := ""
	for _, unit := range []string{"count.service", "dog.service", "default.target"} {
		v, err := r.call("show", map[string]any{"unit": unit, "properties": []string{
			"MainPID", "InvocationID", "ActiveState", "StateChangeTimestampMonotonic", "NRestarts"}})
		if err != nil {
			return "", err
		}
		all += string(v)
	}
	return all, nil
}

func (r *reexecRun) text(unit, property string) (string, error) {
	v, err := r.call("show", map[string]any{"unit": unit, "properties": []string{property}})
	if err != nil {
		return "", err
	}
	_, value, _ := strings.Cut(strings.Trim(string(v), "{}"), ":")
	return strings.Trim(value, `"`), nil
}

// allStarts: the init has counted each end, and so each start, of the service
// that ends again and again.
func (r *reexecRun) allStarts(file string) error {
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(5 * time.Millisecond) {
		dots, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if len(dots) <= enoughStarts {
			continue
		}
		counted, err := r.text("again.service", "NRestarts")
		if n, _ := strconv.Atoi(counted); err == nil && n != enoughStarts {
			err = fmt.Errorf("%d starts were made, and %s restarts counted", len(dots), counted)
		}
		return err
	}
	return errors.New("the service that ends again and again was not started often enough")
}

// statusMoves: the notifications of the watchdog's service arrive still.
func (r *reexecRun) statusMoves() error {
	before, err := r.text("dog.service", "StatusText")
	if err != nil {
		return err
	}
	for range 200 {
		time.Sleep(10 * time.Millisecond)
		if after, err := r.text("dog.service", "StatusText"); err != nil || after != before {
			return err
		}
	}
	return fmt.Errorf("the status is %s for 2 s", before)
}

// dialAll connects until it is to stop, several at a time, and demands an answer
// of each.
func dialAll(socket string, stop chan struct{}) error {
	var wg sync.WaitGroup
	errs := make(chan error, 1)
	for {
		select {
		case <-stop:
			wg.Wait()
			select {
			case err := <-errs:
				return err
			default:
				return nil
			}
		case <-time.After(40 * time.Millisecond):
		}
		for range 4 {
			wg.Add(1)
			go func() {
				defer wg.Done()
				if err := dialOnce(socket); err != nil {
					select {
					case errs <- err:
					default:
					}
				}
			}()
		}
	}
}

func dialOnce(socket string) error {
	conn, err := net.DialTimeout("unix", socket, 5*time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(15 * time.Second))
	text, err := io.ReadAll(conn)
	if err != nil || string(text) != "answer\n" {
		return fmt.Errorf("a connection got %q: %w", text, err)
	}
	return nil
}

// startSlow waits for a job on a connection of its own. It may fail when a step
// breaks off that hears of an exit: that may be its own.
func startSlow(may bool) error {
	r := &reexecRun{}
	if err := r.dial(); err != nil {
		return err
	}
	v, err := r.call("start", map[string]any{"unit": "slow.service"})
	if err == nil && !strings.Contains(string(v), `"done"`) && !(may && strings.Contains(string(v), `"failed"`)) {
		err = fmt.Errorf("start slow: %s", v)
	}
	return err
}

// numbered demands that the lines of "busy lines NAME" are all in a log, each
// once and in order: "numbered LOG NAME".
func numbered(args []string) int {
	log, err := os.ReadFile(args[0])
	if err != nil {
		return fail(err)
	}
	next := 1
	for _, m := range regexp.MustCompile(`(?m)^.*: `+args[1]+` (line|wrote) (\d+)$`).FindAllStringSubmatch(string(log), -1) {
		n, _ := strconv.Atoi(m[2])
		switch {
		case m[1] == "wrote" && n == next-1:
			fmt.Println(n, "lines")
			return 0
		case m[1] == "wrote" || n != next:
			return fail(fmt.Errorf("%q follows line %d", m[0], next-1))
		}
		next++
	}
	return fail(fmt.Errorf("the log ends at line %d", next-1))
}
