package graph

// wayBack is the gradient of a scan's step, with respect to what is asked for,
// and how the results are packed.
type wayBack[T float] struct {
	run      *runner[T]
	dy       Value // the leaves of the gradients that come in
	dnext    []Value
	dlosses  []Value
	states   []Value // the gradient of every state
	dx       *Value  // that of the piece of x, nil where nobody asks
	captured []Value // those of the captures, where at is not −1
	at       []int   // where the gradient of each operand begins, or −1
	size     int

	piece, row []T // of the gradient of y, and those of the states, for the step at work
}

// differentiate builds and compiles the gradient of the step.
func (o *scan[T]) differentiate(want []bool) *wayBack[T] {
	s, b := o.scope, &wayBack[T]{}
	s.inside(o.level, func() {
		b.dy = s.leaf("gradient of y", o.y.shape)
		ys, dys := []Value{o.y}, []Value{b.dy}
		for _, c := range o.carries {
			b.dnext = append(b.dnext, s.leaf("gradient of state", c.leaf.shape))
			ys = append(ys, c.next)
		}
		for range o.level.losses {
			b.dlosses = append(b.dlosses, s.leaf("gradient of loss", Shape{}))
		}
		ys, dys = append(ys, o.level.losses...), append(append(dys, b.dnext...), b.dlosses...)
		grads := s.pullBack(ys, dys, o.wrt(want))
		for i, g := range grads {
			grads[i] = g.own()
		}
		if s.err != nil {
			return
		}
		b.run = newRunner[T](o.body, grads)
		b.states, grads = grads[:len(o.carries)], grads[len(o.carries):]
		if want[0] {
			b.dx, grads = &grads[0], grads[1:]
		}
		b.captured = grads
	})
	if s.err == nil {
		b.pack(o.body, want)
		b.piece, b.row = make([]T, o.y.shape.Size()), make([]T, o.states)
	}
	return b
}

// wrt are the leaves of the step whose gradients are needed: those of all
// states, and of x and of captures where they are wanted.
func (b *body) wrt(want []bool) []Value {
	var wrt []Value
	for _, c := range b.carries {
		wrt = append(wrt, c.leaf)
	}
	if want[0] {
		wrt = append(wrt, b.level.cuts[0].leaf)
	}
	first := len(b.level.cuts) + b.initial
	for i, c := range b.level.captures[:b.captures] {
		if want[first+i] {
			wrt = append(wrt, c.leaf)
		}
	}
	return wrt
}

// pack lays out the gradients that are wanted. Masks and draws have none.
func (b *wayBack[T]) pack(o *body, want []bool) {
	for i := range want {
		var shape Shape
		switch first := len(o.level.cuts) + o.initial; {
		case !want[i] || i > 0 && i < len(o.level.cuts):
			b.at = append(b.at, -1)
			continue
		case i == 0:
			shape = o.level.cuts[0].from.shape
		case i < first:
			shape = o.carries[i-len(o.level.cuts)].leaf.shape
		default:
			shape = o.level.captures[i-first].leaf.shape
		}
		b.at = append(b.at, b.size)
		b.size += shape.Size()
	}
}

func (o *scan[T]) backward(b *wayBack[T], out []T, in [][]T) error {
	steps, cuts, dout := o.level.steps, len(o.level.cuts), in[len(in)-1] // packed as the outputs are
	in = in[:len(in)-2]
	o.bind(b.run, in)
	b.begin(o, dout)
	clear(out)
	for k := steps - 1; k >= 0; k-- {
		o.begin(b.run, in, k)
		if o.sequence {
			fromSteps(b.piece, dout[:o.layout.states], o.y.shape[0], steps, k)
		} else if k < steps-1 {
			clear(b.piece)
		}
		if err := b.run.compute(); err != nil {
			return err
		}
		row := b.row
		for _, v := range b.states {
			row = row[copy(row, value[T](v)):]
		}
		if b.dx != nil {
			toSteps(out[b.at[0]:], value[T](*b.dx), o.level.cuts[0].samples, steps, o.time(k))
		}
		b.accumulate(out, cuts+o.initial)
	}
	row := b.row
	for i, c := range o.carries[:o.initial] {
		n := c.leaf.shape.Size()
		if at := b.at[cuts+i]; at >= 0 {
			copy(out[at:at+n], row)
		}
		row = row[n:]
	}
	return nil
}

// begin fills in the gradients that come from after the last step.
func (b *wayBack[T]) begin(o *scan[T], dout []T) {
	for i, v := range b.dlosses {
		b.run.set(v, dout[o.layout.losses+i:][:1])
	}
	b.run.set(b.dy, b.piece)
	if !o.sequence {
		copy(b.piece, dout)
	}
	clear(b.row)
	copy(b.row, dout[o.layout.states:o.layout.losses])
	row := b.row
	for _, v := range b.dnext {
		n := v.shape.Size()
		b.run.set(v, row[:n])
		row = row[n:]
	}
}

// accumulate adds the gradients of the captures, whose operands begin at first,
// to those of later steps.
func (b *wayBack[T]) accumulate(out []T, first int) {
	i := 0
	for _, at := range b.at[first:] {
		if at < 0 {
			continue
		}
		g := value[T](b.captured[i])
		to := out[at : at+len(g)]
		for j, x := range g {
			to[j] += x
		}
		i++
	}
}
