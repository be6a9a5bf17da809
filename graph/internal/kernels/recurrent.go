package kernels

// Recurrent runs a whole recurrent layer over a whole sequence. At every step
// the sums of all gates of all samples are one matrix product,
//
//	z = [h x 1] · W        W = the recurrent kernel, the kernel and the bias,
//
// whose left side is kept as one row a sample, so that the cell writes its h
// where the next step reads it. The gradient of W is one product over all
// steps. Samples are independent: the cores share them, for all steps at once,
// and need not wait for each other.
//
// A Recurrent keeps its memory from run to run and serves one goroutine at a
// time.
type Recurrent[T Float] struct {
	Config
	set  *Set[T]
	cell Cell[T]
	n    int // units, rounded up
	row  int // elements of a row [h x 1]
	cols int // columns of W, in whole panels: n for each block of the cell
	back int // columns of the product on the way back: h, and perhaps x

	weights    []T // W by rows, [row, cols]
	packed     Packed[T]
	transposed Packed[T] // [cols, back]
	hx         []T       // [steps + 1, batch, row]
	z          []T       // [steps, batch, cols]
	c, keep    []T       // [steps + 1, batch, n], [steps, batch, n]; with Carry
	dz         []T       // [steps, batch, cols]
	dhx        []T       // [batch, back, in whole panels]
	dh, dc     []T       // [batch, n]
	held       []T       // [batch, n]: gradient of outputs that repeat an earlier one
	dw         []T       // [row, cols]
	room       []T       // working memory of Mul, for every panel of columns
}

// Config is what a Recurrent does.
type Config struct {
	Steps, Batch, Features, Units int

	Bias      bool
	Backwards bool // from the last step to the first
	Sequence  bool // gives h of all steps, and otherwise of the last
	ZeroMask  bool // masked steps give zeros, and otherwise the output before
	Training  bool // keeps what the way back needs
	InputGrad bool // the way back gives the gradient of x
}

// In are the inputs of a run, by rows; g is the number of gates of the weights.
type In[T Float] struct {
	X                       []T // [batch, steps, features]
	Kernel, Recurrent, Bias []T // [features, g·units], [units, g·units], [rows, g·units]
	H, C                    []T // [batch, units], before the first step; c with Carry
	Mask                    []T // [batch, steps], 0 where a step is left out; nil for none
}

// Out is where a run puts its results.
type Out[T Float] struct {
	Y    []T // [batch, steps, units] or [batch, units]
	H, C []T // [batch, units], after the last step; nil where nobody asks
}

// Grad are the gradients on the way back: of the outputs, nil for zeros, and of
// the inputs, nil where nobody asks.
type Grad[T Float] struct {
	Y, H, C                 []T
	X                       []T // needs InputGrad
	Kernel, Recurrent, Bias []T
	InitialH, InitialC      []T
}

// NewRecurrent makes room for a layer.
func NewRecurrent[T Float](set *Set[T], cell Cell[T], cfg Config) *Recurrent[T] {
	l := &Recurrent[T]{Config: cfg, set: set, cell: cell, n: Up(cfg.Units)}
	l.row, l.cols, l.back = l.n+cfg.Features, panels(cell.Blocks*l.n)*tileColumns, l.n
	if cfg.InputGrad {
		l.back += cfg.Features
	}
	if cfg.Bias {
		l.row++
	}
	slots := 1
	if cfg.Training {
		slots = cfg.Steps
		l.dz = make([]T, slots*cfg.Batch*l.cols)
		l.dhx = make([]T, cfg.Batch*panels(l.back)*tileColumns)
		l.dh, l.dc, l.held = make([]T, cfg.Batch*l.n), make([]T, cfg.Batch*l.n), make([]T, cfg.Batch*l.n)
		l.dw = make([]T, l.row*l.cols)
		l.room = make([]T, panels(l.cols)*MulRoom)
	}
	l.weights = make([]T, l.row*l.cols)
	l.hx = make([]T, (slots+1)*cfg.Batch*l.row)
	l.z = make([]T, slots*cfg.Batch*l.cols)
	if cell.Carry {
		l.c, l.keep = make([]T, (slots+1)*cfg.Batch*l.n), make([]T, slots*cfg.Batch*l.n)
	}
	return l
}

// SetWeights takes over the weights that Forward uses until the next call.
func (l *Recurrent[T]) SetWeights(in In[T]) {
	for u := range l.Units {
		l.spread(line(l.weights, u, l.cols), in.Recurrent, u, l.cell.Recurrent)
	}
	for d := range l.Features {
		l.spread(line(l.weights, l.n+d, l.cols), in.Kernel, d, l.cell.Kernel)
	}
	if l.Bias {
		row := line(l.weights, l.row-1, l.cols)
		clear(row)
		for i, blocks := range l.cell.Bias {
			l.spreadAdd(row, in.Bias, i, blocks)
		}
	}
	w := RowMajor(l.weights, l.cols)
	l.packed.Pack(w, l.row, l.cols)
	if l.Training {
		l.transposed.Pack(w.T(), l.cols, l.back)
	}
}

