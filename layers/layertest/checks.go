package layertest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/codec"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

func checkShapes(t testing.TB, c Case) {
	open := make([]graph.Shape, len(c.Inputs))
	for i, a := range c.Inputs {
		open[i] = graph.Shape(a.Shape).With(0, graph.Any)
	}
	var known []graph.Shape
	err := shapes(c.Layer, open, func(out []graph.Value) {
		for _, y := range out {
			known = append(known, y.Shape())
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.EqualFunc(known, c.Outputs, graph.Shape.Equal) {
		t.Fatalf("without data the outputs have the shapes %v, want %v", known, c.Outputs)
	}
	out := compute(t, c.Layer, c.Inputs)
	if len(out) != len(known) {
		t.Fatalf("got %d outputs, %d without data", len(out), len(known))
	}
	for i, y := range out {
		if want := known[i].With(0, c.Inputs[0].Shape[0]); !want.Equal(y.Shape) {
			t.Errorf("output %d has the shape %v, without data %v", i, y.Shape, want)
		}
	}
}

func checkGradients(t testing.TB, c Case) {
	var smooth []graphtest.Array
	for i, a := range c.Inputs {
		if !slices.Contains(c.Whole, i) {
			smooth = append(smooth, a)
		}
	}
	for i := range c.Outputs {
		graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
			for _, k := range c.Whole { // in their order, these are constants
				in = slices.Insert(slices.Clone(in), k, s.Values(c.Inputs[k].Data, c.Inputs[k].Shape))
			}
			return layers.Apply(s, "layer", c.Layer, in...)[i]
		}, smooth...)
	}
}

func checkDtypes(t testing.TB, c Case) {
	wide := compute(t, c.Layer, c.Inputs)
	narrow := run(t, c.Layer, graph.Config{Params: newParams(t, tensor.Float32)}, c.Inputs)
	for i := range wide {
		graphtest.CheckOutput(t, fmt.Sprintf("float32 output %d", i), narrow[i].Data, wide[i].Data, graphtest.Tol32)
	}
}

func checkBits(t testing.TB, c Case) {
	for _, training := range []bool{false, true} {
		once := func() []graphtest.Array {
			return run(t, c.Layer, graph.Config{Params: newParams(t, tensor.Float32), Training: training}, c.Inputs)
		}
		if a, b := once(), once(); !reflect.DeepEqual(a, b) {
			t.Errorf("with training %v the second run gave %v, the first %v", training, b, a)
		}
	}
}

// checkSamples compares the first sample alone with its row in the batch, and every
// sample with its row in a batch of copies of it. Draws outside training are equal for
// equal rows.
func checkSamples(t testing.TB, c Case) {
	batch := compute(t, c.Layer, c.Inputs)
	compare := func(k, copies int) {
		inputs := make([]graphtest.Array, len(c.Inputs))
		for i, a := range c.Inputs {
			inputs[i] = graphtest.Array{Shape: graph.Shape(a.Shape).With(0, copies), Data: slices.Repeat(row(a, k), copies)}
		}
		for i, y := range compute(t, c.Layer, inputs) {
			graphtest.CheckOutput(t, fmt.Sprintf("among %d, sample %d of output %d", copies, k, i), row(y, k), row(batch[i], k), graphtest.Tol64)
		}
	}
	compare(0, 1)
	for k := range c.Inputs[0].Shape[0] {
		compare(k, c.Inputs[0].Shape[0])
	}
}

// row is sample k of a batch, or nil if there is none.
func row(a graphtest.Array, k int) []float64 {
	if k >= a.Shape[0] {
		return nil
	}
	n := len(a.Data) / a.Shape[0]
	return a.Data[k*n : (k+1)*n]
}

// checkTraining takes one small step down the gradient of a loss.
func checkTraining(t testing.TB, c Case) {
	params := newParams(t, tensor.Float64)
	var trained []graph.Bound
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true, Seed: 1}, func(s *graph.Scope) {
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "layer", c.Layer, constants(s, c.Inputs)...) {
			goal := graphtest.Input(50+i, y.Shape()...)
			loss = loss.Add(y.Sub(s.Values(goal.Data, y.Shape())).Square().Sum())
		}
		s.Output("loss", loss)
		trained = slices.DeleteFunc(s.Bound(), func(b graph.Bound) bool { return !b.Param.Trainable() })
		wrt := make([]graph.Value, len(trained))
		for i, b := range trained {
			wrt[i] = b.Value
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(trained[i].Param.Path, g)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if len(trained) == 0 {
		return
	}
	loss := func() float64 {
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		return output(t, prog, "loss").Float64s()[0]
	}
	before := loss()
	for _, b := range trained {
		for k, d := range output(t, prog, b.Param.Path).Float64s() {
			b.Param.Value().Float64s()[k] -= 1e-4 * d
		}
	}
	if after := loss(); !(after < before) {
		t.Errorf("a step down the gradient took the loss from %g to %g", before, after)
	}
}

func checkConfig(t testing.TB, c Case) {
	resolved, err := layers.Resolve(c.Layer)
	if err != nil {
		t.Fatal(err)
	}
	given, filled := reflect.Indirect(reflect.ValueOf(c.Layer)), reflect.Indirect(reflect.ValueOf(resolved))
	if given.Kind() == reflect.Struct {
		for i := range given.NumField() {
			if !given.Field(i).IsZero() && filled.Field(i).IsZero() {
				t.Errorf("resolving loses the field %s", given.Type().Field(i).Name)
			}
		}
	}
	r, err := codec.NewRegistry(slices.Concat(layers.All(), activations.All(), initializers.All(),
		regularizers.All(), constraints.All(), c.Custom)...)
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
		t.Errorf("the config came back as %+v, want %+v", back, resolved)
	}
	again, err := layers.Resolve(back)
	if err != nil || !reflect.DeepEqual(again, resolved) {
		t.Errorf("resolving twice gives %+v, %v, and once %+v", again, err, resolved)
	}
	if before, after := compute(t, c.Layer, c.Inputs), compute(t, back, c.Inputs); !reflect.DeepEqual(before, after) {
		t.Errorf("the layer that came back computes %v, the first %v", after, before)
	}
}

// checkWeights stores the weights of a layer and restores them in another, which has
// other initial weights.
func checkWeights(t testing.TB, c Case) {
	params := newParams(t, tensor.Float64)
	before := run(t, c.Layer, graph.Config{Params: params}, c.Inputs)
	stored := map[string]*tensor.Dense{}
	for _, p := range params.All() {
		stored[p.Path] = p.Value()
	}
	other, err := graph.NewParams(tensor.Float64, 2)
	if err != nil {
		t.Fatal(err)
	}
	run(t, c.Layer, graph.Config{Params: other}, c.Inputs) // declares them
	if err := other.Set(stored); err != nil {
		t.Fatal(err)
	}
	if after := run(t, c.Layer, graph.Config{Params: other}, c.Inputs); !reflect.DeepEqual(before, after) {
		t.Errorf("with the stored weights it computes %v, before %v", after, before)
	}
	if n := len(other.All()); n != len(stored) {
		t.Errorf("it has %d weights, and before %d", n, len(stored))
	}
}

// checkInputs calls the layer with inputs of other shapes. It may accept some of them,
// but must not panic.
func checkInputs(t testing.TB, c Case) {
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
