package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"time"
)

// slots and the offsets below are those of yard/record.h.
const (
	slots    = 2048
	lineSize = 64
)

// record is a copy of a run's record file.
type record []byte

// newRecord empties the record file.
func newRecord(path string) error {
	return os.WriteFile(path, make([]byte, lineSize*(slots+1)), 0o644)
}

func readRecord(path string) record {
	b, _ := os.ReadFile(path)
	return append(b, make([]byte, max(0, lineSize*(slots+1)-len(b)))...)
}

func (r record) up() int     { return int(binary.NativeEndian.Uint32(r[0:])) }
func (r record) down() int   { return int(binary.NativeEndian.Uint32(r[4:])) }
func (r record) boot() int64 { return int64(binary.NativeEndian.Uint64(r[8:])) }
func (r record) started(i int) int64 {
	return int64(binary.NativeEndian.Uint64(r[lineSize*(i+1):]))
}
func (r record) stopped(i int) int64 {
	return int64(binary.NativeEndian.Uint64(r[lineSize*(i+1)+8:]))
}

// lastStart is the latest start of n services, lastStop the latest stop.
func (r record) lastStart(n int) (last int64) {
	for i := range n {
		last = max(last, r.started(i))
	}
	return last
}

func (r record) lastStop(n int) (last int64) {
	for i := range n {
		last = max(last, r.stopped(i))
	}
	return last
}

// await polls the record until it holds what done asks for.
func await(path string, done func(record) bool) (record, error) {
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if r := readRecord(path); done(r) {
			return r, nil
		}
	}
	r := readRecord(path)
	return r, fmt.Errorf("after 30 seconds %d services have started and %d have stopped", r.up(), r.down())
}
