package models_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// ramp starts a parameter with 0, 1, 2 …
type ramp struct{}

func (ramp) Init(_ *rand.Rand, shape graph.Shape) ([]float64, error) {
	out := make([]float64, shape.Size())
	for i := range out {
		out[i] = float64(i)
	}
	return out, nil
}

var dtypes = []tensor.Dtype{tensor.Float32, tensor.Float64}

// A row has the same prediction, to the bit, alone and in any number of others.
func TestPredictRowByRow(t *testing.T) {
	for _, dtype := range dtypes {
		m := forecaster(models.Config{Seed: 1, Dtype: dtype})
		x := inputs(dtype, 100, 5, 2)
		all := predict(t, m, x)
		for i := range 100 {
			same(t, fmt.Sprintf("%v row %d", dtype, i), predict(t, m, rows(x, i, i+1)), rows(all, i, i+1))
		}
		for _, n := range []int{1, 31, 32, 33, 64, 65, 100} {
			same(t, fmt.Sprintf("%v %d rows", dtype, n), predict(t, m, rows(x, 0, n)), rows(all, 0, n))
		}
	}
}

// The same for layers whose products are computed in other blocks for more rows.
func TestPredictRowByRowDense(t *testing.T) {
	for _, dtype := range dtypes {
		m := models.NewSequential(models.Config{Seed: 1, Dtype: dtype}, layers.Input{Shape: graph.Shape{210}},
			layers.Dense{Units: 150, Activation: activations.ReLU}, layers.Dense{Units: 7})
		x := inputs(dtype, 300, 210)
		all := predict(t, m, x)
		for _, n := range []int{1, 33, 127, 128, 129, 256} {
			same(t, fmt.Sprintf("%v %d rows", dtype, n), predict(t, m, rows(x, 300-n, 300)), rows(all, 300-n, 300))
		}
	}
}

// The whole of a dense layer, against a plain loop.
func TestPredictNumbers(t *testing.T) {
	m := models.NewSequential(models.Config{Dtype: tensor.Float64},
		layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 2, KernelInitializer: ramp{}, BiasInitializer: ramp{}})
	x := inputs(tensor.Float64, 70, 3)
	y := predict(t, m, x).Float64s()
	for i := range 70 {
		for k := range 2 {
			want := float64(k)
			for j := range 3 {
				want += x.Float64s()[3*i+j] * float64(2*j+k)
			}
			if got := y[2*i+k]; math.Abs(got-want) > 1e-12 {
				t.Fatalf("row %d: got %v, want %v", i, got, want)
			}
		}
	}
}

func TestPredictOpenSteps(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	fixed := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{4, 2}}, layers.LSTM{Units: 3}, layers.Dense{Units: 1})
	for _, steps := range []int{1, 2, 4, 7} {
		x := inputs(tensor.Float32, 3, steps, 2)
		y := predict(t, m, x)
		if steps == 4 {
			same(t, "fixed steps", predict(t, fixed, x), y)
			continue
		}
		_, err := fixed.Predict(ctx, x)
		errtest.Check(t, err, graph.Error{Path: "sequential: input 0", Field: "shape", Value: graph.Shape{3, steps, 2}})
	}
}

func TestPredictIsTheCallersMemory(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	x := inputs(tensor.Float32, 5, 4, 2)
	before := x.Clone().(*tensor.Dense)
	first := predict(t, m, x)
	want := first.Clone().(*tensor.Dense)
	second := predict(t, m, x)
	same(t, "input", x, before)
	for i := range second.Float32s() {
		second.Float32s()[i] = 99
	}
	same(t, "first result", first, want)
	same(t, "third result", predict(t, m, x), want)
	// A model that only hands its input on must copy, too.
	through := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{4, 2}}, layers.Dropout{Rate: 0.5})
	y := predict(t, through, x)
	y.Float32s()[0] = 99
	same(t, "input", x, before)
}

// Tensors that lie in memory in another order are read as they show themselves.
func TestPredictViews(t *testing.T) {
	m := forecaster(models.Config{Seed: 1})
	x := inputs(tensor.Float32, 6, 4, 2)
	want := predict(t, m, x)

	transposed := tensor.New(tensor.WithShape(4, 6, 2), tensor.Of(tensor.Float32)) // [steps, samples, features]
	for i := range 6 {
		for k := range 4 {
			for f := range 2 {
				transposed.Float32s()[(k*6+i)*2+f] = x.Float32s()[(i*4+k)*2+f]
			}
		}
	}
	if err := transposed.T(1, 0, 2); err != nil {
		t.Fatal(err)
	}
	same(t, "transposed", predict(t, m, transposed), want)
	if got := transposed.Shape(); got[0] != 6 || got[1] != 4 {
		t.Errorf("the input was changed to %v", got)
	}

	wide := tensor.New(tensor.WithShape(8, 4, 4), tensor.Of(tensor.Float32)) // twice the features, and two samples more
	for i := range 6 {
		for k := range 4 {
			copy(wide.Float32s()[((i+1)*4+k)*4+1:], x.Float32s()[(i*4+k)*2:(i*4+k)*2+2])
		}
	}
	slice, err := wide.Slice(tensor.S(1, 7), nil, tensor.S(1, 3))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "sliced", predict(t, m, slice.(*tensor.Dense)), want)

	long := inputs(tensor.Float32, 9, 4, 2)
	part, err := long.Slice(tensor.S(2, 5))
	if err != nil {
		t.Fatal(err)
	}
	same(t, "rows", predict(t, m, part.(*tensor.Dense)), rows(predict(t, m, long), 2, 5))
}

