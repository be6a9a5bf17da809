package main

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestBenchJSON(t *testing.T) {
	for args, want := range map[string][]benchShape{
		"--shape 3,2,1,4 --shape 2,1,2,3":              {{3, 2, 1, 4}, {2, 1, 2, 3}},
		"--shape 3,2,1,4 --cell gru":                   {{3, 2, 1, 4}},
		"--shape 3,2,1,4 --cell rnn":                   {{3, 2, 1, 4}},
		"--shape 3,2,1,4 --model stacked":              {{3, 2, 1, 4}},
		"--shape 3,2,1,4 --model bidirectional":        {{3, 2, 1, 4}},
		"--shape 3,2,1,4 --model dropout":              {{3, 2, 1, 4}},
		"--model scan --cell gru --shape 3,2,1,4":      {{3, 2, 1, 4}},
		"--model attention --cell gru --shape 3,2,1,4": {{3, 2, 1, 4}},
		"--model mgu --shape 3,2,1,4":                  {{3, 2, 1, 4}},
		"--model transformer --shape 3,2,8,5":          {{3, 2, 8, 5}},
		"--model transformer --shape 1,1,1,2":          {{1, 1, 1, 2}},
		"--model conv --shape 3,2,1,4":                 {{3, 2, 1, 4}},
		"--model depthwise --shape 3,2,2,4":            {{3, 2, 2, 4}},
		"--model mlp --shape 2,3,4":                    {{2, 3, 4}},
		"--model lm --shape 3,2,4,5,6":                 {{3, 2, 4, 5, 6}},
		"--model chars --cell gru --shape 3,2,4,5,6":   {{3, 2, 4, 5, 6}},
	} {
		var stdout, stderr bytes.Buffer
		err := benchmark{}.run(t.Context(), append([]string{"--json"}, strings.Fields(args)...), &stdout, &stderr)
		if err != nil || stderr.Len() > 0 {
			t.Fatalf("%s: %v, standard error %q", args, err, stderr.String())
		}
		lines := strings.Split(strings.TrimSpace(stdout.String()), "\n")
		if len(lines) != len(want) {
			t.Fatalf("%s: got %d lines, want %d", args, len(lines), len(want))
		}
		for i, line := range lines {
			var r benchResult
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(r.Shape, want[i]) {
				t.Errorf("%s: shape %v, want %v", args, r.Shape, want[i])
			}
			for _, m := range []timing{r.TrainStep, r.PredictBatch, r.PredictOne} {
				if !(m.Best > 0 && m.Median >= m.Best) {
					t.Errorf("%s: timing %+v", args, m)
				}
			}
			if !(r.Build > 0 && r.FirstStep > 0 && r.Allocations > 0) {
				t.Errorf("%s: got %+v", args, r)
			}
		}
	}
}

// The models have the numbers of weights of their counterparts in docs/bench.
func TestBenchWeights(t *testing.T) {
	for args, want := range map[string]int{
		"single 30,32,1,50":         10451,
		"transformer 128,16,128,96": 437856,
		"conv 500,32,8,64":          44362,
		"depthwise 500,32,64,64":    1802,
		"mlp 128,784,512":           669706,
		"lm 35,20,256,256,10000":    6180624,
		"chars 64,32,32,512,96":     3267680,
		"mgu 100,64,16,128":         37249,
	} {
		name, shape, _ := strings.Cut(args, " ")
		m := benchModels()[slices.Index(benchNames(), name)]
		shapes, err := m.parse([]string{shape})
		if err != nil {
			t.Fatal(err)
		}
		weights, err := m.task(shapes[0], benchCells["lstm"]).model.Weights()
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for _, w := range weights {
			n += w.Value.Size()
		}
		if n != want {
			t.Errorf("%s: %d weights, want %d", args, n, want)
		}
	}
}

