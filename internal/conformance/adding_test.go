package conformance_test

// The code of docs/adding-a-layer.md, which TestAddingALayer holds equal to this
// file.

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
)

// Highway carries a part t of its input past a dense layer (Srivastava et al.
// 2015, "Highway Networks"):
//
//	t = σ(x·W_t + b_t)
//	y = t ⊙ relu(x·W + b) + (1 − t) ⊙ x
//
//	in, out: [batch, features]
type Highway struct {
	KernelInitializer graph.Initializer // initializers.GlorotUniform
	Name              string
}

func (l Highway) Resolve() (layers.Layer, error) {
	var err error
	l.KernelInitializer, err = initializers.Resolve(l.KernelInitializer, initializers.GlorotUniform)
	return l, err
}

func (l Highway) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if len(inputs) != 1 {
		s.Failf("Highway", "must have one input", len(inputs))
		return inputs
	}
	x := inputs[0] // [batch, features]
	if x.Rank() != 2 || x.Dim(1) == graph.Any {
		s.Failf("Highway", "must have an input of the shape [batch, features]", x.Shape())
		return inputs
	}
	n := x.Dim(1)
	dense := func(name string, bias float64) graph.Value {
		w := s.Param(name+"_kernel", graph.Shape{n, n}, l.KernelInitializer)
		b := s.Param(name+"_bias", graph.Shape{n}, initializers.Constant{Value: bias})
		return x.MatMul(w).Add(b) // [batch, features]
	}
	t := dense("transform", -1).Sigmoid()                             // [batch, features]
	y := t.Times(dense("plain", 0).ReLU()).Add(t.OneMinus().Times(x)) // [batch, features]
	return []graph.Value{y}
}

func TestHighway(t *testing.T) {
	layertest.Check(t, layertest.Case{
		Layer:   Highway{},
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3)},
		Outputs: []graph.Shape{{graph.Any, 3}},
		Custom:  []any{Highway{}},
	})
}

// MGU is the minimal gated unit (Zhou et al. 2016, "Minimal Gated Unit for
// Recurrent Neural Networks"):
//
//	f  = σ(x·W_f + h·U_f + b_f)
//	g  = tanh(x·W_g + (f ⊙ h)·U_g + b_g)
//	h' = (1 − f) ⊙ h + f ⊙ g
type MGU struct{ Units int }

func (c MGU) States() []int { return []int{c.Units} } // h

func (c MGU) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	h := states[0] // [batch, units]
	sum := func(name string, h graph.Value) graph.Value {
		w := s.Param(name+"_kernel", graph.Shape{x.Dim(1), c.Units}, initializers.GlorotUniform)
		u := s.Param(name+"_recurrent_kernel", graph.Shape{c.Units, c.Units}, initializers.Orthogonal{})
		b := s.Param(name+"_bias", graph.Shape{c.Units}, initializers.Zeros)
		return x.MatMul(w).Add(h.MatMul(u)).Add(b) // [batch, units]
	}
	f := sum("forget", h).Sigmoid()           // [batch, units]
	g := sum("new", f.Times(h)).Tanh()        // [batch, units]
	h = f.OneMinus().Times(h).Add(f.Times(g)) // [batch, units]
	return h, []graph.Value{h}
}

func TestMGU(t *testing.T) {
	layertest.Check(t, layertest.Case{
		Layer:   layers.RNN{Cell: MGU{Units: 4}, ReturnSequences: true},
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 5, 3)}, // 2 samples, 5 steps, 3 features
		Outputs: []graph.Shape{{graph.Any, 5, 4}},
		Custom:  []any{MGU{}},
	})
}

// TestTrainAddedLayer trains a model of both, saves it and loads it.
func TestTrainAddedLayer(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "model.safetensors")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var x, y [][]float64
	for i := range 32 {
		x = append(x, []float64{float64(i) / 32, 0.5, float64(i % 3)})
		y = append(y, []float64{float64(i % 3)})
	}
	inputs, err := datasets.Matrix(x, tensor.Float32)
	check(err)
	targets, err := datasets.Matrix(y, tensor.Float32)
	check(err)
	data, err := datasets.FromTensors([]*tensor.Dense{inputs}, []*tensor.Dense{targets})
	check(err)

	custom := []any{Highway{}}
	model := models.NewSequential(models.Config{Custom: custom},
		layers.Input{Shape: graph.Shape{3}},
		Highway{},
		layers.Dense{Units: 1},
	)
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}})
	check(err)
	history, err := trainer.Fit(ctx, data, train.FitConfig{Epochs: 50})
	check(err)
	check(model.Save(path))
	loaded, err := models.Load(path, models.LoadConfig{Custom: custom})
	check(err)

	if loss := history.Values["loss"]; loss[49] >= loss[0] {
		t.Errorf("the loss went from %v to %v", loss[0], loss[49])
	}
	want, err := model.Predict(ctx, inputs)
	check(err)
	got, err := loaded.Predict(ctx, inputs)
	check(err)
	if !slices.Equal(got.Float32s(), want.Float32s()) {
		t.Error("the model that was loaded predicts something else")
	}
}
