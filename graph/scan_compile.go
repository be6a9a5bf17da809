package graph

import (
	"maps"
	"slices"

	"github.com/engram-go/engram/internal/exec"
	"github.com/engram-go/engram/internal/ops"
)

// scanStep is the graph of a scan's step. The operands of the scan operation are, in
// this order: the values that are cut into steps, the initial states, and the values
// that the step captured.
type scanStep struct {
	Scan
	level    *subgraph
	captures int // number of captures of the step; its gradient may add some
	carries  []carry
	y        Value
	traces   []string // names of the level's outputs
}

// carry is a value that passes from step to step: next becomes leaf.
type carry struct{ leaf, next Value }

// compile adds the scan to the graph as one operation.
func (c Scan) compile() (Value, []Value) {
	s := c.X.s
	b := &scanStep{Scan: c, level: s.deepen()}
	b.level.steps = c.X.shape[1]
	var m *Value
	if mask, ok := c.X.Mask(); ok {
		turned := mask.timeFirst() // [steps, batch]
		m = &turned
	}
	x := hidden(c.X.timeFirst(), m) // [steps, batch, ...]
	s.inside(b.level, func() { b.build(x, m) })
	if s.err != nil {
		return s.poison(c.X.shape), c.Initial
	}
	var in []Value
	for _, cut := range b.level.cuts {
		in = append(in, cut.from)
	}
	in = append(in, c.Initial...)
	for _, captured := range b.level.captures {
		in = append(in, captured.from)
	}
	return b.unpack(s.apply(b.spec(), in...))
}

// timeFirst exchanges the first two axes. Then the pieces of a step are contiguous.
func (v Value) timeFirst() Value {
	shape, order := v.shape.Clone(), make([]int, len(v.shape))
	for i := range order {
		order[i] = i
	}
	shape[0], shape[1], order[0], order[1] = shape[1], shape[0], 1, 0
	if shape[0] == 1 || shape[1] == 1 {
		return v.Reshape(shape...)
	}
	return v.Transpose(order...)
}

// build runs the caller's step on leaves.
func (b *scanStep) build(xs Value, masks *Value) {
	s := b.X.s
	x := s.cut(cut{from: xs, smooth: true})
	var m *Value
	if masks != nil {
		at := s.cut(cut{from: *masks}) // [batch]
		m = &at
	}
	for _, v := range b.Initial {
		b.carries = append(b.carries, carry{leaf: s.leaf("state", v.shape)})
	}
	states := make([]Value, len(b.carries))
	for i, k := range b.carries {
		states[i] = k.leaf
	}
	var before Value // the output of the previous step; 0 before the first
	y, next, ok := b.step(x, m, states, func(y Value) Value {
		before = s.leaf("previous output", y.shape)
		return before
	})
	if !ok {
		return
	}
	b.y = b.result(y)
	for i, v := range next {
		b.carries[i].next = b.result(v)
	}
	if before.node != nil {
		b.carries = append(b.carries, carry{before, b.y})
	}
	b.traces = slices.Sorted(maps.Keys(b.level.outputs))
	if s.err != nil {
		return
	}
	if !exec.CanScan(nodesOf(b.results())) {
		s.Failf("step", "must have none of Gorgonia's own operations, unless the steps are written out", nil)
		return
	}
	b.close()
}

// close ends the step: what is added from now on belongs to its gradient. Lifted values
// that only other lifted values read have no gradient here.
func (b *scanStep) close() {
	b.level.closed = true
	b.captures = len(b.level.captures)
	read := exec.Leaves(nodesOf(b.results()))
	for i, c := range b.level.cuts {
		b.level.cuts[i].smooth = c.smooth && read[c.leaf.node]
	}
}

// result returns a value whose memory can be read after a run of the step.
func (b *scanStep) result(v Value) Value {
	v, _ = b.X.s.take("step", v)
	return v.readable()
}

// leaves are what a step reads, in the order of ops.Step.
func (b *scanStep) leaves() []Value {
	var out []Value
	for _, c := range b.level.cuts {
		out = append(out, c.leaf)
	}
	for _, c := range b.carries {
		out = append(out, c.leaf)
	}
	for _, c := range b.level.captures {
		out = append(out, c.leaf)
	}
	return out
}

// results are what a step computes, in the order of ops.Step.
func (b *scanStep) results() []Value {
	out := []Value{b.y}
	for _, c := range b.carries {
		out = append(out, c.next)
	}
	out = append(out, b.level.losses...)
	for _, name := range b.traces {
		out = append(out, b.level.outputs[name])
	}
	return out
}

