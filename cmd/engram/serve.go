package main

import (
	"context"
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
	MaxBody   positive      `placeholder:"BYTES" help:"Size of a request (10 MiB)."`
	MaxRows   positive      `placeholder:"N" help:"Rows of a request (100,000)."`
	Requests  positive      `placeholder:"N" help:"Requests in progress, also those whose body is still arriving; what comes beyond is told to try again (64)."`
	Timeout   time.Duration `placeholder:"TIME" help:"Time for a request (30s)."`
	Grace     time.Duration `placeholder:"TIME" help:"Time for requests in progress after Ctrl-C (30s)."`
}

func (cmd serveCommand) Run(ctx *invocation) error {
	if _, _, err := net.SplitHostPort(cmd.Listen); err != nil {
		return usageError{errors.Errorf("--listen must be an address such as 127.0.0.1:8080, got %s", cmd.Listen)}
	}
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
		Model: serve.Describe(f), Token: token, MaxBody: int64(cmd.MaxBody), MaxRows: int(cmd.MaxRows),
		Requests: int(cmd.Requests), Timeout: cmd.Timeout, Log: log,
	})
	if err != nil {
		return usageError{err}
	}
	watched, stop := context.WithCancel(ctx)
	defer stop()
	go cmd.watch(watched, handler, log)
	return serve.Server{Handler: handler, Address: cmd.Listen, Grace: cmd.Grace, Log: log, Ready: func(addr net.Addr) {
		cmd.announce(ctx, addr, token != "")
	}}.Run(ctx)
}

// watchEvery is how often the file of the forecaster is looked at.
const watchEvery = 2 * time.Second

// watch serves what the file holds once it is replaced, as engram update does. A file that
// cannot be read is reported once, and the forecaster before it goes on.
func (cmd serveCommand) watch(ctx context.Context, handler *serve.Handler, log *slog.Logger) {
	last, _ := os.Stat(cmd.Model)
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !changed(cmd.Model, last) {
			continue
		}
		last, _ = os.Stat(cmd.Model)
		f, err := cmd.load()
		if err == nil {
			err = handler.Replace(f, serve.Describe(f))
		}
		if err != nil {
			log.Error("the new file cannot be served; the forecaster before it goes on", "error", err.Error())
			continue
		}
		log.Info("serving the new file", "file", cmd.Model)
	}
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
