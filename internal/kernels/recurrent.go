package kernels

// Recurrent runs a whole recurrent layer over a whole sequence. At every step
// the sums of all gates of all samples are one matrix product,
//
//	z = [h x 1] · W        W = the recurrent kernel, the kernel and the bias,
//
// whose left side is kept as one row a sample, so that the cell writes its h
// where the next step reads it. The gradient of W is one product over all
// steps. Samples are independent: the cores share them, for all steps at once,
// and need not wait for each other. Of large weights the cores share the columns
// instead, see parts.
//
// A Recurrent serves one goroutine at a time.
type Recurrent[T Float] struct {
	Config
	set  *Set[T]
	cell Cell[T]
	n    int // units, rounded up
	row  int // elements of a row [h x 1]
	cols int // columns of W, in whole panels: n for each block of the cell
	back int // columns of the product of every step of the backward pass: h, and with Dropout perhaps x
	span int // steps whose dz are kept at once
	kept int // steps whose states are kept at once

	parts   bool // whether the sums over h and over [x 1] are made apart
	columns bool // whether cores share the columns of W and not the samples; with parts

	memory int // elements that a run works in

	weights    []T          // W by rows, [row, cols]
	packed     Packed[T]    // W, or with parts its rows for h
	packedX    Packed[T]    // its rows for [x 1]; with parts
	hx         []T          // [kept, batch, row]
	z          []T          // [steps, batch, cols]; without Training [kept, batch, cols]
	c, keep    []T          // as hx and z, n elements a row; with Carry
	dz         []T          // [span, batch, cols]; this and what follows with Training
	transposed Packed[T]    // [cols, n]; without Dropout
	dhx        []T          // [batch, back, in whole panels]
	dh, dc     []T          // [batch, n]
	backX      Packed[T]    // [cols, features]; this and dx with InputGrad, without Dropout
	dx         []T          // [span, batch, features, in whole panels]
	held       []T          // [batch, n]: gradient of outputs that repeat an earlier one
	dw         []T          // [row, cols]
	drop       *dropping[T] // with Dropout
}

// Config is what a Recurrent does.
type Config struct {
	Steps, Batch, Features, Units int

	Bias      bool
	Backwards bool // from the last step to the first
	Sequence  bool // gives h of all steps, and otherwise of the last
	ZeroMask  bool // masked steps give zeros, and otherwise the output before
	Training  bool // keeps what the backward pass needs
	InputGrad bool // the backward pass gives the gradient of x
	Dropout   bool // gates see h and x through masks
}

// In are the inputs of a run, by rows; g is the number of gates of the weights.
type In[T Float] struct {
	X                       []T // [batch, steps, features]
	Kernel, Recurrent, Bias []T // [features, g·units], [units, g·units], [rows, g·units]
	H, C                    []T // [batch, units], before the first step; nil for zeros; c with Carry
	Mask                    []T // [batch, steps], 0 where a step is left out; nil for none
	DropX, DropH            []T // with Dropout: [gates, batch, features] and [gates, batch, units], by which x and h are multiplied; nil for ones
}

// masked reports whether a step is masked, given its index in the mask.
func (in In[T]) masked(i int) bool { return in.Mask != nil && in.Mask[i] == 0 }

// Out is where a run puts its results.
type Out[T Float] struct {
	Y    []T // [batch, steps, units] or [batch, units]
	H, C []T // [batch, units], after the last step; nil where not wanted
}

// Grad are the gradients of the backward pass: of the outputs, nil for zeros, and of
// the inputs, nil where not wanted.
type Grad[T Float] struct {
	Y, H, C                 []T
	X                       []T // needs InputGrad
	Kernel, Recurrent, Bias []T // the last one needs Bias
	InitialH, InitialC      []T
}

// The gradient of W is summed span by span in the backward pass, while dz and hx are
// still in the caches: with dz kept for all steps, an LSTM of 50 units took 4.7
// times as long over 400 steps as over 100, and takes 4.3 times so. A multiple of
// the terms that Mul packs at once makes it no more work.
const termsOfSpan = 4 * termsAtOnce

// Of a W of at least so many elements, which two cores do not have in their second-level
// caches (2 MB in float32), the sums over [x 1] are made for several steps at once, which
// reads its rows for x once for all of them. Then each step adds the sums over h, whose
// rows of W are all that it reads. Other layers make one sum over [h x 1]. The batch, the
// steps and the number of cores have no influence, so the bits do not depend on them.
const weightsInParts = 1 << 19

// The cores share the columns of the products of a step, so that each reads a part of the
// weights, and meet twice at every step, if the rows of W for h have more elements than
// fit into the second-level cache of a core (1 MB in float32).
const weightsByColumns = 1 << 18

// rowsAtOnceX are how many rows [x 1] the sums are made for at once, if that is a step or
// more.
const rowsAtOnceX = 384

// NewRecurrent prepares a layer. Before its first run it needs SetMemory.
func NewRecurrent[T Float](set *Set[T], cell Cell[T], cfg Config) *Recurrent[T] {
	return prepare(set, cell, cfg, weightsInParts)
}

