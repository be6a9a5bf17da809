package ops

// Scan runs a step over time. Its operands are the values that are cut into steps, the
// initial states, and the values that every step reads as a whole. The output contains
// y, the states after the last step, the sums of the losses over the steps, and the
// traces of all steps, one after the other.
//
// The forward pass keeps the states before every step and, unless they are too large,
// the results that the backward pass reads. The backward pass computes the rest of the
// step again.
type Scan struct {
	Steps     int
	Backwards bool // from the last step to the first
	Sequence  bool // y is that of all steps, and otherwise of the last

	Cuts    []Cutting // values of which every step reads a piece
	Carries []int     // sizes of the values that pass from step to step, first the states
	Initial int       // number of states; other carries begin with zeros
	Y       Piece
	Losses  int
	Traces  []Piece

	Training bool // whether there is a backward pass
}

// Cutting is a value [steps, ...] of which every step reads Size elements. If Drawn is
// set, the steps lie in the order in which they are computed, otherwise in that of time.
type Cutting struct {
	Size  int
	Drawn bool
}

// Piece is what a step writes of a value [samples, steps, ...]: Size elements in Samples
// parts.
type Piece struct{ Samples, Size int }

// Step runs a step, or its gradient. The leaves of a step are the cuts, the carries and
// the whole values; its results are y, the next carries, the losses and the traces. A
// gradient has more leaves: the gradients of y, of the next carries and of the losses.
// Its results are the gradients of the carries, the wanted ones of the cuts, and the
// terms of those of the whole values.
type Step[T Float] interface {
	Set(leaf int, data []T) // makes a leaf read data
	Forget()                // makes the leaves read nothing
	Run() error
	Result(i int) []T

	// KeptSize is the number of elements of a step that are kept for its gradient. Keep
	// makes the step write them for step i, or its gradient read them there. memory is
	// that of all steps.
	KeptSize() int
	Keep(memory []T, i int)

	// Divide calls f, which runs so many steps, for samples from..end with a step that
	// computes these samples only, and so for all samples. Cores may do so at the same
	// time: each has its own leaves, which read what those of this step do until they are
	// set. A step that cannot be divided computes all samples.
	Divide(steps int, f func(part Step[T], from, end int) error) error
}

// layout is where the states, the losses and the traces begin in the output, and
// its size.
func (o *Scan) layout() (states, losses, traces, size int) {
	states = o.Y.Size
	if o.Sequence {
		states *= o.Steps
	}
	losses = states
	for _, n := range o.Carries[:o.Initial] {
		losses += n
	}
	traces = losses + o.Losses
	size = traces
	for _, p := range o.Traces {
		size += o.Steps * p.Size
	}
	return states, losses, traces, size
}

// Size is the number of elements of the output.
func (o *Scan) Size() int {
	_, _, _, size := o.layout()
	return size
}

// carried is the number of elements of all carries.
func (o *Scan) carried() int {
	n := 0
	for _, c := range o.Carries {
		n += c
	}
	return n
}

// time is the index in the sequence of the step that is computed as number k.
func (o *Scan) time(k int) int {
	if o.Backwards {
		return o.Steps - 1 - k
	}
	return k
}

// fromSteps copies the piece of time t of the samples from..end; toSteps writes it back.
func fromSteps[T Float](piece, all []T, n, steps, t, from, end int) {
	for i := from; i < end; i++ {
		copy(piece[i*n:(i+1)*n], all[(i*steps+t)*n:])
	}
}

func toSteps[T Float](all, piece []T, n, steps, t, from, end int) {
	for i := from; i < end; i++ {
		copy(all[(i*steps+t)*n:(i*steps+t+1)*n], piece[i*n:])
	}
}

// copySamples copies the samples from..end of a value that has so many.
func copySamples[T Float](to, v []T, samples, from, end int) {
	from, end = len(v)*from/samples, len(v)*end/samples
	copy(to[from:end], v[from:end])
}

// ScanKernel is the forward pass of a scan.
type ScanKernel[T Float] struct {
	*Scan
	step    Step[T]
	history []T // the carries before every step and after the last; without Training, only the current ones
	kept    []T // of all steps; only with Training
}

