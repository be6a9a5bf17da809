package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/activations"
)

// Stepwise is a layer that can say whether it may run one step of a sequence at
// a time, see models.Stepper. One that has no such method is refused there,
// since it might look at other steps. A type that embeds a layer has this method
// from it, and needs one of its own where its Call looks at other steps than that
// of the embedded layer; layertest.Check finds it out.
type Stepwise interface {
	// Stepwise says how the outputs go along where at least one of the inputs is
	// graph.Stepped, with a single pace for all of them or one for each, or
	// returns why the layer cannot run like this. Such an input is [batch, 1,
	// ...], the step at hand. What Call then makes of one step after the other
	// must be what it makes of all of them at once; what it has to know of the
	// steps before, it keeps with graph.Scope.Carry.
	Stepwise(in []graph.Value) ([]graph.Pace, error)
}

// Call calls a layer that Resolve returned. Where the scope sees one step at a
// time, it asks the layer whether it can do with that, and says of the outputs
// how they go along. A layer none of whose inputs is a sequence that comes step
// by step runs as it always does, whatever it is.
func Call(s *graph.Scope, l Layer, inputs ...graph.Value) []graph.Value {
	out := callPaced(s, l, inputs)
	noteMaskEnd(s, l, inputs, out)
	return out
}

func callPaced(s *graph.Scope, l Layer, inputs []graph.Value) []graph.Value {
	if !s.Stepping() {
		return l.Call(s, inputs...)
	}
	stepped, pace := false, graph.Still
	for _, x := range inputs {
		switch x.Pace() {
		case graph.Stepped:
			stepped = true
		case graph.Latest:
			pace = graph.Latest
		case graph.Unpaced:
			s.Failf(Class(l), "must have inputs that are known to be sequences or not, see graph.Value.WithPace", x.Shape())
			return inputs
		}
	}
	if !stepped {
		var out []graph.Value
		s.Alone(func() { out = l.Call(s, inputs...) })
		return paced(out, func(int) graph.Pace { return pace })
	}
	paces, err := stepwise(l, inputs)
	if err != nil {
		s.Fail(err)
		return inputs
	}
	out := l.Call(s, inputs...)
	if len(paces) == 1 {
		return paced(out, func(int) graph.Pace { return paces[0] })
	}
	if s.Err() == nil && len(out) != len(paces) {
		s.Failf(Class(l)+".Stepwise", fmt.Sprintf("must give one pace, or one for each of the %d outputs", len(out)), len(paces))
		return inputs
	}
	return paced(out, func(i int) graph.Pace { return paces[i] })
}

// stepwise asks a layer.
func stepwise(l Layer, inputs []graph.Value) ([]graph.Pace, error) {
	if l, ok := l.(Stepwise); ok {
		return l.Stepwise(inputs)
	}
	return nil, notStepwise(l, "it does not say that it leaves other steps alone")
}

// paced are values with their paces.
func paced(values []graph.Value, pace func(i int) graph.Pace) []graph.Value {
	out := make([]graph.Value, len(values))
	for i, v := range values {
		out[i] = v.WithPace(pace(i))
	}
	return out
}

// notStepwise is the error of a layer that cannot run one step at a time.
func notStepwise(l Layer, why string) error {
	return graph.Error{Field: Class(l), Rule: "must not be run one step at a time: " + why}
}

// stepByStep is what Stepwise returns for a layer whose outputs are all
// sequences like its inputs. The layer lets the places along the given axes of
// its first input see each other, which must not be steps.
func stepByStep(l Layer, in []graph.Value, axes ...int) ([]graph.Pace, error) {
	for _, a := range axes {
		if a < 0 {
			a += in[0].Rank()
		}
		if a == 1 {
			return nil, notStepwise(l, "its axis is that of the steps")
		}
	}
	return []graph.Pace{graph.Stepped}, nil
}

// pointwise checks that an activation of a layer leaves the steps of x alone.
func pointwise(l Layer, a activations.Activation, x graph.Value) error {
	axis, ok := activations.Along(a)
	if !ok {
		return notStepwise(l, "its activation has no method Along, which would say whether it looks at other steps")
	}
	if axis == 0 {
		return nil
	}
	_, err := stepByStep(l, []graph.Value{x}, axis)
	return err
}
