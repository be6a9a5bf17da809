package graph_test

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
)

// recurrentLayers are the sizes of the cells' weights and states, by the names
// of their golden files.
var recurrentLayers = map[string]struct {
	cell          graph.RecurrentCell
	gates, states int
	bias          func(units int) graph.Shape
}{
	"lstm":       {graph.LSTMCell, 4, 2, func(n int) graph.Shape { return graph.Shape{4 * n} }},
	"gru":        {graph.GRUCell, 3, 1, func(n int) graph.Shape { return graph.Shape{2, 3 * n} }},
	"simple_rnn": {graph.SimpleRNNCell, 1, 1, func(n int) graph.Shape { return graph.Shape{n} }},
}

// The golden files are those of the layers of the same names, which PyTorch
// made.
func TestRecurrentAgainstPyTorch(t *testing.T) {
	for name := range recurrentLayers {
		files, err := filepath.Glob("../layers/testdata/" + name + "_[0-9]*.npz")
		if err != nil || len(files) < 8 {
			t.Fatalf("%s: got %d golden files, %v", name, len(files), err)
		}
		for _, option := range []string{"no_bias", "go_backwards", "mask", "mask_zero", "mask_backwards"} {
			files = append(files, "../layers/testdata/"+name+"_options_"+option+".npz")
		}
		for _, file := range files {
			for dtype, tol := range map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32} {
				t.Run(strings.TrimSuffix(filepath.Base(file), ".npz")+" "+dtype.String(), func(t *testing.T) {
					checkRecurrent(t, name, file, dtype, tol)
				})
			}
		}
	}
}

func checkRecurrent(t *testing.T, name, file string, dtype tensor.Dtype, tol float64) {
	golden := graphtest.Golden(t, file)
	sizes := golden["sizes"].Data
	T, B, D, U := int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3])
	layer, seed := recurrentLayers[name], uint64(golden["seed"].Data[0])
	cfg := config(t, dtype)
	cfg.Training = true
	var outputs, gradients []string
	p := program(t, cfg, func(s *graph.Scope) {
		values := func(i int, scale float64, shape ...int) graph.Value {
			return s.Values(graphtest.Uniform(seed+uint64(i), graph.Shape(shape).Size(), scale), shape)
		}
		op := graph.Recurrent{
			Cell: layer.cell, X: values(0, 2, B, T, D), Sequence: true, States: true,
			Kernel: values(1, 0.5, D, layer.gates*U), Recurrent: values(2, golden["recurrent_scale"].Data[0], U, layer.gates*U),
			Backwards: strings.Contains(file, "backwards"), ZeroMask: strings.Contains(file, "zero"),
		}
		outputs, gradients = []string{"output"}, []string{"grad_x", "grad_kernel", "grad_recurrent_kernel"}
		wrt := []graph.Value{op.X, op.Kernel, op.Recurrent}
		for i := range layer.states {
			op.Initial = append(op.Initial, values(4+i, golden["initial"].Data[0], B, U))
			outputs, gradients = append(outputs, "hc"[i:i+1]), append(gradients, "grad_"+"hc"[i:i+1]+"0")
		}
		wrt = append(wrt, op.Initial...)
		if _, ok := golden["grad_bias"]; ok {
			bias := values(3, 0.5, layer.bias(U)...)
			op.Bias = &bias
			wrt, gradients = append(wrt, bias), append(gradients, "grad_bias")
		}
		if mask, ok := golden["mask"]; ok {
			op.X = op.X.WithMask(s.Values(mask.Data, mask.Shape))
		}
		y, states := op.Run()
		loss := s.Const(0, graph.Shape{})
		for i, v := range append([]graph.Value{y}, states...) {
			loss = loss.Add(v.Times(values(6+i, 1, v.Shape()...)).Sum())
			s.Output(outputs[i], v)
		}
		for i, g := range s.Gradients(loss, wrt...) {
			s.Output(gradients[i], g)
		}
	})
	for range 2 { // the second run finds what the first has left
		run(t, p, nil)
		for _, name := range outputs {
			graphtest.CheckOutput(t, name, output(t, p, name), golden[name].Data, tol)
		}
		for _, name := range gradients {
			graphtest.CheckGradient(t, name, output(t, p, name), golden[name].Data, tol)
		}
	}
}

