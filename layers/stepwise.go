package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers/activations"
)

// Stepwise is a layer that can run one step of a sequence at a time, see
// models.Stepper. A layer without this method is refused there, since it might use
// other steps. A type that embeds a layer gets this method from it, and needs its own
// if its Call uses other steps than that of the embedded layer; layertest.Check finds
// that.
type Stepwise interface {
	// Stepwise is called if at least one of the inputs is graph.Stepped: such an
	// input is one step, [batch, 1, ...]. It returns the pace of all outputs, or of
	// each, or an error that says why the layer cannot run like this. Call on one step
	// after the other must then compute what it computes on all of them at once; what
	// it needs of earlier steps, it keeps with graph.Scope.Carry.
	Stepwise(in []graph.Value) ([]graph.Pace, error)
}

// Call calls a layer that Resolve returned. It is for containers of layers, such as
// models: a layer calls others with Apply. If the scope runs one step at a time, the
// layer is asked whether it can, and its outputs get their pace. A layer none of whose
// inputs comes step by step runs as usual. A layer that ends a mask gets a remark.
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
			s.Failf(layername.Class(l), "must have inputs with a pace, see graph.Value.WithPace", x.Shape())
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
		s.Failf(layername.Class(l)+".Stepwise", fmt.Sprintf("must give one pace, or one for each of the %d outputs", len(out)), len(paces))
		return inputs
	}
	return paced(out, func(i int) graph.Pace { return paces[i] })
}

// stepwise is the pace of the outputs of a layer, if it can run step by step.
func stepwise(l Layer, inputs []graph.Value) ([]graph.Pace, error) {
	if l, ok := l.(Stepwise); ok {
		return l.Stepwise(inputs)
	}
	return nil, notStepwise(l, "it has no method Stepwise, so it may use other steps")
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
	return graph.Error{Field: layername.Class(l), Rule: "must not be run one step at a time: " + why}
}

// stepByStep is Stepwise of a layer whose outputs are sequences like its inputs. The
// layer combines elements along the given axes of its first input, none of which may
// be that of the steps.
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

// pointwise checks that an activation of a layer does not combine steps of x.
func pointwise(l Layer, a activations.Activation, x graph.Value) error {
	axis, ok := activations.Along(a)
	if !ok {
		return notStepwise(l, "its activation has no method Along, so it may use other steps")
	}
	if axis == 0 {
		return nil
	}
	_, err := stepByStep(l, []graph.Value{x}, axis)
	return err
}
