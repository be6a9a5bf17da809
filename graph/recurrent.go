package graph

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/ops"
)

// RecurrentCell names a cell that Recurrent can run.
type RecurrentCell = ops.Cell

// The cells use tanh, and sigmoid in their gates. The equations are those of the layers
// of the same names. The GRU applies its reset gate after the matrix product.
const (
	LSTMCell      = ops.LSTM
	GRUCell       = ops.GRU
	SimpleRNNCell = ops.SimpleRNN
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

// Recurrent is a recurrent layer over a whole sequence as one operation. Its gradient
// is one operation, too. Recurrent layers with the default activations run as this.
type Recurrent struct {
	Cell              RecurrentCell
	X                 Value   // [batch, steps, features]; steps that its mask excludes keep the states
	Kernel, Recurrent Value   // [features, gates·units], [units, gates·units]
	Bias              *Value  // [gates·units], for a GRU [2, 3·units]; nil for none
	Initial           []Value // h, and c of an LSTM: [batch, units], before the first step

	// DropX and DropH are dropout masks: x and h are multiplied by them before the
	// product with the weights of each gate, at all steps: [gates, batch, features]
	// and [gates, batch, units]; nil for none. They have no gradients.
	DropX, DropH *Value

	Backwards bool // from the last step to the first
	Sequence  bool // y is h of all steps in the order of computation, not only of the last
	ZeroMask  bool // the output of masked steps is 0, not that of the previous step
	States    bool // also return the states after the last step
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
	out := s.apply(r.spec(shape), r.operands()...)
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

// operands are the inputs of the operation: x, kernel, recurrent kernel, the states
// and the optional ones: bias, dropout masks of x and h, mask.
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

// spec describes the operation with an output y of the given shape.
func (r Recurrent) spec(y Shape) spec {
	s, units := r.X.s, r.Initial[0].shape
	sp := spec{name: "recurrent", shape: y}
	if s.level == nil {
		return sp
	}
	o := &ops.Recurrent{
		Cell: r.Cell, States: len(r.Initial), ReturnStates: r.States, DropX: r.DropX != nil, DropH: r.DropH != nil,
		Config: kernels.Config{
			Batch: units[0], Steps: r.X.shape[1], Features: r.X.shape[2], Units: units[1],
			Bias: r.Bias != nil, Backwards: r.Backwards, Sequence: r.Sequence, ZeroMask: r.ZeroMask,
			Dropout: r.DropX != nil || r.DropH != nil,
		},
	}
	if r.Kernel.isParam() && r.Recurrent.isParam() && (r.Bias == nil || r.Bias.isParam()) {
		o.Version = func() uint64 { return s.version }
	}
	if r.States {
		sp.shape = Shape{y.Size() + len(r.Initial)*units.Size()} // y and the states, packed
	}
	sp.compute = o
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		wanted := slices.Clone(want)
		clear(wanted[o.Differentiable():]) // masks have no gradient
		return s.packed("recurrent gradient", in, wanted, func(at []int) ops.Op {
			o.Config.Training, o.Config.InputGrad = true, o.Config.InputGrad || want[0] // one run may have several backward passes
			return ops.RecurrentGradient{Recurrent: o, At: at}
		}, append(slices.Clone(in), y, dy)...)
	}
	return sp
}
