//go:build long

package serve

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

// 200 clients at once, one in ten of which sends what must be refused, get the bits that
// Forecaster.Forecast gives, and the memory does not grow over 100,000 requests (5,000 with
// -short, as for the race detector).
//
// Requests and answers go over connections within this machine; clients and server share its
// cores.
func TestLongLoad(t *testing.T) {
	const clients = 200
	total := 100_000
	if testing.Short() {
		total = 5_000
	}
	series := datasets.AirPassengers()
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 12, Epochs: 2}, series)
	if err != nil {
		t.Fatal(err)
	}
	requests := goodRequests(t, f, series)
	h := handler(t, f, Config{Requests: clients})
	address, end := running(t, Server{Handler: h})
	call := &caller{client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableCompression: true}}, address: address}

	var next, refused atomic.Int64
	latencies := make([]time.Duration, total)
	// drive sends the requests up to a number, and waits for their answers.
	drive := func(to int) {
		var all sync.WaitGroup
		for c := range clients {
			all.Go(func() {
				for {
					i := int(next.Add(1)) - 1
					if i >= to {
						return
					}
					if c%10 == 9 {
						if err := badRequest(call, i); err != nil {
							t.Errorf("bad request %d: %v", i, err)
						}
						refused.Add(1)
						continue
					}
					var err error
					if latencies[i], err = requests[i%len(requests)].send(call); err != nil {
						t.Errorf("request %d: %v", i, err)
					}
				}
			})
		}
		all.Wait()
		next.Store(int64(to))
		call.client.CloseIdleConnections()
	}
	begun := time.Now()
	drive(total / 10)
	before := heap()
	drive(total)
	after, took := heap(), time.Since(begun)
	if after > before+1<<20 {
		t.Errorf("the heap grew from %d to %d bytes", before, after)
	}
	// Requests of 11 MB, which the server does not read, are often broken off and sent again.
	if n := call.resent.Load(); n > int64(total/500+5) {
		t.Errorf("%d requests were sent again", n)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	latencies = slices.DeleteFunc(latencies, func(d time.Duration) bool { return d == 0 })
	slices.Sort(latencies)
	at := func(p float64) time.Duration {
		return latencies[int(p*float64(len(latencies)-1))].Round(10 * time.Microsecond)
	}
	t.Logf("%d requests of %d clients, %d of them refused, in %.1f s: %.0f a second", total, clients, refused.Load(), took.Seconds(), float64(total)/took.Seconds())
	t.Logf("forecasts: p50 %v, p99 %v, longest %v", at(0.5), at(0.99), at(1))
	t.Logf("sent again %d", call.resent.Load())
	t.Logf("heap after a tenth %.1f MB, at the end %.1f MB; resident %s", float64(before)/1e6, float64(after)/1e6, resident())
}

// One client alone: how long a forecast takes, with all of HTTP and JSON.
func TestLongLatency(t *testing.T) {
	series := datasets.AirPassengers()
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 12, Epochs: 2}, series)
	if err != nil {
		t.Fatal(err)
	}
	requests := goodRequests(t, f, series)
	address, end := running(t, Server{Handler: handler(t, f, Config{})})
	call := &caller{client: http.DefaultClient, address: address}
	latencies := make([]time.Duration, 2000)
	for i := range latencies {
		if latencies[i], err = requests[i%len(requests)].send(call); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(latencies)
	t.Logf("one client: p50 %v, p99 %v", latencies[len(latencies)/2], latencies[len(latencies)*99/100])
	if err := end(); err != nil {
		t.Error(err)
	}
}

// goodRequest is a request with its answer.
type goodRequest struct{ body, want []byte }

// caller sends requests to a server.
type caller struct {
	client  *http.Client
	address string
	resent  atomic.Int64
}

// post sends a body. The client may open connections before it needs them, which the server
// closes after the time for a header; a request that meets one is sent again.
func (c *caller) post(path string, body []byte) (*http.Response, error) {
	answer, err := c.client.Post("http://"+c.address+path, "application/json", bytes.NewReader(body))
	if err == nil {
		return answer, nil
	}
	c.resent.Add(1)
	return c.client.Post("http://"+c.address+path, "application/json", bytes.NewReader(body))
}

// send returns the time to the answer, which must be the right one.
func (r goodRequest) send(c *caller) (time.Duration, error) {
	begun := time.Now()
	answer, err := c.post("/forecast", r.body)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	got, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK || !bytes.Equal(got, r.want) {
		return 0, fmt.Errorf("%s %.200s %v", answer.Status, got, err)
	}
	return time.Since(begun), nil
}

// goodRequests end at several rows of a series.
func goodRequests(t testing.TB, f *forecast.Forecaster, series *datasets.Series) []goodRequest {
	var all []goodRequest
	for rows := f.Rows(); rows <= series.Len(); rows += 3 {
		s, err := datasets.FromLabels(series.Name, series.Index[:rows], series.Columns, [][]float64{series.Values[0][:rows]})
		if err != nil {
			t.Fatal(err)
		}
		forecasts, err := f.Forecast(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		want, err := encode(answer{forecasts})
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, goodRequest{[]byte(body(t, s, min(rows, f.Rows()))), want})
	}
	return all
}

// badRequest sends what must be refused.
func badRequest(c *caller, i int) error {
	path := "/forecast"
	var text string
	want := http.StatusBadRequest
	switch kind := i % 50; {
	case kind == 0: // few, since they need most of the time
		text, want = strings.Repeat(" ", 11<<20), http.StatusRequestEntityTooLarge
	case kind <= 10:
		text = `{"series": [{"columns": {"passengers": [1, NaN]}}]}`
	case kind <= 20:
		text = `{"series": [{"times": ["1960-12"], "columns": {"passengers": [1]}}]}`
	case kind <= 30:
		text = strings.Repeat(`[`, 10_000)
	case kind <= 40:
		path, want = "/forecasts", http.StatusNotFound
	default: // goes away in the middle of its body
		connection, err := net.Dial("tcp", c.address)
		if err != nil {
			return err
		}
		defer connection.Close()
		_, err = fmt.Fprint(connection, "POST /forecast HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{\"series\"")
		return err
	}
	answer, err := c.post(path, []byte(text))
	if err != nil {
		if want == http.StatusRequestEntityTooLarge { // the server may close the connection first
			return nil
		}
		return err
	}
	defer answer.Body.Close()
	if _, err := io.Copy(io.Discard, answer.Body); err != nil {
		return err
	}
	if answer.StatusCode != want {
		return fmt.Errorf("status %d, want %d", answer.StatusCode, want)
	}
	return nil
}

// heap is the memory in use, without garbage.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// resident is the memory of this process, as Linux tells it.
func resident() string {
	text, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			return strings.TrimSpace(rest)
		}
	}
	return "unknown"
}
