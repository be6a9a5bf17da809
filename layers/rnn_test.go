package layers_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/conformance"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = specimen(conformance.Layer{
	Value:   layers.RNN{Cell: layers.SLSTMCell{Units: 2}},
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.RNN{
		Cell: layers.SLSTMCell{
			Units: 2, Heads: 1, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
		},
		InitialState: layers.ZeroState{},
	},
	Accepts:  "-+----",
	Compared: "TestRNNEqualsLSTM",
	Steps: []conformance.Step{
		{Layer: layers.RNN{Cell: layers.LSTMCell{Units: 2}, ReturnState: true}},
		{Layer: layers.RNN{Cell: layers.GRUCell{Units: 2}, GoBackwards: true}, Refused: true},
		{Layer: layers.RNN{Cell: layers.GRUCell{Units: 2}, Constants: 1}, Inputs: []graph.Shape{{2, 4, 3}, {2, 4, 3}}, Refused: true},
	},
	Draw: func(d *conformance.Drawing) {
		n, memory := d.Units(), d.Series()
		if d.Yes("decoder") {
			d.Cell(conformance.Reader{Units: n}, n, []int{n}, memory.Tensor)
			return
		}
		d.Cell(conformance.Rest(d, layers.SimpleRNNCell{Units: n}), n, []int{n})
	},
})

// ownLSTM is an LSTM as a user would write it.
type ownLSTM struct {
	Units                   int
	Kernel, Recurrent, Bias graph.Initializer
}

func (c ownLSTM) States() []int { return []int{c.Units, c.Units} }

func (c ownLSTM) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	u, h, state := c.Units, states[0], states[1]
	z := x.MatMul(s.Param("kernel", graph.Shape{x.Dim(1), 4 * u}, c.Kernel)).
		Add(h.MatMul(s.Param("recurrent_kernel", graph.Shape{u, 4 * u}, c.Recurrent))).
		Add(s.Param("bias", graph.Shape{4 * u}, c.Bias)) // [batch, 4·units]
	i, f := z.Slice(1, 0, u).Sigmoid(), z.Slice(1, u, 2*u).Sigmoid()
	g, o := z.Slice(1, 2*u, 3*u).Tanh(), z.Slice(1, 3*u, 4*u).Sigmoid()
	state = f.Times(state).Add(i.Times(g))
	h = o.Times(state.Tanh())
	return h, []graph.Value{h, state}
}

// An LSTM that is written as a user's cell computes what the layer does in one
// operation, as a scan and written out, in values and in gradients.
func TestRNNEqualsLSTM(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := drawFast(t)
		r.cell = graph.LSTMCell
		seed := rapid.Uint64Max(1<<20).Draw(t, "weights")
		draw := func(i, n int) []float64 { return graphtest.Uniform(seed+uint64(i), n, 0.5) }
		r.kernel, r.recurrent = draw(1, r.features*4*r.units), draw(2, r.units*4*r.units)
		r.bias = draw(3, 4*r.units)
		if r.initial != nil {
			r.initial = [][]float64{draw(4, r.batch*r.units), draw(5, r.batch*r.units)}
		}
		want := r.runFast(t, tensor.Float64)
		inference := rapid.Bool().Draw(t, "inference")
		for _, unrolled := range []bool{false, true} {
			own := layers.RNN{
				Cell:            ownLSTM{r.units, given(r.kernel), given(r.recurrent), given(r.bias)},
				ReturnSequences: r.sequences, ReturnState: r.states, GoBackwards: r.backwards,
				ZeroOutputForMask: r.zeroMask, Unrolled: unrolled,
			}
			for dtype, tol := range tolerances {
				r.inference = inference
				r.checkClose(t, r.runLayer(t, dtype, own), want, tol)
			}
		}
	})
}