// Each row is written before the next shape is timed.
func TestBenchTable(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout := &canceller{n: 2, cancel: cancel} // the headings, the first row
	var stderr bytes.Buffer
	status := start(ctx, []string{"bench", "--shape", "3,2,1,4", "--shape", "2,1,2,3"}, stdout, &stderr)
	lines := strings.Split(stdout.String(), "\n")
	if len(lines) != 5 || !strings.Contains(lines[1], "training step") || !strings.HasPrefix(lines[2], "3,2,1,4 ") || !strings.Contains(lines[3], "first training step") {
		t.Errorf("got %q", lines)
	}
	if want := "\nbench: interrupted before the end: 2,1,2,3: context canceled\n"; status != statusInterrupted || stderr.String() != want {
		t.Errorf("status %d, got %q, want %q", status, stderr.String(), want)
	}
}

// Rows fit the terminal: with two lines if it is narrow.
func TestBenchRows(t *testing.T) {
	r := benchResult{
		Shape: benchShape{100, 64, 64, 256}, Build: 191, FirstStep: 976, Allocations: 1234,
		TrainStep: timing{334.617, 9437.375}, PredictBatch: timing{56.404, 99.99}, PredictOne: timing{0.02449, 1.187},
	}
	for width, want := range map[int]string{
		60: `
100,64,64,256   334.6 (9437)  56.40 (99.99)  0.024 (1.187)
  build 191, first training step 976; 1234 allocations a
  training step
`,
		50: `
100,64,64,256
   334.6 (9437)  56.40 (99.99)  0.024 (1.187)
  build 191, first training step 976; 1234
  allocations a training step
`,
	} {
		var out strings.Builder
		if err := (benchTable{&out, width, 13}).write(r); err != nil || out.String() != want[1:] {
			t.Errorf("%v, got\n%s", err, &out)
		}
	}
}

func TestBenchHelp(t *testing.T) {
	help := strings.Join(strings.Fields(runDemo(t, "bench", "-h").stdout), " ")
	for _, want := range []string{
		"single one recurrent layer; T,B,D,H = 30,32,1,50 50,32,8,64 100,64,16,128 100,64,64,256 20,20,200,200",
		"T,B,D,V = 128,16,128,96",
	} {
		if !strings.Contains(help, want) {
			t.Errorf("no %s in %s", want, help)
		}
	}
}

func TestBenchInvalidFlags(t *testing.T) {
	for args, want := range map[string]string{
		"--shape 1,2,3":                            "must be 4 whole numbers T,B,D,H from 1 to 16384",
		"--shape 1,2,3,4 --model mlp":              "must be 3 whole numbers B,D,H from 1 to 16384",
		"--shape 1,2,3,0":                          "must be 4 whole numbers",
		"--shape 1,2,3,x":                          "must be 4 whole numbers",
		"--shape 1,2,3,20000":                      "must be 4 whole numbers",
		"--shape=":                                 "must be 4 whole numbers",
		"--shape 4096,4096,1,1":                    `--shape must keep T·B·(D + 4H) to 33554432, got "4096,4096,1,1"`,
		"--shape 1,1,1,1 --shape 1,1,1,4096":       `--shape must keep its weights, 4H·(D + H), to 8388608, got "1,1,1,4096"`,
		"--shape 4096,4,1,1 --model attention":     `--shape must keep T·B·(D + 4H + 4T) to 33554432, got "4096,4,1,1"`,
		"--shape 4096,4,1,1 --model transformer":   `--shape must keep T·B·(32D + 8T + V) to 33554432`,
		"--shape 1,1,1024,1 --model transformer":   `--shape must keep its weights, D·(24D + 2V + T), to 8388608`,
		"--shape 1,1,16384,16384,16384 --model lm": `--shape must keep its weights, V·(D + H) + 4H·(D + 3H), to 8388608`,
		"--shape 5,2,4,6 --model depthwise":        `--shape must have an H that is a multiple of its D, got "5,2,4,6"`,
		"--cell elman":                             "must be one of lstm, gru, rnn",
		"--cell gru --model conv":                  `--cell must be left out with --model conv, got "gru"`,
		"--model deep":                             "must be one of single",
	} {
		if run := runDemo(t, append([]string{"bench"}, strings.Fields(args)...)...); run.status != statusUsage || !strings.Contains(run.stderr, want) {
			t.Errorf("%s: got %+v", args, run)
		}
	}
	for _, m := range benchModels() {
		for _, s := range m.standard {
			if err := m.check(s); err != nil {
				t.Error(err)
			}
		}
	}
}
