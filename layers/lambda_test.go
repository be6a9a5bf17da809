package layers_test

import (
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
)

// sameFunction returns its inputs.
var sameFunction = layers.NewFunction("same", func(_ *graph.Scope, in ...graph.Value) []graph.Value { return in })

var _ = specimen(conformance.Layer{
	Value:    layers.Lambda{Function: sameFunction},
	Inputs:   []graph.Shape{{4, 6}},
	Outputs:  []graph.Shape{{4, 6}},
	Custom:   []any{sameFunction},
	Accepts:  "++++++",
	Compared: "TestLambdaComputes",
	Steps: []conformance.Step{
		{Layer: layers.Lambda{Function: sameFunction}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		x := d.Either()
		d.Use(layers.Lambda{Function: sameFunction}, x.Shape, x.Tensor)
	},
})

// gain scales by a weight, and sum adds up all its inputs.
var (
	gain = layers.NewFunction("gain", func(s *graph.Scope, inputs ...graph.Value) []graph.Value {
		return []graph.Value{inputs[0].Times(s.Param("gain", graph.Shape{}, initializers.Constant{Value: 3}))}
	})
	sum = layers.NewFunction("sum", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
		y := inputs[0]
		for _, x := range inputs[1:] {
			y = y.Add(x)
		}
		return []graph.Value{y, y.Neg()}
	})
)

func TestLambda(t *testing.T) {
	x := graphtest.Input(1, 2, 3)
	custom := []any{gain, sum, gain} // given twice, it counts once
	layertest.Check(t, layertest.Case{
		Layer: layers.Lambda{Function: gain}, Custom: custom,
		Inputs: []graphtest.Array{x}, Outputs: []graph.Shape{{graph.Any, 3}},
	})
	layertest.Check(t, layertest.Case{
		Layer: layers.Lambda{Function: sum, Name: "total"}, Custom: custom,
		Inputs: []graphtest.Array{x, graphtest.Input(2, 2, 3)}, Outputs: []graph.Shape{{graph.Any, 3}, {graph.Any, 3}},
	})
}

func TestLambdaComputes(t *testing.T) {
	cfg := config(t)
	out := evaluate(t, cfg, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values([]float64{1, 2}, graph.Shape{1, 2})
		x = x.WithMask(s.Const(1, graph.Shape{1, 2}))
		y := layers.Apply(s, "lambda", layers.Lambda{Function: gain}, x)[0]
		if _, ok := y.Mask(); ok {
			t.Error("the output has a mask, which the function does not give it")
		}
		s.Output("y", y)
	})
	graphtest.CheckOutput(t, "y", out["y"], []float64{3, 6}, 0)
	checkWeights(t, cfg.Params, []weight{{"lambda/gain", graph.Shape{}}})
	if got := gain.String() + " " + gain.RegisteredName(); got != "gain gain" {
		t.Errorf("the function is called %s", got)
	}
}

func TestLambdaRefuses(t *testing.T) {
	in := graph.Shape{graph.Any, 3}
	returns := func(out ...graph.Value) layers.Function {
		return layers.NewFunction("returns", func(*graph.Scope, ...graph.Value) []graph.Value { return out })
	}
	for _, f := range []layers.Function{{}, layers.NewFunction("none", nil), layers.NewFunction("", sum2), layers.NewFunction("a\nb", sum2), returns(), returns(graph.Value{})} {
		layertest.Invalid(t, layers.Lambda{Function: f}, "Lambda.Function", in)
	}
	layertest.Invalid(t, layers.Lambda{Function: gain}, "Lambda")
	layertest.Invalid(t, layers.Lambda{Function: layers.NewFunction("fails", func(s *graph.Scope, inputs ...graph.Value) []graph.Value {
		s.Failf("mine", "must be otherwise", 1)
		return nil
	})}, "mine", in)
	if got := (layers.Function{}).String(); got != "" {
		t.Errorf("no function is called %s", got)
	}
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		panics := layers.NewFunction("panics", func(*graph.Scope, ...graph.Value) []graph.Value { panic("oh") })
		layers.Apply(s, "lambda", layers.Lambda{Function: panics}, s.Input("x", in))
	})
	if err == nil || !strings.Contains(err.Error(), "lambda: building panicked: oh") {
		t.Errorf("got %v", err)
	}
}

func sum2(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }
