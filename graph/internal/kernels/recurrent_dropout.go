package kernels

// dropping is what a layer with dropout between states needs beside the rest.
// Every gate sees h and x through masks of its own, so the sums of each block of
// columns of W are a product of their own,
//
//	z_block = [h ⊙ mh  x ⊙ mx  1] · W_block
//
// which takes as many operations as the one product of all gates.
type dropping[T Float] struct {
	gate       []int       // of each block
	ofX, ofH   []bool      // whether a block has weights of x, and of h
	left       []T         // [steps, batch, blocks, row]; without Training [batch, blocks, row]
	packed     []Packed[T] // [row, n], of each block
	transposed []Packed[T] // [n, back]
}

// newDropping makes room; steps is how many are kept.
func (l *Recurrent[T]) newDropping(steps int) *dropping[T] {
	d := &dropping[T]{
		gate: make([]int, l.cell.Blocks), ofX: make([]bool, l.cell.Blocks), ofH: make([]bool, l.cell.Blocks),
		left:   make([]T, steps*l.Batch*l.cell.Blocks*l.row),
		packed: make([]Packed[T], l.cell.Blocks), transposed: make([]Packed[T], l.cell.Blocks),
	}
	for g, block := range l.cell.Kernel {
		d.gate[block], d.ofX[block] = g, true
	}
	for g, block := range l.cell.Recurrent {
		d.gate[block], d.ofH[block] = g, true
	}
	return d
}

// packBlocks lays the blocks of W out.
func (l *Recurrent[T]) packBlocks() {
	for block := range l.drop.gate {
		w := Matrix[T]{l.weights[block*l.n:], l.cols, 1}
		l.drop.packed[block].Pack(l.set, w, l.row, l.n)
		if l.Training {
			l.drop.transposed[block].Pack(l.set, w.T(), l.n, l.back)
		}
	}
}

// side is the left side of the product of a block, from a slot on.
func (l *Recurrent[T]) side(block, slot int) Matrix[T] {
	blocks := l.cell.Blocks
	return Matrix[T]{l.drop.left[(slot*blocks+block)*l.row:], blocks * l.row, 1}
}

// dropForward computes z for a step of the samples from..end. Each product
// writes whole panels, and so beyond its block: the next one comes after it.
func (l *Recurrent[T]) dropForward(in In[T], step, from, end int) {
	first := l.slot(step, from)
	for block, gate := range l.drop.gate {
		left := l.side(block, first)
		for b := from; b < end; b++ {
			hx, to := line(l.hx, l.slot(step, b), l.row), left.From(b - from).Data[:l.row]
			if l.drop.ofH[block] { // or there is 0, and the weights are
				l.through(to[:l.Units], hx, in.DropH, gate*l.Batch+b)
			}
			if l.drop.ofX[block] {
				l.through(to[l.n:l.n+l.Features], hx[l.n:], in.DropX, gate*l.Batch+b)
			}
			if l.Bias {
				to[l.row-1] = 1
			}
		}
		z := Matrix[T]{l.z[first*l.cols+block*l.n:], l.cols, 1}
		l.set.MulPacked(end-from, left, &l.drop.packed[block], z, false)
	}
}

// through writes x as a mask, which is a row of many, lets it through; nil lets
// all through.
func (l *Recurrent[T]) through(to, x, masks []T, row int) {
	if masks == nil {
		copy(to, x)
		return
	}
	l.set.Times(line(masks, row, len(to)), x[:len(to)], to)
}

// dropBackward takes dz of a step, which begins at row at, back to the h before
// and to x.
func (l *Recurrent[T]) dropBackward(in In[T], grad Grad[T], step, at, from, end int) {
	width := panels(l.back) * tileColumns
	dhx := RowMajor(l.dhx, width)
	for block, gate := range l.drop.gate {
		dz := Matrix[T]{l.dz[(at+from)*l.cols+block*l.n:], l.cols, 1}
		l.set.MulPacked(end-from, dz, &l.drop.transposed[block], dhx.From(from), false)
		for b := from; b < end; b++ {
			d := line(l.dhx, b, width)
			if l.drop.ofH[block] {
				l.addThrough(line(l.dh, b, l.n)[:l.Units], d, in.DropH, gate*l.Batch+b)
			}
			if grad.X == nil || !l.drop.ofX[block] {
				continue
			}
			dx := line(grad.X, b*l.Steps+l.when(step), l.Features)
			if block == 0 {
				clear(dx)
			}
			l.addThrough(dx, d[l.n:], in.DropX, gate*l.Batch+b)
		}
	}
}

// addThrough adds what through writes.
func (l *Recurrent[T]) addThrough(to, x, masks []T, row int) {
	if masks == nil {
		l.set.Axpy(1, x[:len(to)], to)
		return
	}
	l.set.AddTimes(line(masks, row, len(to)), x[:len(to)], to)
}
