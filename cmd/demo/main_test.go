package main

import (
	"context"
	"os"
	"strings"
	"testing"
)

func Example() {
	start(context.Background(), nil, os.Stdout, os.Stderr)
	// Output:
	// Engram's demos:
	//
	//   accuracy   measures forecasts on public series next to simple methods
	//   bench      times training and prediction of a model
	//   stock      compares an LSTM with the naive forecast
	//
	// Run one:    go run ./cmd/demo stock
	// Its flags:  go run ./cmd/demo stock -h
}

func TestListOfDemos(t *testing.T) {
	want := runDemo(t).stdout
	for _, args := range [][]string{{}, {"-h"}, {"--help"}, {"help"}} {
		if run := runDemo(t, args...); run.status != statusOK || run.stdout != want || run.stderr != "" {
			t.Errorf("%q: got %+v", args, run)
		}
	}
	run := runDemo(t, "stocks")
	if run.status != statusUsage || run.stdout != "" || !strings.HasPrefix(run.stderr, `There is no demo called "stocks".`) || !strings.HasSuffix(run.stderr, want) {
		t.Errorf("unknown demo: got %+v", run)
	}
	for _, d := range demos() {
		if d.name == "" || d.summary == "" || d.run == nil || strings.Contains(d.summary, "\n") || len(d.summary) > 66 {
			t.Errorf("demo %q lacks a field, or its summary is too long", d.name)
		}
	}
}

func TestStockHelp(t *testing.T) {
	for _, flag := range []string{"-h", "--help"} {
		run := runDemo(t, "stock", flag)
		if run.status != statusOK || run.stderr != "" {
			t.Errorf("%s: got %+v", flag, run)
		}
		for _, name := range []string{"csv FILE", "column NAME", "transform NAME", "steps N", "units N", "epochs N", "seed N", "save FILE", "report DIR", "json "} {
			if !strings.Contains(run.stdout, "\n  --"+name) {
				t.Errorf("%s does not describe --%s", flag, name)
			}
		}
		for line := range strings.Lines(run.stdout) {
			if len(strings.TrimSuffix(line, "\n")) > 80 || strings.HasSuffix(line, " \n") {
				t.Errorf("line %q is too long or ends in a space", line)
			}
		}
	}
}
