package kernels

// slot is the place of a step in what is kept for the way back. Where nothing
// is kept, all steps share one.
func (l *Recurrent[T]) slot(step, b int) int {
	if l.Training {
		return step*l.Batch + b
	}
	return b
}

// next is the slot after the given one.
func (l *Recurrent[T]) next(slot int) int {
	if l.Training {
		return slot + l.Batch
	}
	return slot
}

// when is the time of a step.
func (l *Recurrent[T]) when(step int) int {
	if l.Backwards {
		return l.Steps - 1 - step
	}
	return step
}

// Forward runs the layer.
func (l *Recurrent[T]) Forward(in In[T], out Out[T]) {
	if l.Dropout {
		l.layMasks(in)
	}
	Parallel(l.Batch, 1, func(from, end int) {
		for b := from; b < end; b++ {
			before := l.state(b)
			start(before.h, in.H, b, l.Units)
			if l.cell.Carry {
				start(before.c, in.C, b, l.Units)
			}
		}
		for step := range l.Steps {
			l.forwardStep(in, out, step, from, end)
		}
		for b := from; b < end; b++ {
			last := l.slot(l.Steps, b)
			if out.H != nil {
				copy(line(out.H, b, l.Units), line(l.hx, last, l.row))
			}
			if out.C != nil {
				copy(line(out.C, b, l.Units), line(l.c, last, l.n))
			}
		}
	})
}

// forwardStep does one step of the samples from..end.
func (l *Recurrent[T]) forwardStep(in In[T], out Out[T], step, from, end int) {
	t := l.when(step)
	for b := from; b < end; b++ {
		x := line(l.hx, l.slot(step, b), l.row)[l.n:]
		if in.masked(b*l.Steps + t) {
			clear(x) // whatever is there, NaN too, must not reach a gradient
		} else {
			copy(x, line(in.X, b*l.Steps+t, l.Features))
		}
		if l.Bias {
			x[l.Features] = 1
		}
	}
	if l.Dropout {
		l.dropForward(step, from, end)
	} else {
		first := l.slot(step, from)
		hx, z := RowMajor(l.hx, l.row), RowMajor(l.z, l.cols)
		l.set.MulPacked(end-from, hx.From(first), &l.packed, z.From(first), false)
	}
	for b := from; b < end; b++ {
		at := l.slot(step, b)
		now := l.state(at)
		after := l.state(l.next(at))
		masked := in.masked(b*l.Steps + t)
		if masked {
			copy(after.h, now.h)
			copy(after.c, now.c)
		} else {
			l.cell.forward(l.n, line(l.z, at, l.cols), now, after)
		}
		l.output(out.Y, after.h, step, b, masked)
	}
}

// state is what a slot holds of one sample.
func (l *Recurrent[T]) state(slot int) state[T] {
	s := state[T]{h: line(l.hx, slot, l.row)[:l.n]}
	if l.cell.Carry {
		s.c = line(l.c, slot, l.n)
		if !l.Training || slot < l.Steps*l.Batch {
			s.keep = line(l.keep, slot, l.n)
		}
	}
	return s
}

// output writes the output of one step.
func (l *Recurrent[T]) output(y, h []T, step, b int, masked bool) {
	at := b
	if l.Sequence {
		at = b*l.Steps + step
	}
	to := line(y, at, l.Units)
	switch {
	case !masked:
		copy(to, h)
	case step == 0 || l.ZeroMask:
		clear(to)
	case l.Sequence:
		copy(to, line(y, at-1, l.Units))
	}
}

// start fills row b of a state, or of its gradient, from rows of n elements.
// Beyond them it is 0, also where the run before left something that is not
// finite; and it is 0 where nothing is given.
func start[T Float](to, from []T, b, n int) {
	clear(to)
	if from != nil {
		copy(to, line(from, b, n))
	}
}
