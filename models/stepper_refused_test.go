package models_test

import (
	"runtime"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// known is a custom layer that is layers.Stepwise, and unknown one that is not.
type known struct{ Gain float64 }

func (l known) Call(_ *graph.Scope, in ...graph.Value) []graph.Value {
	return []graph.Value{in[0].Scale(l.Gain)}
}

func (known) Stepwise([]graph.Value) ([]graph.Pace, error) { return []graph.Pace{graph.Stepped}, nil }

type unknown struct{ Gain float64 }

func (l unknown) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	return known(l).Call(s, in...)
}

// silent says nothing of its output.
type silent struct{ known }

func (silent) Stepwise([]graph.Value) ([]graph.Pace, error) { return nil, nil }

func TestStepperRefusesByPath(t *testing.T) {
	stepped{model: sequential(tensor.Float64, known{2}), inputs: []*tensor.Dense{inputs(tensor.Float64, 2, 3, 2)}}.check(t, 3)
	for _, c := range []struct {
		layers []layers.Layer
		want   graph.Error
	}{
		{[]layers.Layer{layers.LSTM{Units: 2, ReturnSequences: true}, unknown{2}}, graph.Error{Path: "sequential/unknown", Field: "unknown"}},
		{[]layers.Layer{silent{known{2}}}, graph.Error{Path: "sequential/silent", Field: "silent.Stepwise", Value: "0"}},
		{[]layers.Layer{layers.LSTM{Units: 2, GoBackwards: true}}, graph.Error{Path: "sequential/lstm", Field: "LSTM"}},
		{[]layers.Layer{layers.MultiHeadAttention{NumHeads: 1, KeyDim: 2}}, graph.Error{Path: "sequential/multi_head_attention", Field: "MultiHeadAttention"}},
		{[]layers.Layer{layers.Attention{UseCausalMask: true}}, graph.Error{Path: "sequential/attention", Field: "StepperConfig.Memory", Value: "0"}},
		{[]layers.Layer{models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.GlobalMaxPooling1D{})},
			graph.Error{Path: "sequential/sequential/global_max_pooling1d", Field: "GlobalMaxPooling1D"}},
	} {
		_, err := sequential(tensor.Float64, c.layers...).Stepper(models.StepperConfig{})
		errtest.Check(t, err, c.want)
	}
	// A last output that joins a sequence would change its earlier steps.
	in := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	m := models.NewFunctional(models.Config{}, models.Inputs{in}, models.Outputs{use(layers.Add{}, in, use(layers.GRU{Units: 2}, in))})
	_, err := m.Stepper(models.StepperConfig{})
	errtest.Check(t, err, graph.Error{Path: "functional/add", Field: "Add"})
	state := use(layers.GRU{Units: 2}, in)
	m = models.NewFunctional(models.Config{}, models.Inputs{in}, models.Outputs{use(layers.GRU{Units: 2}, in, state)})
	_, err = m.Stepper(models.StepperConfig{})
	errtest.Check(t, err, graph.Error{Path: "functional/gru_1", Field: "GRU"})
}

// More steps than attention supports are refused before memory is allocated for
// them, in a config, and so in a file, and in a stepper. Scores that are not stored are
// no limit.
func TestHugeAttention(t *testing.T) {
	const n = 1 << 30
	for _, l := range []struct {
		layer  layers.Layer
		scores string // the shape that is too large; none where the scores are not stored
	}{
		{layers.AdditiveAttention{UseCausalMask: true}, "[any, 1073741824, 1073741824, 1]"},
		{layers.Attention{UseCausalMask: true, ReturnAttentionScores: true}, "[any, 1073741824, 1073741824]"},
		{layers.Attention{UseCausalMask: true}, ""},
		{layers.MultiHeadAttention{NumHeads: 1, KeyDim: 1, UseCausalMask: true}, ""},
	} {
		check := func(do func() error, want graph.Error) {
			t.Helper()
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := do()
			runtime.ReadMemStats(&after)
			if want == (graph.Error{}) {
				if err != nil {
					t.Error(err)
				}
			} else {
				errtest.Check(t, err, want)
			}
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 10 {
				t.Errorf("took %d MiB to say %v", mib, err)
			}
		}
		model := func(steps int) *models.Sequential {
			return models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{steps, 1}}, l.layer)
		}
		want := graph.Error{}
		if l.scores != "" {
			want.Field = "shape " + l.scores
		}
		check(func() error { return model(n).Build() }, want)
		if a, ok := l.layer.(layers.Attention); ok && a.ReturnAttentionScores {
			continue // a stepper refuses the scores first
		}
		check(func() error {
			_, err := model(graph.Any).Stepper(models.StepperConfig{Memory: n})
			return err
		}, graph.Error{Path: "sequential", Field: "StepperConfig.Memory", Value: n})
	}
}
