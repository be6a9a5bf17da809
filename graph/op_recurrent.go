package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// RecurrentCell names a cell that Recurrent can run.
type RecurrentCell int

// The cells, with tanh and, in their gates, sigmoid; the equations are those
// of the layers of the same names. The GRU's reset gate comes after the
// product.
const (
	LSTMCell RecurrentCell = iota
	GRUCell
	SimpleRNNCell
)

// cells are the sizes of the cells' weights and states.
var cells = [...]struct {
	gates, states int
	bias          func(n int) Shape
}{
	LSTMCell:      {4, 2, func(n int) Shape { return Shape{4 * n} }},
	GRUCell:       {3, 1, func(n int) Shape { return Shape{2, 3 * n} }},
	SimpleRNNCell: {1, 1, func(n int) Shape { return Shape{n} }},
}

// Recurrent is a whole recurrent layer over a whole sequence, as one
// operation; its gradient is one operation, too, and computes what is asked
// for. It is what a layer with the usual activations runs as.
type Recurrent struct {
	Cell              RecurrentCell
	X                 Value   // [batch, steps, features]; its mask is respected
	Kernel, Recurrent Value   // [features, gates·units], [units, gates·units]
	Bias              *Value  // [gates·units], for a GRU [2, 3·units]; nil for none
	Initial           []Value // h, and c of an LSTM: [batch, units], before the first step

	// DropX and DropH are what x and h are multiplied by before they meet the
	// weights of each gate, the same at all steps: [gates, batch, features] and
	// [gates, batch, units]; nil for nothing. They get no gradients.
	DropX, DropH *Value

	Backwards bool // from the last step to the first
	Sequence  bool // y is h of all steps, in the order in which they are computed
	ZeroMask  bool // masked steps give zeros, and otherwise the output before
	States    bool // also gives the states after the last step
}

// Run adds the operation to the graph. Without States, states is nil.
func (r Recurrent) Run() (y Value, states []Value) {
	s := r.X.s
	if !r.fits() {
		return s.poison(r.X.shape), r.Initial
	}
	s.note("one operation for all steps")
	units := r.Initial[0].shape // [batch, units]
	shape := units
	if r.Sequence {
		shape = Shape{units[0], r.X.shape[1], units[1]} // [batch, steps, units]
	}
	var sp spec
	switch {
	case s.level == nil:
		sp = spec{name: "recurrent", shape: shape}
	case s.Dtype() == tensor.Float32:
		sp = newRecurrent(r, s.f32, shape, func(sp *spec) *func([]float32, [][]float32) error { return &sp.f32 })
	default:
		sp = newRecurrent(r, s.f64, shape, func(sp *spec) *func([]float64, [][]float64) error { return &sp.f64 })
	}
	out := s.apply(sp, r.operands()...)
	if !r.States {
		return out, nil
	}
	if s.level == nil || s.err != nil {
		return out, r.Initial
	}
	for i := range r.Initial {
		states = append(states, out.part(shape.Size()+i*units.Size(), units))
	}
	return out.part(0, shape), states
}

// operands are the inputs of the operation: x, kernel, recurrent kernel, the
// states, and perhaps bias, what drops x and h, and mask.
func (r Recurrent) operands() []Value {
	in := append([]Value{r.X, r.Kernel, r.Recurrent}, r.Initial...)
	for _, v := range []*Value{r.Bias, r.DropX, r.DropH} {
		if v != nil {
			in = append(in, *v)
		}
	}
	if mask, ok := r.X.Mask(); ok {
		in = append(in, mask)
	}
	return in
}

// fits checks the shapes of all operands.
func (r Recurrent) fits() bool {
	s := r.X.s
	if s.err != nil {
		return false
	}
	if r.Cell < 0 || int(r.Cell) >= len(cells) {
		s.Failf("recurrent cell", "must be one of the constants", int(r.Cell))
		return false
	}
	cell := cells[r.Cell]
	if len(r.X.shape) != 3 {
		s.Failf("recurrent x", "must have the shape [batch, steps, features]", r.X.shape)
		return false
	}
	if len(r.Initial) != cell.states {
		s.Failf("recurrent states", fmt.Sprintf("must be %d", cell.states), len(r.Initial))
		return false
	}
	if len(r.Initial[0].shape) != 2 {
		s.Failf("recurrent state 0", "must have the shape [batch, units]", r.Initial[0].shape)
		return false
	}
	batch, features, units := r.X.shape[0], r.X.shape[2], r.Initial[0].shape[1]
	if features == Any || units == Any {
		s.Failf("recurrent", "must have features and units that are known", fmt.Sprint(r.X.shape, " and ", r.Initial[0].shape))
		return false
	}
	ok := r.fit("kernel", r.Kernel, Shape{features, cell.gates * units}) &&
		r.fit("recurrent kernel", r.Recurrent, Shape{units, cell.gates * units}) &&
		(r.Bias == nil || r.fit("bias", *r.Bias, cell.bias(units)))
	ok = ok && (r.DropX == nil || r.fit("dropout of x", *r.DropX, Shape{cell.gates, batch, features})) &&
		(r.DropH == nil || r.fit("dropout of h", *r.DropH, Shape{cell.gates, batch, units}))
	for i, v := range r.Initial {
		ok = ok && r.fit(fmt.Sprintf("state %d", i), v, Shape{batch, units})
	}
	if m, masked := r.X.Mask(); masked {
		ok = ok && r.fit("mask", m, r.X.shape[:2])
	}
	return ok
}

func (r Recurrent) fit(name string, v Value, shape Shape) bool {
	if !v.shape.Matches(shape) {
		r.X.s.Failf("recurrent "+name, fmt.Sprintf("must have the shape %v", shape), v.shape)
		return false
	}
	return true
}

