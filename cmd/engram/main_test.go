package main

import (
	"context"
	"flag"
	"io"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write what scripts expect")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"engram": main})
}

// Scripts run the program as a user does; see testdata/script. To write what they expect
// again, look at every change and run
//
//	go test ./cmd/engram -run Scripts -update
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, UpdateScripts: *update, Setup: func(env *testscript.Env) error {
		data, err := filepath.Abs("../../datasets/data")
		env.Setenv("DATA", data)
		return err
	}})
}

// Exit statuses are those that the documentation of the command gives.
func TestStatus(t *testing.T) {
	interrupted, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		ctx  context.Context
		args string
		want int
	}{
		{context.Background(), "", statusOK},
		{context.Background(), "inspect --help", statusOK},
		{context.Background(), "inspect ../../datasets/data/sunspots.csv", statusOK},
		{context.Background(), "inspect nothing.csv", statusFailure},
		{context.Background(), "inspect", statusUsage},
		{context.Background(), "inspect ../../datasets/data/sunspots.csv --column moon", statusUsage},
		{context.Background(), "forecast ../../datasets/data/sunspots.csv --column sunspots --horizon 0", statusUsage},
		{context.Background(), "inspect --colour red nothing.csv", statusUsage},
		{context.Background(), "forecast ../../datasets/data/airpassengers.csv --column passengers --horizon 3 --epochs 1 --must-win", statusLost},
		{interrupted, "inspect -", statusInterrupted},
		{interrupted, "forecast ../../datasets/data/airpassengers.csv --column passengers --horizon 3", statusInterrupted},
	} {
		reading, _ := io.Pipe() // which nobody writes to
		if got := run(c.ctx, strings.Fields(c.args), console{reading, io.Discard, io.Discard}); got != c.want {
			t.Errorf("engram %s: status %d, want %d", c.args, got, c.want)
		}
	}
}
