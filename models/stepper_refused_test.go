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
		want   string
	}{
		{[]layers.Layer{layers.LSTM{Units: 2, ReturnSequences: true}, unknown{2}}, "sequential/unknown: unknown must not be run one step at a time: it has no method Stepwise"},
		{[]layers.Layer{silent{known{2}}}, "sequential/silent: silent.Stepwise must give one pace, or one for each of the 1 outputs, got 0"},
		{[]layers.Layer{layers.LSTM{Units: 2, GoBackwards: true}}, "sequential/lstm: LSTM must not be run one step at a time: it reads a sequence from its end"},
		{[]layers.Layer{layers.MultiHeadAttention{NumHeads: 1, KeyDim: 2}}, "sequential/multi_head_attention: MultiHeadAttention must not be run one step at a time: it looks at later steps"},
		{[]layers.Layer{layers.Attention{UseCausalMask: true}}, "sequential/attention: StepperConfig.Memory must be given"},
		{[]layers.Layer{models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.GlobalMaxPooling1D{})},
			"sequential/sequential/global_max_pooling1d: GlobalMaxPooling1D must not be run one step at a time"},
	} {
		_, err := sequential(tensor.Float64, c.layers...).Stepper(models.StepperConfig{})
		refused(t, err, c.want)
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
// them, in a config, and so in a file, and in a stepper.
func TestHugeAttention(t *testing.T) {
	for name, l := range map[string]layers.Layer{
		"additive":  layers.AdditiveAttention{UseCausalMask: true},
		"attention": layers.Attention{UseCausalMask: true},
		"heads":     layers.MultiHeadAttention{NumHeads: 1, KeyDim: 1, UseCausalMask: true},
	} {
		model := func(steps int) *models.Sequential {
			return models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{steps, 1}}, l)
		}
		for want, do := range map[string]func() error{
			"must have at most 2147483648 elements": func() error { return model(1 << 30).Build() },
			"StepperConfig.Memory must be from 0 to 16777216, got 1073741824": func() error {
				_, err := model(graph.Any).Stepper(models.StepperConfig{Memory: 1 << 30})
				return err
			},
		} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := do()
			runtime.ReadMemStats(&after)
			if err == nil {
				t.Fatalf("%s: no error", name)
			}
			refused(t, err, want)
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 10 {
				t.Errorf("%s: took %d MiB to say %v", name, mib, err)
			}
		}
	}
}
