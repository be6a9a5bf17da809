// Package layertest holds what every layer must pass, for Engram's layers and
// for a user's own.
package layertest

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Case is a layer and a batch to try it on.
type Case struct {
	Layer   layers.Layer
	Inputs  []graphtest.Array // the batch axis first; at least two samples
	Outputs []graph.Shape     // the shapes of its outputs for open batches
	Custom  []any             // values of the types in Layer that are not Engram's own
}

// Check holds a layer to what every layer promises: its shapes, known without
// data, are those of the data; its gradients are right; float32 and float64
// agree; a sample alone gives what it gives in a batch; a step down the
// gradient lowers a loss; its config goes to JSON and back; equal seeds give
// equal bits; and inputs that do not fit are errors.
func Check(t *testing.T, c Case) {
	t.Helper()
	t.Run("shapes", func(t *testing.T) { checkShapes(t, c) })
	t.Run("gradients", func(t *testing.T) {
		for i := range c.Outputs {
			graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
				return layers.Apply(s, "layer", c.Layer, in...)[i]
			}, c.Inputs...)
		}
	})
	t.Run("dtypes", func(t *testing.T) { checkDtypes(t, c) })
	t.Run("samples", func(t *testing.T) { checkSamples(t, c) })
	t.Run("training", func(t *testing.T) { checkTraining(t, c) })
	t.Run("config", func(t *testing.T) { checkConfig(t, c) })
	t.Run("inputs", func(t *testing.T) { checkInputs(t, c) })
}

// Invalid checks that a config is refused, with an error that names the field
// and is of the kind graph.ErrInput.
func Invalid(t *testing.T, l layers.Layer, field string, inputs ...graph.Shape) {
	t.Helper()
	err := shapes(l, inputs, nil)
	var e graph.Error
	switch {
	case err == nil:
		t.Errorf("%+v must be refused for %s", l, field)
	case !errors.As(err, &e) || e.Field != field:
		t.Errorf("%+v must be refused for %s, got: %v", l, field, err)
	case !errors.Is(err, graph.ErrInput) && !errors.Is(err, graph.ErrNotFinite):
		t.Errorf("the error must be of a known kind, got: %v", err)
	}
}

// shapes runs the shape pass alone.
func shapes(l layers.Layer, inputs []graph.Shape, use func(out []graph.Value)) error {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		return err
	}
	return graph.Shapes(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, shape := range inputs {
			in[i] = s.Input(fmt.Sprint("x", i), shape)
		}
		out := layers.Apply(s, "layer", l, in...)
		if use != nil {
			use(out)
		}
	})
}

