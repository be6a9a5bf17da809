package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

const passengers = "../../datasets/data/airpassengers.csv"

// engram runs a command that must succeed, and returns its standard output.
func engram(t *testing.T, args ...string) string {
	t.Helper()
	var stdout, stderr bytes.Buffer
	if status := run(context.Background(), args, console{strings.NewReader(""), &stdout, &stderr}); status != statusOK {
		t.Fatalf("engram %s: status %d\n%s", strings.Join(args, " "), status, stderr.String())
	}
	return stdout.String()
}

// The object of --json has the forecast of the library, bit for bit, and what was read.
func TestForecastJSON(t *testing.T) {
	series := datasets.AirPassengers()
	f, err := forecast.Fit(context.Background(), forecast.Config{Targets: []string{"passengers"}, Horizon: 4, Epochs: 2, Seed: 3, Members: 2}, series)
	if err != nil {
		t.Fatal(err)
	}
	next, err := f.Forecast(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Forecast  []float64
		Times     []string
		Quantiles map[string][]float64
		Method    string
		Columns   map[string]struct{ Forecast []float64 }
		Verdict   string
		Scores    map[string]struct{ MASE, MAE *float64 }
		Read      struct {
			Rows    int
			Times   struct{ First, Last, Step string }
			Columns map[string]struct {
				Count, Missing int
				Sum            float64
			}
		}
	}
	out := engram(t, "forecast", passengers, "--column", "passengers", "--horizon", "4", "--epochs", "2", "--seed", "3", "--members", "2", "--json")
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	want := next[0].Targets[0]
	if !slices.Equal(got.Forecast, want.Values) || !slices.Equal(got.Columns["passengers"].Forecast, want.Values) || !slices.Equal(got.Times, next[0].Times) {
		t.Errorf("forecast %v of %v, want %v", got.Forecast, got.Times, want.Values)
	}
	for i, level := range want.Levels {
		if !slices.Equal(got.Quantiles[fmt.Sprint(level)], want.Quantiles[i]) {
			t.Errorf("quantile %v: %v, want %v", level, got.Quantiles[fmt.Sprint(level)], want.Quantiles[i])
		}
	}
	if got.Method != "model" || got.Verdict != f.Verdict().String() || len(got.Scores) != len(f.Verdict().Scores) || *got.Scores["ETS"].MAE <= 0 {
		t.Errorf("%s: %s, scores %v", got.Method, got.Verdict, got.Scores)
	}
	if r := got.Read; r.Rows != 144 || r.Times.First != "1949-01" || r.Times.Last != "1960-12" || r.Times.Step != "month" || r.Columns["passengers"].Count != 144 || r.Columns["passengers"].Sum != 40363 {
		t.Errorf("read %+v", r)
	}
}

// No line is wider than a terminal, and none ends in a space.
func TestWidth(t *testing.T) {
	model := filepath.Join(t.TempDir(), "m.engram")
	for _, args := range []string{
		"--help", "forecast --help", "serve --help", "update --help", "backtest --help", "inspect --help",
		"inspect " + passengers,
		"forecast " + passengers + " --column passengers --horizon 2 --epochs 1 --quantiles 0.01,0.1,0.5,0.9,0.99 --save " + model,
		"inspect " + model,
		"backtest " + model + " " + passengers,
	} {
		for line := range strings.Lines(engram(t, strings.Fields(args)...)) {
			line = strings.TrimSuffix(line, "\n")
			if strings.Contains(line, model) { // a path is not divided
				continue
			}
			if utf8.RuneCountInString(line) > 80 || strings.HasSuffix(line, " ") {
				t.Errorf("engram %s: %q", args, line)
			}
		}
	}
}

// A server with a token in a file answers, and ends when it is interrupted.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	model, token := filepath.Join(dir, "m.engram"), filepath.Join(dir, "token")
	engram(t, "forecast", passengers, "--column", "passengers", "--horizon", "2", "--epochs", "1", "--save", model)
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, interrupt := context.WithCancel(context.Background())
	defer interrupt()
	out, in := io.Pipe()
	status := make(chan int)
	go func() {
		status <- run(ctx, []string{"serve", model, "--listen", "127.0.0.1:0", "--token-file", token, "--json"}, console{strings.NewReader(""), in, io.Discard})
	}()
	var ready struct {
		Address string
		Token   bool
	}
	if err := json.NewDecoder(out).Decode(&ready); err != nil || !ready.Token {
		t.Fatal(ready, err)
	}
	for header, want := range map[string]string{"": "401 Unauthorized", "Authorization: Bearer secret\r\n": "200 OK"} {
		c, err := net.Dial("tcp", ready.Address)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(c, "POST /forecast HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n%s\r\n{}", header)
		if line, err := bufio.NewReader(c).ReadString('\n'); err != nil || !strings.Contains(line, want) {
			t.Errorf("with %q: %s %v", header, line, err)
		}
		c.Close()
	}
	// A file that is replaced is served, and one that is damaged is not.
	engram(t, "forecast", passengers, "--column", "passengers", "--horizon", "3", "--epochs", "1", "--save", model)
	horizon := func() string {
		r, err := http.NewRequest("GET", "http://"+ready.Address+"/model", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer secret")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return regexp.MustCompile(`"horizon":\d+`).FindString(string(text))
	}
	for deadline := time.Now().Add(time.Minute); horizon() != `"horizon":3`; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the new file is not served")
		}
	}
	if err := os.WriteFile(model, []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	time.Sleep(watchEvery + 200*time.Millisecond)
	if got := horizon(); got != `"horizon":3` {
		t.Errorf("after a damaged file, %s is served", got)
	}
	interrupt()
	if got := <-status; got != statusOK {
		t.Errorf("status %d", got)
	}
}
