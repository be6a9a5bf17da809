package main

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
)

func TestAccuracyFlags(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--data", "etth1"}, "--file must be given with a series that is not included, and only then"},
		{[]string{"--data", "airline", "--file", "x.csv"}, "--file must be given with a series that is not included, and only then"},
		{[]string{"--data", "m4-hourly", "--file", "x.csv"}, "--test must be given with m4-hourly, and only then"},
		{[]string{"--data", "x"}, "--data must be one of airline, sunspots, dax, etth1, m4-hourly"},
		{[]string{"--seeds", "0"}, "--seeds must be a whole number from 1 to 1000"},
	} {
		run := runDemo(t, append([]string{"accuracy"}, c.args...)...)
		if run.status != statusUsage || run.stdout != "" || !strings.Contains(run.stderr, c.want) {
			t.Errorf("%q: got %+v, want %q", c.args, run, c.want)
		}
	}
	run := runDemo(t, "accuracy", "--data", "etth1", "--file", filepath.Join(t.TempDir(), "none.csv"))
	if run.status != statusFailure || !strings.Contains(run.stderr, "--file") {
		t.Errorf("no file: got %+v", run)
	}
}

// TestAccuracyRolling has a line for each network and each simple method. That of the
// seasonal naive method is worked out here.
func TestAccuracyRolling(t *testing.T) {
	var out bytes.Buffer
	s := datasets.AirPassengers()
	err := rolling{series: s, known: 120, stride: 1, contestants: []contestant{
		{"quick", forecast.Config{Horizon: 6, Steps: 12, Epochs: 1}},
	}}.run(context.Background(), &scoreTable{out: &out, progress: io.Discard, seeds: 2})
	if err != nil {
		t.Fatal(err)
	}
	sum, n := 0.0, 0.0
	for from := 119; from+6 < 144; from++ {
		for h := 1; h <= 6; h++ {
			x := s.Values[0][from+h]
			sum, n = sum+100*math.Abs(s.Values[0][from+h-12]-x)/x, n+1
		}
	}
	for _, want := range []string{"| method | MAPE % | range |", "\n| quick | ", "\n| quick, mean of the 2 seeds | ", "\n| ETS | ", "\n| seasonal naive | " + figure(sum/n) + " | |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in\n%s", want, out.String())
		}
	}
}

// TestMeanScores takes the mean of forecasts that are the same, whose scores are those of one.
func TestMeanScores(t *testing.T) {
	s := datasets.AirPassengers()
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 6, Steps: 12, Epochs: 1}, s)
	if err != nil {
		t.Fatal(err)
	}
	b, err := f.Backtest(context.Background(), forecast.BacktestConfig{ModelOnly: true}, s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := rolling{series: s}.meanScores([][]forecast.Origin{b.Forecasts, b.Forecasts}, 12)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range valuesOf(b.Verdict.Scores[0]) {
		if math.Abs(got[i]-want) > 1e-9*want {
			t.Errorf("got %v, want %v", got, valuesOf(b.Verdict.Scores[0]))
		}
	}
	// Forecasts that are too high and too low by the same have no error in the mean.
	high, low := b.Forecasts[:1:1], slices.Clone(b.Forecasts[:1])
	low[0].Targets = slices.Clone(low[0].Targets)
	low[0].Targets[0].Values = slices.Clone(low[0].Truth[0])
	for h, v := range high[0].Targets[0].Values {
		low[0].Targets[0].Values[h] -= v - low[0].Truth[0][h]
	}
	if got, err = (rolling{series: s}).meanScores([][]forecast.Origin{high, low}, 12); err != nil || got[1] > 1e-9 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestScoreTable(t *testing.T) {
	var out bytes.Buffer
	table := &scoreTable{out: &out}
	if err := table.line("a", [][]float64{{1, 0.25, math.NaN()}, {3, 0.75, math.NaN()}}, 5*time.Second); err != nil {
		t.Fatal(err)
	}
	if want := "| a | 2.00 | 1.00–3.00 | 0.5000 | 0.2500–0.7500 | – | | 2.5 |\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
}

// TestETThScores scores a network that has learned nothing but a level: the windows of the
// test part rise by a row each, so the errors follow from the forecast.
func TestETThScores(t *testing.T) {
	const horizon = 96
	rows := etthTrain + etthPart + horizon + 2 // three windows
	values := make([]float64, rows)
	for i := range values {
		values[i] = float64(i % 7)
	}
	s := &datasets.Series{Name: "s", Columns: []string{"a"}, Values: [][]float64{values}}
	config := etthContestants(horizon)[0].config
	config.MaxSteps, config.Epochs = 1, 1
	first := func(n int) *datasets.Series {
		t.Helper()
		part, err := s.Slice(0, n)
		if err != nil {
			t.Fatal(err)
		}
		return part
	}
	f, err := forecast.Fit(context.Background(), config, first(etthTrain+etthPart+horizon))
	if err != nil {
		t.Fatal(err)
	}
	got, err := etthScores(context.Background(), f, s, horizon)
	if err != nil {
		t.Fatal(err)
	}
	squares, absolute := 0.0, 0.0
	for w := range 3 {
		at := etthTrain + etthPart + w
		next, err := f.Forecast(context.Background(), first(at))
		if err != nil {
			t.Fatal(err)
		}
		for h, y := range next[0].Targets[0].Values {
			e := (y - values[at+h]) / 2 // the deviation of 0 … 6 is 2
			squares, absolute = squares+e*e/(3*horizon), absolute+math.Abs(e)/(3*horizon)
		}
	}
	if math.Abs(got[0]-squares) > 1e-3*squares || math.Abs(got[1]-absolute) > 1e-3*absolute {
		t.Errorf("got %v, want %v and %v", got, squares, absolute)
	}
	if _, err := etthScores(context.Background(), f, first(etthTrain+etthPart), horizon); err == nil {
		t.Error("no window, but no error")
	}
}

func TestReadM4(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m4.csv")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("id,V1,V2,V3\nH1,1,2.5,\nH2,3,4,5\n")
	all, err := readM4(path)
	if err != nil || len(all) != 2 || all[0].Name != "H1" || all[0].Len() != 2 || all[1].Values[0][2] != 5 {
		t.Fatalf("got %v, %v", all, err)
	}
	scores, err := m4Scores([]*datasets.Series{datasets.FromSlice("a", ramp(30))}, []*datasets.Series{datasets.FromSlice("a", []float64{10, 20})},
		func(int) ([]float64, error) { return []float64{10, 30}, nil })
	if err != nil || math.Abs(scores[0]-20) > 1e-9 || math.Abs(scores[1]-5.0/24) > 1e-9 {
		t.Errorf("scores %v, %v; want 20 and 5/24", scores, err)
	}
	if got := owa([]float64{1, 3}, []float64{2, 2}); got != 1 {
		t.Errorf("OWA %v, want 1", got)
	}
	for _, text := range []string{"id,V1\nH1,x\n", "id\n\"", ""} {
		write(text)
		if all, err := readM4(path); err == nil && len(all) > 0 {
			t.Errorf("%q: no error", text)
		}
	}
}

// ramp is 0, 1, 2, …
func ramp(n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = float64(i)
	}
	return out
}
