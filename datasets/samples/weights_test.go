package samples_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"gorgonia.org/tensor"
)

func samplesOf(t *testing.T, n int) *samples.Samples {
	t.Helper()
	x := tensor.New(tensor.WithShape(n, 1), tensor.Of(tensor.Float32))
	s, err := samples.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{x})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWeigh(t *testing.T) {
	for _, steps := range []int{0, 2} {
		shape, numbers := []int{3}, []float32{1, 2, 3}
		if steps > 0 {
			shape, numbers = []int{3, 2}, []float32{1, 10, 2, 20, 3, 30}
		}
		data, err := samples.Weigh(samplesOf(t, 3), tensor.New(tensor.WithShape(shape...), tensor.WithBacking(numbers)))
		if err != nil {
			t.Fatal(err)
		}
		if data.Len() != 3 {
			t.Errorf("%d samples", data.Len())
		}
		var b samples.Batch
		for _, rows := range [][]int{{2, 0}, {1, 1}, {0}} {
			if err := data.Gather(rows, &b); err != nil {
				t.Fatal(err)
			}
			var want []float32
			for _, row := range rows {
				want = append(want, numbers[row*max(1, steps):(row+1)*max(1, steps)]...)
			}
			w := b.Weights[0]
			if len(b.Weights) != 1 || !slices.Equal(w.Float32s(), want) || w.Shape()[0] != len(rows) || w.Dims() != len(shape) || b.Inputs[0].Shape()[0] != len(rows) {
				t.Errorf("rows %v: weights %v, want %v", rows, w, want)
			}
		}
	}
}

// Each target has its own weights or none, also in a batch that held others before.
func TestWeighEachTarget(t *testing.T) {
	steps := tensor.New(tensor.WithShape(3, 2), tensor.WithBacking([]float32{1, 10, 2, 20, 3, 30}))
	last := tensor.New(tensor.WithShape(3), tensor.WithBacking([]float32{4, 5, 6}))
	both, err := samples.Weigh(samplesOf(t, 3), steps, last)
	if err != nil {
		t.Fatal(err)
	}
	one, err := samples.Weigh(samplesOf(t, 3), nil, last)
	if err != nil {
		t.Fatal(err)
	}
	var b samples.Batch
	for range 2 {
		if err := both.Gather([]int{2, 0}, &b); err != nil {
			t.Fatal(err)
		}
		if len(b.Weights) != 2 || !slices.Equal(b.Weights[0].Float32s(), []float32{3, 30, 1, 10}) || !slices.Equal(b.Weights[1].Float32s(), []float32{6, 4}) {
			t.Errorf("got %v", b.Weights)
		}
		if err := one.Gather([]int{1}, &b); err != nil {
			t.Fatal(err)
		}
		if len(b.Weights) != 2 || b.Weights[0] != nil || !slices.Equal(b.Weights[1].Float32s(), []float32{5}) {
			t.Errorf("got %v", b.Weights)
		}
	}
}

// Subsets of weighted data keep their weights.
func TestWeighThenSplit(t *testing.T) {
	data, err := samples.Weigh(samplesOf(t, 4), tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{1, 2, 3, 4})))
	if err != nil {
		t.Fatal(err)
	}
	_, tail, err := samples.Split(data, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	var b samples.Batch
	if err := tail.Gather([]int{1}, &b); err != nil {
		t.Fatal(err)
	}
	if got := b.Weights[0].Float32s(); !slices.Equal(got, []float32{4}) {
		t.Errorf("got %v", got)
	}
}

