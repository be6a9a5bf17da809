package graph

import (
	"slices"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// scan runs the graph of a step over time, for one type of element.
//
// Of a run forwards only the states before every step are kept for the way
// back, which computes the rest of the step again. That takes about a quarter of
// the time of a training step. But memory grows with the states alone, which are
// a tenth of an LSTM's inner values, and whatever a step consists of, another
// scan among it, need not know that it runs many times.
type scan[T float] struct {
	*body
	layout  layout
	run     *runner[T]
	keeps   bool // whether there is a way back
	states  int  // elements of all states of a step
	history []T  // the states before every step, and after the last; without keeps one set that is overwritten
}

// newScan is the operation; kernel gives the field of a spec for its type of
// element.
func newScan[T float](b *body, kernel func(*spec) *func([]T, [][]T) error) spec {
	o := &scan[T]{body: b, layout: b.layout(), run: newRunner[T](b, b.outputs())}
	for _, c := range b.carries {
		o.states += c.leaf.shape.Size()
	}
	sp := spec{name: "scan", shape: Shape{o.layout.size}}
	*kernel(&sp) = o.forward
	sp.diff = func(in []Value, y, dy Value, want []bool) []Value {
		o.keeps = true
		back := o.differentiate(want)
		if b.scope.err != nil || back.size == 0 { // nothing but a mask is asked for
			return make([]Value, len(in))
		}
		operands := slices.Clone(in)
		for _, c := range b.level.captures[b.captures:] { // of the gradient alone
			operands = append(operands, c.from)
		}
		grad := spec{name: "scan gradient", shape: Shape{back.size}}
		*kernel(&grad) = func(out []T, in [][]T) error { return o.backward(back, out, in) }
		// y is an operand only so that the run forward comes first.
		packed := y.s.apply(grad, append(operands, y, dy)...)
		grads := make([]Value, len(in))
		for i, v := range in {
			if back.at[i] >= 0 {
				grads[i] = packed.part(back.at[i], v.shape)
			}
		}
		return grads
	}
	return sp
}

// runner runs the part of a step's graph that some values need.
type runner[T float] struct {
	*direct
	uses   map[*gorgonia.Node][]use // of the leaves
	pieces [][]T                    // what the step at work sees of the operands that are cut
}

func newRunner[T float](b *body, outputs []Value) *runner[T] {
	r := &runner[T]{direct: newDirect(outputs), uses: map[*gorgonia.Node][]use{}}
	for _, u := range r.leaves {
		r.uses[u.leaf] = append(r.uses[u.leaf], u)
		if t, ok := u.leaf.Value().(*tensor.Dense); ok { // a constant
			u.op.operand(u.at, t)
		}
	}
	for _, c := range b.level.cuts {
		r.pieces = append(r.pieces, make([]T, c.leaf.shape.Size()))
	}
	return r
}

// set makes a leaf read data.
func (r *runner[T]) set(leaf Value, data []T) {
	for _, u := range r.uses[leaf.node] {
		switch data := any(data).(type) {
		case []float32:
			u.op.in32[u.at] = data
		case []float64:
			u.op.in64[u.at] = data
		}
	}
}

// value is the memory of a result.
func value[T float](v Value) []T { return elements[T](v.node.Op().(*op).out) }

// time is the place in the sequence of the step that is computed as number k.
func (o *scan[T]) time(k int) int {
	if o.backwards {
		return o.level.steps - 1 - k
	}
	return k
}

// row are the states before step k.
func (o *scan[T]) row(k int) []T {
	if !o.keeps {
		k = 0
	}
	return o.history[k*o.states : (k+1)*o.states]
}

// bind makes the leaves that read the same memory at all steps read it: that of
// a runner's pieces, and that of what is captured, the last operands. Other
// runners have parts of the graph in common with this one.
func (o *scan[T]) bind(r *runner[T], in [][]T) {
	for i, c := range o.level.cuts {
		r.set(c.leaf, r.pieces[i])
	}
	for i, data := range in[len(o.level.cuts)+o.initial:] {
		r.set(o.level.captures[i].leaf, data)
	}
}

// begin gives a runner what step k sees: the states before it, and its pieces
// of the operands that are cut.
func (o *scan[T]) begin(r *runner[T], in [][]T, k int) {
	row := o.row(k)
	for _, c := range o.carries {
		n := c.leaf.shape.Size()
		r.set(c.leaf, row[:n])
		row = row[n:]
	}
	for i, c := range o.level.cuts {
		t := o.time(k)
		if c.drawn {
			t = k
		}
		fromSteps(r.pieces[i], in[i], c.samples, o.level.steps, t)
	}
}

// fromSteps copies the piece of time t of all samples, and toSteps puts it
// back.
func fromSteps[T float](piece, all []T, samples, steps, t int) {
	n := len(piece) / samples
	for i := range samples {
		copy(piece[i*n:(i+1)*n], all[(i*steps+t)*n:])
	}
}

func toSteps[T float](all, piece []T, samples, steps, t int) {
	n := len(piece) / samples
	for i := range samples {
		copy(all[(i*steps+t)*n:(i*steps+t+1)*n], piece[i*n:])
	}
}

// start fills the states before the first step.
func (o *scan[T]) start(in [][]T) {
	rows := 1
	if o.keeps {
		rows = o.level.steps + 1
	}
	if len(o.history) < rows*o.states {
		o.history = make([]T, rows*o.states)
	}
	row := o.row(0)
	clear(row)
	for _, data := range in[len(o.level.cuts):][:o.initial] {
		row = row[copy(row, data):]
	}
}

func (o *scan[T]) forward(out []T, in [][]T) error {
	steps := o.level.steps
	o.start(in)
	o.bind(o.run, in)
	losses := out[o.layout.losses:o.layout.traces]
	clear(losses)
	for k := range steps {
		o.begin(o.run, in, k)
		if err := o.run.compute(); err != nil {
			return err
		}
		next := o.row(k + 1)
		for _, c := range o.carries {
			next = next[copy(next, value[T](c.next)):]
		}
		for i, v := range o.level.losses {
			losses[i] += value[T](v)[0]
		}
		o.write(out, k)
	}
	copy(out[o.layout.states:o.layout.losses], o.row(steps))
	return nil
}

// write puts the output and what is traced of step k into their places.
func (o *scan[T]) write(out []T, k int) {
	steps, y := o.level.steps, value[T](o.y)
	if o.sequence {
		toSteps(out, y, o.y.shape[0], steps, k)
	} else if k == steps-1 {
		copy(out, y)
	}
	traces := out[o.layout.traces:]
	for _, name := range o.traces {
		v := o.level.outputs[name]
		piece := value[T](v)
		samples := 1
		if len(v.shape) > 0 {
			samples = v.shape[0]
		}
		toSteps(traces, piece, samples, steps, k)
		traces = traces[steps*len(piece):]
	}
}