func checkShapes(t *testing.T, c Case) {
	open := make([]graph.Shape, len(c.Inputs))
	for i, a := range c.Inputs {
		open[i] = graph.Shape(a.Shape).With(0, graph.Any)
	}
	err := shapes(c.Layer, open, func(out []graph.Value) {
		if len(out) != len(c.Outputs) {
			t.Fatalf("got %d outputs, want %d", len(out), len(c.Outputs))
		}
		for i, y := range out {
			if !y.Shape().Equal(c.Outputs[i]) {
				t.Errorf("output %d has the shape %v, want %v", i, y.Shape(), c.Outputs[i])
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, y := range run(t, c, tensor.Float64, c.Layer, c.Inputs) {
		if want := c.Outputs[i].With(0, c.Inputs[0].Shape[0]); !graph.Shape(y.Shape).Equal(want) {
			t.Errorf("output %d of the data has the shape %v, want %v", i, y.Shape, want)
		}
	}
}

// run computes the outputs of a new layer, not in training.
func run(t *testing.T, c Case, dtype tensor.Dtype, l layers.Layer, inputs []graphtest.Array) []graphtest.Array {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Seed: 1}, func(s *graph.Scope) {
		for i, y := range layers.Apply(s, "layer", l, constants(s, inputs)...) {
			s.Output(fmt.Sprint("y", i), y)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	out := make([]graphtest.Array, len(c.Outputs))
	for i := range out {
		y, err := prog.Output(fmt.Sprint("y", i))
		if err != nil {
			t.Fatal(err)
		}
		out[i] = graphtest.Array{Shape: append([]int{}, y.Shape()...), Data: float64s(y)}
	}
	return out
}

func constants(s *graph.Scope, inputs []graphtest.Array) []graph.Value {
	in := make([]graph.Value, len(inputs))
	for i, a := range inputs {
		in[i] = s.Values(a.Data, a.Shape)
	}
	return in
}

func float64s(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return append([]float64{}, t.Float64s()...)
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
}

func checkDtypes(t *testing.T, c Case) {
	wide := run(t, c, tensor.Float64, c.Layer, c.Inputs)
	narrow := run(t, c, tensor.Float32, c.Layer, c.Inputs)
	again := run(t, c, tensor.Float32, c.Layer, c.Inputs)
	for i := range wide {
		graphtest.CheckOutput(t, fmt.Sprintf("float32 output %d", i), narrow[i].Data, wide[i].Data, graphtest.Tol32)
		if !reflect.DeepEqual(narrow[i], again[i]) {
			t.Errorf("output %d is not the same a second time", i)
		}
	}
}

// checkSamples compares the first sample alone with its row in the batch.
func checkSamples(t *testing.T, c Case) {
	first := make([]graphtest.Array, len(c.Inputs))
	for i, a := range c.Inputs {
		n := len(a.Data) / a.Shape[0]
		first[i] = graphtest.Array{Shape: graph.Shape(a.Shape).With(0, 1), Data: a.Data[:n]}
	}
	alone := run(t, c, tensor.Float64, c.Layer, first)
	for i, y := range run(t, c, tensor.Float64, c.Layer, c.Inputs) {
		graphtest.CheckOutput(t, fmt.Sprintf("first sample of output %d", i), alone[i].Data, y.Data[:len(alone[i].Data)], graphtest.Tol64)
	}
}

// checkTraining takes one small step down the gradient of a loss.
func checkTraining(t *testing.T, c Case) {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true, Seed: 1}, func(s *graph.Scope) {
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "layer", c.Layer, constants(s, c.Inputs)...) {
			goal := graphtest.Input(50+i, y.Shape()...)
			loss = loss.Add(y.Sub(s.Values(goal.Data, y.Shape())).Square().Sum())
		}
		s.Output("loss", loss)
		var wrt []graph.Value
		for _, b := range s.Bound() {
			wrt = append(wrt, b.Value)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(fmt.Sprint("g", i), g)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if len(params.All()) == 0 {
		return
	}
	loss := func() float64 {
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		out, err := prog.Output("loss")
		if err != nil {
			t.Fatal(err)
		}
		return out.Float64s()[0]
	}
	before := loss()
	for i, p := range prog.Params() {
		g, err := prog.Output(fmt.Sprint("g", i))
		if err != nil {
			t.Fatal(err)
		}
		for k, d := range g.Float64s() {
			p.Value().Float64s()[k] -= 1e-4 * d
		}
	}
	if after := loss(); !(after < before) || math.IsNaN(after) {
		t.Errorf("a step down the gradient took the loss from %g to %g", before, after)
	}
}

// checkConfig takes the config to JSON and back.
func checkConfig(t *testing.T, c Case) {
	resolved, err := layers.Resolve(c.Layer)
	if err != nil {
		t.Fatal(err)
	}
	known := append(append(append(layers.All(), activations.All()...), initializers.All()...), c.Custom...)
	r, err := codec.NewRegistry(known...)
	if err != nil {
		t.Fatal(err)
	}
	text, err := r.Encode(resolved)
	if err != nil {
		t.Fatal(err)
	}
	var back layers.Layer
	if err := r.Decode(text, &back); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if !reflect.DeepEqual(back, resolved) {
		t.Errorf("config came back as %+v, want %+v", back, resolved)
	}
	again, err := layers.Resolve(back)
	if err != nil || !reflect.DeepEqual(again, resolved) {
		t.Errorf("resolving twice gives %+v, %v", again, err)
	}
	before, after := run(t, c, tensor.Float64, c.Layer, c.Inputs), run(t, c, tensor.Float64, back, c.Inputs)
	if !reflect.DeepEqual(before, after) {
		t.Error("the layer that came back computes something else")
	}
}

// checkInputs gives the layer inputs that it cannot take. It may find a use
// for some of them, but must not panic.
func checkInputs(t *testing.T, c Case) {
	bad := [][]graph.Shape{nil, {{}}, {{graph.Any}}, {{2}}, {{graph.Any, graph.Any}}, {{graph.Any, graph.Any, graph.Any}},
		{{1, 1, 1}}, {{2, 3, 4, 5}}, {{2, 3, 4}, {2}}, {{2, 3, 4}, {2, 1}, {3, 1}}}
	for _, in := range bad {
		err := shapes(c.Layer, in, nil)
		if err != nil && (strings.Contains(err.Error(), "panicked") || !errors.Is(err, graph.ErrInput)) {
			t.Errorf("inputs of shapes %v: %v", in, err)
		}
	}
	if err := shapes(c.Layer, nil, nil); err == nil {
		t.Error("no input must be an error")
	}
}
