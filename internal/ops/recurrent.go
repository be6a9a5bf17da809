package ops

import "github.com/engram-go/engram/internal/kernels"

// Cell names a cell that Recurrent can run.
type Cell int

// The cells. The GRU's reset gate comes after the product.
const (
	LSTM Cell = iota
	GRU
	SimpleRNN
)

// Recurrent is a recurrent layer over a whole sequence. Its operands are x,
// kernel, recurrent kernel, the states, and the optional ones: bias, dropout masks of x
// and h, mask. The output is y, followed by the states after the last step if
// ReturnStates is set.
//
// Config.Training and Config.InputGrad say whether there is a backward pass, and
// whether it gives the gradient of x.
type Recurrent struct {
	Cell         Cell
	Config       kernels.Config
	States       int // number of states
	DropX, DropH bool
	ReturnStates bool

	// Version returns the version of the weights if they are parameters. Without a
	// backward pass, the kernel packs them only when it changes. It is nil if they
	// may change in every run.
	Version func() uint64

	kernel any // a *recurrent[T], shared by both passes
}

// RecurrentGradient takes the operands of Recurrent, its output and the gradient
// of that. It gives the gradients of the operands one after the other: that of
// operand i begins at At[i], which is −1 if it is not wanted. The output is not read,
// but the dependency makes the forward pass run first.
type RecurrentGradient struct {
	*Recurrent
	At []int
}

// Differentiable is the number of leading operands that have gradients. Masks have
// none.
func (o *Recurrent) Differentiable() int {
	n := 3 + o.States
	if o.Config.Bias {
		n++
	}
	return n
}

// recurrent is the kernel.
type recurrent[T Float] struct {
	*Recurrent
	layer   *kernels.Recurrent[T] // made with the scratch memory: by then it is known whether there is a backward pass
	ny, ns  int                   // elements of y and of a state
	version uint64                // of the weights that the layer holds, and 1
}

func recurrentOf[T Float](o *Recurrent) *recurrent[T] {
	r, ok := o.kernel.(*recurrent[T])
	if !ok {
		cfg := o.Config
		r = &recurrent[T]{Recurrent: o, ns: cfg.Batch * cfg.Units}
		r.ny = r.ns
		if cfg.Sequence {
			r.ny *= cfg.Steps
		}
		o.kernel = r
	}
	return r
}

func recurrentGradient[T Float](o RecurrentGradient) Func[T] {
	r := recurrentOf[T](o.Recurrent)
	return func(out []T, in [][]T) error { return r.backward(out, in, o.At) }
}

// ScratchSize is that of what the layer works in.
func (r *recurrent[T]) ScratchSize() int {
	if r.layer == nil {
		set := kernels.For[T]()
		cell := set.LSTM()
		switch r.Cell {
		case GRU:
			cell = set.GRU()
		case SimpleRNN:
			cell = set.SimpleRNN()
		}
		r.layer = kernels.NewRecurrent(set, cell, r.Config)
	}
	return r.layer.MemorySize()
}

// SetScratch makes the layer work there.
func (r *recurrent[T]) SetScratch(memory []T) { r.layer.SetMemory(memory) }

// PrivateSize is the number of elements that the layer keeps from run to run.
func (r *recurrent[T]) PrivateSize() int { return r.layer.PrivateSize() }

// inputs gives the operands their names.
func (r *recurrent[T]) inputs(in [][]T) kernels.In[T] {
	out := kernels.In[T]{X: in[0], Kernel: in[1], Recurrent: in[2], H: in[3]}
	if r.States > 1 {
		out.C = in[4]
	}
	rest := in[3+r.States:]
	next := func(given bool) (x []T) {
		if given {
			x, rest = rest[0], rest[1:]
		}
		return x
	}
	out.Bias, out.DropX, out.DropH = next(r.Config.Bias), next(r.DropX), next(r.DropH)
	if len(rest) > 0 {
		out.Mask = rest[0]
	}
	return out
}

// Run is the forward pass.
func (r *recurrent[T]) Run(out []T, in [][]T) error {
	given := r.inputs(in)
	if r.Version == nil || r.Config.Training {
		r.layer.SetWeights(given)
	} else if now := r.Version() + 1; r.version != now {
		r.layer.SetWeights(given)
		r.version = now
	}
	y, h, c := r.split(out)
	r.layer.Forward(given, kernels.Out[T]{Y: y, H: h, C: c})
	return nil
}

// split cuts the packed outputs, or their gradients, apart.
func (r *recurrent[T]) split(packed []T) (y, h, c []T) {
	y = packed[:r.ny]
	if r.ReturnStates {
		h = packed[r.ny : r.ny+r.ns]
		if r.States > 1 {
			c = packed[r.ny+r.ns:]
		}
	}
	return y, h, c
}

// backward fills out with the gradients that begin at the given places.
func (r *recurrent[T]) backward(out []T, in [][]T, at []int) error {
	part := func(i int) []T {
		if at[i] < 0 {
			return nil
		}
		return out[at[i] : at[i]+len(in[i])]
	}
	g := kernels.Grad[T]{X: part(0), Kernel: part(1), Recurrent: part(2), InitialH: part(3)}
	if r.States > 1 {
		g.InitialC = part(4)
	}
	if r.Config.Bias {
		g.Bias = part(3 + r.States)
	}
	g.Y, g.H, g.C = r.split(in[len(in)-1])
	r.layer.Backward(r.inputs(in[:len(at)]), g)
	return nil
}
