package ops

import "github.com/engram-go/engram/internal/kernels"

// Linear is y = F(x·w + b) with x [Rows, In], w [In, Out] and perhaps b [Out]. Bias and F
// are applied to a block of the result while it is in the cache. Operands are x, w and b.
type Linear struct {
	Rows, In, Out int
	F             Function
	Bias          bool
	Training      bool // whether there is a backward pass

	// Version returns the version of the weights, if they are parameters. Without a backward
	// pass, the kernel packs them only when it changes. It is nil if the weights may change
	// in every run.
	Version func() uint64

	kernel any // a *linearForward[T], shared by both passes
}

// LinearGradient takes w, y and dy, and gives the gradient of x. It keeps that of x·w + b
// for LinearWeights of the same backward pass.
type LinearGradient struct {
	*Linear

	kernel any // a *linearGradient[T]
}

// LinearWeights takes x, y and dy, and gives the wanted gradients of w and b, one after
// the other. Alone says that the pass has no LinearGradient; otherwise its result is an
// operand, so that it runs first.
type LinearWeights struct {
	*LinearGradient
	W, B, Alone bool
}

// Sizes of blocks: their result has at most 200 KB in float32.
const (
	linearRows    = 96
	linearColumns = 512
)

// packedRows is the number of rows above which weights are packed for one use. Packing
// those of 512×512 takes a tenth of the time of 64 rows, and lets the rows of the result
// be computed in blocks.
const packedRows = 64

// linearForward is the kernel.
type linearForward[T Float] struct {
	*Linear
	set     *kernels.Set[T]
	loops   kernels.FunctionLoops[T]
	weights *weights[T]
	sums    []T // [rows, out]: x·w + b, kept for the backward pass
	passes  int // backward passes

	x, b, z, y []T // of this run
	work       func(from, end int)
}

func linearOf[T Float](o *Linear) *linearForward[T] {
	l, ok := o.kernel.(*linearForward[T])
	if !ok {
		set := kernels.For[T]()
		l = &linearForward[T]{Linear: o, set: set, loops: set.Function(o.F)}
		l.weights = newWeights(set, o.In, o.Out, o.version)
		l.work = l.blocks
		o.kernel = l
	}
	return l
}

// keeps reports whether the backward pass reads x·w + b.
func (o *Linear) keeps() bool { return o.Training && o.F.GradientReadsX() }

// packs reports whether the weights are packed in the forward pass.
func (o *Linear) packs() bool {
	if o.Training {
		return o.Rows > packedRows
	}
	return o.Version != nil
}

// version is that of the weights that may stay packed from run to run; ok is false in
// training.
func (o *Linear) version() (now uint64, ok bool) {
	if o.Training {
		return 0, false
	}
	return o.Version(), true
}

// ScratchSize is that of what the backward pass reads, and of packed weights in training,
// which change from run to run.
func (l *linearForward[T]) ScratchSize() int {
	size := 0
	if l.keeps() {
		size = l.Rows * l.Out
	}
	if l.Training && l.packs() {
		size += l.weights.size()
	}
	return size
}

// SetScratch makes the kernel work there.
func (l *linearForward[T]) SetScratch(memory []T) {
	if l.keeps() {
		l.sums, memory = memory[:l.Rows*l.Out], memory[l.Rows*l.Out:]
	}
	if l.Training && l.packs() {
		l.weights.setMemory(memory)
	}
}

// PrivateSize is the number of elements that are kept from run to run: packed weights.
func (l *linearForward[T]) PrivateSize() int {
	if l.Training || !l.packs() {
		return 0
	}
	return l.weights.size()
}

// Run is the forward pass.
func (l *linearForward[T]) Run(out []T, in [][]T) error {
	l.x, l.y, l.z, l.b = in[0], out, out, nil
	if l.Bias {
		l.b = in[2]
	}
	if l.keeps() {
		l.z = l.sums
	}
	if n := l.PrivateSize(); n > 0 && !l.weights.pack {
		l.weights.setMemory(make([]T, n))
	}
	l.weights.set(kernels.RowMajor(in[1], l.Out))
	n := unitsOf(l.Out)
	if l.byRows() {
		n = l.Rows
	}
	kernels.Share(l.Rows*l.In*l.Out, n, 1, l.work)
	l.x, l.b, l.z, l.y = nil, nil, nil, nil // they must not keep the memory of a program alive
	l.weights.matrix.Data = nil
	return nil
}

// byRows reports whether the cores share the rows, and not the columns: where there are
// many. All rows of a part of the columns are computed at once.
func (l *linearForward[T]) byRows() bool { return l.Rows > 2*linearRows || l.Rows >= l.Out }

// blocks computes the rows from..end, or those blocks of columns.
func (l *linearForward[T]) blocks(from, end int) {
	first, last, left, right := 0, l.Rows, from*kernels.MulUnit, min(end*kernels.MulUnit, l.Out)
	if l.byRows() {
		first, last, left, right = from, end, 0, l.Out
	}
	for row := first; row < last; row += linearRows {
		for column := left; column < right; column += linearColumns {
			l.block(row, min(linearRows, last-row), column, min(column+linearColumns, right))
		}
	}
}

func (l *linearForward[T]) block(row, rows, from, end int) {
	z := kernels.RowMajor(l.z[row*l.Out:], l.Out)
	bias := kernels.Matrix[T]{Data: l.b, Row: 0, Col: 1} // in every row
	l.weights.mul(rows, kernels.RowMajor(l.x[row*l.In:], l.In), z, bias, from, end)
	if l.F == (Function{}) {
		return
	}
	if end-from == l.Out {
		l.loops.Forward(l.z[row*l.Out:(row+rows)*l.Out], l.y[row*l.Out:(row+rows)*l.Out])
		return
	}
	for i := row; i < row+rows; i++ {
		l.loops.Forward(l.z[i*l.Out+from:i*l.Out+end], l.y[i*l.Out+from:i*l.Out+end])
	}
}
