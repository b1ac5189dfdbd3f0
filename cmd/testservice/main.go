// Command testservice is the demo's service: it prints what comes in on the
// sockets that the init hands it. Called as testserviceclient, it is that.
package main

import (
	"syscall"

	"rustysd/cmd/internal/demo"
)

func main() { syscall.Exit(demo.Main()) }
