package ops

import "github.com/engram-go/engram/internal/kernels"

// linearGradient is the kernel of one backward pass.
type linearGradient[T Float] struct {
	*Linear
	forward    *linearForward[T]
	transposed *weights[T]
	dsums      []T       // [rows, out]: the gradient of x·w + b; that of y if F is the identity
	memory     []T       // of dsums, unless it replaces x·w + b
	columns    []float64 // sums of columns of dsums

	v, dy, dx, dw, db, x []T // of this run
	activations          func(from, end int)
	inputs, products     func(from, end int)
}

func linearGradientOf[T Float](o *LinearGradient) *linearGradient[T] {
	g, ok := o.kernel.(*linearGradient[T])
	if !ok {
		l := linearOf[T](o.Linear)
		g = &linearGradient[T]{Linear: o.Linear, forward: l, transposed: newWeights(l.set, o.Out, o.In, o.version)}
		g.activations, g.inputs, g.products = g.activate, g.multiply, g.sum
		l.passes++
		o.kernel = g
	}
	return g
}

// linearWeights is the kernel of LinearWeights.
type linearWeights[T Float] struct {
	*linearGradient[T]
	o LinearWeights
}

func linearWeightsOf[T Float](o LinearWeights) linearWeights[T] {
	return linearWeights[T]{linearGradientOf[T](o.LinearGradient), o}
}

// packsTransposed reports whether the transposed weights are packed for all rows at once.
func (g *linearGradient[T]) packsTransposed() bool {
	return g.Rows > 2*linearRows
}

// ScratchSize is that of the gradient of x·w + b, and of the packed weights.
func (g *linearGradient[T]) ScratchSize() int {
	size := g.dsumsSize()
	if g.packsTransposed() {
		size += g.transposed.size()
	}
	return size
}

func (g *linearGradient[T]) dsumsSize() int {
	if g.F == (Function{}) || g.replaces() {
		return 0
	}
	return g.Rows * g.Out
}

// replaces reports whether the gradient of x·w + b replaces x·w + b, which no other backward
// pass reads.
func (g *linearGradient[T]) replaces() bool { return g.forward.keeps() && g.forward.passes == 1 }

// SetScratch makes the kernel work there.
func (g *linearGradient[T]) SetScratch(memory []T) {
	n := g.dsumsSize()
	g.memory = memory[:n]
	if g.packsTransposed() {
		g.transposed.setMemory(memory[n:])
	}
}

// Run computes the gradient of x from w, y and dy.
func (g *linearGradient[T]) Run(out []T, in [][]T) error {
	g.dx = out
	g.begin(in[1], in[2])
	g.transposed.set(kernels.RowMajor(in[0], g.Out).T())
	n := g.Rows
	if !g.inputRows() {
		kernels.Share(g.Rows*g.Out*activationWork, g.Rows, 1, g.activations)
		n = unitsOf(g.In)
	}
	kernels.Share(g.Rows*g.In*g.Out, n, 1, g.inputs)
	g.end()
	g.transposed.matrix.Data = nil
	return nil
}

// activationWork is the number of multiplications that take as long as the gradient of an
// activation.
const activationWork = 16

// begin sets what the gradient of F reads, and where it goes.
func (g *linearGradient[T]) begin(y, dy []T) {
	g.dy, g.dsums, g.v = dy, g.memory, nil
	switch {
	case g.F == Function{}:
		g.dsums = dy
	case g.F.GradientReadsX():
		g.v = g.forward.sums
		if g.replaces() {
			g.dsums = g.v
		}
	case g.F.GradientReadsY():
		g.v = y
	}
}

// end drops operands and results, which would keep the memory of a program alive.
func (g *linearGradient[T]) end() {
	g.v, g.dy, g.dsums, g.dx, g.dw, g.db, g.x = nil, nil, nil, nil, nil, nil, nil
}