// A program gives the same bits for the same inputs, whatever it was run on
// before: other numbers, other masks, other weights.
func TestRecurrentKeepsNothingFromRunToRun(t *testing.T) {
	const batch, steps, features, units = 3, 4, 2, 5
	for name, layer := range recurrentLayers {
		for _, training := range []bool{false, true} {
			cfg := config(t, tensor.Float32)
			cfg.Training = training
			compile := func() *graph.Program {
				return program(t, cfg, func(s *graph.Scope) {
					x := s.Input("x", graph.Shape{batch, steps, features})
					op := graph.Recurrent{
						Cell: layer.cell, X: x.WithMask(s.Input("mask", graph.Shape{batch, steps})), Sequence: true, States: true,
						Kernel: s.Input("kernel", graph.Shape{features, layer.gates * units}), Recurrent: s.Input("recurrent", graph.Shape{units, layer.gates * units}),
					}
					bias := s.Input("bias", layer.bias(units))
					op.Bias = &bias
					for i := range layer.states {
						op.Initial = append(op.Initial, s.Input(fmt.Sprint("state", i), graph.Shape{batch, units}))
					}
					y, states := op.Run()
					loss := y.Square().Sum()
					s.Output("y", y)
					for i, v := range states {
						s.Output(fmt.Sprint("state", i), v)
						loss = loss.Add(v.Sum())
					}
					if !training {
						return
					}
					for i, g := range s.Gradients(loss, append([]graph.Value{x, op.Kernel, op.Recurrent, bias}, op.Initial...)...) {
						s.Output(fmt.Sprint("gradient", i), g)
					}
				})
			}
			used := compile()
			for seed := range 4 {
				in := map[string]array{
					"x":      graphtest.Input(10*seed, batch, steps, features),
					"mask":   {Shape: []int{batch, steps}, Data: graphtest.Uniform(uint64(seed), batch*steps, 1)},
					"kernel": graphtest.Input(10*seed+1, features, layer.gates*units), "recurrent": graphtest.Input(10*seed+2, units, layer.gates*units),
					"bias": graphtest.Input(10*seed+3, layer.bias(units)...),
				}
				for i, m := range in["mask"].Data {
					in["mask"].Data[i] = math.Max(0, math.Copysign(1, m))
				}
				for i := range layer.states {
					in[fmt.Sprint("state", i)] = graphtest.Input(10*seed+4+i, batch, units)
				}
				fresh := compile()
				run(t, used, in)
				run(t, fresh, in)
				for _, out := range fresh.Outputs() {
					if got, want := output(t, used, out), output(t, fresh, out); !slices.Equal(got, want) {
						t.Errorf("%s, training %v, run %d: %s is %v, in a new program %v", name, training, seed, out, got, want)
					}
				}
			}
		}
	}
}

