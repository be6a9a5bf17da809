package serve

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/errs"
)

// Server runs a handler, with limits on slow clients. The zero value of every field but
// Handler is its default.
type Server struct {
	Handler http.Handler
	Address string              // to listen at; default 127.0.0.1:8080, which other machines do not reach
	Grace   time.Duration       // for requests in progress when the server ends; default 30 s
	Ready   func(addr net.Addr) // called once the server listens; may be nil
	Log     *slog.Logger        // gets faults of connections; by default none does
}

// Run listens and answers requests until ctx is done. Then it takes no new connection,
// finishes the requests in progress, and returns nil; after Grace it ends them, and returns
// an error. An address that cannot be used is an error.
func (s Server) Run(ctx context.Context) error {
	switch {
	case s.Handler == nil:
		return errs.Error{Path: "serve", Field: "Server.Handler", Rule: "must not be nil"}
	case s.Grace < 0:
		return errs.Error{Path: "serve", Field: "Server.Grace", Rule: "must not be negative", Value: s.Grace}
	}
	if s.Address == "" {
		s.Address = "127.0.0.1:8080"
	}
	if s.Grace == 0 {
		s.Grace = 30 * time.Second
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", s.Address)
	if err != nil {
		return errors.Wrapf(err, "serve: Server.Address must be a free address such as 127.0.0.1:8080, got %s", s.Address)
	}
	server := &http.Server{
		Handler:           s.Handler,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(s.Log.Handler(), slog.LevelWarn),
	}
	if s.Ready != nil {
		s.Ready(listener.Addr())
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return errors.Wrap(err, "serve")
	case <-ctx.Done():
	}
	// The context is done; requests in progress have the time of Grace.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.Grace)
	defer cancel()
	if err := server.Shutdown(grace); err != nil {
		_ = server.Close()
		return errors.Wrapf(err, "serve: requests were in progress %s after the end", s.Grace)
	}
	return nil
}
