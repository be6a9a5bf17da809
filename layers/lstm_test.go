package layers_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"gorgonia.org/tensor"
)

// The golden files hold what PyTorch computes; testdata/lstm.py and
// testdata/lstm_options.py made them and say how inputs and weights are drawn.
func TestLSTMAgainstPyTorch(t *testing.T) {
	files, err := filepath.Glob("testdata/lstm_[0-9]*.npz")
	if err != nil || len(files) < 10 {
		t.Fatalf("got %d golden files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".npz"), func(t *testing.T) {
			checkLSTM(t, file, layers.LSTM{})
		})
	}
}

func TestLSTMOptionsAgainstPyTorch(t *testing.T) {
	for name, l := range map[string]layers.LSTM{
		"relu":            {Activation: activations.ReLU},
		"hard_sigmoid":    {RecurrentActivation: activations.HardSigmoid},
		"hard_sigmoid_v1": {RecurrentActivation: activations.HardSigmoidV1},
		"no_bias":         {NoBias: true},
		"go_backwards":    {GoBackwards: true},
		"all": {
			Activation: activations.ReLU, RecurrentActivation: activations.HardSigmoidV1, NoBias: true, GoBackwards: true,
		},
		"mask":           {},
		"mask_zero":      {},
		"mask_backwards": {GoBackwards: true},
	} {
		t.Run(name, func(t *testing.T) {
			checkLSTM(t, "testdata/lstm_options_"+name+".npz", l)
		})
	}
}

// given starts a parameter, or an initial state, with the numbers of a golden
// file.
type given []float64

func (g given) Init(_ rnd, _ graph.Shape) ([]float64, error) { return g, nil }

// checkLSTM compares outputs and all gradients, in float64 and float32.
//
// Of the two files with 300 steps, the one with 8 units is for float64 and the
// one with 16 for float32: each takes seconds, all spent by Gorgonia's compiler
// in looking for the end of every value's life after every instruction.
func checkLSTM(t *testing.T, file string, l layers.LSTM) {
	golden := graphtest.Golden(t, file)
	sizes := golden["sizes"].Data
	T, B, D, U := int(sizes[0]), int(sizes[1]), int(sizes[2]), int(sizes[3])
	seed, scale := uint64(golden["seed"].Data[0]), golden["recurrent_scale"].Data[0]
	draw := func(i uint64, n int, scale float64) []float64 { return graphtest.Uniform(seed+i, n, scale) }

	l.Units, l.ReturnSequences, l.ReturnState = U, true, true
	l.NoUnitForgetBias = true
	l.KernelInitializer = given(draw(1, D*4*U, 0.5))
	l.RecurrentInitializer = given(draw(2, U*4*U, scale))
	l.BiasInitializer = given(draw(3, 4*U, 0.5))

	for dtype, tol := range map[tensor.Dtype]float64{tensor.Float64: graphtest.Tol64, tensor.Float32: graphtest.Tol32} {
		if T == 300 && (dtype == tensor.Float64) != (U == 8) {
			continue
		}
		params, err := graph.NewParams(dtype, 0)
		if err != nil {
			t.Fatal(err)
		}
		names := []string{"grad_x", "grad_h0", "grad_c0"}
		prog, err := graph.NewProgram(graph.Config{Params: params, Training: true}, func(s *graph.Scope) {
			names = names[:3]
			x := s.Values(draw(0, B*T*D, 2), graph.Shape{B, T, D})
			h0, c0 := s.Const(0, graph.Shape{B, U}), s.Const(0, graph.Shape{B, U})
			if golden["initial"].Data[0] == 1 {
				h0, c0 = s.Values(draw(4, B*U, 1), graph.Shape{B, U}), s.Values(draw(5, B*U, 1), graph.Shape{B, U})
			}
			wrt := []graph.Value{x, h0, c0}
			if mask, ok := golden["mask"]; ok {
				x = x.WithMask(s.Values(mask.Data, mask.Shape))
			}
			out := layers.Apply(s, "lstm", l, x, h0, c0)
			if mask, ok := x.Mask(); ok && strings.HasSuffix(file, "mask_zero.npz") {
				out[0] = out[0].Times(mask.Unsqueeze(-1)) // zeros at masked steps [batch, steps, units]
			}
			loss := s.Const(0, graph.Shape{})
			for i, y := range out {
				r := s.Values(draw(uint64(6+i), y.Shape().Size(), 1), y.Shape())
				loss = loss.Add(y.Times(r).Sum())
				s.Output([]string{"output", "h", "c"}[i], y)
			}
			for _, b := range s.Bound() {
				wrt = append(wrt, b.Value)
				names = append(names, "grad_"+filepath.Base(b.Param.Path))
			}
			for i, g := range s.Gradients(loss, wrt...) {
				s.Output(names[i], g)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := prog.Run(graph.Tick{}); err != nil {
			t.Fatal(err)
		}
		read := func(name string) []float64 {
			out, err := prog.Output(name)
			if err != nil {
				t.Fatal(err)
			}
			return float64s(out)
		}
		for _, name := range []string{"output", "h", "c"} {
			graphtest.CheckOutput(t, name, read(name), golden[name].Data, tol)
		}
		for _, name := range names {
			graphtest.CheckGradient(t, name, read(name), golden[name].Data, tol)
		}
		prog.Close()
	}
}