func TestWeighErrors(t *testing.T) {
	f32 := func(shape []int, x ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
	}
	two := samplesOf(t, 2)
	list := func(ts ...*tensor.Dense) []*tensor.Dense { return ts }
	nan := float32(math.NaN())
	for _, c := range []struct {
		data    samples.Data
		weights []*tensor.Dense
		want    errs.Error
	}{
		{nil, list(f32([]int{2}, 1, 1)), errs.Error{Field: "data"}},
		{two, nil, errs.Error{Field: "weights"}},
		{two, list(nil), errs.Error{Field: "weights"}},
		{two, list(nil, nil), errs.Error{Field: "weights"}},
		{two, list(f32([]int{3}, 1, 1, 1)), errs.Error{Field: "weights", Value: "[3]"}},
		{two, list(f32([]int{2, 1, 1}, 1, 1)), errs.Error{Field: "weights", Value: "[2, 1, 1]"}},
		{two, list(f32([]int{2}, 1, -1)), errs.Error{Field: "weights", Value: -1}},
		{two, list(nil, f32([]int{2}, 1, -1)), errs.Error{Field: "weights[1]", Value: -1}},
		{two, list(f32([]int{2}, 1, nan)), errs.Error{Path: "weights", Field: "element [1]", Value: "NaN", Kind: errs.ErrNotFinite}},
		{two, list(f32([]int{2}, 1, nan), nil), errs.Error{Path: "weights[0]", Field: "element [1]", Value: "NaN", Kind: errs.ErrNotFinite}},
		{two, list(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2}))), errs.Error{Path: "weights", Field: "dtype", Value: "int"}},
	} {
		_, err := samples.Weigh(c.data, c.weights...)
		errtest.Check(t, err, c.want)
	}
	once, err := samples.Weigh(two, f32([]int{2}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	twice, err := samples.Weigh(once, f32([]int{2}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	errtest.Check(t, twice.Gather([]int{0}, &samples.Batch{}), errs.Error{Field: "data"})
	errtest.Check(t, once.Gather([]int{0}, nil), errs.Error{Field: "into"})
	errtest.Check(t, once.Gather([]int{2}, &samples.Batch{}), errs.Error{Field: "rows[0]", Value: 2})
}

// Views may have weights: of samples, of steps, of each target.
func TestViewWeights(t *testing.T) {
	view := func(first, step int, shape ...int) samples.View {
		return samples.View{Data: tensor.New(tensor.WithShape(8), tensor.WithBacking([]float32{0, 1, 2, 3, 4, 5, 6, 7})), First: first, Step: step, Shape: shape}
	}
	one := []samples.View{view(0, 1, 2)}
	s, err := samples.FromViews(5, one, one, view(1, 1))
	if err != nil {
		t.Fatal(err)
	}
	var b samples.Batch
	for _, rows := range [][]int{{4, 0}, {2, 3}} {
		if err := s.Gather(rows, &b); err != nil {
			t.Fatal(err)
		}
		if len(b.Weights) != 1 || !b.Weights[0].Shape().Eq(tensor.Shape{2}) || !slices.Equal(b.Weights[0].Float32s(), []float32{float32(rows[0] + 1), float32(rows[1] + 1)}) {
			t.Errorf("rows %v: weights %v", rows, b.Weights)
		}
	}
	if s, err = samples.FromViews(2, one, append(one, one...), view(0, 3, 3), view(6, 1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Gather([]int{1}, &b); err != nil {
		t.Fatal(err)
	}
	if len(b.Weights) != 2 || !slices.Equal(b.Weights[0].Float32s(), []float32{3, 4, 5}) || !slices.Equal(b.Weights[1].Float32s(), []float32{7}) {
		t.Errorf("weights %v", b.Weights)
	}
	if err := samplesOf(t, 3).Gather([]int{1}, &b); err != nil || b.Weights != nil {
		t.Errorf("weights %v of data that have none, error %v", b.Weights, err)
	}
	negative := samples.View{Data: tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{1, -1})), Step: 1}
	double := samples.View{Data: tensor.New(tensor.WithShape(2), tensor.Of(tensor.Float64)), Step: 1}
	for _, c := range []struct {
		weights []samples.View
		want    errs.Error
	}{
		{[]samples.View{negative}, errs.Error{Path: "weights[0]", Field: "weights", Value: -1}},
		{[]samples.View{double}, errs.Error{Path: "weights[0]", Field: "dtype", Value: "float64"}},
		{[]samples.View{view(0, 1, 1, 1)}, errs.Error{Path: "weights[0]", Field: "View.Shape", Value: "[1, 1]"}},
		{[]samples.View{view(7, 1)}, errs.Error{Path: "weights[0]", Field: "View.Step", Value: 1}},
		{[]samples.View{view(0, 1), view(0, 1)}, errs.Error{Field: "weights", Value: 2}},
	} {
		_, err := samples.FromViews(2, one, one, c.weights...)
		errtest.Check(t, err, c.want)
	}
}
