package layers

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// InitialState makes the states of a recurrent layer before the first step. A type that
// has defaults or rules for its fields also has a method
//
//	Resolve() (InitialState, error)
//
// which must return a value of the same type. A type that embeds an initial state with
// this method must define its own, see Resolver.
type InitialState interface {
	// States returns one value of shape [batch, size] for every size.
	States(s *graph.Scope, batch int, sizes []int) []graph.Value
}

// initialState fills in a field of a layer.
func initialState(field *InitialState) (err error) {
	if *field == nil {
		*field = ZeroState{}
	}
	*field, err = resolve.Of("an initial state", *field)
	return err
}

// ZeroState starts with zeros. It is the default.
type ZeroState struct{}

// States returns zeros.
func (ZeroState) States(s *graph.Scope, batch int, sizes []int) []graph.Value {
	return eachState(sizes, func(_, n int) graph.Value { return s.Const(0, graph.Shape{batch, n}) })
}

// RandomState starts with normally distributed numbers, drawn for every sample of every
// batch, in training and prediction. Predicting the same batches again draws the same
// numbers.
type RandomState struct {
	Stddev float64 // standard deviation, positive; 1 where 0
}

// Resolve fills in the default.
func (r RandomState) Resolve() (InitialState, error) {
	if r.Stddev == 0 {
		r.Stddev = 1
	}
	if !(r.Stddev > 0) || math.IsInf(r.Stddev, 0) {
		return nil, graph.Error{Field: "RandomState.Stddev", Rule: "must be finite and not negative", Value: r.Stddev}
	}
	return r, nil
}

// States draws the states.
func (r RandomState) States(s *graph.Scope, batch int, sizes []int) []graph.Value {
	return eachState(sizes, func(_, n int) graph.Value {
		return s.Random("state", graph.Shape{batch, n}, func(rnd *rand.Rand) float64 { return r.Stddev * rnd.NormFloat64() })
	})
}

// FixedState starts every sample with the same numbers.
type FixedState struct {
	Elements [][]float64 // one row of the size of the state for each state, such as h and c of an LSTM; required
}

// Resolve checks the elements.
func (f FixedState) Resolve() (InitialState, error) {
	for i, row := range f.Elements {
		for _, x := range row {
			if math.IsNaN(x) || math.IsInf(x, 0) {
				return nil, graph.Error{Field: fmt.Sprintf("FixedState.Elements[%d]", i), Rule: "must be finite", Value: x, Kind: graph.ErrNotFinite}
			}
		}
	}
	return f, nil
}

// States repeats the rows.
func (f FixedState) States(s *graph.Scope, batch int, sizes []int) []graph.Value {
	if len(f.Elements) != len(sizes) {
		s.Failf("FixedState.Elements", fmt.Sprintf("must have %d rows", len(sizes)), len(f.Elements))
		return nil
	}
	return eachState(sizes, func(i, n int) graph.Value {
		if row := f.Elements[i]; len(row) != n {
			s.Failf(fmt.Sprintf("FixedState.Elements[%d]", i), fmt.Sprintf("must have %d elements", n), len(row))
			return graph.Value{}
		}
		return s.Values(f.Elements[i], graph.Shape{1, n}).BroadcastTo(batch, n)
	})
}

func eachState(sizes []int, f func(i, n int) graph.Value) []graph.Value {
	out := make([]graph.Value, len(sizes))
	for i, n := range sizes {
		out[i] = f(i, n)
	}
	return out
}
