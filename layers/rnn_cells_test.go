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

// using is a cell of 4 units that uses layers: what it reads is made from its
// query [batch, 3] and a constant [batch, length, 3], and has 3 features.
type using struct {
	read func(s *graph.Scope, query, memory graph.Value) graph.Value
}

func (using) States() []int { return []int{4} }

func (c using) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	h := states[0] // [batch, 4]
	ask := layers.Dense{Units: 3, KernelRegularizer: regularizers.L2{}, ActivityRegularizer: regularizers.L2{L2: 1}}
	query := layers.Apply(s, "query", ask, graph.Concat(1, x, h))[0]                                              // [batch, 3]
	seen := c.read(s, query, constants[0])                                                                        // [batch, 3]
	h = layers.Apply(s, "dense", layers.Dense{Units: 4}, graph.Concat(1, seen.Reshape(h.Dim(0), 3), h))[0].Tanh() // [batch, 4]
	return h, []graph.Value{h}
}

// A cell may use any layer: it gives the same as a scan and written out, in
// values, losses and gradients.
func TestLayersInCells(t *testing.T) {
	attending := func(l layers.Layer) using {
		return using{func(s *graph.Scope, query, memory graph.Value) graph.Value {
			return layers.Apply(s, "read", l, query.Unsqueeze(1), memory)[0]
		}}
	}
	sequence := func(l layers.Layer) using { // a sequence in every step
		return using{func(s *graph.Scope, query, memory graph.Value) graph.Value {
			return layers.Apply(s, "read", l, memory.Times(query.Unsqueeze(1)))[0]
		}}
	}
	alone := func(l layers.Layer) using {
		return using{func(s *graph.Scope, query, _ graph.Value) graph.Value { return layers.Apply(s, "read", l, query)[0] }}
	}
	for name, cell := range map[string]using{
		"attention":           attending(layers.Attention{UseScale: true}),
		"additive attention":  attending(layers.AdditiveAttention{}),
		"multi-head":          attending(layers.MultiHeadAttention{NumHeads: 2, KeyDim: 2}),
		"gru":                 sequence(layers.GRU{Units: 3}),
		"scan":                sequence(layers.LSTM{Units: 3, Peepholes: true}),
		"bidirectional":       sequence(layers.Bidirectional{Layer: layers.GRU{Units: 3}, MergeMode: layers.MergeSum}),
		"convolution":         sequence(chain{layers.Conv1D{Filters: 3, KernelSize: 2, Padding: layers.Causal}, layers.GlobalMaxPooling1D{}}),
		"average":             sequence(layers.GlobalAveragePooling1D{}),
		"layer normalization": alone(layers.LayerNormalization{}),
		"dropout":             alone(layers.Dropout{Rate: 0.4}),
	} {
		for _, hard := range []bool{false, true} {
			got, want := cell.run(t, hard, false), cell.run(t, hard, true)
			if len(want) < 9 {
				t.Fatalf("%s: got only %d values", name, len(want))
			}
			for part, w := range want {
				if !strings.HasPrefix(part, "rnn/") { // no trace
					graphtest.CheckOutput(t, fmt.Sprintf("%s, %s, hard %v", name, part, hard), got[part], w, graphtest.Tol64)
				}
			}
		}
	}
}

// run gives what an RNN of the cell computes; hard with masks and in training.
func (c using) run(t *testing.T, hard, unrolled bool) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	return evaluate(t, graph.Config{Params: params, Training: hard, Seed: 3}, graph.Tick{}, func(s *graph.Scope) {
		x := s.Values(graphtest.Uniform(1, 2*5*2, 1), graph.Shape{2, 5, 2})
		memory := s.Values(graphtest.Uniform(2, 2*3*3, 1), graph.Shape{2, 3, 3})
		in := []graph.Value{x, memory}
		if hard {
			in[0] = x.WithMask(s.Values([]float64{0, 1, 1, 0, 1, 1, 1, 1, 0, 0}, graph.Shape{2, 5}))
			in[1] = memory.WithMask(s.Values([]float64{1, 1, 0, 0, 1, 1}, graph.Shape{2, 3}))
		}
		l := layers.RNN{Cell: c, Constants: 1, ReturnSequences: true, ReturnState: true, Unrolled: unrolled}
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "rnn", l, in...) {
			s.Output(fmt.Sprint("output ", i), y)
			loss = loss.Add(y.Times(s.Values(graphtest.Uniform(uint64(7+i), y.Shape().Size(), 1), y.Shape())).Sum())
		}
		for _, penalty := range s.Losses() {
			loss = loss.Add(penalty)
		}
		s.Output("loss", loss)
		wrt, names := []graph.Value{x, memory}, []string{"x", "memory"}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, b.Param.Path)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output("gradient of "+names[i], g)
		}
	})
}