// plan lists the sizes of the operands and results.
func (b *scanStep) plan() *ops.Scan {
	p := &ops.Scan{
		Steps: b.level.steps, Backwards: b.Backwards, Sequence: b.Sequence, Initial: len(b.Initial),
		Y: ops.Piece{Samples: b.y.shape[0], Size: b.y.shape.Size()}, Losses: len(b.level.losses),
	}
	for _, c := range b.level.cuts {
		p.Cuts = append(p.Cuts, ops.Cutting{Size: c.leaf.shape.Size(), Drawn: c.drawn})
	}
	for _, c := range b.carries {
		p.Carries = append(p.Carries, c.leaf.shape.Size())
	}
	for _, name := range b.traces {
		shape := b.level.outputs[name].shape
		p.Traces = append(p.Traces, ops.Piece{Samples: shape[:min(1, len(shape))].Size(), Size: shape.Size()})
	}
	return p
}

// spec describes the operation.
func (b *scanStep) spec() spec {
	s, plan := b.X.s, b.plan()
	scan := exec.NewScan(plan, nodesOf(b.leaves()), nodesOf(b.results()))
	sp := spec{name: "scan", shape: Shape{plan.Size()}, compute: scan}
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		grads := make([]Value, len(in))
		grad, size := b.gradient(scan, want)
		if s.err != nil || size == 0 { // only a mask is wanted
			return grads
		}
		plan.Training = true
		operands := slices.Clone(in)
		for _, c := range b.level.captures[b.captures:] { // of the gradient alone
			operands = append(operands, c.from)
		}
		packed := s.apply(spec{name: "scan gradient", shape: Shape{size}, compute: grad}, append(operands, y, dy)...)
		for i, v := range in {
			if at := grad.Plan.At[i]; at >= 0 {
				grads[i] = packed.part(at, v.shape)
			}
		}
		return grads
	}
	return sp
}

// gradient builds the gradient of the step. size is the number of elements of the
// gradients of all operands.
func (b *scanStep) gradient(scan exec.Scan, want []bool) (g exec.ScanGradient, size int) {
	s := b.X.s
	g.Scan, g.Plan = scan, ops.ScanGradient{Scan: scan.Plan}
	s.inside(b.level, func() {
		incoming := []Value{s.leaf("gradient of y", b.y.shape)}
		ys := []Value{b.y}
		for _, c := range b.carries {
			incoming = append(incoming, s.leaf("gradient of state", c.leaf.shape))
			ys = append(ys, c.next)
		}
		for range b.level.losses {
			incoming = append(incoming, s.leaf("gradient of loss", Shape{}))
		}
		ys = append(ys, b.level.losses...)
		grads := s.pullBack(ys, incoming, b.wrt(want))
		for i, v := range grads {
			grads[i] = v.readable()
		}
		g.Leaves, g.Results = nodesOf(append(b.leaves(), incoming...)), nodesOf(grads)
	})
	if s.err == nil {
		g.Plan.At, size = b.layout(want)
	}
	return g, size
}

// wrt are the leaves of the step whose gradients are needed: those of all states, and of
// cuts and captures where they are wanted.
func (b *scanStep) wrt(want []bool) []Value {
	var wrt []Value
	for _, c := range b.carries {
		wrt = append(wrt, c.leaf)
	}
	for i, c := range b.level.cuts {
		if want[i] && c.smooth {
			wrt = append(wrt, c.leaf)
		}
	}
	first := len(b.level.cuts) + len(b.Initial)
	for i, c := range b.level.captures[:b.captures] {
		if want[first+i] {
			wrt = append(wrt, c.leaf)
		}
	}
	return wrt
}

// layout returns the offsets of the wanted gradients in the packed result, −1 for the
// others, and the total size.
func (b *scanStep) layout(want []bool) (at []int, size int) {
	cuts := len(b.level.cuts)
	first := cuts + len(b.Initial)
	for i := range want {
		var shape Shape
		switch {
		case !want[i] || i < cuts && !b.level.cuts[i].smooth:
			at = append(at, -1)
			continue
		case i < cuts:
			shape = b.level.cuts[i].from.shape
		case i < first:
			shape = b.carries[i-cuts].leaf.shape
		default:
			shape = b.level.captures[i-first].leaf.shape
		}
		at = append(at, size)
		size += shape.Size()
	}
	return at, size
}

// unpack splits the packed output.
func (b *scanStep) unpack(packed Value) (y Value, states []Value) {
	s, at, steps := b.X.s, 0, b.level.steps
	next := func(shape Shape) Value {
		v := packed.part(at, shape)
		at += shape.Size()
		return v
	}
	if b.Sequence {
		y = next(slices.Insert(b.y.shape.Clone(), 1, steps))
	} else {
		y = next(b.y.shape)
	}
	for _, c := range b.carries[:len(b.Initial)] {
		states = append(states, next(c.leaf.shape))
	}
	for range b.level.losses {
		s.AddLoss(next(Shape{}))
	}
	for _, name := range b.traces {
		shape := b.level.outputs[name].shape.Clone()
		s.Output(name, next(slices.Insert(shape, min(1, len(shape)), steps)))
	}
	return y, states
}
