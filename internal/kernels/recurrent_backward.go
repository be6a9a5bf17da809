package kernels

// Backward computes the gradients of the inputs of the last run of Forward, which must
// be passed again, from those of its outputs. It needs Training.
func (l *Recurrent[T]) Backward(in In[T], grad Grad[T]) {
	for b := range l.Batch {
		start(line(l.dh, b, l.n), grad.H, b, l.Units)
		start(line(l.dc, b, l.n), grad.C, b, l.Units)
		clear(line(l.held, b, l.n))
	}
	top, bottom := l.asked(grad)
	for end := l.Steps; end > 0; end -= l.span {
		first := max(0, end-l.span)
		l.backwardSpan(in, grad, first, end)
		if grad.X != nil && !l.Dropout {
			l.inputGrad(grad, first, end)
		}
		if top < bottom {
			l.weightGrad(first, end, top, bottom)
		}
	}
	for b := range l.Batch {
		if grad.InitialH != nil {
			copy(line(grad.InitialH, b, l.Units), line(l.dh, b, l.n))
		}
		if grad.InitialC != nil {
			copy(line(grad.InitialC, b, l.Units), line(l.dc, b, l.n))
		}
	}
	l.spreadGrad(grad)
}

// asked returns the range of rows of W whose gradients are wanted.
func (l *Recurrent[T]) asked(grad Grad[T]) (top, bottom int) {
	top = l.row
	for _, part := range []struct {
		grad        []T
		top, bottom int
	}{{grad.Recurrent, 0, l.n}, {grad.Kernel, l.n, l.n + l.Features}, {grad.Bias, l.row - 1, l.row}} {
		if part.grad != nil {
			top, bottom = min(top, part.top), max(bottom, part.bottom)
		}
	}
	return top, bottom
}

// backwardSpan does the steps first..end, the last one first. dh and dc hold the
// gradients of the states after a step, and then of those before: the part that the cell
// leaves there, and the one that comes through the product.
func (l *Recurrent[T]) backwardSpan(in In[T], grad Grad[T], first, end int) {
	if l.columns {
		l.backwardColumns(in, grad, first, end)
		return
	}
	l.share(end-first, func(from, to int) {
		for step := end - 1; step >= first; step-- {
			l.cellGrad(in, grad, step, first, from, to)
			if l.wanted(grad, step) {
				l.stateGrad(grad, step, first, from, to)
			}
		}
	})
}

// wanted reports whether a gradient of what lies before a step is wanted.
func (l *Recurrent[T]) wanted(grad Grad[T], step int) bool {
	return step > 0 || grad.InitialH != nil || grad.X != nil && l.Dropout
}

// cellGrad computes dz of a step of the samples from..end. The span begins with step
// first.
func (l *Recurrent[T]) cellGrad(in In[T], grad Grad[T], step, first, from, end int) {
	t, at := l.when(step), (step-first)*l.Batch // of dz
	for b := from; b < end; b++ {
		masked := in.masked(b*l.Steps + t)
		l.outputGrad(grad.Y, step, b, masked)
		dz := line(l.dz, at+b, l.cols)
		if masked {
			clear(dz)
			continue
		}
		now := l.slot(step, b)
		l.cell.backward(l.n, line(l.z, now, l.cols), l.state(now), line(l.dh, b, l.n), line(l.dc, b, l.n), dz)
	}
}

// stateGrad adds to dh of the samples from..end what comes through the product.
func (l *Recurrent[T]) stateGrad(grad Grad[T], step, first, from, end int) {
	at := (step-first)*l.Batch + from
	if l.Dropout {
		l.dropBackward(grad, step, at-from, from, end)
		return
	}
	width := panels(l.back) * tileColumns
	l.set.MulPacked(end-from, RowMajor(l.dz, l.cols).From(at), &l.transposed, RowMajor(l.dhx, width).From(from), false)
	for b := from; b < end; b++ {
		l.set.Axpy(1, line(l.dhx, b, width)[:l.n], line(l.dh, b, l.n))
	}
}

// inputGrad computes the gradient of x for the steps first..end, which reads the weights
// once for all of them.
func (l *Recurrent[T]) inputGrad(grad Grad[T], first, end int) {
	width := panels(l.Features) * tileColumns
	rows := (end - first) * l.Batch
	Share(rows*l.cols*l.Features, rows, tileRows, func(from, to int) {
		l.set.MulPacked(to-from, RowMajor(l.dz, l.cols).From(from), &l.backX, RowMajor(l.dx, width).From(from), false)
		for i := from; i < to; i++ {
			t := l.when(first + i/l.Batch)
			copy(line(grad.X, i%l.Batch*l.Steps+t, l.Features), line(l.dx, i, width))
		}
	})
}

// outputGrad adds the gradient of the output of a step to that of its h. What
// a masked step repeated goes to the step that it was first the output of.
func (l *Recurrent[T]) outputGrad(dy []T, step, b int, masked bool) {
	held := line(l.held, b, l.n)
	if dy != nil && (l.Sequence || step == l.Steps-1) {
		at := b
		if l.Sequence {
			at = b*l.Steps + step
		}
		if !masked || !l.ZeroMask {
			l.set.Axpy(1, line(dy, at, l.Units), held)
		}
	}
	if masked {
		return
	}
	l.set.Axpy(1, held, line(l.dh, b, l.n))
	clear(held)
}

// weightGrad sums the gradient of the rows top..bottom of W over the steps
// first..last and all samples, and adds it to that of the steps after them. The
// cores share its columns, so each sum is made by one of them.
func (l *Recurrent[T]) weightGrad(first, last, top, bottom int) {
	slot, terms := l.slot(first, 0), (last-first)*l.Batch
	dz, dw := RowMajor(l.dz, l.cols), RowMajor(l.dw, l.cols).From(top)
	var start Matrix[T]
	if last < l.Steps {
		start = dw
	}
	rows := func(left Matrix[T]) Matrix[T] { return left.T().From(top) }
	Share((bottom-top)*terms*l.cols, l.cols, tileColumns, func(from, end int) {
		if !l.Dropout {
			l.set.AddMul(bottom-top, terms, rows(RowMajor(l.hx, l.row).From(slot)), dz, dw, start, from, end)
			return
		}
		for block := range l.cell.Blocks {
			if from, end := max(from, block*l.n), min(end, (block+1)*l.n); from < end {
				l.set.AddMul(bottom-top, terms, rows(l.side(block, slot)), dz, dw, start, from, end)
			}
		}
	})
}

// spreadGrad copies the gradient of W to those of the weights.
func (l *Recurrent[T]) spreadGrad(grad Grad[T]) {
	for u := 0; grad.Recurrent != nil && u < l.Units; u++ {
		l.collect(grad.Recurrent, u, l.cell.Recurrent, line(l.dw, u, l.cols))
	}
	for d := 0; grad.Kernel != nil && d < l.Features; d++ {
		l.collect(grad.Kernel, d, l.cell.Kernel, line(l.dw, l.n+d, l.cols))
	}
	for i := 0; grad.Bias != nil && i < len(l.cell.Bias); i++ {
		l.collect(grad.Bias, i, l.cell.Bias[i], line(l.dw, l.row-1, l.cols))
	}
}

// collect is the reverse of spread, for gradients.
func (l *Recurrent[T]) collect(weight []T, i int, blocks []int, from []T) {
	to := line(weight, i, len(blocks)*l.Units)
	for g, block := range blocks {
		copy(line(to, g, l.Units), from[block*l.n:])
	}
}