// recurrent is the operation for one type of element.
type recurrent[T float] struct {
	Recurrent
	set    *kernels.Set[T]
	cfg    kernels.Config
	layer  *kernels.Recurrent[T] // made in the first run: by then it is known whether there is a way back
	ny, ns int                   // elements of y and of a state
	states int
	last   int // place of the bias among the operands, or of what follows where there is none

	kept    bool   // whether the weights are parameters, which change with their version only
	version uint64 // of the weights that the layer holds
}

// newRecurrent is the operation; kernel gives the field of a spec for its type
// of element.
func newRecurrent[T float](r Recurrent, set *kernels.Set[T], shape Shape, kernel func(*spec) *func([]T, [][]T) error) spec {
	o := &recurrent[T]{
		Recurrent: r, set: set,
		cfg: kernels.Config{
			Batch: r.X.shape[0], Steps: r.X.shape[1], Features: r.X.shape[2], Units: r.Initial[0].shape[1],
			Bias: r.Bias != nil, Backwards: r.Backwards, Sequence: r.Sequence, ZeroMask: r.ZeroMask,
			Dropout: r.DropX != nil || r.DropH != nil,
		},
		ny: shape.Size(), ns: r.Initial[0].shape.Size(), states: len(r.Initial), last: 3 + len(r.Initial),
	}
	weights := append([]Value{}, r.operands()[1:3]...)
	if r.Bias != nil {
		weights = append(weights, *r.Bias)
	}
	o.kept = !slices.ContainsFunc(weights, func(v Value) bool { return !v.isParam() })
	sp := spec{name: "recurrent", shape: shape}
	if r.States {
		sp.shape = Shape{o.ny + o.states*o.ns} // y and the states, packed
	}
	*kernel(&sp) = o.forward
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		at, size := o.layout(in, want)
		if size == 0 { // nothing is asked for but a mask, or what drops x and h
			return make([]Value, len(in))
		}
		o.cfg.Training, o.cfg.InputGrad = true, o.cfg.InputGrad || want[0] // several passes may go back through one run
		grad := spec{name: "recurrent gradient", shape: Shape{size}}
		*kernel(&grad) = func(out []T, in [][]T) error { return o.backward(out, in, at) }
		// y is an operand only so that the run forward comes first.
		packed := y.s.apply(grad, append(append([]Value{}, in...), y, dy)...)
		grads := make([]Value, len(in))
		for i, v := range in {
			if at[i] >= 0 {
				grads[i] = packed.part(at[i], v.shape)
			}
		}
		return grads
	}
	return sp
}

// layout packs the gradients that are wanted: where each begins, or −1. What
// drops x and h has none, nor has a mask.
func (o *recurrent[T]) layout(in []Value, want []bool) (at []int, size int) {
	end := o.last // of the operands that may have a gradient
	if o.Bias != nil {
		end++
	}
	for i, v := range in {
		if !want[i] || i >= end {
			at = append(at, -1)
			continue
		}
		at = append(at, size)
		size += v.shape.Size()
	}
	return at, size
}

func (o *recurrent[T]) cell() kernels.Cell[T] {
	switch o.Cell {
	case GRUCell:
		return o.set.GRU()
	case SimpleRNNCell:
		return o.set.SimpleRNN()
	}
	return o.set.LSTM()
}

// inputs gives the operands their names.
func (o *recurrent[T]) inputs(in [][]T) kernels.In[T] {
	out := kernels.In[T]{X: in[0], Kernel: in[1], Recurrent: in[2], H: in[3]}
	if o.states > 1 {
		out.C = in[4]
	}
	rest := in[o.last:]
	next := func(given *Value) (x []T) {
		if given != nil {
			x, rest = rest[0], rest[1:]
		}
		return x
	}
	out.Bias, out.DropX, out.DropH = next(o.Bias), next(o.DropX), next(o.DropH)
	if len(rest) > 0 {
		out.Mask = rest[0]
	}
	return out
}

func (o *recurrent[T]) forward(out []T, in [][]T) error {
	if o.layer == nil {
		o.layer = kernels.NewRecurrent(o.set, o.cell(), o.cfg)
	}
	given := o.inputs(in)
	if now := o.X.s.version; !o.kept || o.cfg.Training || o.version != now+1 {
		o.layer.SetWeights(given)
		o.version = now + 1 // 0 is no version
	}
	y, h, c := o.split(out)
	o.layer.Forward(given, kernels.Out[T]{Y: y, H: h, C: c})
	return nil
}

// split cuts the packed outputs, or their gradients, apart.
func (o *recurrent[T]) split(packed []T) (y, h, c []T) {
	y = packed[:o.ny]
	if o.States {
		h = packed[o.ny : o.ny+o.ns]
		if o.states > 1 {
			c = packed[o.ny+o.ns:]
		}
	}
	return y, h, c
}

// backward fills out with the gradients that begin at the given places.
func (o *recurrent[T]) backward(out []T, in [][]T, at []int) error {
	part := func(i int) []T {
		if at[i] < 0 {
			return nil
		}
		return out[at[i] : at[i]+len(in[i])]
	}
	g := kernels.Grad[T]{X: part(0), Kernel: part(1), Recurrent: part(2), InitialH: part(3)}
	if o.states > 1 {
		g.InitialC = part(4)
	}
	if o.Bias != nil {
		g.Bias = part(o.last)
	}
	g.Y, g.H, g.C = o.split(in[len(in)-1])
	o.layer.Backward(o.inputs(in[:len(at)]), g)
	return nil
}
