package kernels

// stepsOfX is how many steps the sums over [x 1] are made for at once.
func (l *Recurrent[T]) stepsOfX() int { return min(l.Steps, max(1, rowsAtOnceX/l.Batch)) }

// forwardParts runs a layer in parts.
func (l *Recurrent[T]) forwardParts(in In[T], out Out[T]) {
	l.begin(in, 0, l.Batch)
	for first := 0; first < l.Steps; first += l.stepsOfX() {
		end := min(l.Steps, first+l.stepsOfX())
		l.sumX(in, first, end)
		if l.Batch > 1 && !l.columns {
			l.share(end-first, func(from, to int) {
				for step := first; step < end; step++ {
					l.sum(step, from, to)
					l.activate(in, out, step, from, to)
				}
			})
			continue
		}
		units := partsOf(l.cols, panelsToShare)
		sums := turn{units, func(i, from, end int) { l.sumUnits(first+i, from, end) }}
		cells := turn{l.Batch, func(i, from, end int) { l.activate(in, out, first+i, from, end) }}
		if l.Batch > 1 {
			inTurns(end-first, units, sums, cells)
			continue
		}
		Rounds(end-first, units, sums.f, func(i int) { cells.f(i, 0, 1) })
	}
	l.finish(out, 0, l.Batch)
}

// sumX begins the sums of the steps first..end: the product of [x 1] with its rows of W.
func (l *Recurrent[T]) sumX(in In[T], first, end int) {
	for step := first; step < end; step++ {
		l.read(in, step, 0, l.Batch)
	}
	slot, rows := l.slot(first, 0), (end-first)*l.Batch
	x, z := Matrix[T]{l.hx[slot*l.row+l.n:], l.row, 1}, RowMajor(l.z, l.cols).From(slot)
	Share(rows*l.packedX.k*l.cols, partsOf(l.cols, panelsToShare), 1, func(from, end int) {
		mulPanels(l.set, rows, x, &l.packedX, z, from*panelsToShare, end*panelsToShare, false)
	})
}

// backwardColumns is backwardSpan by columns.
func (l *Recurrent[T]) backwardColumns(in In[T], grad Grad[T], first, end int) {
	width, units := panels(l.back)*tileColumns, partsOf(l.n, backPanelsToShare)
	cells := turn{l.Batch, func(i, from, to int) { l.cellGrad(in, grad, end-1-i, first, from, to) }}
	sums := turn{units, func(i, from, to int) {
		step := end - 1 - i
		if !l.wanted(grad, step) {
			return
		}
		from, to = from*backPanelsToShare, to*backPanelsToShare
		dz := RowMajor(l.dz, l.cols).From((step - first) * l.Batch)
		mulPanels(l.set, l.Batch, dz, &l.transposed, RowMajor(l.dhx, width), from, to, false)
		from, to = from*tileColumns, min(to*tileColumns, l.n)
		for b := range l.Batch {
			l.set.Axpy(1, line(l.dhx, b, width)[from:to], line(l.dh, b, l.n)[from:to])
		}
	}}
	inTurns(end-first, units, cells, sums)
}

// backPanelsToShare is panelsToShare for the backward pass, whose product has a quarter
// of the columns and four times the terms in an LSTM.
const backPanelsToShare = 4

// partsOf is how many parts of some panels n columns have.
func partsOf(n, some int) int { return (panels(n) + some - 1) / some }

// mulPanels is MulPacked for the panels from..end of b, of which there may be fewer.
func mulPanels[T Float](set *Set[T], m int, a Matrix[T], b *Packed[T], c Matrix[T], from, end int, add bool) {
	part := b.panels(from, min(end, panels(b.n)))
	set.MulPacked(m, a, &part, Matrix[T]{c.Data[from*tileColumns:], c.Row, 1}, add)
}

// turn is work on n things, which cores may share.
type turn struct {
	n int
	f func(i, from, end int)
}

// inTurns does n times all of the first work and then all of the second, in as many
// units as it is told.
func inTurns(n, units int, first, second turn) {
	Rounds(2*n, units, func(round, from, end int) {
		now := first
		if round%2 == 1 {
			now = second
		}
		if from, end = now.n*from/units, now.n*end/units; from < end {
			now.f(round/2, from, end)
		}
	}, func(int) {})
}
