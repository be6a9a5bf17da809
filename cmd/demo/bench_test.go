package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBenchJSON(t *testing.T) {
	for _, args := range []string{"--cell lstm", "--cell gru", "--cell rnn", "--model stacked", "--model bidirectional", "--model dropout", "--model scan --cell gru", "--model attention --cell gru"} {
		run := runDemo(t, append(append([]string{"bench", "--json"}, strings.Fields(args)...), "--shape", "3,2,1,4", "--shape", "2,1,2,3")...)
		if run.status != statusOK || run.stderr != "" {
			t.Fatalf("got %+v", run)
		}
		lines := strings.Split(strings.TrimSpace(run.stdout), "\n")
		if len(lines) != 2 {
			t.Fatalf("got %d lines, want 2", len(lines))
		}
		for i, want := range [][4]int{{3, 2, 1, 4}, {2, 1, 2, 3}} {
			var r benchResult
			if err := json.Unmarshal([]byte(lines[i]), &r); err != nil {
				t.Fatal(err)
			}
			if r.Shape != want {
				t.Errorf("shape %v, want %v", r.Shape, want)
			}
			for _, m := range []timing{r.TrainStep, r.PredictBatch, r.PredictOne} {
				if !(m.Best > 0 && m.Median >= m.Best) {
					t.Errorf("timing %+v", m)
				}
			}
		}
	}
}

func TestBenchTable(t *testing.T) {
	run := runDemo(t, "bench", "--shape", "3,2,1,4")
	if run.status != statusOK || !strings.Contains(run.stdout, "3,2,1,4") || !strings.Contains(run.stdout, "training step") {
		t.Errorf("got %+v", run)
	}
}

func TestBenchRefuses(t *testing.T) {
	for _, args := range []string{"--shape 1,2,3", "--shape 1,2,3,0", "--shape 1,2,3,x", "--shape 1,2,3,5000", "--cell elman", "--model deep"} {
		if run := runDemo(t, append([]string{"bench"}, strings.Fields(args)...)...); run.status != statusUsage || !strings.Contains(run.stderr, "must be") {
			t.Errorf("%s: got %+v", args, run)
		}
	}
}
