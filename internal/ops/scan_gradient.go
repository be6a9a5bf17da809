package ops

import "github.com/engram-go/engram/internal/kernels"

// ScanGradient is the backward pass. It takes the operands of the scan, the whole values
// that only the gradient reads, the scan's output and its gradient. It returns the
// gradients of the operands one after the other: that of operand i begins at At[i],
// which is −1 if it is not wanted.
type ScanGradient struct {
	*Scan
	At     []int
	Stored []int // sizes of the first results that terms read: those stored for several steps
	Terms  []Term
}

// scanGradient is its kernel.
type scanGradient[T Float] struct {
	ScanGradient
	forward *ScanKernel[T]
	step    Step[T]
	set     *kernels.Set[T]
	terms   []stackedTerm[T] // nil for a term that is no product or sum
	rows    int              // steps that are stored
	dy, row []T              // for the current step: the gradient of y, and those of the carries
	stored  [][]T            // of each result, one step after the other
}

// NewScanGradient makes the kernel from that of the forward pass and the
// gradient of the step.
func NewScanGradient[T Float](o ScanGradient, forward *ScanKernel[T], step Step[T]) Kernel[T] {
	k := &scanGradient[T]{ScanGradient: o, forward: forward, step: step, set: kernels.For[T]()}
	k.rows = o.stackedSteps()
	for _, t := range o.Terms {
		k.terms = append(k.terms, stackTerm[T](t, o.Stored, k.rows, o.Steps%k.rows))
	}
	k.stored = make([][]T, len(o.Stored))
	return k
}

// ScratchSize is that of the gradients of one step and of the stored results.
func (k *scanGradient[T]) ScratchSize() int {
	n := k.Y.Size + k.carried()
	for _, size := range k.Stored {
		n += k.rows * size
	}
	return n
}

// SetScratch assigns their memory.
func (k *scanGradient[T]) SetScratch(memory []T) {
	take := func(n int) (part []T) {
		part, memory = memory[:n:n], memory[n:]
		return part
	}
	k.dy, k.row = take(k.Y.Size), take(k.carried())
	for i, size := range k.Stored {
		k.stored[i] = take(k.rows * size)
	}
}

// Forget drops the operands of the last step.
func (k *scanGradient[T]) Forget() { k.step.Forget() }

// Run is the backward pass.
func (k *scanGradient[T]) Run(out []T, in [][]T) error {
	dout := in[len(in)-1] // packed as the outputs are
	in = in[:len(in)-2]
	first := len(k.Cuts) + k.Initial // of the whole values
	k.forward.bind(k.step, in[first:])
	k.begin(dout, len(k.Cuts)+len(k.Carries)+len(in)-first)
	for i, at := range k.At[first:] { // what terms are added to; the rest is written
		if at >= 0 {
			clear(out[at : at+len(in[first+i])])
		}
	}
	var from, end int // steps
	some := func(part Step[T], first, last int) error {
		for i := end - 1; i >= from; i-- {
			if err := k.run(part, out, in, dout, i, end-1-i, first, last); err != nil {
				return err
			}
		}
		return nil
	}
	for end = k.Steps; end > 0; end = from {
		from = max(0, end-k.rows)
		if err := k.step.Divide(end-from, some); err != nil {
			return err
		}
		for i, t := range k.terms {
			if t == nil {
				continue
			}
			if err := t.add(out[k.At[k.Terms[i].Whole]:], k.stored, end-from); err != nil {
				return err
			}
		}
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

// run runs step i for the samples from..end, and stores what terms read at the given place.
func (k *scanGradient[T]) run(step Step[T], out []T, in [][]T, dout []T, i, place, from, end int) error {
	samples := k.Y.Samples
	k.forward.begin(step, in, i)
	if k.Sequence {
		fromSteps(k.dy, dout, k.Y.Size/samples, k.Steps, i, from, end)
	} else if i == k.Steps-2 {
		clear(k.dy[len(k.dy)*from/samples : len(k.dy)*end/samples])
	}
	if err := step.Run(); err != nil {
		return err
	}
	row, result := k.row, 0
	for _, n := range k.Carries {
		copySamples(row, step.Result(result), samples, from, end)
		row = row[n:]
		result++
	}
	for c, p := range k.Cuts {
		if at := k.At[c]; at >= 0 {
			copySamples(out[at+k.time(i)*p.Size:], step.Result(result), samples, from, end)
			result++
		}
	}
	for j, size := range k.Stored {
		copySamples(k.stored[j][place*size:], step.Result(result+j), samples, from, end)
	}
	for j, t := range k.Terms {
		if k.terms[j] == nil {
			total, g := out[k.At[t.Whole]:], step.Result(result+t.A)
			k.set.Plus(total[:len(g)], g, total[:len(g)])
		}
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
