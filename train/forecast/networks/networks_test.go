package networks_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/forecast/networks"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// all are the networks under test, small.
var all = map[string]networks.Network{
	"LSTM":                networks.LSTM{Units: 3},
	"LSTM of 2 layers":    networks.LSTM{Units: 3, Layers: 2, Dropout: 0.5},
	"GRU":                 networks.GRU{Units: 3},
	"EncoderDecoder":      networks.EncoderDecoder{Units: 3, Dropout: 0.5},
	"SegRNN":              networks.SegRNN{Units: 3, Segment: 2},
	"DLinear":             networks.DLinear{Kernel: 5},
	"defaults of SegRNN":  networks.SegRNN{Units: 3},
	"NHITS":               networks.NHITS{Units: 4, Pool: []int{3, 1}, Every: []int{2, 1}, Blocks: 2},
	"defaults of DLinear": networks.DLinear{},
	"Sequential":          networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 2}, layers.SimpleRNN{Units: 3, ReturnSequences: true}}},
}

// inputs are random inputs of a model.
func inputs(t rapid.TB, m *models.Model, samples int) []*tensor.Dense {
	shapes, err := m.InputShapes()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 2))
	var in []*tensor.Dense
	for _, s := range shapes {
		s = s.With(0, samples)
		values := make([]float32, s.Size())
		for i := range values {
			values[i] = float32(r.NormFloat64())
		}
		in = append(in, tensor.New(tensor.WithShape(s...), tensor.WithBacking(values)))
	}
	return in
}

// TestShapes makes models for random tasks, and saves and loads them.
func TestShapes(t *testing.T) {
	for name, n := range all {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				size := func(name string, least int) int { return rapid.IntRange(least, 5).Draw(t, name) }
				task := networks.Task{
					Steps: size("steps", 1), Horizon: size("horizon", 1), Future: size("future", 0), Static: size("static", 0),
					Targets: size("targets", 1), Outputs: size("outputs", 1), Season: size("season", 0), Name: "net", Seed: 1,
				}
				task.Past = task.Targets + size("past", 0)
				m, err := n.Model(task)
				if err != nil {
					t.Fatal(err)
				}
				in := inputs(t, m, 2)
				want := [][]int{{2, task.Steps, task.Past}}
				if task.Future > 0 {
					want = append(want, []int{2, task.Horizon, task.Future})
				}
				if task.Static > 0 {
					want = append(want, []int{2, task.Static})
				}
				for i, x := range in {
					if len(in) != len(want) || !slices.Equal(x.Shape(), want[i]) {
						t.Fatalf("input %d has the shape %v, want %v", i, x.Shape(), want)
					}
				}
				y, err := m.Predict(context.Background(), in...)
				if err != nil {
					t.Fatal(err)
				}
				if want := (tensor.Shape{2, task.Horizon * task.Targets, task.Outputs}); !y.Shape().Eq(want) {
					t.Fatalf("the output has the shape %v, want %v", y.Shape(), want)
				}
				var file bytes.Buffer
				if _, err := m.WriteTo(&file); err != nil {
					t.Fatal(err)
				}
				loaded, err := models.Read(&file, models.LoadConfig{Custom: networks.All()})
				if err != nil {
					t.Fatal(err)
				}
				again, err := loaded.Predict(context.Background(), in...)
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(y.Data().([]float32), again.Data().([]float32)) {
					t.Fatalf("the loaded model forecasts %v, want %v", again, y)
				}
			})
		})
	}
}

// TestInputsMatter changes one number of every input, which must change the forecast.
func TestInputsMatter(t *testing.T) {
	task := networks.Task{Steps: 6, Horizon: 4, Past: 3, Future: 2, Static: 2, Targets: 2, Outputs: 2}
	for name, n := range all {
		m, err := n.Model(task)
		if err != nil {
			t.Fatal(name, err)
		}
		perturb(t, m)
		in := inputs(t, m, 1)
		forecast := func() []float32 {
			y, err := m.Predict(context.Background(), in...)
			if err != nil {
				t.Fatal(name, err)
			}
			return y.Data().([]float32)
		}
		before := forecast()
		for i, x := range in {
			values := x.Data().([]float32)
			at := len(values) - 1 // of the newest or farthest row, and no target
			values[at]++
			if slices.Equal(before, forecast()) {
				t.Errorf("%s: input %d of the shape %v has no effect", name, i, x.Shape())
			}
			values[at]--
		}
	}
}

