package graph

import (
	"fmt"

	"github.com/engram-go/engram/graph/internal/kernels"
	"gorgonia.org/tensor"
)

// LSTM is a whole layer of long short-term memory over a whole sequence, as
// one operation: the equations are those of layers.LSTM with tanh and sigmoid.
// Its gradient is one operation, too, which computes what is asked for.
type LSTM struct {
	X                 Value // [batch, steps, features]; its mask is respected
	Kernel, Recurrent Value // [features, 4·units], [units, 4·units]
	Bias              Value // [4·units]; none where UseBias is false
	H, C              Value // [batch, units], before the first step

	UseBias   bool
	Backwards bool // from the last step to the first
	Sequence  bool // y is h of all steps, in the order in which they are computed
	ZeroMask  bool // masked steps give zeros, and otherwise the output before
	States    bool // also gives h and c after the last step
}

// Run adds the operation to the graph. Without States, h and c are not to be
// used.
func (l LSTM) Run() (y, h, c Value) {
	s := l.X.s
	if !l.fits() {
		return s.poison(l.H.shape), s.poison(l.H.shape), s.poison(l.C.shape)
	}
	in := []Value{l.X, l.Kernel, l.Recurrent, l.H, l.C}
	if l.UseBias {
		in = append(in, l.Bias)
	}
	if mask, ok := l.X.Mask(); ok {
		in = append(in, mask)
	}
	shape := l.H.shape // [batch, units]
	if l.Sequence {
		shape = Shape{shape[0], l.X.shape[1], shape[1]} // [batch, steps, units]
	}
	if s.g == nil {
		return s.apply(spec{name: "lstm", shape: shape}, in...), l.H, l.C
	}
	var sp spec
	if s.Dtype() == tensor.Float32 {
		sp = lstmSpec(l, kernels.Float32(), shape, func(sp *spec) *func([]float32, [][]float32) error { return &sp.f32 })
	} else {
		sp = lstmSpec(l, kernels.Float64(), shape, func(sp *spec) *func([]float64, [][]float64) error { return &sp.f64 })
	}
	out := s.apply(sp, in...)
	if !l.States {
		return out, Value{}, Value{}
	}
	n := shape.Size()
	return out.part(0, shape), out.part(n, l.H.shape), out.part(n+l.H.shape.Size(), l.C.shape)
}

// fits checks the shapes of all operands.
func (l LSTM) fits() bool {
	s := l.X.s
	if s.err != nil {
		return false
	}
	if len(l.X.shape) != 3 || len(l.H.shape) != 2 {
		s.Failf("lstm", "must have x of [batch, steps, features] and h of [batch, units], has", fmt.Sprint(l.X.shape, l.H.shape))
		return false
	}
	batch, features, units := l.X.shape[0], l.X.shape[2], l.H.shape[1]
	want := []struct {
		name  string
		v     Value
		shape Shape
		used  bool
	}{
		{"kernel", l.Kernel, Shape{features, 4 * units}, true},
		{"recurrent kernel", l.Recurrent, Shape{units, 4 * units}, true},
		{"bias", l.Bias, Shape{4 * units}, l.UseBias},
		{"h", l.H, Shape{batch, units}, true},
		{"c", l.C, Shape{batch, units}, true},
	}
	for _, w := range want {
		if w.used && !(len(w.v.shape) == len(w.shape) && matches(w.v.shape, w.shape)) {
			s.Failf("lstm "+w.name, fmt.Sprintf("must have the shape %v", w.shape), w.v.shape)
			return false
		}
	}
	if m, ok := l.X.Mask(); ok && !(len(m.shape) == 2 && matches(m.shape, l.X.shape[:2])) {
		s.Failf("lstm mask", fmt.Sprintf("must have the shape %v", l.X.shape[:2]), m.shape)
		return false
	}
	return true
}

// lstmSpec is the operation for one type of element; kernel gives the field of
// a spec for it.
func lstmSpec[T float](l LSTM, set *kernels.Set[T], shape Shape, kernel func(*spec) *func([]T, [][]T) error) spec {
	_, masked := l.X.Mask()
	cfg := kernels.LSTMConfig{
		Batch: l.X.shape[0], Steps: l.X.shape[1], Features: l.X.shape[2], Units: l.H.shape[1],
		Bias: l.UseBias, Backwards: l.Backwards, Sequence: l.Sequence, ZeroMask: l.ZeroMask,
		Training: l.X.s.Training(),
	}
	inputs := func(in [][]T) kernels.LSTMIn[T] {
		out := kernels.LSTMIn[T]{X: in[0], Kernel: in[1], Recurrent: in[2], H: in[3], C: in[4]}
		if l.UseBias {
			out.Bias = in[5]
		}
		if masked {
			out.Mask = in[len(in)-1]
		}
		return out
	}
	ny, ns := shape.Size(), l.H.shape.Size()
	sp := spec{name: "lstm", shape: shape}
	if l.States {
		sp.shape = Shape{ny + 2*ns} // y, h and c, packed
	}
	var layer *kernels.LSTM[T] // made on the first run, when it is known whether there is a way back for x
	h, c := make([]T, ns), make([]T, ns)
	*kernel(&sp) = func(out []T, in [][]T) error {
		if layer == nil {
			layer = kernels.NewLSTM(set, cfg)
		}
		given := inputs(in)
		layer.SetWeights(given)
		to := kernels.LSTMOut[T]{Y: out, H: h, C: c}
		if l.States {
			to = kernels.LSTMOut[T]{Y: out[:ny], H: out[ny : ny+ns], C: out[ny+ns:]}
		}
		layer.Forward(given, to)
		return nil
	}
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		if !cfg.Training {
			y.s.Failf("lstm", "must be built for training to have a gradient", nil)
			return make([]Value, len(in))
		}
		cfg.InputGrad = want[0]
		grad := spec{name: "lstm gradient", shape: Shape{0}}
		at := make([]int, len(in))
		for i, v := range in {
			at[i] = grad.shape[0]
			if want[i] && !(masked && i == len(in)-1) {
				grad.shape[0] += v.shape.Size()
			}
		}
		*kernel(&grad) = func(out []T, in [][]T) error {
			part := func(i int) []T {
				if i >= len(at) || !want[i] {
					return nil
				}
				return out[at[i] : at[i]+len(in[i])]
			}
			g := kernels.LSTMGrad[T]{X: part(0), Kernel: part(1), Recurrent: part(2), InitialH: part(3), InitialC: part(4)}
			if l.UseBias {
				g.Bias = part(5)
			}
			dy := in[len(in)-1]
			g.Y = dy[:ny]
			if l.States {
				g.H, g.C = dy[ny:ny+ns], dy[ny+ns:]
			}
			layer.Backward(inputs(in[:len(at)]), g)
			return nil
		}
		// y is an operand only so that the forward run comes first.
		packed := y.s.apply(grad, append(append([]Value{}, in...), y, dy)...)
		grads := make([]Value, len(in))
		for i, v := range in {
			if want[i] && !(masked && i == len(in)-1) {
				grads[i] = packed.part(at[i], v.shape)
			}
		}
		return grads
	}
	return sp
}