func TestRNNRefuses(t *testing.T) {
	shape := graph.Shape{graph.Any, graph.Any, 3}
	cell := decoder{2}
	for _, c := range []struct {
		layer  layers.RNN
		field  string
		inputs []graph.Shape
	}{
		{layers.RNN{}, "RNN.Cell", []graph.Shape{shape}},
		{layers.RNN{Cell: decoder{}}, "RNN.Cell.States()[0]", []graph.Shape{shape}},
		{layers.RNN{Cell: decoder{-1}}, "RNN.Cell.States()[0]", []graph.Shape{shape}},
		{layers.RNN{Cell: cell, Constants: -1}, "RNN.Constants", []graph.Shape{shape}},
		{layers.RNN{Cell: cell, Constants: 1}, "RNN.Constants", []graph.Shape{shape}},
		{layers.RNN{Cell: cell, Constants: 1, InitialState: layers.RandomState{Stddev: -1}}, "RandomState.Stddev", []graph.Shape{shape, shape}},
		{layers.RNN{Cell: layers.StackedRNNCells{}}, "RNN.Cell.Cells", []graph.Shape{shape}},
		{layers.RNN{Cell: layers.StackedRNNCells{Cells: []layers.Cell{nil}}}, "RNN.Cell.Cells[0]", []graph.Shape{shape}},
		{layers.RNN{Cell: layers.SLSTMCell{}}, "RNN.Cell.Units", []graph.Shape{shape}},
		{layers.RNN{Cell: layers.SLSTMCell{Units: 3, Heads: -1}}, "RNN.Cell.Heads", []graph.Shape{shape}},
		{layers.RNN{Cell: layers.SLSTMCell{Units: 3, Heads: 2}}, "RNN.Cell.Heads", []graph.Shape{shape}},
		{layers.RNN{Cell: layers.SLSTMCell{Units: 3, BiasInitializer: initializers.Constant{Value: math.NaN()}}}, "RNN.Cell.BiasInitializer.Value", []graph.Shape{shape}},
	} {
		layertest.Invalid(t, c.layer, c.field, c.inputs...)
	}
}

// counter is a cell that adds x to a first state and counts in a second, of
// another size; y is their product.
type counter struct{}

func (counter) States() []int { return []int{3, 1} }

func (counter) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	sum, n := states[0].Add(x), states[1].AddConst(1) // [batch, 3], [batch, 1]
	return sum.Times(n), []graph.Value{sum, n}
}

// A cell is run over all steps, forwards or backwards, with states of any sizes.
func TestRNNStates(t *testing.T) {
	for _, l := range []layers.RNN{{}, {GoBackwards: true}, {Unrolled: true}, {Unrolled: true, GoBackwards: true}} {
		l.Cell, l.ReturnSequences, l.ReturnState = counter{}, true, true
		out := evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values([]float64{1, 2, 3, 10, 20, 30}, graph.Shape{1, 2, 3})
			for i, v := range layers.Apply(s, "rnn", l, x) {
				s.Output([]string{"y", "sum", "n"}[i], v)
			}
		})
		want := map[string][]float64{"y": {1, 2, 3, 22, 44, 66}, "sum": {11, 22, 33}, "n": {2}}
		if l.GoBackwards {
			want["y"] = []float64{10, 20, 30, 22, 44, 66}
		}
		if !reflect.DeepEqual(out, want) {
			t.Errorf("%+v: got %v, want %v", l, out, want)
		}
	}
}

// broken is a cell with a step of its test's own.
type broken func(x graph.Value, states []graph.Value) (graph.Value, []graph.Value)

func (broken) States() []int { return []int{3} }

func (b broken) Step(_ *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	return b(x, states)
}

func TestRNNReportsBrokenCells(t *testing.T) {
	for _, c := range []struct {
		cell broken
		want errs.Error
	}{
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { return x, nil }, errs.Error{Field: "step", Value: 0}},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { return x, append(s, x) }, errs.Error{Field: "step", Value: 2}},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) {
			return x, []graph.Value{x.Slice(1, 0, 2)}
		}, errs.Error{Field: "step's state 0", Value: "[any, 2]"}},
		{func(x graph.Value, s []graph.Value) (graph.Value, []graph.Value) { return graph.Value{}, nil }, errs.Error{Field: "step", Value: 0}},
	} {
		for _, cell := range []layers.Cell{c.cell, layers.StackedRNNCells{Cells: []layers.Cell{c.cell}}} {
			err := graph.Shapes(config(t), func(s *graph.Scope) {
				layers.Apply(s, "rnn", layers.RNN{Cell: cell, ReturnSequences: true}, s.Input("x", graph.Shape{graph.Any, graph.Any, 3}))
			})
			if err == nil || !strings.HasPrefix(err.Error(), "rnn") {
				t.Errorf("the error must have the path of the layer, got: %v", err)
			}
			errtest.Check(t, err, c.want)
		}
	}
	err := graph.Shapes(config(t), func(s *graph.Scope) {
		cell := broken(func(graph.Value, []graph.Value) (graph.Value, []graph.Value) { panic("oh") })
		layers.Apply(s, "rnn", layers.RNN{Cell: cell}, s.Input("x", graph.Shape{graph.Any, graph.Any, 3}))
	})
	if err == nil || !strings.HasPrefix(err.Error(), "rnn: ") || !strings.Contains(err.Error(), "panicked: oh") {
		t.Errorf("a cell that panics: %v", err)
	}
}

