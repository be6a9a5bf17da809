package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
)

// first returns the first error of a layer's checks.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// positive checks a size that has no default.
func positive(field string, n int) error {
	if n <= 0 {
		return graph.Error{Field: field, Rule: "must be positive", Value: n}
	}
	return nil
}

// rate checks a probability below 1.
func rate(field string, p float64) error {
	if !(p >= 0 && p < 1) {
		return graph.Error{Field: field, Rule: "must be at least 0 and less than 1", Value: p}
	}
	return nil
}

// activation fills in a field of a layer.
func activation(field *activations.Activation, fallback activations.Activation) (err error) {
	*field, err = activations.Resolve(*field, fallback)
	return err
}

// initializer fills in a field of a layer.
func initializer(field *graph.Initializer, fallback graph.Initializer) (err error) {
	*field, err = initializers.Resolve(*field, fallback)
	return err
}

// one returns the only input of a layer, of at least the given rank.
func one(s *graph.Scope, class string, inputs []graph.Value, rank int) (graph.Value, bool) {
	if len(inputs) != 1 {
		s.Failf(class, "must have one input", len(inputs))
		return graph.Value{}, false
	}
	x := inputs[0]
	if x.Rank() < rank {
		s.Failf(class, fmt.Sprintf("must have an input of at least %d axes, the batch first", rank), x.Shape())
		return graph.Value{}, false
	}
	return x, true
}

// features is the size of the last axis, which weights depend on.
func features(s *graph.Scope, class string, x graph.Value) (int, bool) {
	d := x.Dim(-1)
	if d == graph.Any {
		s.Failf(class, "must have an input whose last axis is known", x.Shape())
		return 0, false
	}
	return d, true
}

// ride lets the mask of x ride on y.
func ride(x, y graph.Value) graph.Value {
	if m, ok := x.Mask(); ok {
		return y.WithMask(m)
	}
	return y
}
