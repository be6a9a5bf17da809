package models_test

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

func summary(t testing.TB, m model) string {
	t.Helper()
	var b strings.Builder
	if err := m.Summary(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The numbers and the form are those of Keras 3.
func TestSummary(t *testing.T) {
	m := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{30, 1}}, layers.LSTM{Units: 50}, layers.Dense{Units: 1})
	const want = `Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ lstm (LSTM)                     │ [any, 50]              │        10,400 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ [any, 1]               │            51 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 10,451 (40.82 KB)
 Trainable params: 10,451 (40.82 KB)
 Non-trainable params: 0 (0.00 B)
 lstm runs as one operation for all steps
`
	if diff := cmp.Diff(want, summary(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The summary says how each recurrent layer goes through time.
func TestSummaryOfWays(t *testing.T) {
	m := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{5, 2}},
		layers.GRU{Units: 2, ReturnSequences: true, ResetBefore: true},
		layers.GRU{Units: 2, ReturnSequences: true},
		layers.SimpleRNN{Units: 2, Unrolled: true},
	)
	const want = ` gru runs as a scan over the steps
 gru_1 runs as one operation for all steps
 simple_rnn runs as every step written out
`
	if got := summary(t, m); !strings.HasSuffix(got, want) {
		t.Errorf("got\n%s\nwant at its end\n%s", got, want)
	}
}

// The summary says which layers end a mask, also in a model that is a layer.
func TestSummaryOfMasks(t *testing.T) {
	inner := models.NewSequential(models.Config{Name: "inner"},
		layers.Input{Shape: graph.Shape{6, 4}}, layers.Dense{Units: 4}, layers.MaxPooling1D{})
	masked := func(l layers.Layer) []layers.Layer {
		return []layers.Layer{layers.Input{Shape: graph.Shape{6}}, layers.Embedding{InputDim: 5, OutputDim: 4, MaskZero: true}, l, layers.LSTM{Units: 1}}
	}
	const runs = " lstm runs as one operation for all steps\n"
	for _, c := range []struct {
		layer layers.Layer
		want  string
	}{
		{layers.Conv1D{Filters: 4, KernelSize: 3, Padding: layers.Same}, " conv1d ends the mask: what follows counts masked steps as data\n" + runs},
		{inner, " inner/max_pooling1d ends the mask: what follows counts masked steps as data\n" + runs},
		{layers.Reshape{TargetShape: graph.Shape{6, 4}}, " Non-trainable params: 0 (0.00 B)\n" + runs},
	} {
		if got := summary(t, models.NewSequential(models.Config{}, masked(c.layer)...)); !strings.HasSuffix(got, c.want) {
			t.Errorf("got\n%s\nwant at its end\n%s", got, c.want)
		}
	}
}

// counter keeps a number that training does not change by gradients.
type counter struct{ Name string }

func (counter) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Add(s.State("count", graph.Shape{1000}, ramp{}))}
}

func TestSummaryOfUnusualModels(t *testing.T) {
	m := models.NewSequential(models.Config{Name: "näme", Dtype: tensor.Float64},
		layers.Input{Shape: graph.Shape{graph.Any, 1000}},
		counter{Name: strings.Repeat("ä", 29) + "z"},
		layers.LSTM{Units: 300, ReturnSequences: true, ReturnState: true},
	)
	const want = `Model: "näme"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ äääääääääääääääääääääääääääääz  │ [any, any, 1000]       │         1,000 │
│ (counter)                       │                        │               │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ lstm (LSTM)                     │ [any, any, 300], [any, │     1,561,200 │
│                                 │ 300], [any, 300]       │               │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 1,562,200 (11.92 MB)
 Trainable params: 1,561,200 (11.91 MB)
 Non-trainable params: 1,000 (7.81 KB)
 lstm runs as one operation for all steps
`
	if diff := cmp.Diff(want, summary(t, m)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSummaryStaysWithinLines(t *testing.T) {
	for n := range 120 {
		m := models.NewSequential(models.Config{},
			layers.Input{Shape: graph.Shape{7, 2}}, layers.Flatten{Name: strings.Repeat("x", n+1)}, layers.Dense{Units: 1})
		text := summary(t, m)
		for _, line := range strings.Split(text, "\n") {
			if width := utf8.RuneCountInString(line); width > 80 {
				t.Fatalf("a line has %d characters:\n%s", width, text)
			}
		}
		if got := strings.Count(text, "x"); got != n+1 {
			t.Fatalf("the name has %d characters, want %d:\n%s", got, n+1, text)
		}
	}
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

func TestSummaryWriters(t *testing.T) {
	full := errors.New("disk full")
	if err := forecaster(models.Config{}).Summary(brokenWriter{full}); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if err := forecaster(models.Config{}).Summary(nil); err != nil {
		t.Errorf("no writer is silence, got %v", err)
	}
	errtest.Check(t, models.NewSequential(models.Config{}).Summary(nil), graph.Error{Path: "sequential", Field: "model"})
}
