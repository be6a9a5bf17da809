package main

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestBenchJSON(t *testing.T) {
	for _, args := range []string{"--shape 2,1,2,3", "--cell gru", "--cell rnn", "--model stacked", "--model bidirectional", "--model dropout", "--model scan --cell gru", "--model attention --cell gru"} {
		var stdout, stderr bytes.Buffer
		err := benchmark{}.run(t.Context(), append([]string{"--json", "--shape", "3,2,1,4"}, strings.Fields(args)...), &stdout, &stderr)
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%v, standard error %q", err, stderr.String())
		}
		lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
		shapes := [][4]int{{3, 2, 1, 4}, {2, 1, 2, 3}}[:1+strings.Count(args, "--shape")]
		if len(lines) != len(shapes) {
			t.Fatalf("got %d lines, want %d", len(lines), len(shapes))
		}
		for i, want := range shapes {
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

// Each row is written before the next shape is timed.
func TestBenchTable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout := &canceller{n: 3, cancel: cancel} // caption, headings, the first row
	var stderr bytes.Buffer
	status := start(ctx, []string{"bench", "--shape", "3,2,1,4", "--shape", "2,1,2,3"}, stdout, &stderr)
	lines := strings.Split(stdout.String(), "\n")
	if len(lines) != 4 || !strings.Contains(lines[1], "training step") || !strings.HasPrefix(lines[2], "3,2,1,4 ") {
		t.Errorf("got %q", lines)
	}
	if want := "\nbench: interrupted before the end: 2,1,2,3: context canceled\n"; status != statusInterrupted || stderr.String() != want {
		t.Errorf("status %d, got %q, want %q", status, stderr.String(), want)
	}
}

func TestBenchHelp(t *testing.T) {
	help := strings.Join(strings.Fields(runDemo(t, "bench", "-h").stdout), " ")
	if want := "(30,32,1,50 50,32,8,64 100,64,16,128 100,64,64,256 20,20,200,200)"; !strings.Contains(help, want) {
		t.Errorf("no %s in %s", want, help)
	}
}

func TestBenchInvalidFlags(t *testing.T) {
	for args, want := range map[string]string{
		"--shape 1,2,3":                        "must be four whole numbers T,B,D,H from 1 to 4096",
		"--shape 1,2,3,0":                      "must be four whole numbers",
		"--shape 1,2,3,x":                      "must be four whole numbers",
		"--shape 1,2,3,5000":                   "must be four whole numbers",
		"--shape 4096,4096,1,1":                `--shape must keep T·B·(D + 4H) to 33554432, got "4096,4096,1,1"`,
		"--shape 1,1,1,1 --shape 1,1,1,4096":   `--shape must keep its weights, 4H·(D + H), to 8388608, got "1,1,1,4096"`,
		"--shape 4096,4,1,1 --model attention": `--shape must keep T·B·(D + 4H + 4T) to 33554432, got "4096,4,1,1"`,
		"--cell elman":                         "must be one of lstm, gru, rnn",
		"--model deep":                         "must be one of single",
	} {
		if run := runDemo(t, append([]string{"bench"}, strings.Fields(args)...)...); run.status != statusUsage || !strings.Contains(run.stderr, want) {
			t.Errorf("%s: got %+v", args, run)
		}
	}
	for _, s := range benchDefaults {
		if err := s.check(true); err != nil {
			t.Error(err)
		}
	}
}
