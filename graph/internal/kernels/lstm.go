package kernels

// LSTM runs a whole layer of long short-term memory over a whole sequence. At
// every step the sums of all gates of all samples are one matrix product,
//
//	z = [h x 1] · W        W = the recurrent kernel, the kernel and the bias,
//
// whose left side is kept as one row a sample, so that the cell writes its h
// where the next step reads it. The gradient of W is one product over all
// steps. Samples are independent: the cores share them, for all steps at once,
// and need not wait for each other.
//
// An LSTM keeps its memory from run to run and serves one goroutine at a time.
type LSTM[T Float] struct {
	LSTMConfig
	set  *Set[T]
	n    int // units, rounded up
	row  int // elements of a row [h x 1]
	cols int // columns of W: the gates i, f, g and o of n each
	back int // columns of the product on the way back: h, and perhaps x

	weights    []T // W by rows, [row, cols]
	packed     Packed[T]
	transposed Packed[T] // [cols, back]
	hx         []T       // [steps + 1, batch, row]
	z          []T       // [steps, batch, cols]
	c, tanhC   []T       // [steps + 1, batch, n], [steps, batch, n]
	dz         []T       // [steps, batch, cols]
	dhx        []T       // [batch, back, in whole panels]
	dh, dc     []T       // [batch, n]
	held       []T       // [batch, n]: gradient of outputs that repeat an earlier one
	dw         []T       // [row, cols]
	room       []T       // working memory of Mul, for every panel of columns
}

// LSTMConfig is what an LSTM does.
type LSTMConfig struct {
	Steps, Batch, Features, Units int

	Bias      bool
	Backwards bool // from the last step to the first
	Sequence  bool // gives h of all steps, and otherwise of the last
	ZeroMask  bool // masked steps give zeros, and otherwise the output before
	Training  bool // keeps what the way back needs
	InputGrad bool // the way back gives the gradient of x
}

// LSTMIn are the inputs of a run, by rows.
type LSTMIn[T Float] struct {
	X                       []T // [batch, steps, features]
	Kernel, Recurrent, Bias []T // [features, 4·units], [units, 4·units], [4·units]
	H, C                    []T // [batch, units], before the first step
	Mask                    []T // [batch, steps], 0 where a step is left out; nil for none
}

// LSTMOut is where a run puts its results.
type LSTMOut[T Float] struct {
	Y    []T // [batch, steps, units] or [batch, units]
	H, C []T // [batch, units], after the last step
}

// LSTMGrad are the gradients on the way back: of the outputs, nil for zeros,
// and of the inputs, nil where nobody asks.
type LSTMGrad[T Float] struct {
	Y, H, C                 []T
	X                       []T // needs InputGrad
	Kernel, Recurrent, Bias []T
	InitialH, InitialC      []T
}

// NewLSTM makes room for a layer.
func NewLSTM[T Float](set *Set[T], cfg LSTMConfig) *LSTM[T] {
	l := &LSTM[T]{LSTMConfig: cfg, set: set, n: Up(cfg.Units)}
	l.row, l.cols, l.back = l.n+cfg.Features, 4*l.n, l.n
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
	l.c, l.tanhC = make([]T, (slots+1)*cfg.Batch*l.n), make([]T, slots*cfg.Batch*l.n)
	return l
}

// SetWeights takes over the weights that Forward uses until the next call.
func (l *LSTM[T]) SetWeights(in LSTMIn[T]) {
	for u := range l.Units {
		l.spread(line(l.weights, u, l.cols), line(in.Recurrent, u, 4*l.Units))
	}
	for d := range l.Features {
		l.spread(line(l.weights, l.n+d, l.cols), line(in.Kernel, d, 4*l.Units))
	}
	if l.Bias {
		l.spread(line(l.weights, l.row-1, l.cols), in.Bias)
	}
	w := RowMajor(l.weights, l.cols)
	l.packed.Pack(w, l.row, l.cols)
	if l.Training {
		l.transposed.Pack(w.T(), l.cols, l.back)
	}
}

// spread copies a line of four gates to their places, each rounded up.
func (l *LSTM[T]) spread(to, from []T) {
	for g := range 4 {
		copy(to[g*l.n:], line(from, g, l.Units))
	}
}

// collect is spread's way back.
func (l *LSTM[T]) collect(to, from []T) {
	for g := range 4 {
		copy(line(to, g, l.Units), from[g*l.n:])
	}
}