// spread copies the gates of row i of a weight to their blocks of W.
func (l *Recurrent[T]) spread(to, weight []T, i int, blocks []int) {
	from := line(weight, i, len(blocks)*l.Units)
	for g, block := range blocks {
		copy(to[block*l.n:], line(from, g, l.Units))
	}
}

// spreadAdd adds them.
func (l *Recurrent[T]) spreadAdd(to, weight []T, i int, blocks []int) {
	from := line(weight, i, len(blocks)*l.Units)
	for g, block := range blocks {
		for j, x := range line(from, g, l.Units) {
			to[block*l.n+j] += x
		}
	}
}

// collect is spread's way back, for gradients.
func (l *Recurrent[T]) collect(weight []T, i int, blocks []int, from []T) {
	to := line(weight, i, len(blocks)*l.Units)
	for g, block := range blocks {
		copy(line(to, g, l.Units), from[block*l.n:])
	}
}

// line is line i of n elements.
func line[T Float](data []T, i, n int) []T { return data[i*n : (i+1)*n] }

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
	Parallel(l.Batch, 1, func(from, end int) {
		for b := from; b < end; b++ {
			copy(line(l.hx, b, l.row), line(in.H, b, l.Units))
			if l.cell.Carry {
				copy(line(l.c, b, l.n), line(in.C, b, l.Units))
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
		copy(x, line(in.X, b*l.Steps+t, l.Features))
		if l.Bias {
			x[l.Features] = 1
		}
	}
	first := l.slot(step, from)
	hx, z := RowMajor(l.hx, l.row), RowMajor(l.z, l.cols)
	l.set.MulPacked(end-from, hx.From(first), &l.packed, z.From(first), false)
	for b := from; b < end; b++ {
		at := l.slot(step, b)
		now := l.state(at)
		after := l.state(l.next(at))
		masked := in.Mask != nil && in.Mask[b*l.Steps+t] == 0
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

// Backward takes the gradients of the outputs of the last run of Forward back
// to its inputs.
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

// start begins a gradient with what comes from behind the last step.
func start[T Float](to, from []T, b, n int) {
	clear(to)
	if from != nil {
		copy(to, line(from, b, n))
	}
}

// backwardStep does one step of the samples from..end. dh and dc hold the
// gradients of the states after it, and then of those before: the part that
// the cell leaves there, and the one that comes through the product.
func (l *Recurrent[T]) backwardStep(in In[T], grad Grad[T], step, from, end int) {
	t := l.when(step)
	masked := func(b int) bool { return in.Mask != nil && in.Mask[b*l.Steps+t] == 0 }
	for b := from; b < end; b++ {
		l.outputGrad(grad.Y, step, b, masked(b))
		at := l.slot(step, b)
		dz := line(l.dz, at, l.cols)
		if masked(b) {
			clear(dz)
			continue
		}
		l.cell.backward(l.n, line(l.z, at, l.cols), l.state(at), line(l.dh, b, l.n), line(l.dc, b, l.n), dz)
	}
	first, width := l.slot(step, from), panels(l.back)*tileColumns
	dz, dhx := RowMajor(l.dz, l.cols), RowMajor(l.dhx, width)
	l.set.MulPacked(end-from, dz.From(first), &l.transposed, dhx.From(from), false)
	for b := from; b < end; b++ {
		d := line(l.dhx, b, width)
		dh := line(l.dh, b, l.n)
		for i, x := range d[:l.n] {
			dh[i] += x
		}
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
			for i, d := range line(dy, at, l.Units) {
				held[i] += d
			}
		}
	}
	if masked {
		return
	}
	dh := line(l.dh, b, l.n)
	for i, d := range held {
		dh[i] += d
	}
	clear(held)
}

// weightGrad sums the gradient of W over all steps and samples. The cores
// share its columns, so each sum is made by one of them.
func (l *Recurrent[T]) weightGrad(grad Grad[T]) {
	k := l.Steps * l.Batch
	hx, dz, dw := RowMajor(l.hx, l.row), RowMajor(l.dz, l.cols), RowMajor(l.dw, l.cols)
	Parallel(l.cols, tileColumns, func(from, end int) {
		l.set.Mul(l.row, k, hx.T(), dz, dw, from, end, l.room[from/tileColumns*MulRoom:])
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
