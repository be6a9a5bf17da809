package kernels

// dropping is the additional memory of a layer with dropout masks. Every gate has its
// own masks of h and x, so each block of columns of W needs a separate product,
//
//	z_block = ([h x 1] ⊙ mask_block) · W_block
//
// which takes as many operations as the one product of all gates.
type dropping[T Float] struct {
	masks      []T         // [blocks, batch, row], 0 where a block has no weights
	left       []T         // [steps, batch, blocks, row]; without Training [batch, blocks, row]
	packed     []Packed[T] // [row, n], of each block
	transposed []Packed[T] // [n, back]
}

// layDropping takes the memory of drop for the given number of steps.
func (l *Recurrent[T]) layDropping(take func(n int) []T, steps int) {
	blocks := l.cell.Blocks
	l.drop.masks, l.drop.left = take(blocks*l.Batch*l.row), take(steps*l.Batch*blocks*l.row)
	for i := 0; l.Training && i < blocks; i++ {
		l.drop.packed[i].data = take(PackedSize(l.row, l.n))
		l.drop.transposed[i].data = take(PackedSize(l.n, l.back))
	}
}

// packBlocks lays the blocks of W out.
func (l *Recurrent[T]) packBlocks() {
	for block := range l.cell.Blocks {
		w := Matrix[T]{l.weights[block*l.n:], l.cols, 1}
		l.drop.packed[block].Pack(l.set, w, l.row, l.n)
		if l.Training {
			l.drop.transposed[block].Pack(l.set, w.T(), l.n, l.back)
		}
	}
}

// layMasks puts the masks of h and x in the order of a row.
func (l *Recurrent[T]) layMasks(in In[T]) {
	clear(l.drop.masks)
	lay := func(blocks []int, at, n int, given []T) {
		for gate, block := range blocks {
			for b := range l.Batch {
				to := line(l.drop.masks, block*l.Batch+b, l.row)[at : at+n]
				if given == nil {
					ones(to)
				} else {
					copy(to, line(given, gate*l.Batch+b, n))
				}
			}
		}
	}
	lay(l.cell.Recurrent, 0, l.Units, in.DropH)
	lay(l.cell.Kernel, l.n, l.Features, in.DropX)
	for i := range l.cell.Blocks * l.Batch {
		if l.Bias {
			line(l.drop.masks, i, l.row)[l.row-1] = 1
		}
	}
}

// ones fills x with ones.
func ones[T Float](x []T) {
	for i := range x {
		x[i] = 1
	}
}

// side is the left side of the product of a block, from a slot on.
func (l *Recurrent[T]) side(block, slot int) Matrix[T] {
	blocks := l.cell.Blocks
	return Matrix[T]{l.drop.left[(slot*blocks+block)*l.row:], blocks * l.row, 1}
}

// dropForward computes z for a step of the samples from..end.
func (l *Recurrent[T]) dropForward(step, from, end int) {
	first := l.slot(step, from)
	for block := range l.cell.Blocks {
		left := l.side(block, first)
		for b := from; b < end; b++ {
			mask := line(l.drop.masks, block*l.Batch+b, l.row)
			l.set.Times(mask, line(l.hx, l.slot(step, b), l.row), left.From(b - from).Data[:l.row])
		}
		z := Matrix[T]{l.z[first*l.cols+block*l.n:], l.cols, 1}
		l.set.MulPacked(end-from, left, &l.drop.packed[block], z, false)
	}
}

// dropBackward takes dz of a step, which begins at row at, back to the h before
// and to x.
func (l *Recurrent[T]) dropBackward(grad Grad[T], step, at, from, end int) {
	width := panels(l.back) * tileColumns
	dhx := RowMajor(l.dhx, width)
	for block := range l.cell.Blocks {
		dz := Matrix[T]{l.dz[(at+from)*l.cols+block*l.n:], l.cols, 1}
		l.set.MulPacked(end-from, dz, &l.drop.transposed[block], dhx.From(from), false)
		for b := from; b < end; b++ {
			d, mask := line(l.dhx, b, width), line(l.drop.masks, block*l.Batch+b, l.row)
			l.set.AddTimes(mask[:l.n], d[:l.n], line(l.dh, b, l.n))
			if grad.X == nil {
				continue
			}
			dx := line(grad.X, b*l.Steps+l.when(step), l.Features)
			if block == 0 {
				clear(dx)
			}
			l.set.AddTimes(mask[l.n:l.n+l.Features], d[l.n:l.n+l.Features], dx)
		}
	}
}
