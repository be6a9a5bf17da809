package layers

import (
	"fmt"
	"reflect"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/resolve"
)

// Cell is one step of a recurrent layer, for RNN. It is a plain value like a
// layer, and pure like one: Step is run when a graph is built, for all steps at
// once or, with RNN.Unrolled, for each.
//
// A cell that has defaults or rules for its fields also has a method
//
//	Resolve() (Cell, error)
//
// and is run only as what that returned, which must be of the cell's own type. A
// type that embeds a cell needs a Resolve of its own, see Resolver.
type Cell interface {
	// States are the sizes of the states that the cell carries from step to
	// step: a state of size n has the shape [batch, n].
	States() []int
	// Step computes one step from x [batch, features] and the states: the
	// output y [batch, units], and the states that follow. Constants are outer
	// values that every step sees, with gradients.
	Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (y graph.Value, next []graph.Value)
}

// resolveCell fills in a field of a layer.
func resolveCell(field string, c *Cell) (err error) {
	if *c == nil {
		return graph.Error{Field: field, Rule: "must not be nil"}
	}
	if *c, err = resolve.Of("a cell", *c); err != nil {
		return errs.At(err, "", field)
	}
	for i, n := range (*c).States() {
		if err := positive(fmt.Sprintf("%s.States()[%d]", field, i), n); err != nil {
			return err
		}
	}
	return nil
}

// ofSequences are the fields of a recurrent layer that concern a whole sequence.
var ofSequences = []string{
	"ActivityRegularizer", "ReturnSequences", "ReturnState", "GoBackwards", "ZeroOutputForMask", "InitialState", "Unrolled", "Name",
}

// leftToRNN refuses a cell that has fields which RNN has for it.
func leftToRNN(c Cell) error {
	v := reflect.ValueOf(c)
	for _, name := range ofSequences {
		if f := v.FieldByName(name); !f.IsZero() {
			return graph.Error{Field: v.Type().Name() + "." + name, Rule: "must not be set, since it is for RNN to say", Value: f.Interface()}
		}
	}
	return nil
}

// stepAlone is a step of a recurrent layer's cell outside that layer, with the
// dropout of x that the layer does besides.
func stepAlone(s *graph.Scope, c Cell, d dropouts, x graph.Value, states []graph.Value) (graph.Value, []graph.Value) {
	return c.Step(s, d.step(s, x), states, nil)
}
