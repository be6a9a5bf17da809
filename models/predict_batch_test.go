package models_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// counted records the numbers of samples for which it is built.
type counted struct{ samples *[]int }

func (c counted) Call(s *graph.Scope, in ...graph.Value) []graph.Value {
	if n := in[0].Dim(0); !s.Symbolic() && !slices.Contains(*c.samples, n) {
		*c.samples = append(*c.samples, n)
	}
	return in
}

// Long samples are computed fewer at a time.
func TestPredictBatches(t *testing.T) {
	for _, c := range []struct {
		sample graph.Shape
		want   []int
	}{
		{graph.Shape{3}, []int{128, 22}},
		{graph.Shape{100, 2}, []int{128, 22}},
		{graph.Shape{200, 2}, []int{64, 22}},
		{graph.Shape{1000, 2}, []int{32, 22}},
	} {
		var seen []int
		m := models.NewSequential(models.Config{}, layers.Input{Shape: c.sample}, counted{&seen})
		x := inputs(tensor.Float32, append([]int{150}, c.sample...)...)
		same(t, "output", predict(t, m, x), x)
		if !slices.Equal(seen, c.want) {
			t.Errorf("%v: batches of %v samples, want %v", c.sample, seen, c.want)
		}
	}
}
