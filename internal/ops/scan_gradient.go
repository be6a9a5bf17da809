package ops

// ScanGradient is the backward pass. It takes the operands of the scan, the whole values
// that only the gradient reads, the scan's output and its gradient. It returns the
// gradients of the operands one after the other: that of operand i begins at At[i],
// which is −1 if it is not wanted. Only the first cut has a gradient.
type ScanGradient struct {
	*Scan
	At []int
}

// scanGradient is its kernel.
type scanGradient[T Float] struct {
	ScanGradient
	forward *ScanKernel[T]
	step    Step[T]
	dy, row []T // for the current step: the gradient of y, and those of the carries
}

// NewScanGradient makes the kernel from that of the forward pass and the
// gradient of the step.
func NewScanGradient[T Float](o ScanGradient, forward *ScanKernel[T], step Step[T]) Kernel[T] {
	return &scanGradient[T]{ScanGradient: o, forward: forward, step: step}
}

// ScratchSize is that of the gradients of one step.
func (k *scanGradient[T]) ScratchSize() int { return k.Y.Size + k.carried() }

// SetScratch assigns their memory.
func (k *scanGradient[T]) SetScratch(memory []T) {
	k.dy, k.row = memory[:k.Y.Size], memory[k.Y.Size:][:k.carried()]
}

// Run is the backward pass.
func (k *scanGradient[T]) Run(out []T, in [][]T) error {
	firstState, _, _, _ := k.layout()
	dout := in[len(in)-1] // packed as the outputs are
	in = in[:len(in)-2]
	first := len(k.Cuts) + k.Initial // of the whole values
	k.forward.bind(k.step, in[first:])
	k.begin(dout, len(k.Cuts)+len(k.Carries)+len(in)-first)
	clear(out)
	for i := k.Steps - 1; i >= 0; i-- {
		k.forward.begin(k.step, in, i)
		if k.Sequence {
			fromSteps(k.dy, dout[:firstState], k.Y.Samples, k.Steps, i)
		} else if i < k.Steps-1 {
			clear(k.dy)
		}
		if err := k.step.Run(); err != nil {
			return err
		}
		row, result := k.row, 0
		for range k.Carries {
			row = row[copy(row, k.step.Result(result)):]
			result++
		}
		if at := k.At[0]; at >= 0 {
			toSteps(out[at:], k.step.Result(result), k.Cuts[0].Samples, k.Steps, k.time(i))
			result++
		}
		k.accumulate(out, first, result)
	}
	row := k.row
	for i, n := range k.Carries[:k.Initial] {
		if at := k.At[len(k.Cuts)+i]; at >= 0 {
			copy(out[at:at+n], row)
		}
		row = row[n:]
	}
	return nil
}

// begin sets the gradients after the last step and their leaves, of which leaf is the
// first.
func (k *scanGradient[T]) begin(dout []T, leaf int) {
	firstState, firstLoss, _, _ := k.layout()
	k.step.Set(leaf, k.dy)
	leaf++
	if !k.Sequence {
		copy(k.dy, dout)
	}
	clear(k.row)
	copy(k.row, dout[firstState:firstLoss])
	row := k.row
	for _, n := range k.Carries {
		k.step.Set(leaf, row[:n])
		row = row[n:]
		leaf++
	}
	for i := range k.Losses {
		k.step.Set(leaf, dout[firstLoss+i:][:1])
		leaf++
	}
}

// accumulate adds the gradients of the whole values, the operands from first on, to
// those of later steps.
func (k *scanGradient[T]) accumulate(out []T, first, result int) {
	for _, at := range k.At[first:] {
		if at < 0 {
			continue
		}
		g := k.step.Result(result)
		to := out[at : at+len(g)]
		for j, x := range g {
			to[j] += x
		}
		result++
	}
}