func TestPredictRefuses(t *testing.T) {
	bad := func(value float64) *tensor.Dense {
		x := inputs(tensor.Float32, 3, 4, 2)
		x.Float32s()[11] = float32(value)
		return x
	}
	x := inputs(tensor.Float32, 3, 4, 2)
	for name, c := range map[string]struct {
		in   []*tensor.Dense
		want graph.Error
	}{
		"no input":     {nil, graph.Error{Path: "sequential", Field: "inputs", Value: "0"}},
		"two inputs":   {[]*tensor.Dense{x, x}, graph.Error{Path: "sequential", Field: "inputs", Value: "2"}},
		"nil":          {[]*tensor.Dense{nil}, graph.Error{Path: "sequential: input 0", Field: "tensor"}},
		"the zero":     {[]*tensor.Dense{{}}, graph.Error{Path: "sequential: input 0", Field: "tensor"}},
		"dtype":        {[]*tensor.Dense{inputs(tensor.Float64, 3, 4, 2)}, graph.Error{Path: "sequential: input 0", Field: "dtype", Value: "float64"}},
		"integers":     {[]*tensor.Dense{tensor.New(tensor.WithShape(3, 4, 2), tensor.Of(tensor.Int))}, graph.Error{Path: "sequential: input 0", Field: "dtype", Value: "int"}},
		"rank 2":       {[]*tensor.Dense{inputs(tensor.Float32, 3, 8)}, graph.Error{Path: "sequential: input 0", Field: "shape", Value: "[3, 8]"}},
		"rank 4":       {[]*tensor.Dense{inputs(tensor.Float32, 3, 4, 2, 1)}, graph.Error{Path: "sequential: input 0", Field: "shape", Value: "[3, 4, 2, 1]"}},
		"rank 0":       {[]*tensor.Dense{tensor.New(tensor.FromScalar(float32(1)))}, graph.Error{Path: "sequential: input 0", Field: "shape", Value: "[]"}},
		"features":     {[]*tensor.Dense{inputs(tensor.Float32, 3, 4, 3)}, graph.Error{Path: "sequential: input 0", Field: "shape", Value: "[3, 4, 3]"}},
		"NaN":          {[]*tensor.Dense{bad(math.NaN())}, graph.Error{Path: "sequential: input 0", Field: "element [1, 1, 1]", Value: "NaN", Kind: graph.ErrNotFinite}},
		"infinity":     {[]*tensor.Dense{bad(math.Inf(-1))}, graph.Error{Path: "sequential: input 0", Field: "element [1, 1, 1]", Value: "-Inf", Kind: graph.ErrNotFinite}},
		"no samples":   {[]*tensor.Dense{tensor.New(tensor.WithShape(0, 4, 2), tensor.Of(tensor.Float32))}, graph.Error{Path: "sequential", Field: "inputs", Value: "0"}},
		"no steps":     {[]*tensor.Dense{tensor.New(tensor.WithShape(3, 0, 2), tensor.Of(tensor.Float32))}, graph.Error{Path: "sequential", Field: "axis 1 of shape [3, 0, 2]", Value: "0"}},
		"no one thing": {[]*tensor.Dense{tensor.New(tensor.WithShape(0, 0, 2), tensor.Of(tensor.Float32))}, graph.Error{Path: "sequential", Field: "inputs", Value: "0"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := forecaster(models.Config{})
			y, err := m.Predict(ctx, c.in...)
			if y != nil {
				t.Errorf("got %v together with the error", y)
			}
			errtest.Check(t, err, c.want)
			predict(t, m, x) // still works
		})
	}
	var none context.Context
	_, err := forecaster(models.Config{}).Predict(none, x)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "ctx"})
	_, err = forecaster(models.Config{}).Predict(ctx, bad(math.NaN()))
	if !errors.Is(err, graph.ErrNotFinite) {
		t.Errorf("want ErrNotFinite, got %v", err)
	}
}

// growing returns a shape that depends on the batch.
type growing struct{}

func (growing) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if s.Symbolic() {
		return inputs
	}
	n := inputs[0].Dim(0)
	return []graph.Value{inputs[0].Reshape(n, 1, 2).BroadcastTo(n, n, 2)}
}

// folding returns other samples than it was given.
type folding struct{}

func (folding) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	if s.Symbolic() {
		return inputs
	}
	return []graph.Value{inputs[0].Slice(0, 0, 1)}
}

func TestPredictOutputsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		layer layers.Layer
		shape graph.Shape // of the output that does not fit
	}{{growing{}, graph.Shape{1, 1, 2}}, {folding{}, graph.Shape{1, 2}}} {
		m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, c.layer)
		_, err := m.Predict(ctx, inputs(tensor.Float32, 129, 2))
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "output 0", Value: c.shape})
	}
}

// explosive panics in its kernel, not while it is built.
type explosive struct{}

func (explosive) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Map("explosion", func(x float64) float64 {
		if x > 1000 {
			panic("boom")
		}
		return x
	}, nil)}
}

func TestPredictKernelPanics(t *testing.T) {
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, explosive{})
	x := inputs(tensor.Float32, 3, 2)
	want := predict(t, m, x)
	bad := x.Clone().(*tensor.Dense)
	bad.Float32s()[1] = 2000
	_, err := m.Predict(ctx, bad)
	if err == nil || !strings.Contains(err.Error(), "sequential/explosive: explosion panicked: boom") {
		t.Errorf("got %v", err)
	}
	same(t, "after the panic", predict(t, m, x), want)
}
