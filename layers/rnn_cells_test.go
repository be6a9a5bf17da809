package layers_test

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/layertest"
	"github.com/engram-go/engram/layers/regularizers"
	"gorgonia.org/tensor"
)

// cellOf is the cell with the fields of a recurrent layer.
func cellOf[C layers.Cell](layer layers.Layer) C {
	var cell C
	to, from := reflect.ValueOf(&cell).Elem(), reflect.ValueOf(layer)
	for i := range to.NumField() {
		to.Field(i).Set(from.FieldByName(to.Type().Field(i).Name))
	}
	return cell
}

// A cell has the fields of its layer, in their order, without those for sequences.
func TestCellsHaveTheFieldsOfTheirLayers(t *testing.T) {
	ofSequences := []string{
		"ActivityRegularizer", "ReturnSequences", "ReturnState", "GoBackwards", "ZeroOutputForMask", "InitialState", "Unrolled", "Name",
	}
	for _, c := range []struct {
		layer layers.Layer
		cell  layers.Cell
	}{{layers.LSTM{}, layers.LSTMCell{}}, {layers.GRU{}, layers.GRUCell{}}, {layers.SimpleRNN{}, layers.SimpleRNNCell{}}} {
		fields := func(v any) (out []string) {
			for _, f := range reflect.VisibleFields(reflect.TypeOf(v)) {
				if !slices.Contains(ofSequences, f.Name) {
					out = append(out, fmt.Sprint(f.Name, " ", f.Type))
				}
			}
			return out
		}
		if got, want := fields(c.cell), fields(c.layer); !slices.Equal(got, want) || reflect.TypeOf(c.cell).NumField() != len(want) {
			t.Errorf("%T has the fields %v, want %v", c.cell, got, want)
		}
	}
}

// builtIn are recurrent layers of 3 units, each with its cell.
func builtIn() map[string]struct {
	layer layers.Layer
	cell  layers.Cell
} {
	seed := uint64(5)
	dropped := layers.LSTM{
		Units: 3, Dropout: 0.4, RecurrentDropout: 0.3, Peepholes: true, CoupledGates: true, LayerNorm: true,
		KernelRegularizer: regularizers.L2{}, BiasConstraint: constraints.NonNeg{},
	}
	gated := layers.GRU{
		Units: 3, Dropout: 0.4, Seed: &seed, ResetBefore: true, Activation: activations.ReLU,
		RecurrentRegularizer: regularizers.L1{}, KernelConstraint: constraints.NonNeg{},
	}
	simple := layers.SimpleRNN{Units: 3, Dropout: 0.4, NoBias: true, RecurrentConstraint: constraints.NonNeg{}}
	return map[string]struct {
		layer layers.Layer
		cell  layers.Cell
	}{
		"LSTM":               {layers.LSTM{Units: 3}, layers.LSTMCell{Units: 3}},
		"LSTM with rules":    {dropped, cellOf[layers.LSTMCell](dropped)},
		"GRU":                {layers.GRU{Units: 3}, layers.GRUCell{Units: 3}},
		"GRU with rules":     {gated, cellOf[layers.GRUCell](gated)},
		"SimpleRNN":          {layers.SimpleRNN{Units: 3}, layers.SimpleRNNCell{Units: 3}},
		"SimpleRNN and more": {simple, cellOf[layers.SimpleRNNCell](simple)},
	}
}

// trained gives outputs, losses, gradients and draws of a layer in training.
func trained(t *testing.T, l layers.Layer) (out map[string][]float64, bounds []string) {
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	out = evaluate(t, graph.Config{Params: params, Training: true, Seed: 2}, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*5*3, 1), graph.Shape{2, 5, 3})
		x = x.WithMask(s.Values([]float64{1, 1, 0, 1, 0, 1, 1, 1, 1, 1}, graph.Shape{2, 5}))
		y := layers.Apply(s, "layer", l, x)[0]
		s.Output("y", y)
		loss := y.Times(s.Values(graphtest.Uniform(2, y.Shape().Size(), 1), y.Shape())).Sum()
		for _, extra := range s.Losses() {
			loss = loss.Add(extra)
		}
		s.Output("loss", loss)
		wrt, names := []graph.Value{x}, []string{"x"}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, b.Param.Path)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output("gradient of "+names[i], g)
		}
		for _, c := range s.Constrained() {
			bounds = append(bounds, fmt.Sprint(c.Param.Path, c.Constraint))
		}
	})
	maps.DeleteFunc(out, func(name string, _ []float64) bool {
		return strings.Count(name, "/") == 1 && !strings.Contains(name, " ")
	}) // traces
	return out, bounds
}

// A recurrent layer's cell in an RNN does all that the layer does, with the same
// draws, penalties and bounds.
func TestCellsEqualTheirLayers(t *testing.T) {
	for name, c := range builtIn() {
		t.Run(name, func(t *testing.T) {
			want, wantBounds := trained(t, c.layer)
			for _, unrolled := range []bool{false, true} {
				got, bounds := trained(t, layers.RNN{Cell: c.cell, Unrolled: unrolled})
				if len(want) < 5 || !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
					t.Errorf("got %v, want %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
				}
				for name, w := range want {
					graphtest.CheckGradient(t, name, got[name], w, graphtest.Tol64)
				}
				if !slices.Equal(bounds, wantBounds) {
					t.Errorf("bounds are %v, want %v", bounds, wantBounds)
				}
			}
		})
	}
}

// Cells of layers pass what a layer must pass, and can be stacked.
func TestCells(t *testing.T) {
	layertest.Check(t, layertest.Case{
		Layer: layers.RNN{ReturnState: true, Cell: layers.StackedRNNCells{Cells: []layers.Cell{
			layers.LSTMCell{Units: 2}, layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{Units: 3}}}, layers.SimpleRNNCell{Units: 2},
		}}},
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 3, 2)},
		Outputs: []graph.Shape{{graph.Any, 2}, {graph.Any, 2}, {graph.Any, 2}, {graph.Any, 3}, {graph.Any, 2}},
	})
}

// A cell refuses what its layer refuses.
func TestCellsRefuse(t *testing.T) {
	layertest.Invalid(t, layers.RNN{Cell: layers.LSTMCell{}}, "RNN.Cell.Units")
	layertest.Invalid(t, layers.RNN{Cell: layers.GRUCell{Units: -1}}, "RNN.Cell.Units")
	layertest.Invalid(t, layers.RNN{Cell: layers.SimpleRNNCell{Units: 1, Dropout: 1}}, "RNN.Cell.Dropout")
	layertest.Invalid(t, layers.RNN{Cell: layers.LSTMCell{Units: 1}, ActivityRegularizer: regularizers.L1{L1: -1}}, "RNN.ActivityRegularizer.L1")
}