// perturb moves all weights, since some start at 0.
func perturb(t *testing.T, m *models.Model) {
	weights, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	for _, w := range weights {
		for i, x := range w.Value.Data().([]float32) {
			w.Value.Data().([]float32)[i] = x + float32(0.3*r.NormFloat64())
		}
	}
	if err := m.SetWeights(weights...); err != nil {
		t.Fatal(err)
	}
}

func TestErrors(t *testing.T) {
	good := networks.Task{Steps: 4, Horizon: 3, Past: 2, Targets: 1, Outputs: 1}
	with := func(change func(t *networks.Task)) networks.Task {
		task := good
		change(&task)
		return task
	}
	for _, c := range []struct {
		n    networks.Network
		task networks.Task
		want errs.Error
	}{
		{networks.LSTM{}, with(func(t *networks.Task) { t.Steps = 0 }), errs.Error{Field: "Task.Steps", Value: 0}},
		{networks.LSTM{}, with(func(t *networks.Task) { t.Targets = 3 }), errs.Error{Field: "Task.Past", Value: 2}},
		{networks.LSTM{}, with(func(t *networks.Task) { t.Horizon, t.Outputs = 1<<30, 1<<30 }), errs.Error{Field: "Task"}},
		{networks.LSTM{Units: -1}, good, errs.Error{Field: "LSTM.Units", Value: -1}},
		{networks.GRU{Layers: 65}, good, errs.Error{Field: "GRU.Layers", Value: 65}},
		{networks.GRU{Dropout: 1}, good, errs.Error{Field: "GRU.Dropout", Value: 1}},
		{networks.EncoderDecoder{Units: 1<<14 + 1}, good, errs.Error{Field: "EncoderDecoder.Units", Value: 1<<14 + 1}},
		{networks.DLinear{Kernel: -1}, good, errs.Error{Field: "DLinear.Kernel", Value: -1}},
		{networks.DLinear{Kernel: 4}, good, errs.Error{Field: "DLinear.Kernel", Value: 4}},
		{networks.SegRNN{Units: -2}, good, errs.Error{Field: "SegRNN.Units", Value: -2}},
		{networks.SegRNN{Segment: -2}, good, errs.Error{Field: "SegRNN.Segment", Value: -2}},
		{networks.SegRNN{Dropout: new(1.0)}, good, errs.Error{Field: "SegRNN.Dropout", Value: 1}},
		{networks.NHITS{Pool: []int{1}}, good, errs.Error{Field: "NHITS.Pool", Value: 1}},
		{networks.NHITS{Pool: []int{1}, Every: []int{-1}}, good, errs.Error{Field: "NHITS.Every[0]", Value: -1}},
		{networks.NHITS{Blocks: -1}, good, errs.Error{Field: "NHITS.Blocks", Value: -1}},
		{networks.Sequential{}, good, errs.Error{Field: "Sequential.Layers"}},
		{networks.Sequential{Layers: []layers.Layer{nil}}, good, errs.Error{Field: "Sequential.Layers[0]"}},
		{networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: -1}}}, good, errs.Error{Path: "functional/dense", Field: "Dense.Units", Value: -1}},
	} {
		_, err := c.n.Model(c.task)
		errtest.Check(t, err, c.want)
	}
}

// TestUserLayer saves and loads a network with a layer of the user.
func TestUserLayer(t *testing.T) {
	half := layers.NewFunction("half", func(s *graph.Scope, in ...graph.Value) []graph.Value { return []graph.Value{in[0].Scale(0.5)} })
	n := networks.Sequential{Layers: []layers.Layer{layers.Lambda{Function: half}}}
	m, err := n.Model(networks.Task{Steps: 4, Horizon: 3, Past: 2, Targets: 1, Outputs: 1, Custom: []any{half}})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.CheckSave(); err != nil {
		t.Error(err)
	}
}
