package serve

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/forecast"
)

// running starts a server at a free port. end stops it, as a signal does, and returns what
// Run returns.
func running(t testing.TB, s Server) (address string, end func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, done := make(chan string, 1), make(chan error, 1)
	s.Address = "127.0.0.1:0"
	s.Ready = func(a net.Addr) { ready <- a.String() }
	go func() { done <- s.Run(ctx) }()
	select {
	case address = <-ready:
	case err := <-done:
		t.Fatal(err)
	}
	t.Cleanup(cancel)
	return address, func() error { cancel(); return <-done }
}

func TestServer(t *testing.T) {
	address, end := running(t, Server{Handler: handler(t, naive{}, Config{})})
	answer, err := http.Post("http://"+address+"/forecast", "application/json", strings.NewReader(`{"series":[{"columns":{"a":[1]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	body, _ := io.ReadAll(answer.Body)
	answer.Body.Close()
	if answer.StatusCode != 200 || !strings.Contains(string(body), `"values":[1,1]`) {
		t.Errorf("%d %s", answer.StatusCode, body)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", address); err == nil {
		t.Error("the server takes a connection after its end")
	}
}

// A server that ends finishes the request in progress first.
func TestServerFinishesRequests(t *testing.T) {
	begun, open := make(chan struct{}), make(chan struct{})
	address, end := running(t, Server{Handler: handler(t, calling(func(ctx context.Context) ([]forecast.Forecast, error) {
		close(begun)
		<-open
		return nil, ctx.Err()
	}), Config{})})
	code := make(chan int)
	go func() {
		answer, err := http.Post("http://"+address+"/forecast", "application/json", strings.NewReader(`{}`))
		if err != nil {
			t.Error(err)
			code <- 0
			return
		}
		answer.Body.Close()
		code <- answer.StatusCode
	}()
	<-begun
	ended := make(chan error)
	go func() { ended <- end() }()
	select {
	case <-ended:
		t.Error("the server ended before the request")
	case <-time.After(50 * time.Millisecond):
	}
	close(open)
	if got := <-code; got != 200 {
		t.Errorf("status %d", got)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A request that does not end in time is ended, which is an error.
func TestServerGrace(t *testing.T) {
	begun := make(chan struct{})
	address, end := running(t, Server{Grace: 10 * time.Millisecond, Handler: handler(t, calling(func(ctx context.Context) ([]forecast.Forecast, error) {
		close(begun)
		<-ctx.Done()
		return nil, ctx.Err()
	}), Config{})})
	go func() {
		if answer, err := http.Post("http://"+address+"/forecast", "application/json", strings.NewReader(`{}`)); err == nil {
			answer.Body.Close()
		}
	}()
	<-begun
	if err := end(); err == nil || !strings.Contains(err.Error(), "in progress") {
		t.Error(err)
	}
}

// raw sends text over a connection of its own, waits and returns the answer until the server
// closes the connection.
func raw(t *testing.T, address string, parts ...string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	for _, part := range parts {
		if _, err := io.WriteString(c, part); err != nil {
			break
		}
	}
	answer, _ := io.ReadAll(bufio.NewReader(c))
	return string(answer)
}

// Clients that are slow, or send what they did not announce, are refused, and the server goes on.
func TestBadClients(t *testing.T) {
	address, end := running(t, Server{Handler: handler(t, naive{}, Config{Timeout: 100 * time.Millisecond, MaxBody: 1000})})
	const head = "POST /forecast HTTP/1.1\r\nHost: x\r\n"
	for name, c := range map[string]struct {
		sent []string
		want string
	}{
		"half a body":       {[]string{head + "Content-Length: 10\r\n\r\n", `{"se`}, "400 Bad Request"},
		"no HTTP":           {[]string{"hello\r\n\r\n"}, "400 Bad Request"},
		"long header":       {[]string{head + "X: " + strings.Repeat("x", 1<<17) + "\r\n\r\n"}, "431 "},
		"too long":          {[]string{head + "Content-Length: 1001\r\n\r\n", `{}`}, "413 "},
		"too long, chunked": {[]string{head + "Transfer-Encoding: chunked\r\n\r\n3e9\r\n" + strings.Repeat(" ", 1001) + "\r\n0\r\n\r\n"}, "413 "},
	} {
		if got := raw(t, address, c.sent...); !strings.Contains(got, c.want) {
			t.Errorf("%s: %.300q", name, got)
		}
	}
	answer, err := http.Get("http://" + address + "/healthz")
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if err := end(); err != nil {
		t.Error(err)
	}
}

func TestServerErrors(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // a server that starts ends at once
	errtest.Check(t, Server{}.Run(ctx), errs.Error{Path: "serve", Field: "Server.Handler"})
	h := handler(t, naive{}, Config{})
	errtest.Check(t, Server{Handler: h, Grace: -1}.Run(ctx), errs.Error{Path: "serve", Field: "Server.Grace"})
	if err := (Server{Handler: h, Address: "nowhere"}).Run(context.Background()); err == nil || !strings.Contains(err.Error(), "Server.Address") {
		t.Error(err)
	}
}
