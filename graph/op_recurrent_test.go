package graph_test

import (
	"math"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"gorgonia.org/tensor"
)

// The golden files are those of layers.LSTM, which PyTorch made.
func TestLSTMAgainstPyTorch(t *testing.T) {
	files, err := filepath.Glob("../layers/testdata/lstm_[0-9]*.npz")
	if err != nil || len(files) < 10 {
		t.Fatalf("got %d golden files, %v", len(files), err)
	}
	for _, file := range files {
		for dtype, tol := range map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32} {
			t.Run(filepath.Base(file)+" "+dtype.String(), func(t *testing.T) { checkLSTM(t, file, dtype, tol) })
		}
	}
}

func checkLSTM(t *testing.T, file string, dtype tensor.Dtype, tol float64) {
	golden := graphtest.Golden(t, file)
	sizes := golden["sizes"].Data
	T, B, D, U := int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3])
	seed, scale := uint64(golden["seed"].Data[0]), golden["recurrent_scale"].Data[0]
	draw := func(i uint64, n int, scale float64) []float64 { return graphtest.Uniform(seed+i, n, scale) }
	params, err := graph.NewParams(dtype, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"grad_x", "grad_kernel", "grad_recurrent_kernel", "grad_bias", "grad_h0", "grad_c0"}
	prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
		values := func(i uint64, scale float64, shape ...int) graph.Value {
			return s.Values(draw(i, graph.Shape(shape).Size(), scale), shape)
		}
		bias := values(3, 0.5, 4*U)
		l := graph.Recurrent{
			X: values(0, 2, B, T, D), Kernel: values(1, 0.5, D, 4*U), Recurrent: values(2, scale, U, 4*U), Bias: &bias,
			Initial:  []graph.Value{s.Const(0, graph.Shape{B, U}), s.Const(0, graph.Shape{B, U})},
			Sequence: true, States: true,
		}
		if golden["initial"].Data[0] == 1 {
			l.Initial = []graph.Value{values(4, 1, B, U), values(5, 1, B, U)}
		}
		y, states := l.Run()
		h, c := states[0], states[1]
		loss := s.Const(0, graph.Shape{})
		for i, v := range []graph.Value{y, h, c} {
			loss = loss.Add(v.Times(values(uint64(6+i), 1, v.Shape()...)).Sum())
			s.Output([]string{"output", "h", "c"}[i], v)
		}
		for i, g := range s.Gradients(loss, l.X, l.Kernel, l.Recurrent, bias, l.Initial[0], l.Initial[1]) {
			s.Output(names[i], g)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	for range 2 { // the second run finds what the first has left
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"output", "h", "c"} {
			out, err := prog.Output(name)
			if err != nil {
				t.Fatal(err)
			}
			graphtest.CheckOutput(t, name, wide(out), golden[name].Data, tol)
		}
		for _, name := range names {
			out, err := prog.Output(name)
			if err != nil {
				t.Fatal(err)
			}
			graphtest.CheckGradient(t, name, wide(out), golden[name].Data, tol)
		}
	}
}

func wide(t *tensor.Dense) []float64 {
	if t.Dtype() == tensor.Float64 {
		return t.Float64s()
	}
	var out []float64
	for _, x := range t.Float32s() {
		out = append(out, float64(x))
	}
	return out
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
		graphtest.CheckOutput(t, "y", wide(y), []float64{math.Tanh(float64(w))}, graphtest.Tol32)
	}
}
