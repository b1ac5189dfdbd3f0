// Command testserviceclient is the demo's client: it writes a line to each
// socket of testservice.
package main

import (
	"syscall"

	"rustysd/cmd/internal/demo"
)

func main() { syscall.Exit(demo.Client()) }
