package kernels

// Backward takes the gradients of the outputs of the last run of Forward back
// to its inputs, which must be those of that run. It needs Training.
func (l *Recurrent[T]) Backward(in In[T], grad Grad[T]) {
	Parallel(l.Batch, 1, func(from, end int) {
		for b := from; b < end; b++ {
			start(line(l.dh, b, l.n), grad.H, b, l.Units)
			start(line(l.dc, b, l.n), grad.C, b, l.Units)
			clear(line(l.held, b, l.n))
		}
		for step := l.Steps - 1; step >= 0; step-- {
			l.backwardStep(in, grad, step, from, end)
		}
		for b := from; b < end; b++ {
			if grad.InitialH != nil {
				copy(line(grad.InitialH, b, l.Units), line(l.dh, b, l.n))
			}
			if grad.InitialC != nil {
				copy(line(grad.InitialC, b, l.Units), line(l.dc, b, l.n))
			}
		}
	})
	if grad.Kernel != nil || grad.Recurrent != nil || grad.Bias != nil {
		l.weightGrad(grad)
	}
}

// backwardStep does one step of the samples from..end. dh and dc hold the
// gradients of the states after it, and then of those before: the part that
// the cell leaves there, and the one that comes through the product.
func (l *Recurrent[T]) backwardStep(in In[T], grad Grad[T], step, from, end int) {
	t := l.when(step)
	for b := from; b < end; b++ {
		masked := in.masked(b*l.Steps + t)
		l.outputGrad(grad.Y, step, b, masked)
		at := l.slot(step, b)
		dz := line(l.dz, at, l.cols)
		if masked {
			clear(dz)
			continue
		}
		l.cell.backward(l.n, line(l.z, at, l.cols), l.state(at), line(l.dh, b, l.n), line(l.dc, b, l.n), dz)
	}
	if l.Dropout {
		l.dropBackward(in, grad, step, from, end)
		return
	}
	first, width := l.slot(step, from), panels(l.back)*tileColumns
	dz, dhx := RowMajor(l.dz, l.cols), RowMajor(l.dhx, width)
	l.set.MulPacked(end-from, dz.From(first), &l.transposed, dhx.From(from), false)
	for b := from; b < end; b++ {
		d := line(l.dhx, b, width)
		dh := line(l.dh, b, l.n)
		l.set.Axpy(1, d[:l.n], dh)
		if grad.X != nil {
			copy(line(grad.X, b*l.Steps+t, l.Features), d[l.n:])
		}
	}
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

// weightGrad sums the gradient of W over all steps and samples. The cores
// share its columns, so each sum is made by one of them.
func (l *Recurrent[T]) weightGrad(grad Grad[T]) {
	k := l.Steps * l.Batch
	hx, dz, dw := RowMajor(l.hx, l.row), RowMajor(l.dz, l.cols), RowMajor(l.dw, l.cols)
	Parallel(l.cols, tileColumns, func(from, end int) {
		if l.Dropout {
			l.dropWeightGrad(from, end)
			return
		}
		l.set.Mul(l.row, k, hx.T(), dz, dw, from, end)
	})
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

// collect is spread's way back, for gradients.
func (l *Recurrent[T]) collect(weight []T, i int, blocks []int, from []T) {
	to := line(weight, i, len(blocks)*l.Units)
	for g, block := range blocks {
		copy(line(to, g, l.Units), from[block*l.n:])
	}
}
