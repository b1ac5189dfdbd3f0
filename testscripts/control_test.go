package testscripts

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// rpc sends what comes on standard input to a socket, all at once, and prints
// what comes back, until the other side ends it.
func rpc(args []string) int {
	conn, err := net.Dial("unix", args[0])
	if err != nil {
		return fail(err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.Copy(conn, os.Stdin)
		_ = conn.(*net.UnixConn).CloseWrite()
	}()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return fail(err)
	}
	if _, err := io.Copy(os.Stdout, conn); err != nil {
		return fail(err)
	}
	return 0
}

// badclients does to a control socket what clients must not do, and demands
// that others are served all the while.
func badclients(args []string) int {
	b := &badClients{path: args[0]}
	defer b.closeAll()
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"half a line from each of 200", b.halfLines},
		{"20 that ask and never read", b.neverRead},
		{"a line without end", b.endless},
		{"5,000 lines of garbage", b.garbage},
		{"1,000 quick ones", b.quick},
		{"500 that ask and go", b.askAndGo},
	} {
		err := step.do()
		if err == nil {
			err = b.served()
		}
		if err != nil {
			return fail(fmt.Errorf("%s: %w", step.name, err))
		}
		fmt.Println("survived", step.name)
	}
	fmt.Fprintf(os.Stderr, "slowest answer: %s\n", b.slowest)
	return 0
}

type badClients struct {
	path    string
	conns   []net.Conn
	slowest time.Duration
}

func (b *badClients) closeAll() {
	for _, c := range b.conns {
		c.Close()
	}
}

func (b *badClients) dial() (net.Conn, error) {
	c, err := net.Dial("unix", b.path)
	for n := 0; n < 1000 && errors.Is(err, syscall.EAGAIN); n++ { // the queue is full
		time.Sleep(time.Millisecond)
		c, err = net.Dial("unix", b.path)
	}
	if err == nil {
		err = c.SetDeadline(time.Now().Add(patience))
	}
	return c, err
}

const goodCall = `{"jsonrpc":"2.0","id":"x","method":"show","params":{"unit":"default.target","properties":["Id"]}}` + "\n"

// served is a client that behaves.
func (b *badClients) served() error {
	begin := time.Now()
	c, err := b.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := io.WriteString(c, goodCall); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	b.slowest = max(b.slowest, time.Since(begin))
	const want = `{"jsonrpc":"2.0","id":"x","result":{"Id":"default.target"}}` + "\n"
	if err != nil || line != want {
		return fmt.Errorf("answered %q, %w", line, err)
	}
	return nil
}

func (b *badClients) halfLines() error {
	for range 200 {
		c, err := b.dial()
		if err != nil {
			return err
		}
		b.conns = append(b.conns, c)
		if _, err := io.WriteString(c, goodCall[:40]); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

// gone: the init may hang up on us, and must not end.
func gone(err error) bool {
	return errors.Is(err, io.EOF) || strings.Contains(err.Error(), "broken pipe") || strings.Contains(err.Error(), "reset")
}

func (b *badClients) neverRead() error {
	request := strings.Repeat(`{"jsonrpc":"2.0","id":1,"method":"list-units"}`+"\n", 500)
	for range 20 {
		c, err := b.dial()
		if err != nil {
			return err
		}
		b.conns = append(b.conns, c)
		if err := c.SetWriteDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
			return err
		}
		for err == nil {
			_, err = io.WriteString(c, request)
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) && !gone(err) {
			return err
		}
	}
	return nil
}

func (b *badClients) endless() error {
	c, err := b.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	long := strings.Repeat("x", 1<<20)
	if _, err := io.WriteString(c, long+"\n"+goodCall); err != nil {
		return err
	}
	r := bufio.NewReader(c)
	first, err := r.ReadString('\n')
	if err != nil || !strings.Contains(first, "-32700") {
		return fmt.Errorf("answered %q, %w", first, err)
	}
	second, err := r.ReadString('\n')
	if err != nil || !strings.Contains(second, "default.target") {
		return fmt.Errorf("then answered %q, %w", second, err)
	}
	return nil
}

// garbage sends lines that begin as requests and are damaged; each is answered
// with JSON.
func (b *badClients) garbage() error {
	c, err := b.dial()
	if err != nil {
		return err
	}
	defer c.Close()
	rng := rand.New(rand.NewPCG(1, 2))
	r := bufio.NewReader(c)
	for n := range 5000 {
		line := []byte(goodCall[:len(goodCall)-1])
		for range 1 + rng.IntN(3) {
			line[rng.IntN(len(line))] = byte(rng.IntN(256))
		}
		text := strings.ReplaceAll(string(line), "\n", "?") + "\n"
		if !strings.Contains(text, `"id":`) {
			continue // it may have become a notification, which has no answer
		}
		if _, err := io.WriteString(c, text); err != nil {
			return err
		}
		answer, err := r.ReadBytes('\n')
		if err != nil || !json.Valid(answer) {
			return fmt.Errorf("line %d: %q answered with %q, %w", n, text, answer, err)
		}
	}
	return nil
}

func (b *badClients) quick() error {
	for range 1000 {
		if err := b.served(); err != nil {
			return err
		}
	}
	return nil
}

func (b *badClients) askAndGo() error {
	for range 500 {
		c, err := b.dial()
		if err != nil {
			return err
		}
		_, err = io.WriteString(c, `{"jsonrpc":"2.0","id":1,"method":"start","params":{"unit":"slow.service"}}`+"\n")
		c.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
