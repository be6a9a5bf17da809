package activations_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers/activations"
	"gorgonia.org/tensor"
)

const goldenFile = "../testdata/activations.npz" // made by ../testdata/activations.py

// elementwise are the activations that look at one element, by their keys in
// the golden file.
var elementwise = map[string]activations.Activation{
	"linear":          activations.Linear,
	"relu":            activations.ReLU,
	"relu6":           activations.ReLU6,
	"leaky_relu":      activations.LeakyReLU{},
	"elu":             activations.ELU{},
	"selu":            activations.SELU,
	"celu":            activations.CELU{},
	"softplus":        activations.Softplus,
	"softsign":        activations.Softsign,
	"silu":            activations.SiLU,
	"gelu":            activations.GELU{},
	"gelu_tanh":       activations.GELU{Approximate: true},
	"tanh":            activations.Tanh,
	"sigmoid":         activations.Sigmoid,
	"hard_sigmoid":    activations.HardSigmoid,
	"hard_sigmoid_v1": activations.HardSigmoidV1,
	"hard_silu":       activations.HardSiLU,
	"hard_tanh":       activations.HardTanh,
	"hard_shrink":     activations.HardShrink{},
	"soft_shrink":     activations.SoftShrink{},
	"tanh_shrink":     activations.TanhShrink,
	"threshold":       activations.Threshold{Threshold: 1, DefaultValue: -0.25},
	"exponential":     activations.Exponential,
	"mish":            activations.Mish,
	"log_sigmoid":     activations.LogSigmoid,
	"squareplus":      activations.Squareplus{},
	"sparse_plus":     activations.SparsePlus,
	"sparse_sigmoid":  activations.SparseSigmoid,
}

// alongAxis are the others, with the key of their input.
var alongAxis = map[string]struct {
	activation activations.Activation
	input      string
}{
	"softmax":     {activations.Softmax{}, "matrix"},
	"log_softmax": {activations.LogSoftmax{}, "matrix"},
	"sparsemax":   {activations.Sparsemax{}, "matrix"},
	"glu":         {activations.GLU{}, "glu_matrix"},
}

// at runs an activation and gives its values, and the gradient of their sum,
// weighted where there are weights.
func at(t testing.TB, dtype tensor.Dtype, a activations.Activation, x graphtest.Array, weights []float64) (y, dx []float64) {
	t.Helper()
	params, err := graph.NewParams(dtype, 1)
	if err != nil {
		t.Fatal(err)
	}
	prog, err := graph.NewProgram(graph.Config{Params: params}, func(s *graph.Scope) {
		in := s.Values(x.Data, x.Shape)
		out := a.Apply(in)
		loss := out
		if weights != nil {
			loss = out.Times(s.Values(weights, out.Shape()))
		}
		s.Output("y", out)
		s.Output("dx", s.Gradients(loss.Sum(), in)[0])
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	if err := prog.Run(graph.Tick{}); err != nil {
		t.Fatal(err)
	}
	return output(t, prog, "y"), output(t, prog, "dx")
}

func output(t testing.TB, prog *graph.Program, name string) []float64 {
	t.Helper()
	d, err := prog.Output(name)
	if err != nil {
		t.Fatal(err)
	}
	if d.Dtype() == tensor.Float64 {
		return append([]float64{}, d.Float64s()...)
	}
	out := make([]float64, 0, d.Size())
	for _, v := range d.Float32s() {
		out = append(out, float64(v))
	}
	return out
}

// near holds every element to its own size, or to 1 where it is smaller:
// exponential(88) is beyond any absolute tolerance.
func near(t *testing.T, name string, x, got, want []float64, tol float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%s: got %d elements, want %d", name, len(got), len(want))
		return
	}
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= tol*max(1, math.Abs(w))) {
			t.Errorf("%s(%v) = %v, want %v", name, x[i], got[i], w)
		}
	}
}

var precisions = []struct {
	dtype tensor.Dtype
	tol   float64
}{{tensor.Float64, graphtest.Tol64}, {tensor.Float32, graphtest.Tol32}}

// The file has the derivatives at corners that PyTorch's autograd has too, so
// they are compared like all others.
func TestElementwiseAgainstPyTorch(t *testing.T) {
	golden := graphtest.Golden(t, goldenFile)
	x := golden["x"]
	for name, a := range elementwise {
		for _, p := range precisions {
			t.Run(fmt.Sprint(name, " ", p.dtype), func(t *testing.T) {
				y, dx := at(t, p.dtype, a, x, nil)
				near(t, name, x.Data, y, golden[name].Data, p.tol)
				near(t, name+"'", x.Data, dx, golden[name+"_grad"].Data, p.tol)
			})
		}
	}
}

func TestAlongAxisAgainstPyTorch(t *testing.T) {
	golden := graphtest.Golden(t, goldenFile)
	for name, c := range alongAxis {
		for _, p := range precisions {
			t.Run(fmt.Sprint(name, " ", p.dtype), func(t *testing.T) {
				x := golden[c.input]
				weights := golden[c.input+"_weights"]
				if name == "glu" {
					weights = golden["glu_weights"]
				}
				y, dx := at(t, p.dtype, c.activation, x, weights.Data)
				if name == "log_softmax" { // reaches −1600
					near(t, name, y, y, golden[name].Data, p.tol)
				} else {
					graphtest.CheckOutput(t, name, y, golden[name].Data, p.tol)
				}
				graphtest.CheckGradient(t, name+" gradient", dx, golden[name+"_grad"].Data, p.tol)
			})
		}
	}
}

// The script knows every activation of the package, and no other.
func TestGoldenIsComplete(t *testing.T) {
	have := map[string]bool{}
	for _, a := range elementwise {
		have[fmt.Sprintf("%T", a)] = true
		if n, ok := a.(activations.Name); ok {
			have[string(n)] = true
		}
	}
	for _, c := range alongAxis {
		have[fmt.Sprintf("%T", c.activation)] = true
	}
	for _, a := range activations.All() {
		key := fmt.Sprintf("%T", a)
		if n, ok := a.(activations.Name); ok {
			key = string(n)
		}
		if !have[key] {
			t.Errorf("%v has no golden values", key)
		}
	}
}
