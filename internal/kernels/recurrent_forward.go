package kernels

// slot is the index of a step and sample in what is kept. Steps that are not kept at
// the same time share slots.
func (l *Recurrent[T]) slot(step, b int) int { return step%l.kept*l.Batch + b }

// next is the slot after the given one.
func (l *Recurrent[T]) next(slot int) int { return (slot + l.Batch) % (l.kept * l.Batch) }

// when is the index in the sequence of the step that is computed as number step.
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
	switch {
	case l.parts:
		l.forwardParts(in, out)
		return
	case l.bound():
		l.forwardOne(in, out)
		return
	}
	l.share(l.Steps, func(from, end int) {
		l.begin(in, from, end)
		for step := range l.Steps {
			l.read(in, step, from, end)
			l.sum(step, from, end)
			l.activate(in, out, step, from, end)
		}
		l.finish(out, from, end)
	})
}

// bound reports whether reading W dominates the time of a step: there is one sample,
// and W is so large that reading parts of it on two cores is worth synchronizing them
// at every step.
func (l *Recurrent[T]) bound() bool {
	return l.Batch == 1 && !l.Dropout && len(l.weights) >= weightsToShare
}

// Of an LSTM with 64 units, whose W has 18,000 elements, two cores took as long as
// one, and of one with 128 units and 74,000 elements two thirds of the time.
const weightsToShare = 48 << 10

// panelsToShare are how many panels of W a core takes at a time: as many as the
// widest kernel for one row computes at once.
const panelsToShare = 8

// forwardOne runs the layer for one sample, whose sums the cores share.
func (l *Recurrent[T]) forwardOne(in In[T], out Out[T]) {
	l.begin(in, 0, 1)
	l.read(in, 0, 0, 1)
	Rounds(l.Steps, partsOf(l.cols, panelsToShare), func(step, from, end int) {
		l.sumUnits(step, from, end)
	}, func(step int) {
		l.activate(in, out, step, 0, 1)
		if step+1 < l.Steps {
			l.read(in, step+1, 0, 1)
		}
	})
	l.finish(out, 0, 1)
}

// sumUnits is sum for all samples and some units of panelsToShare panels.
func (l *Recurrent[T]) sumUnits(step, from, end int) {
	first := l.slot(step, 0)
	hx, z := RowMajor(l.hx, l.row), RowMajor(l.z, l.cols)
	mulPanels(l.set, l.Batch, hx.From(first), &l.packed, z.From(first), from*panelsToShare, end*panelsToShare, l.parts)
}

// begin sets the states before the first step of the samples from..end.
func (l *Recurrent[T]) begin(in In[T], from, end int) {
	for b := from; b < end; b++ {
		before := l.state(b)
		start(before.h, in.H, b, l.Units)
		if l.cell.Carry {
			start(before.c, in.C, b, l.Units)
		}
	}
}

// read copies x of a step to the rows [h x 1].
func (l *Recurrent[T]) read(in In[T], step, from, end int) {
	t := l.when(step)
	for b := from; b < end; b++ {
		x := line(l.hx, l.slot(step, b), l.row)[l.n:]
		if in.masked(b*l.Steps + t) {
			clear(x) // masked elements, such as NaN, must not reach a gradient
		} else {
			copy(x, line(in.X, b*l.Steps+t, l.Features))
		}
		if l.Bias {
			x[l.Features] = 1
		}
	}
}

// sum computes z of a step, or with parts adds the sums over h to it.
func (l *Recurrent[T]) sum(step, from, end int) {
	if l.Dropout {
		l.dropForward(step, from, end)
		return
	}
	first := l.slot(step, from)
	hx, z := RowMajor(l.hx, l.row), RowMajor(l.z, l.cols)
	l.set.MulPacked(end-from, hx.From(first), &l.packed, z.From(first), l.parts)
}

// activate computes the states after a step, and its output.
func (l *Recurrent[T]) activate(in In[T], out Out[T], step, from, end int) {
	t := l.when(step)
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

// finish gives the states after the last step.
func (l *Recurrent[T]) finish(out Out[T], from, end int) {
	for b := from; b < end; b++ {
		last := l.slot(l.Steps, b)
		if out.H != nil {
			copy(line(out.H, b, l.Units), line(l.hx, last, l.row))
		}
		if out.C != nil {
			copy(line(out.C, b, l.Units), line(l.c, last, l.n))
		}
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

// start fills row b of a state, or of its gradient, from rows of n elements, and clears
// the rest, which may be NaN from the previous run. A nil from means zeros.
func start[T Float](to, from []T, b, n int) {
	clear(to)
	if from != nil {
		copy(to, line(from, b, n))
	}
}
