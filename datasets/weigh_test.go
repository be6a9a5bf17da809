package datasets_test

import (
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/graph"
)

func samplesOf(t *testing.T, n int) *datasets.Samples {
	t.Helper()
	x := tensor.New(tensor.WithShape(n, 1), tensor.Of(tensor.Float32))
	s, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{x})
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
		data, err := datasets.Weigh(samplesOf(t, 3), tensor.New(tensor.WithShape(shape...), tensor.WithBacking(numbers)))
		if err != nil {
			t.Fatal(err)
		}
		if data.Len() != 3 {
			t.Errorf("%d samples", data.Len())
		}
		var b datasets.Batch
		for _, rows := range [][]int{{2, 0}, {1, 1}, {0}} {
			if err := data.Gather(rows, &b); err != nil {
				t.Fatal(err)
			}
			var want []float32
			for _, row := range rows {
				want = append(want, numbers[row*max(1, steps):(row+1)*max(1, steps)]...)
			}
			if !slices.Equal(b.Weights.Float32s(), want) || b.Weights.Shape()[0] != len(rows) || b.Weights.Dims() != len(shape) || b.Inputs[0].Shape()[0] != len(rows) {
				t.Errorf("rows %v: weights %v, want %v", rows, b.Weights, want)
			}
		}
	}
}

// Parts of weighed data keep their weights.
func TestWeighThenSplit(t *testing.T) {
	data, err := datasets.Weigh(samplesOf(t, 4), tensor.New(tensor.WithShape(4), tensor.WithBacking([]float32{1, 2, 3, 4})))
	if err != nil {
		t.Fatal(err)
	}
	_, tail, err := datasets.Split(data, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	var b datasets.Batch
	if err := tail.Gather([]int{1}, &b); err != nil {
		t.Fatal(err)
	}
	if got := b.Weights.Float32s(); !slices.Equal(got, []float32{4}) {
		t.Errorf("got %v", got)
	}
}

func TestWeighRefuses(t *testing.T) {
	f32 := func(shape []int, x ...float32) *tensor.Dense {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(x))
	}
	two := samplesOf(t, 2)
	for _, c := range []struct {
		data    datasets.Data
		weights *tensor.Dense
		want    string
	}{
		{nil, f32([]int{2}, 1, 1), "data must not be nil"},
		{two, nil, "weights: tensor must not be nil"},
		{two, f32([]int{3}, 1, 1, 1), "weights must have the shape [2], or [2, steps], got [3]"},
		{two, f32([]int{2, 1, 1}, 1, 1), "weights must have the shape [2], or [2, steps], got [2, 1, 1]"},
		{two, f32([]int{2}, 1, -1), "weights must not be negative, got -1"},
		{two, f32([]int{2}, 1, float32(math.NaN())), "weights: element [1] must be finite, got NaN"},
		{two, tensor.New(tensor.WithShape(2), tensor.WithBacking([]int{1, 2})), "weights: dtype must be float32 or float64, got int"},
	} {
		_, err := datasets.Weigh(c.data, c.weights)
		var e graph.Error
		if err == nil || err.Error() != c.want || !errors.As(err, &e) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
	once, err := datasets.Weigh(two, f32([]int{2}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	twice, err := datasets.Weigh(once, f32([]int{2}, 1, 1))
	if err != nil {
		t.Fatal(err)
	}
	if err := twice.Gather([]int{0}, &datasets.Batch{}); err == nil || err.Error() != "data must not have weights already" {
		t.Errorf("weighed twice: %v", err)
	}
	if err := once.Gather([]int{0}, nil); err == nil {
		t.Error("gathered into nothing")
	}
	if err := once.Gather([]int{2}, &datasets.Batch{}); err == nil {
		t.Error("gathered a sample that is not there")
	}
}
