package layers_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/layertest"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

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
		for _, unrolled := range []bool{false, true} {
			own := layers.RNN{
				Cell:            ownLSTM{r.units, given(r.kernel), given(r.recurrent), given(r.bias)},
				ReturnSequences: r.sequences, ReturnState: r.states, GoBackwards: r.backwards,
				ZeroOutputForMask: r.zeroMask, Unrolled: unrolled,
			}
			for dtype, tol := range tolerances {
				for _, r.inference = range []bool{false, true} {
					r.checkClose(t, r.runLayer(t, dtype, own), want, tol)
				}
			}
			r.inference = false
		}
	})
}

// decoder is a cell that looks at all outputs of an encoder at every step
// (Bahdanau et al. 2015), and at where they are padding.
type decoder struct{ Units int }

func (c decoder) States() []int { return []int{c.Units} }

func (c decoder) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	h, encoded := states[0], constants[0] // [batch, units], [batch, length, features]
	u, d := c.Units, encoded.Dim(2)       //
	param := func(name string, shape ...int) graph.Value {
		return s.Param(name, shape, initializers.GlorotUniform)
	}
	keys := encoded.MatMul(param("keys", d, u))                                                   // [batch, length, units]
	query := h.MatMul(param("query", u, u)).Unsqueeze(1)                                          // [batch, 1, units]
	scores := keys.Add(query).Tanh().MatMul(param("scale", u, 1)).Reshape(encoded.Shape()[:2]...) // [batch, length]
	if mask, ok := encoded.Mask(); ok {
		scores = graph.Where(mask, scores, s.Const(-1e9, graph.Shape{}))
	}
	weights := scores.Softmax(1)                          // [batch, length]
	context := weights.Unsqueeze(2).Times(encoded).Sum(1) // [batch, features]
	in := graph.Concat(1, x, context)                     // [batch, features of both]
	h = in.MatMul(param("kernel", in.Dim(1), u)).Add(h.MatMul(param("recurrent", u, u))).Tanh()
	s.Trace("weights", weights)
	return h, []graph.Value{h}
}

// The decoder passes all that a layer must pass, its constant among the inputs.
func TestRNNWithConstants(t *testing.T) {
	layertest.Check(t, layertest.Case{
		Layer:   layers.RNN{Cell: decoder{3}, Constants: 1, ReturnSequences: true, ReturnState: true},
		Inputs:  []graphtest.Array{graphtest.Input(1, 2, 4, 2), graphtest.Input(2, 2, 3), graphtest.Input(3, 2, 5, 3)},
		Outputs: []graph.Shape{{graph.Any, 4, 3}, {graph.Any, 3}},
		Custom:  []any{decoder{}},
	})
}

// runDecoder gives outputs and gradients of the decoder over an encoder that
// is trained with it; captured without constants, as a cell in a closure.
func runDecoder(t tester, dtype tensor.Dtype, unrolled, captured, masked bool) map[string][]float64 {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatalf("%v", err)
	}
	return evaluate(t, graph.Config{Params: params, Training: true}, graph.Tick{}, func(s *graph.Scope) {
		source := s.Values(graphtest.Uniform(1, 2*5*2, 1), graph.Shape{2, 5, 2})
		target := s.Values(graphtest.Uniform(2, 2*4*3, 1), graph.Shape{2, 4, 3})
		given := source
		if masked {
			given = source.WithMask(s.Values([]float64{1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, graph.Shape{2, 5}))
			target = target.WithMask(s.Values([]float64{1, 1, 0, 0, 1, 0, 1, 1}, graph.Shape{2, 4}))
		}
		encoded := layers.Apply(s, "encoder", layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true}, given)
		l := layers.RNN{Cell: decoder{3}, Constants: 1, ReturnSequences: true, ReturnState: true, Unrolled: unrolled}
		in := []graph.Value{target, encoded[1], encoded[0]}
		if captured {
			l.Cell, l.Constants, in = capturing{decoder{3}, encoded[0]}, 0, in[:2]
		}
		loss := s.Const(0, graph.Shape{})
		for i, y := range layers.Apply(s, "decoder", l, in...) {
			s.Output(fmt.Sprint("output ", i), y)
			loss = loss.Add(y.Times(s.Values(graphtest.Uniform(uint64(5+i), y.Shape().Size(), 1), y.Shape())).Sum())
		}
		wrt, names := []graph.Value{source, target}, []string{"source", "target"}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, b.Param.Path)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output("gradient of "+names[i], g)
		}
	})
}

// capturing is a decoder that finds the encoder's outputs by itself.
type capturing struct {
	decoder
	encoded graph.Value
}

func (c capturing) Step(s *graph.Scope, x graph.Value, states, _ []graph.Value) (graph.Value, []graph.Value) {
	return c.decoder.Step(s, x, states, []graph.Value{c.encoded})
}

// A decoder that attends to its encoder gives the same as a scan and written
// out, with the encoder's outputs as constants or captured, down to the
// gradients of the encoder's weights.
func TestDecoderEqualsUnrolled(t *testing.T) {
	for _, masked := range []bool{false, true} {
		want := runDecoder(t, tensor.Float64, true, false, masked)
		if len(want) < 2+2+3+6 {
			t.Fatalf("got only %d values", len(want))
		}
		for dtype, tol := range tolerances {
			for _, captured := range []bool{false, true} {
				got := runDecoder(t, dtype, false, captured, masked)
				for name, w := range want {
					if strings.HasPrefix(name, "decoder/weights") { // of one step
						continue
					}
					graphtest.CheckGradient(t, name, got[name], w, tol)
				}
				for k := range 4 { // the weights of all steps, [batch, 4, length]
					name := "decoder/weights"
					if k > 0 {
						name = fmt.Sprintf("decoder/weights_%d", k)
					}
					for i, w := range want[name] {
						if g := got["decoder/weights"][(i/5*4+k)*5+i%5]; !(math.Abs(g-w) <= tol) {
							t.Errorf("attention of step %d: got %g, want %g", k, g, w)
						}
					}
				}
			}
		}
	}
}

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
		{layers.RNN{Cell: cell, Constants: 1}, "RNN", []graph.Shape{shape}},
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