// NewScan makes the kernel of a scan from its step.
func NewScan[T Float](o *Scan, step Step[T]) *ScanKernel[T] {
	return &ScanKernel[T]{Scan: o, step: step}
}

// ScratchSize is that of the history and of what is kept.
func (k *ScanKernel[T]) ScratchSize() int {
	if !k.Training {
		return k.carried()
	}
	return (k.Steps+1)*k.carried() + k.Steps*k.step.KeptSize()
}

// SetScratch assigns their memory.
func (k *ScanKernel[T]) SetScratch(memory []T) {
	k.history, k.kept = memory, nil
	if k.Training {
		n := (k.Steps + 1) * k.carried()
		k.history, k.kept = memory[:n], memory[n:]
	}
}

// Forget drops the operands of the last step.
func (k *ScanKernel[T]) Forget() { k.step.Forget() }

// row holds the carries before step i.
func (k *ScanKernel[T]) row(i int) []T {
	if !k.Training {
		i = 0
	}
	n := k.carried()
	return k.history[i*n : (i+1)*n]
}

// bind sets the leaves that read the same memory at all steps.
func (k *ScanKernel[T]) bind(step Step[T], whole [][]T) {
	for i, data := range whole {
		step.Set(len(k.Cuts)+len(k.Carries)+i, data)
	}
}

// begin sets the leaves that step i reads.
func (k *ScanKernel[T]) begin(step Step[T], in [][]T, i int) {
	row := k.row(i)
	for c, n := range k.Carries {
		step.Set(len(k.Cuts)+c, row[:n])
		row = row[n:]
	}
	for c, p := range k.Cuts {
		t := k.time(i)
		if p.Drawn {
			t = i
		}
		step.Set(c, in[c][t*p.Size:(t+1)*p.Size])
	}
	if len(k.kept) > 0 {
		step.Keep(k.kept, i)
	}
}

// Run is the forward pass.
func (k *ScanKernel[T]) Run(out []T, in [][]T) error {
	row := k.row(0)
	clear(row)
	for _, data := range in[len(k.Cuts):][:k.Initial] {
		row = row[copy(row, data):]
	}
	k.bind(k.step, in[len(k.Cuts)+k.Initial:])
	firstState, firstLoss, firstTrace, _ := k.layout()
	clear(out[firstLoss:firstTrace])
	err := k.step.Divide(k.Steps, func(part Step[T], from, end int) error { return k.run(part, out, in, from, end) })
	if err != nil {
		return err
	}
	copy(out[firstState:firstLoss], k.row(k.Steps))
	return nil
}

// run runs all steps for the samples from..end.
func (k *ScanKernel[T]) run(step Step[T], out []T, in [][]T, from, end int) error {
	_, firstLoss, firstTrace, _ := k.layout()
	losses := out[firstLoss:firstTrace]
	for i := range k.Steps {
		k.begin(step, in, i)
		if err := step.Run(); err != nil {
			return err
		}
		next, result := k.row(i+1), 1 // result 0 is y
		for _, n := range k.Carries {
			copySamples(next, step.Result(result), k.Y.Samples, from, end)
			next = next[n:]
			result++
		}
		for l := range losses {
			losses[l] += step.Result(result)[0]
			result++
		}
		k.write(step, out, out[firstTrace:], i, result, from, end)
	}
	return nil
}

// write copies the output and the traces of step i, of the samples from..end, to out and
// traces. result is the index of the first trace.
func (k *ScanKernel[T]) write(step Step[T], out, traces []T, i, result, from, end int) {
	if k.Sequence {
		toSteps(out, step.Result(0), k.Y.Size/k.Y.Samples, k.Steps, i, from, end)
	} else if i == k.Steps-1 {
		copySamples(out, step.Result(0), k.Y.Samples, from, end)
	}
	for _, p := range k.Traces {
		toSteps(traces, step.Result(result), p.Size/p.Samples, k.Steps, i, from*p.Samples/k.Y.Samples, end*p.Samples/k.Y.Samples)
		traces = traces[k.Steps*p.Size:]
		result++
	}
}
