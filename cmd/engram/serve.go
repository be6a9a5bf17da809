package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"strings"
	"time"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/train/forecast/serve"
)

// serveCommand serves a forecaster.
type serveCommand struct {
	modelFile `embed:""`
	Listen    string        `placeholder:"ADDRESS" default:"127.0.0.1:8080" help:"Address to listen at (${default}, which other machines do not reach)."`
	TokenFile string        `placeholder:"FILE" help:"File with a token that requests must have in the header Authorization: Bearer TOKEN; by default the variable ENGRAM_TOKEN, or none."`
	MaxBody   int64         `placeholder:"BYTES" help:"Size of a request (10 MiB)."`
	MaxRows   int           `placeholder:"N" help:"Rows of a request (100,000)."`
	Requests  int           `placeholder:"N" help:"Forecasts in progress; what comes beyond is told to try again (64)."`
	Timeout   time.Duration `placeholder:"TIME" help:"Time for a request (30s)."`
	Grace     time.Duration `placeholder:"TIME" help:"Time for requests in progress after Ctrl-C (30s)."`
}

func (cmd serveCommand) Run(ctx *invocation) error {
	token, err := cmd.token()
	if err != nil {
		return err
	}
	f, err := cmd.load()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(ctx.stderr, nil))
	handler, err := serve.New(f, serve.Config{
		Model: serve.Describe(f), Token: token, MaxBody: cmd.MaxBody, MaxRows: cmd.MaxRows,
		Requests: cmd.Requests, Timeout: cmd.Timeout, Log: log,
	})
	if err != nil {
		return usageError{err}
	}
	return serve.Server{Handler: handler, Address: cmd.Listen, Grace: cmd.Grace, Log: log, Ready: func(addr net.Addr) {
		cmd.announce(ctx, addr, token != "")
	}}.Run(ctx)
}

// announce says where the server listens.
func (cmd serveCommand) announce(ctx *invocation, addr net.Addr, token bool) {
	if ctx.json {
		_ = ctx.writeJSON(map[string]any{"address": addr.String(), "token": token})
		return
	}
	fmt.Fprintf(ctx.stdout, "Serving %s at http://%s; Ctrl-C ends it.\n", cmd.Model, addr)
	if tcp, ok := addr.(*net.TCPAddr); ok && !tcp.IP.IsLoopback() && !token {
		fmt.Fprintln(ctx.stderr, "engram: other machines may reach this address, and no token is needed: set --token-file")
	}
}

// token reads the token from where other users of the machine do not see it, as they see
// arguments.
func (cmd serveCommand) token() (string, error) {
	if cmd.TokenFile == "" {
		return os.Getenv("ENGRAM_TOKEN"), nil
	}
	text, err := os.ReadFile(cmd.TokenFile)
	if err != nil {
		return "", errors.Wrap(err, "--token-file")
	}
	token := strings.TrimSpace(string(text))
	if token == "" {
		return "", usageError{errors.Errorf("--token-file must have a token, and %s is empty", cmd.TokenFile)}
	}
	return token, nil
}
