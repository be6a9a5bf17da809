package layers

import (
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// GaussianNoise adds normally distributed numbers of mean 0 during training,
// drawn anew for every element of every batch; at other times it does nothing.
//
//	in, out: any shape
//
// A mask on the input rides on the output.
type GaussianNoise struct {
	Stddev float64 // standard deviation of the noise, 0 ≤ Stddev ≤ 1
	Seed   *uint64 // of the noise, whatever the model's seed and the layer's place; the model's where nil
	Name   string  // "gaussian_noise", numbered, where empty
}

var _ Resolver = GaussianNoise{}

// Resolve checks the deviation.
func (l GaussianNoise) Resolve() (Layer, error) {
	if !(l.Stddev >= 0 && l.Stddev <= 1) {
		return nil, graph.Error{Field: "GaussianNoise.Stddev", Rule: "must be at least 0 and at most 1", Value: l.Stddev}
	}
	return l, nil
}

// Call computes the layer.
func (l GaussianNoise) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "GaussianNoise", inputs, 1)
	if !ok || l.Stddev == 0 || !s.Training() {
		return inputs
	}
	y := x
	seeded(s, l.Seed, func() {
		y = x.Add(s.Random("noise", x.Shape(), func(r *rand.Rand) float64 { return l.Stddev * r.NormFloat64() }))
	})
	return []graph.Value{ride(x, y)}
}

// Stepwise passes the step on.
func (l GaussianNoise) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
