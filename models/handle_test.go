package models_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// A part of a model that was read is taken out by its path, with its weights.
func TestHandle(t *testing.T) {
	inner := models.NewSequential(models.Config{Name: "inner"}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.LSTM{Units: 2, ReturnSequences: true}, layers.Dense{Units: 2})
	x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	y := models.Use(layers.LSTM{Units: 2, ReturnSequences: true}).Call(models.Use(inner).Call(x))
	made := models.NewFunctional(models.Config{Name: "outer", Seed: 3}, models.Inputs{x}, models.Outputs{y})
	in := inputs(tensor.Float32, 2, 4, 2)
	for name, m := range map[string]interface {
		model
		Handle(string) (*models.Handle, error)
	}{"made": made, "read": roundTrip(t, made)} {
		part := func(path string) *models.Functional {
			h, err := m.Handle(path)
			if err != nil {
				t.Fatal(err)
			}
			return models.NewFunctional(models.Config{Name: "part"}, models.Inputs{x}, models.Outputs{h.Call(x)})
		}
		for path, weights := range map[string]int{"inner": 5, "inner/lstm": 3, "lstm": 3, "inner/dense": 2} {
			p := part(path)
			for _, w := range weightPaths(t, p) {
				rest := strings.TrimPrefix(w, "part/"+path[strings.LastIndex(path, "/")+1:])
				got, err := p.Weight(w)
				if err != nil {
					t.Fatal(err)
				}
				want, err := m.(interface {
					Weight(string) (*tensor.Dense, error)
				}).Weight("outer/" + path + rest)
				if err != nil {
					t.Fatal(err)
				}
				same(t, name+" "+w, got, want)
				weights--
			}
			if weights != 0 {
				t.Errorf("%s: %d weights too few", path, weights)
			}
		}
		same(t, name, predict(t, part("lstm"), predict(t, part("inner"), in)), predict(t, m, in))
		for _, path := range []string{"", "input", "lstn", "inner/", "inner/lstm/kernel", "lstm/kernel", "/"} {
			_, err := m.Handle(path)
			errtest.Check(t, err, graph.Error{Field: "layer"})
		}
	}
}

// A stack gives the bits that its layers give one by one, each as a model of its
// own with the same weights.
func TestStackEqualsItsLayers(t *testing.T) {
	for _, dtype := range dtypes {
		stack := models.NewSequential(models.Config{Seed: 3, Dtype: dtype}, layers.Input{Shape: graph.Shape{5, 2}},
			layers.LSTM{Units: 4, ReturnSequences: true},
			layers.Bidirectional{Layer: layers.GRU{Units: 3, ReturnSequences: true}},
			layers.MultiHeadAttention{NumHeads: 2, KeyDim: 3},
			layers.RNN{Cell: layers.SLSTMCell{Units: 3}, ReturnSequences: true},
			layers.LayerNormalization{},
			layers.SimpleRNN{Units: 2},
			layers.Dense{Units: 1},
		)
		x := inputs(dtype, 3, 5, 2)
		want := predict(t, stack, x)
		weights := 0
		for _, name := range []string{"lstm", "bidirectional", "multi_head_attention", "rnn", "layer_normalization", "simple_rnn", "dense"} {
			handle, err := stack.Handle(name)
			if err != nil {
				t.Fatal(err)
			}
			in := models.NewInput(layers.Input{Shape: graph.Shape(x.Shape()[1:])})
			alone := models.NewFunctional(models.Config{Dtype: dtype}, models.Inputs{in}, models.Outputs{handle.Call(in)})
			x = predict(t, alone, x)
			own, err := alone.Weights()
			if err != nil {
				t.Fatal(err)
			}
			weights += len(own)
		}
		same(t, "prediction", x, want)
		if all, err := stack.Weights(); err != nil || len(all) != weights {
			t.Errorf("the layers have %d weights, the stack %d, %v", weights, len(all), err)
		}
	}
}

// Two models of one name are layers of a third under other names, which a file keeps.
func TestUseAs(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	a, b := forecaster(models.Config{Name: "inner", Seed: 1}), forecaster(models.Config{Name: "inner", Seed: 2})
	sum := models.Use(layers.Add{}).Call(models.UseAs("first", a).Call(x), models.UseAs("second", b).Call(x))
	last := models.UseAs("last", layers.Dense{Name: "own", Units: 1}).Call(sum)
	m := models.NewFunctional(models.Config{Name: "outer"}, models.Inputs{x}, models.Outputs{last})
	want := []string{
		"outer/first/lstm/kernel", "outer/first/lstm/recurrent_kernel", "outer/first/lstm/bias", "outer/first/dense/kernel", "outer/first/dense/bias",
		"outer/second/lstm/kernel", "outer/second/lstm/recurrent_kernel", "outer/second/lstm/bias", "outer/second/dense/kernel", "outer/second/dense/bias",
		"outer/last/kernel", "outer/last/bias",
	}
	if got := weightPaths(t, m); !slices.Equal(got, want) {
		t.Errorf("the weights are %q, want %q", got, want)
	}
	in := inputs(tensor.Float32, 2, 4, 2)
	same(t, "after a file", predict(t, roundTrip(t, m), in), predict(t, m, in))

	twice := models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{
		models.UseAs("one", layers.LSTM{Units: 1}).Call(x), models.UseAs("one", layers.LSTM{Units: 1}).Call(x),
	})
	errtest.Check(t, twice.Build(), graph.Error{Field: "layer name", Value: `"one"`})
}
