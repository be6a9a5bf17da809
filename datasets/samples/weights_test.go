package samples_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
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

// Each target has weights of its own, or none, also in a batch that had others.
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

// Parts of weighed data keep their weights.
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

func TestWeighRefuses(t *testing.T) {
	f32 := func(shape []int, x ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
	}
	two := samplesOf(t, 2)
	list := func(ts ...*tensor.Dense) []*tensor.Dense { return ts }
	nan := float32(math.NaN())
	for _, c := range []struct {
		data    samples.Data
		weights []*tensor.Dense
		want    string
	}{
		{nil, list(f32([]int{2}, 1, 1)), "data must not be nil"},
		{two, nil, "weights must be set for a target"},
		{two, list(nil), "weights must be set for a target"},
		{two, list(nil, nil), "weights must be set for a target"},
		{two, list(f32([]int{3}, 1, 1, 1)), "weights must have the shape [2], or [2, steps], got [3]"},
		{two, list(f32([]int{2, 1, 1}, 1, 1)), "weights must have the shape [2], or [2, steps], got [2, 1, 1]"},
		{two, list(f32([]int{2}, 1, -1)), "weights must not be negative, got -1"},
		{two, list(nil, f32([]int{2}, 1, -1)), "weights[1] must not be negative, got -1"},
		{two, list(f32([]int{2}, 1, nan)), "weights: element [1] must be finite, got NaN"},
		{two, list(f32([]int{2}, 1, nan), nil), "weights[0]: element [1] must be finite, got NaN"},
		{two, list(tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2}))), "weights: dtype must be float32 or float64, got int"},
	} {
		_, err := samples.Weigh(c.data, c.weights...)
		var e errs.Error
		if err == nil || err.Error() != c.want || !errors.As(err, &e) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	once, err := samples.Weigh(two, f32([]int{2}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	twice, err := samples.Weigh(once, f32([]int{2}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := twice.Gather([]int{0}, &samples.Batch{}); err == nil || err.Error() != "data must not have weights already" {
		t.Errorf("weighed twice: %v", err)
	}
	if err := once.Gather([]int{0}, nil); err == nil {
		t.Error("gathered into nothing")
	}
	if err := once.Gather([]int{2}, &samples.Batch{}); err == nil {
		t.Error("gathered a sample that is not there")
	}
}
