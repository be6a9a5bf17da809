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
)

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
		scores = graph.Where(mask, scores, s.Const(math.Inf(-1), graph.Shape{}))
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

// The golden files hold what PyTorch computes; testdata/attending.py made them.
func TestDecoderAgainstPyTorch(t *testing.T) {
	for _, file := range []string{"attending", "attending_masks"} {
		golden := graphtest.Golden(t, "testdata/"+file+".npz")
		want := map[string][]float64{}
		for name, a := range golden {
			if name != "seed" && !strings.HasSuffix(name, "_mask") {
				want[name] = a.Data
			}
		}
		if len(want) != 3+2+3+5 { // outputs, gradients to source and target, to the weights of both
			t.Fatalf("%s has %d arrays", file, len(want))
		}
		for _, captured := range []bool{false, true} {
			for dtype, tol := range tolerances {
				got := attendingRun(t, dtype, golden, captured)
				got["weights"] = got["decoder/weights"] // of all steps
				checkRun(t, got, want, tol)
			}
		}
	}
}

// attendingRun runs the decoder of the script; captured, as runDecoder does.
func attendingRun(t *testing.T, dtype tensor.Dtype, golden map[string]graphtest.Array, captured bool) map[string][]float64 {
	t.Helper()
	const B, S, T, U = 2, 5, 4, 3
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(k uint64, scale float64, shape ...int) given {
		return graphtest.Uniform(uint64(golden["seed"].Data[0])+k, graph.Shape(shape).Size(), scale)
	}
	return evaluate(t, graph.Config{Params: params, Training: true}, graph.Tick{}, func(s *graph.Scope) {
		source, target := s.Values(draw(0, 2, B, S, 2), graph.Shape{B, S, 2}), s.Values(draw(1, 2, B, T, 3), graph.Shape{B, T, 3})
		from, to := source, target
		if m, ok := golden["source_mask"]; ok {
			from = source.WithMask(s.Values(m.Data, m.Shape))
			to = target.WithMask(s.Values(golden["target_mask"].Data, graph.Shape{B, T}))
		}
		encoder := recurrentRun{units: U, kernel: draw(2, 2, 2, 4*U), recurrent: draw(3, 2, U, 4*U), bias: draw(4, 1, 4*U)}
		encoded := layers.Apply(s, "encoder", encoder.lstm(layers.LSTM{ReturnSequences: true, ReturnState: true}), from)
		s.Within("decoder", func() { // what is declared here has its values before the cell asks for it
			s.Param("keys", graph.Shape{U, U}, draw(5, 4, U, U))
			s.Param("query", graph.Shape{U, U}, draw(6, 2, U, U))
			s.Param("scale", graph.Shape{U, 1}, draw(7, 4, U, 1))
			s.Param("kernel", graph.Shape{3 + U, U}, draw(8, 1, 3+U, U))
			s.Param("recurrent", graph.Shape{U, U}, draw(9, 1, U, U))
		})
		l := layers.RNN{Cell: decoder{U}, Constants: 1, ReturnSequences: true, ReturnState: true}
		in := []graph.Value{to, encoded[1], encoded[0]}
		if captured {
			l.Cell, l.Constants, in = capturing{decoder{U}, encoded[0]}, 0, in[:2]
		}
		out := layers.Apply(s, "decoder", l, in...)
		loss := s.Const(0, graph.Shape{})
		for k, y := range out {
			s.Output([]string{"output", "h"}[k], y)
			loss = loss.Add(y.Times(s.Values(draw(10+uint64(k), 1, y.Shape()...), y.Shape())).Sum())
		}
		wrt, names := []graph.Value{source, target}, []string{"source", "target"}
		for _, b := range s.Bound() {
			wrt, names = append(wrt, b.Value), append(names, strings.ReplaceAll(b.Param.Path, "/", "_"))
		}
		for k, g := range s.Gradients(loss, wrt...) {
			s.Output("grad_"+names[k], g)
		}
	})
}