// line is line i of n elements.
func line[T Float](data []T, i, n int) []T { return data[i*n : (i+1)*n] }

// slot is the place of a step in what is kept for the way back. Where nothing
// is kept, all steps share one.
func (l *LSTM[T]) slot(step, b int) int {
	if l.Training {
		return step*l.Batch + b
	}
	return b
}

// next is the slot after the given one.
func (l *LSTM[T]) next(slot int) int {
	if l.Training {
		return slot + l.Batch
	}
	return slot
}

// when is the time of a step.
func (l *LSTM[T]) when(step int) int {
	if l.Backwards {
		return l.Steps - 1 - step
	}
	return step
}

// Forward runs the layer.
func (l *LSTM[T]) Forward(in LSTMIn[T], out LSTMOut[T]) {
	Parallel(l.Batch, 1, func(from, end int) {
		for b := from; b < end; b++ {
			copy(line(l.hx, b, l.row), line(in.H, b, l.Units))
			copy(line(l.c, b, l.n), line(in.C, b, l.Units))
		}
		for step := range l.Steps {
			l.forwardStep(in, out, step, from, end)
		}
		for b := from; b < end; b++ {
			last := l.slot(l.Steps, b)
			copy(line(out.H, b, l.Units), line(l.hx, last, l.row))
			copy(line(out.C, b, l.Units), line(l.c, last, l.n))
		}
	})
}

// forwardStep does one step of the samples from..end.
func (l *LSTM[T]) forwardStep(in LSTMIn[T], out LSTMOut[T], step, from, end int) {
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
		next := l.next(at)
		h, c := line(l.hx, next, l.row)[:l.n], line(l.c, next, l.n)
		masked := in.Mask != nil && in.Mask[b*l.Steps+t] == 0
		if masked {
			copy(h, line(l.hx, at, l.row))
			copy(c, line(l.c, at, l.n))
		} else {
			l.set.lstmForward(l.n, line(l.z, at, l.cols), l.n, line(l.c, at, l.n), c, line(l.tanhC, at, l.n), h)
		}
		l.output(out.Y, h, step, b, masked)
	}
}

// output writes the output of one step.
func (l *LSTM[T]) output(y, h []T, step, b int, masked bool) {
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
func (l *LSTM[T]) Backward(in LSTMIn[T], grad LSTMGrad[T]) {
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
// gradients of the states after it, and then of those before.
func (l *LSTM[T]) backwardStep(in LSTMIn[T], grad LSTMGrad[T], step, from, end int) {
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
		l.set.lstmBackward(l.n, line(l.z, at, l.cols), l.n, line(l.c, at, l.n), line(l.tanhC, at, l.n),
			line(l.dh, b, l.n), line(l.dc, b, l.n), dz)
	}
	first, width := l.slot(step, from), panels(l.back)*tileColumns
	dz, dhx := RowMajor(l.dz, l.cols), RowMajor(l.dhx, width)
	l.set.MulPacked(end-from, dz.From(first), &l.transposed, dhx.From(from), false)
	for b := from; b < end; b++ {
		d := line(l.dhx, b, width)
		if !masked(b) {
			copy(line(l.dh, b, l.n), d)
		}
		if grad.X != nil {
			copy(line(grad.X, b*l.Steps+t, l.Features), d[l.n:])
		}
	}
}

// outputGrad adds the gradient of the output of a step to that of its h. What
// a masked step repeated goes to the step that it was first the output of.
func (l *LSTM[T]) outputGrad(dy []T, step, b int, masked bool) {
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
func (l *LSTM[T]) weightGrad(grad LSTMGrad[T]) {
	k := l.Steps * l.Batch
	hx, dz, dw := RowMajor(l.hx, l.row), RowMajor(l.dz, l.cols), RowMajor(l.dw, l.cols)
	Parallel(l.cols, tileColumns, func(from, end int) {
		l.set.Mul(l.row, k, hx.T(), dz, dw, from, end, l.room[from/tileColumns*MulRoom:])
	})
	if grad.Recurrent != nil {
		for u := range l.Units {
			l.collect(line(grad.Recurrent, u, 4*l.Units), line(l.dw, u, l.cols))
		}
	}
	if grad.Kernel != nil {
		for d := range l.Features {
			l.collect(line(grad.Kernel, d, 4*l.Units), line(l.dw, l.n+d, l.cols))
		}
	}
	if grad.Bias != nil {
		l.collect(grad.Bias, line(l.dw, l.row-1, l.cols))
	}
}
