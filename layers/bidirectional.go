package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/layername"
)

// Bidirectional reads a sequence with two recurrent layers, one in each direction
// (Schuster & Paliwal 1997, "Bidirectional Recurrent Neural Networks"), and merges their
// outputs of each step:
//
//	y = merge(forward(x), backward(x))
//
//	in:      [batch, steps, features]; optionally the initial states of both layers,
//	         first those of Layer; the constants of an RNN come last, for both
//	out:     the merged outputs: of all steps [batch, steps, 2·units]
//	         with ReturnSequences and MergeConcat; two outputs for MergeNone;
//	         with ReturnState then the last states, first those of Layer
//	weights: those of Layer under "forward_" and its name, such as "forward_lstm",
//	         and those of BackwardLayer under "backward_" and its name
//
// The layers must agree in ReturnSequences and ReturnState, and differ in
// GoBackwards. The outputs of all steps are in the order of Layer; they have the mask
// of the input, and are 0 at masked steps. Without ReturnSequences the output of each
// layer is that of the step it reads last. So ZeroOutputForMask of the layers has no
// effect, as in Keras.
//
// One of the layers reads a sequence from its end, so states cannot be carried from one
// piece of a sequence to the next, see RNN.
type Bidirectional struct {
	Layer         Layer     // LSTM, GRU, SimpleRNN or RNN; required
	BackwardLayer Layer     // Layer in the other direction, with separate weights
	MergeMode     MergeMode // MergeConcat
	Name          string    // "bidirectional", numbered, where empty
}

// MergeMode is how Bidirectional merges two outputs.
type MergeMode string

// The merge modes, spelt as in Keras. All but MergeConcat and MergeNone need
// outputs of one shape.
const (
	MergeConcat MergeMode = "concat" // side by side, along the last axis
	MergeSum    MergeMode = "sum"    // added
	MergeMul    MergeMode = "mul"    // multiplied, element by element
	MergeAve    MergeMode = "ave"    // their mean
	MergeNone   MergeMode = "none"   // not at all: both are outputs
)

var _ Resolver = Bidirectional{}

// Resolve fills in the defaults, those of the layers too.
func (l Bidirectional) Resolve() (Layer, error) {
	switch l.MergeMode {
	case "":
		l.MergeMode = MergeConcat
	case MergeConcat, MergeSum, MergeMul, MergeAve, MergeNone:
	default:
		return nil, graph.Error{
			Field: "Bidirectional.MergeMode", Rule: fmt.Sprintf("must be one of %q, %q, %q, %q, %q", MergeConcat, MergeSum, MergeMul, MergeAve, MergeNone),
			Value: fmt.Sprintf("%q", string(l.MergeMode)),
		}
	}
	forward, err := resolveRecurrent("Bidirectional.Layer", l.Layer)
	if err != nil {
		return nil, err
	}
	ahead := forward.describe()
	if l.BackwardLayer == nil {
		l.BackwardLayer = forward.withDirection(!ahead.backwards, ahead.sequences)
	}
	backward, err := resolveRecurrent("Bidirectional.BackwardLayer", l.BackwardLayer)
	if err != nil {
		return nil, err
	}
	back := backward.describe()
	if back.backwards == ahead.backwards || back.sequences != ahead.sequences || back.states != ahead.states || back.constants != ahead.constants {
		return nil, graph.Error{
			Field: "Bidirectional.BackwardLayer",
			Rule:  "must differ from Layer in GoBackwards, and have its ReturnSequences, ReturnState and Constants",
			Value: fmt.Sprintf("GoBackwards %v, ReturnSequences %v, ReturnState %v, Constants %d", back.backwards, back.sequences, back.states, back.constants),
		}
	}
	l.Layer, l.BackwardLayer = forward.withDirection(ahead.backwards, ahead.sequences), backward.withDirection(back.backwards, back.sequences)
	return l, nil
}

// resolveRecurrent resolves a layer in a field.
func resolveRecurrent(field string, l Layer) (recurrent, error) {
	if err := inner(field, &l); err != nil {
		return nil, err
	}
	r, ok := l.(recurrent)
	if !ok {
		return nil, graph.Error{Field: field, Rule: "must be LSTM, GRU, SimpleRNN or RNN", Value: layername.Class(l)}
	}
	return r, nil
}

// Call computes the layer.
func (l Bidirectional) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	ahead, behind := l.Layer.(recurrent).describe(), l.BackwardLayer.(recurrent).describe()
	given := len(inputs) - 1 - ahead.constants // initial states
	n, m := len(ahead.sizes), len(behind.sizes)
	if given != 0 && given != n+m {
		s.Failf("Bidirectional", fmt.Sprintf("must have an input, no initial states or the %d of Layer and the %d of BackwardLayer, and %d constants", n, m, ahead.constants), len(inputs))
		return inputs
	}
	split := 1 + min(given, n)
	run := func(name string, inner Layer, states []graph.Value) []graph.Value {
		in := append([]graph.Value{inputs[0]}, states...)
		return Apply(s, name+innerName(inner), inner, append(in, inputs[1+given:]...)...)
	}
	forward := run("forward_", l.Layer, inputs[1:split])
	backward := run("backward_", l.BackwardLayer, inputs[split:1+given])
	if s.Err() != nil {
		return inputs
	}
	y, back := forward[0], backward[0]
	if ahead.sequences {
		back = keepMask(y, back.Reverse(1)) // [batch, steps, units]
	}
	return append(append(l.merge(y, back), forward[1:]...), backward[1:]...)
}

// merge merges two outputs.
func (l Bidirectional) merge(y, back graph.Value) []graph.Value {
	if l.MergeMode != MergeConcat && l.MergeMode != MergeNone && !y.Shape().Equal(back.Shape()) {
		y.Scope().Failf("Bidirectional.BackwardLayer", fmt.Sprintf("must have outputs of the shape %v for %q", y.Shape(), l.MergeMode), back.Shape())
		return []graph.Value{y}
	}
	switch l.MergeMode {
	case MergeSum:
		return []graph.Value{keepMask(y, y.Add(back))}
	case MergeMul:
		return []graph.Value{keepMask(y, y.Times(back))}
	case MergeAve:
		return []graph.Value{keepMask(y, y.Add(back).Scale(0.5))}
	case MergeNone:
		return []graph.Value{y, back}
	}
	return []graph.Value{keepMask(y, graph.Concat(-1, y, back))}
}