var _ = specimen(conformance.Layer{
	Value:   layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{Units: 2}}},
	In:      inRNN,
	Inputs:  []graph.Shape{{4, 6}},
	Outputs: []graph.Shape{{2}},
	Defaults: layers.StackedRNNCells{Cells: []layers.Cell{layers.GRUCell{
		Units: 2, Activation: activations.Tanh, RecurrentActivation: activations.Sigmoid, KernelInitializer: initializers.GlorotUniform, RecurrentInitializer: initializers.Orthogonal{Gain: 1}, BiasInitializer: initializers.Zeros,
	}}},
	Accepts:  "-+----",
	Compared: "TestStackedRNNCells",
	Draw: func(d *conformance.Drawing) {
		n := d.Units()
		d.Cell(layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: n}, layers.GRUCell{Units: n}}}, n, []int{n, n, n, n, n})
	},
})

// A stack computes what its cells compute as layers in a row, of which each has
// its states, in values and gradients, masked or not.
func TestStackedRNNCells(t *testing.T) {
	own := func(seed uint64, features, units int) layers.Cell {
		draw := func(i uint64, n int) given { return graphtest.Uniform(seed+i, n, 0.5) }
		return ownLSTM{units, draw(0, features*4*units), draw(1, units*4*units), draw(2, 4*units)}
	}
	first, second := own(1, 2, 3), own(11, 3, 4)
	run := func(masked bool, build func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value) map[string][]float64 {
		return evaluate(t, config(t), graph.Tick{}, func(s *graph.Scope) {
			x := s.Values(graphtest.Uniform(20, 2*4*2, 1), graph.Shape{2, 4, 2})
			wrt := []graph.Value{x}
			for i, n := range []int{3, 3, 4, 4} {
				wrt = append(wrt, s.Values(graphtest.Uniform(uint64(21+i), 2*n, 1), graph.Shape{2, n}))
			}
			if masked {
				x = x.WithMask(s.Values([]float64{1, 0, 1, 0, 0, 1, 1, 1}, graph.Shape{2, 4}))
			}
			loss := s.Const(0, graph.Shape{})
			for i, y := range build(s, x, wrt[1:]) {
				s.Output(fmt.Sprint("output ", i), y)
				loss = loss.Add(y.Times(s.Values(graphtest.Uniform(uint64(30+i), y.Shape().Size(), 1), y.Shape())).Sum())
			}
			for _, b := range s.Bound() {
				wrt = append(wrt, b.Value)
			}
			for i, g := range s.Gradients(loss, wrt...) {
				s.Output(fmt.Sprint("gradient ", i), g)
			}
		})
	}
	for _, masked := range []bool{false, true} {
		got := run(masked, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
			stack := layers.StackedRNNCells{Cells: []layers.Cell{first, second}}
			return layers.Apply(s, "rnn", layers.RNN{Cell: stack, ReturnSequences: true, ReturnState: true}, append([]graph.Value{x}, initial...)...)
		})
		want := run(masked, func(s *graph.Scope, x graph.Value, initial []graph.Value) []graph.Value {
			a := layers.Apply(s, "a", layers.RNN{Cell: first, ReturnSequences: true, ReturnState: true}, x, initial[0], initial[1])
			b := layers.Apply(s, "b", layers.RNN{Cell: second, ReturnSequences: true, ReturnState: true}, a[0], initial[2], initial[3])
			return []graph.Value{b[0], a[1], a[2], b[1], b[2]}
		})
		if len(got) != 5+5+6 {
			t.Fatalf("got %d values", len(got))
		}
		for name, w := range want {
			graphtest.CheckGradient(t, name, got[name], w, graphtest.Tol64)
		}
	}
}