// prepare is NewRecurrent with another bound for parts.
func prepare[T Float](set *Set[T], cell Cell[T], cfg Config, inParts int) *Recurrent[T] {
	l := &Recurrent[T]{Config: cfg, set: set, cell: cell, n: Up(cfg.Units)}
	if cfg.Dropout { // each block has a product of its own, in whole panels
		l.n = panels(cfg.Units) * tileColumns
		l.drop = &dropping[T]{packed: make([]Packed[T], cell.Blocks), transposed: make([]Packed[T], cell.Blocks)}
	}
	l.row, l.cols, l.back = l.n+cfg.Features, panels(cell.Blocks*l.n)*tileColumns, l.n
	if cfg.InputGrad && cfg.Dropout {
		l.back += cfg.Features
	}
	if cfg.Bias {
		l.row++
	}
	l.parts = !cfg.Dropout && l.row*l.cols >= inParts
	l.columns = l.parts && l.n*l.cols > weightsByColumns
	l.kept = 1
	if cfg.Training {
		l.span, l.kept = min(cfg.Steps, max(1, termsOfSpan/cfg.Batch)), cfg.Steps+1
	} else { // kept from run to run
		if l.parts {
			l.kept = l.stepsOfX()
		}
		l.weights = make([]T, l.row*l.cols)
	}
	l.lay(func(n int) []T {
		l.memory += alignUp(n)
		return nil
	})
	return l
}

// MemorySize is how many elements SetMemory needs.
func (l *Recurrent[T]) MemorySize() int { return l.memory }

// PrivateSize is how many elements it keeps elsewhere, from run to run: without
// Training, the weights by rows and packed.
func (l *Recurrent[T]) PrivateSize() int {
	if l.Training {
		return 0
	}
	return len(l.weights) + PackedSize(l.row, l.cols)
}

// SetMemory makes the layer work in the given memory, which it clears. Between
// a run of Forward and the Backward that follows nothing else may write there.
// With Training that is so from SetWeights on; otherwise the weights lie
// elsewhere and stay.
func (l *Recurrent[T]) SetMemory(memory []T) {
	clear(memory[:l.memory])
	l.lay(func(n int) []T {
		part := memory[:n:n]
		memory = memory[alignUp(n):]
		return part
	})
}

// lay takes the memory that a run works in.
func (l *Recurrent[T]) lay(take func(n int) []T) {
	cfg := l.Config
	steps := l.kept // whose sums are kept at once
	if cfg.Training {
		steps = cfg.Steps
		l.weights = take(l.row * l.cols)
		l.dz = take(l.span * cfg.Batch * l.cols)
		l.dhx = take(cfg.Batch * panels(l.back) * tileColumns)
		l.dh, l.dc, l.held = take(cfg.Batch*l.n), take(cfg.Batch*l.n), take(cfg.Batch*l.n)
		l.dw = take(l.row * l.cols)
		if !cfg.Dropout {
			inH, inX := l.packedRows()
			l.packed.data, l.packedX.data = take(PackedSize(inH, l.cols)), take(PackedSize(inX, l.cols))
			l.transposed.data = take(PackedSize(l.cols, l.n))
			if cfg.InputGrad {
				l.backX.data = take(PackedSize(l.cols, cfg.Features))
				l.dx = take(l.span * cfg.Batch * panels(cfg.Features) * tileColumns)
			}
		}
	}
	l.hx = take(l.kept * cfg.Batch * l.row)
	l.z = take(steps * cfg.Batch * l.cols)
	if l.cell.Carry {
		l.c, l.keep = take(l.kept*cfg.Batch*l.n), take(steps*cfg.Batch*l.n)
	}
	if cfg.Dropout {
		l.layDropping(take, steps)
	}
}

// alignUp rounds a number of elements up to whole lines of the caches.
func alignUp(n int) int { return (n + 15) / 16 * 16 }

// share lets the cores share the samples, for a number of steps at once.
func (l *Recurrent[T]) share(steps int, f func(from, end int)) {
	Share(steps*l.Batch*len(l.weights), l.Batch, 1, f)
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
	if l.Dropout {
		l.packBlocks()
		return
	}
	w := RowMajor(l.weights, l.cols)
	inH, inX := l.packedRows()
	l.packed.Pack(l.set, w, inH, l.cols)
	if inX > 0 {
		l.packedX.Pack(l.set, w.From(inH), inX, l.cols)
	}
	if l.Training {
		l.transposed.Pack(l.set, w.T(), l.cols, l.n)
		if l.InputGrad {
			l.backX.Pack(l.set, w.From(l.n).T(), l.cols, l.Features)
		}
	}
}

// packedRows are how many rows of W are packed together, and how many apart from them.
func (l *Recurrent[T]) packedRows() (together, apart int) {
	if l.parts {
		return l.n, l.row - l.n
	}
	return l.row, 0
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

// line is line i of n elements. It panics beyond the length of data, and not only
// beyond the memory behind it.
func line[T Float](data []T, i, n int) []T { return data[i*n : (i+1)*n : len(data)] }