// What does not fit is an error that names the operand.
func TestRecurrentRefuses(t *testing.T) {
	const batch, steps, features, units = 2, 3, 4, 5
	for name, layer := range recurrentLayers {
		for _, c := range []struct {
			want  graph.Error
			spoil func(op *graph.Recurrent, other graph.Value) // of shape [7, 1, 1]
		}{
			{graph.Error{Field: "recurrent cell", Value: 3}, func(op *graph.Recurrent, _ graph.Value) { op.Cell = 3 }},
			{graph.Error{Field: "recurrent cell", Value: -1}, func(op *graph.Recurrent, _ graph.Value) { op.Cell = -1 }},
			{graph.Error{Field: "recurrent x"}, func(op *graph.Recurrent, _ graph.Value) { op.X = op.X.At(1, 0) }},
			{graph.Error{Field: "recurrent states"}, func(op *graph.Recurrent, _ graph.Value) { op.Initial = nil }},
			{graph.Error{Field: "recurrent states"}, func(op *graph.Recurrent, o graph.Value) { op.Initial = append(op.Initial, o) }},
			{graph.Error{Field: "recurrent state 0"}, func(op *graph.Recurrent, o graph.Value) { op.Initial[0] = o }},
			{graph.Error{Field: "recurrent kernel"}, func(op *graph.Recurrent, o graph.Value) { op.Kernel = o }},
			{graph.Error{Field: "recurrent kernel"}, func(op *graph.Recurrent, _ graph.Value) { op.Kernel = op.Recurrent }},
			{graph.Error{Field: "recurrent recurrent kernel"}, func(op *graph.Recurrent, _ graph.Value) { op.Recurrent = op.Kernel }},
			{graph.Error{Field: "recurrent bias"}, func(op *graph.Recurrent, o graph.Value) { op.Bias = &o }},
			{graph.Error{Field: "recurrent dropout of x"}, func(op *graph.Recurrent, o graph.Value) { op.DropX = &o }},
			{graph.Error{Field: "recurrent dropout of h"}, func(op *graph.Recurrent, o graph.Value) { op.DropH = &o }},
			{graph.Error{Field: "recurrent state 0"}, func(op *graph.Recurrent, _ graph.Value) { op.Initial[0] = op.Initial[0].Slice(0, 0, 1) }},
			{graph.Error{Field: "recurrent mask"}, func(op *graph.Recurrent, o graph.Value) { op.X = op.X.WithMask(o) }},
			{graph.Error{Field: "recurrent mask"}, func(op *graph.Recurrent, o graph.Value) { op.X = op.X.WithMask(op.X.At(2, 0).At(1, 0)) }},
		} {
			build := func(s *graph.Scope) {
				op := graph.Recurrent{
					Cell: layer.cell, X: s.Const(1, graph.Shape{batch, steps, features}),
					Kernel: s.Const(1, graph.Shape{features, layer.gates * units}), Recurrent: s.Const(1, graph.Shape{units, layer.gates * units}),
				}
				bias := s.Const(1, layer.bias(units))
				op.Bias = &bias
				for range layer.states {
					op.Initial = append(op.Initial, s.Const(1, graph.Shape{batch, units}))
				}
				c.spoil(&op, s.Const(1, graph.Shape{7, 1, 1}))
				op.Run()
			}
			_, err := graph.NewProgram(config(t, tensor.Float32), build)
			for _, err := range []error{err, graph.Shapes(config(t, tensor.Float32), build)} {
				checkError(t, name, err, c.want)
			}
		}
	}
}

// Inference packs the weights once, and again when they have changed.
func TestRecurrentSeesNewWeights(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		y, _ := graph.Recurrent{
			Cell: graph.SimpleRNNCell, X: s.Const(1, graph.Shape{1, 1, 1}),
			Kernel: s.Param("kernel", graph.Shape{1, 1}, constant(0.5)), Recurrent: s.Param("recurrent", graph.Shape{1, 1}, constant(0)),
			Initial: []graph.Value{s.Const(0, graph.Shape{1, 1})},
		}.Run()
		s.Output("y", y)
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []float32{0.5, 0.5, -1, 2, 2} {
		if w != 0.5 {
			if err := params.Set(map[string]*tensor.Dense{"kernel": tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float32{w}))}); err != nil {
				t.Fatal(err)
			}
		}
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		y, err := prog.Output("y")
		if err != nil {
			t.Fatal(err)
		}
		graphtest.CheckOutput(t, "y", read(y), []float64{math.Tanh(float64(w))}, graphtest.Tol32)
	}
}

// A mask has no gradient. If no other one is wanted, there is no backward pass.
func TestRecurrentHasNoGradientOfAMask(t *testing.T) {
	cfg := config(t, tensor.Float64)
	cfg.Training = true
	p := program(t, cfg, func(s *graph.Scope) {
		mask := s.Input("mask", graph.Shape{2, 3})
		y, _ := graph.Recurrent{
			Cell: graph.SimpleRNNCell, X: s.Const(1, graph.Shape{2, 3, 1}).WithMask(mask),
			Kernel: s.Const(1, graph.Shape{1, 4}), Recurrent: s.Const(0.5, graph.Shape{4, 4}),
			Initial: []graph.Value{s.Const(0, graph.Shape{2, 4})},
		}.Run()
		s.Output("gradient", s.Gradients(y.Sum(), mask)[0])
	})
	if err := p.SetInput("mask", tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float64{1, 1, 0, 1, 0, 0}))); err != nil {
		t.Fatal(err)
	}
	if err := p.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	got, err := p.Output("gradient")
	if err != nil {
		t.Fatal(err)
	}
	if want := make([]float64, 6); !slices.Equal(got.Float64s(), want) {
		t.Errorf("got %v, want zeros", got.Float64s())
	}
}