// activate computes the rows from..end of the gradient of x·w + b.
func (g *linearGradient[T]) activate(from, end int) {
	if g.F == (Function{}) {
		return
	}
	from, end = from*g.Out, end*g.Out
	v := g.v
	if v != nil {
		v = v[from:end]
	}
	g.forward.loops.Gradient(v, g.dy[from:end], g.dsums[from:end])
}

// inputRows reports whether the cores share the rows of the gradient of x, and not its
// columns.
func (g *linearGradient[T]) inputRows() bool { return g.Rows > 2*linearRows || g.Rows >= g.In }

// multiply computes rows of the gradient of x, with those of x·w + b, or blocks of its
// columns.
func (g *linearGradient[T]) multiply(from, end int) {
	product := func(row, rows, from, end int) {
		g.transposed.mul(rows, kernels.RowMajor(g.dsums[row*g.Out:], g.Out), kernels.RowMajor(g.dx[row*g.In:], g.In), kernels.Matrix[T]{}, from, end)
	}
	if !g.inputRows() {
		product(0, g.Rows, from*kernels.MulUnit, min(end*kernels.MulUnit, g.In))
		return
	}
	atOnce := linearRows
	if !g.transposed.pack {
		atOnce = end - from // every product packs them
	}
	for row := from; row < end; row += atOnce {
		rows := min(atOnce, end-row)
		g.activate(row, row+rows)
		product(row, rows, 0, g.In)
	}
}

// ScratchSize is 0 where the gradient of x has the memory.
func (w linearWeights[T]) ScratchSize() int {
	if w.o.Alone {
		return w.dsumsSize()
	}
	return 0
}

// SetScratch makes the kernel work there.
func (w linearWeights[T]) SetScratch(memory []T) { w.memory = memory[:w.dsumsSize()] }

// Run computes the gradients of w and b from x, y and dy.
func (w linearWeights[T]) Run(out []T, in [][]T) error {
	w.x, w.dw, w.db = in[0], nil, nil
	if w.o.W {
		w.dw, out = out[:w.In*w.Out], out[w.In*w.Out:]
	}
	if w.o.B {
		w.db = out
		if w.columns == nil {
			w.columns = make([]float64, w.Out)
		}
	}
	w.begin(in[1], in[2])
	if w.o.Alone {
		kernels.Share(w.Rows*w.Out*activationWork, w.Rows, 1, w.activations)
	}
	kernels.Share(w.Rows*w.In*w.Out, w.units(), 1, w.products)
	w.end()
	return nil
}

// byInputs reports whether the cores share the rows of the gradient of w, and not its
// columns: what all of them read should be the smaller matrix.
func (g *linearGradient[T]) byInputs() bool { return g.In >= g.Out }

// units is what cores share of the gradients of w and b.
func (g *linearGradient[T]) units() int {
	if g.byInputs() {
		return g.In
	}
	return unitsOf(g.Out)
}

// sum computes a part of the gradients of w and b.
func (g *linearGradient[T]) sum(from, end int) {
	first, last := from*g.Out/g.units(), end*g.Out/g.units() // columns of the gradient of b
	if g.db != nil && first < last {
		sums := g.columns[first:last]
		clear(sums)
		g.forward.set.AddRows(g.Rows, last-first, g.dsums[first:], g.Out, sums)
		for i, x := range sums {
			g.db[first+i] = T(x)
		}
	}
	if g.dw == nil {
		return
	}
	x, dsums := kernels.RowMajor(g.x, g.In).T(), kernels.RowMajor(g.dsums, g.Out)
	if g.byInputs() {
		g.forward.set.Mul(end-from, g.Rows, x.From(from), dsums, kernels.RowMajor(g.dw[from*g.Out:], g.Out), 0, g.Out)
		return
	}
	g.forward.set.Mul(g.In, g.Rows, x, dsums, kernels.RowMajor(g.dw, g.Out), from*kernels.MulUnit, min(end*kernels.MulUnit, g.Out))
}
