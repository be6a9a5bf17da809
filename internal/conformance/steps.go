package conformance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Step is a config that runs one step of a sequence at a time, or cannot.
type Step struct {
	Layer   layers.Layer
	Inputs  []graph.Shape // of batches of two samples; one of [2, 4, 3] where empty
	Refused bool          // it takes the inputs as a whole, and is refused one step at a time
}

// checkSteps runs a layer one step at a time: it must give what it gives of all steps,
// or be refused by its name where the specimen says so.
func checkSteps(t *testing.T, l Layer) {
	for _, step := range l.Steps {
		name := shown(step.Layer)
		shapes := step.Inputs
		if shapes == nil {
			shapes = []graph.Shape{{2, 4, 3}}
		}
		c := layertest.Case{Layer: step.Layer, Custom: l.Custom}
		for i, shape := range shapes {
			c.Inputs = append(c.Inputs, l.input(i, shape))
		}
		if err := buildError(step.Layer, shapes, nil); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		resolved, err := layers.Resolve(step.Layer)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := resolved.(layers.Stepwise); !ok && !step.Refused {
			t.Errorf("%s has no method Stepwise: add it, or set Refused of the specimen's Step", name)
			continue
		}
		err = layertest.Steps(t, c)
		var e graph.Error
		switch {
		case !step.Refused && err != nil:
			t.Errorf("%s: %v", name, err)
		case step.Refused && err == nil:
			t.Errorf("%s must be refused one step at a time, or the specimen must not have it as Refused", name)
		case step.Refused && (!errors.As(err, &e) || !strings.HasPrefix(e.Field, l.class())):
			t.Errorf("%s: the error must name the layer, got: %v", name, err)
		}
		if !step.Refused && buildError(step.Layer, shapes, l.isSequence) == nil {
			c.Layer = maskedSteps{step.Layer, l.Indices}
			if err := layertest.Steps(t, c); err != nil {
				t.Errorf("%s with masks: %v", name, err)
			}
		}
	}
}

// buildError is the error of a layer that does not take inputs of these shapes, with
// all steps. Inputs for which masked returns true have a mask.
func buildError(l layers.Layer, shapes []graph.Shape, masked func(sample graph.Shape) bool) error {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		return err
	}
	return graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) {
		var in []graph.Value
		for i, shape := range shapes {
			in = append(in, s.Input(fmt.Sprint("x", i), shape))
			if masked != nil && masked(shape[1:]) {
				in[i] = in[i].WithMask(s.Input(fmt.Sprint("mask", i), shape[:2]))
			}
		}
		layers.Apply(s, "layer", l, in...)
	})
}

// maskedSteps is a layer whose input sequences get a mask. What the masks of its outputs leave
// out is 0, so that they can be compared.
type maskedSteps struct {
	layer   layers.Layer
	indices bool
}

func (l maskedSteps) Resolve() (layers.Layer, error) {
	var err error
	l.layer, err = layers.Resolve(l.layer)
	return l, err
}

func (l maskedSteps) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return l.layer.(layers.Stepwise).Stepwise(in)
}

func (l maskedSteps) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	in := slices.Clone(inputs)
	for i, x := range inputs {
		first := x // one number of each step, [batch, steps]
		for first.Rank() > 2 {
			first = first.At(-1, 0)
		}
		if l.indices || x.Rank() > 2 {
			in[i] = x.WithMask(s.Const(0.3, graph.Shape{}).GreaterEqual(first))
		}
	}
	out := slices.Clone(l.layer.Call(s, in...))
	for i, y := range out {
		if m, ok := y.Mask(); ok {
			for m.Rank() < y.Rank() {
				m = m.Unsqueeze(-1)
			}
			out[i] = graph.Where(m, y, s.Const(0, graph.Shape{})).WithoutMask()
		}
	}
	return out
}
