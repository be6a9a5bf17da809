package layers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
)

// private is an activation without a method Along.
type private struct{}

func (private) Apply(x graph.Value) graph.Value { return x }

// plainLayer is a layer without a method Stepwise.
type plainLayer struct{}

func (plainLayer) Call(_ *graph.Scope, in ...graph.Value) []graph.Value { return in }

// A layer without a method Stepwise is refused one step at a time.
func TestUnknownLayerIsNotStepwise(t *testing.T) {
	err := layertest.Steps(t, layertest.Case{Layer: plainLayer{}, Inputs: []graphtest.Array{graphtest.Input(1, 2, 4, 3)}})
	errtest.Check(t, err, graph.Error{Field: "plainLayer"})
}

// All activations have a method Along.
func TestAlong(t *testing.T) {
	for _, v := range activations.All() {
		if _, ok := activations.Along(v.(activations.Activation)); !ok {
			t.Errorf("%v has no axis", v)
		}
	}
}

// twoPaces is a layer that returns paces of two outputs, and has one.
type twoPaces struct{ plainLayer }

func (twoPaces) Stepwise([]graph.Value) ([]graph.Pace, error) {
	return []graph.Pace{graph.Stepped, graph.Stepped}, nil
}

// stepping calls a layer on one step, with inputs of those shapes and paces.
func stepping(t *testing.T, cfg graph.Config, l layers.Layer, inputs ...paced) error {
	t.Helper()
	l, err := layers.Resolve(l)
	if err != nil {
		t.Fatal(err)
	}
	if cfg.States, err = graph.NewStates(tensor.Float64, 2); err != nil {
		t.Fatal(err)
	}
	cfg.Params = config(t).Params
	return graph.Shapes(cfg, func(s *graph.Scope) {
		in := make([]graph.Value, len(inputs))
		for i, x := range inputs {
			in[i] = s.Input(fmt.Sprint("x", i), x.shape).WithPace(x.pace)
		}
		s.Within("layer", func() { layers.Call(s, l, in...) })
	})
}

// paced is an input of a layer that runs step by step.
type paced struct {
	shape graph.Shape
	pace  graph.Pace
}

// Inputs whose paces a layer cannot combine are refused.
func TestStepwiseRefusesPaces(t *testing.T) {
	step, all := graph.Shape{2, 1, 3}, graph.Shape{2, 4, 3}
	vector := graph.Shape{2, 3}
	stepped, still, latest := paced{step, graph.Stepped}, paced{all, graph.Still}, paced{all, graph.Latest}
	for name, c := range map[string]struct {
		layer  layers.Layer
		inputs []paced
		field  string
	}{
		"no pace":                       {layers.Dense{Units: 1}, []paced{{step, graph.Unpaced}}, "Dense"},
		"another number of paces":       {twoPaces{}, []paced{stepped}, "twoPaces.Stepwise"},
		"a query with all steps":        {layers.Attention{}, []paced{still, stepped}, "Attention"},
		"values that change":            {layers.Attention{}, []paced{stepped, latest}, "Attention"},
		"a key of another pace":         {layers.Attention{}, []paced{stepped, still, stepped}, "Attention"},
		"values of later steps":         {layers.Attention{}, []paced{stepped, stepped}, "Attention"},
		"causal over all values":        {layers.Attention{UseCausalMask: true}, []paced{stepped, still}, "Attention"},
		"unknown number of steps":       {layers.Attention{UseCausalMask: true}, []paced{stepped}, "StepperConfig.Memory"},
		"a sum with a value that moves": {layers.Add{}, []paced{stepped, {vector, graph.Latest}}, "Add"},
		"a sum with all steps":          {layers.Add{}, []paced{stepped, still}, "Add"},
		"a sum with more axes":          {layers.Add{}, []paced{stepped, {graph.Shape{2, 1, 1, 3}, graph.Still}}, "Add"},
		"a sequence with all steps":     {layers.GRU{Units: 3}, []paced{still, {graph.Shape{2, 1, 3}, graph.Stepped}}, "GRU"},
		"a state that changes":          {layers.GRU{Units: 3}, []paced{stepped, {vector, graph.Latest}}, "GRU"},
	} {
		t.Run(name, func(t *testing.T) {
			errtest.Check(t, stepping(t, graph.Config{Stepping: true}, c.layer, c.inputs...), graph.Error{Path: "layer", Field: c.field})
		})
	}
	backwards := layers.GRU{Units: 3, GoBackwards: true}
	errtest.Check(t, stepping(t, graph.Config{}, backwards, paced{all, graph.Unpaced}), graph.Error{Path: "layer", Field: "GRU.GoBackwards", Value: true})
}
