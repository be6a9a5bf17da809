// Demo shows Engram at work. Without arguments it lists its demos.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(start(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
