package optimizers

import (
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// elements is the part of a state that depends on the dtype: the slots, and
// what is computed element by element. rows are those of a gradient that may not be 0,
// ascending; nil means all.
type elements interface {
	// largest is the largest absolute value of an element, not finite where an
	// element is not; squares is the sum of the squares.
	largest(grad *tensor.Dense, rows []int) float64
	squares(grad *tensor.Dense, rows []int) float64
	// step scales the gradient of parameter i, clips it by value, and updates the
	// parameter. It reports whether all weights that it wrote are finite.
	step(i int, grad *tensor.Dense, rows []int, c change) (finite bool)
	// accumulate adds factor·grad to slot j of parameter i, and clearSlot makes rows of
	// the slot 0.
	accumulate(i, j int, grad *tensor.Dense, rows []int, factor float64)
	clearSlot(i, j int, rows []int)
	// copyWeights makes slot j of parameter i the weights; swapWeights exchanges both.
	copyWeights(i, j int)
	swapWeights(i, j int)
	// slot is the memory of slot j of parameter i; setSlot writes it.
	slot(i, j int) *tensor.Dense
	setSlot(i, j int, t *tensor.Dense)
}

// change says how a step changes a parameter.
type change struct {
	scale   float64 // of its gradient
	rate    float64 // size of the step
	decay   float64 // share of the weights that is taken off before the update
	number  int     // of the step, from 1
	average averaging
}

// part is a range of elements.
type part struct{ from, end int }

// partSize is the largest number of elements of a part: with gradient and two slots, a
// part stays in the cache until its weights have been checked.
const partSize = 1 << 13

// elementsOf implements elements for parameters of elements T.
type elementsOf[T Float] struct {
	params  []*graph.Param
	kernel  *kernels.Set[T]
	sizes   func(x []T) float64 // the largest size; made once, which allocates
	rule    Rule
	update  Update[T]
	limit   T         // of every element of a gradient; infinite where there is none
	slots   [][][]T   // by parameter: those of Rule.Slots in their order, then others
	used    []*used   // by parameter
	clipped []T       // buffer for one clipped gradient; nil where none is clipped
	parts   []part    // of the parameter or gradient that is being worked on
	sums    []float64 // of its parts: of squares, or largest sizes
	headers [][]T     // of the slots of all parts
}

// newElements has the slots of the rule and the given ones, in that order.
func newElements[T Float](params []*graph.Param, r Rule, update Update[T], allSlots []Slot) elements {
	kernel := kernels.For[T]()
	e := &elementsOf[T]{
		params: params, kernel: kernel, sizes: func(x []T) float64 { return float64(kernel.Size(x)) }, rule: r, update: update, limit: T(r.Clip.ClipValue),
	}
	if e.limit == 0 {
		e.limit = T(math.Inf(1))
	}
	longest := 0
	for _, p := range params {
		n := p.Shape.Size()
		longest = max(longest, n)
		slots := make([][]T, len(allSlots))
		for j, slot := range allSlots {
			slots[j] = slices.Repeat([]T{T(slot.Initial)}, n)
		}
		e.slots = append(e.slots, slots)
		e.used = append(e.used, &used{})
	}
	if r.Clip.enabled() {
		e.clipped = make([]T, longest)
	}
	return e
}

// of are the elements of a tensor in row-major order.
func (e *elementsOf[T]) of(t *tensor.Dense) []T { return dense.Elements[T](dense.Contiguous(t)) }

// share calls f for ranges of parts, on several cores.
func (e *elementsOf[T]) share(f func(from, end int)) { kernels.Parallel(len(e.parts), 1, f) }

// few reports whether the parts are too few for a second core. Then no function for other
// cores is made, which would be allocated.
func (e *elementsOf[T]) few() bool {
	elements := 0
	for _, p := range e.parts {
		elements += p.end - p.from
	}
	return elements < 4*partSize
}

// divide makes the parts of n elements, those with a row if rows are given. The parts are
// the same either way, so that their sums are too.
func (e *elementsOf[T]) divide(n int, grad *tensor.Dense, rows []int) {
	e.parts = e.parts[:0]
	if rows == nil {
		for from := 0; from < n; from += partSize {
			e.parts = append(e.parts, part{from, min(from+partSize, n)})
		}
		return
	}
	size, next := n/grad.Shape()[0], 0
	for _, row := range rows {
		for from := max(next, row*size/partSize*partSize); from < (row+1)*size; from += partSize {
			e.parts = append(e.parts, part{from, min(from+partSize, n)})
			next = from + partSize
		}
	}
}

func (e *elementsOf[T]) largest(grad *tensor.Dense, rows []int) float64 {
	g := e.of(grad)
	e.divide(len(g), grad, rows)
	return e.overParts(g, e.sizes)
}

// squares adds up the parts in float64, and then their sums.
func (e *elementsOf[T]) squares(grad *tensor.Dense, rows []int) float64 {
	g := e.of(grad)
	e.divide(len(g), grad, rows)
	e.overParts(g, e.kernel.Squares)
	total := 0.0
	for _, x := range e.sums {
		total += x
	}
	return total
}

// overParts fills e.sums with f of every part of x, and returns the largest of them.
func (e *elementsOf[T]) overParts(x []T, f func(x []T) float64) float64 {
	e.sums = slices.Grow(e.sums[:0], len(e.parts))[:len(e.parts)]
	if e.few() {
		e.overRange(x, f, 0, len(e.parts))
	} else {
		e.share(func(from, end int) { e.overRange(x, f, from, end) })
	}
	most := 0.0
	for _, s := range e.sums {
		most = max(most, s) // a NaN stays
	}
	return most
}

func (e *elementsOf[T]) overRange(x []T, f func(x []T) float64, from, end int) {
	for k, p := range e.parts[from:end] {
		e.sums[from+k] = f(x[p.from:p.end])
	}
}

func (e *elementsOf[T]) step(i int, grad *tensor.Dense, rows []int, c change) bool {
	s := Step[T]{
		Path: e.params[i].Path, Weights: dense.Elements[T](e.params[i].Value()), Gradient: e.of(grad), Rate: T(c.rate), Number: c.number,
	}
	n := len(s.Weights)
	switch {
	case !e.rule.Elementwise:
		e.parts = append(e.parts[:0], part{0, n})
	case rows != nil && e.rule.Still && c.decay == 0 && c.average.slot < 0:
		e.divideUsed(i, n/grad.Shape()[0], rows)
	default: // rows that are not used decay, and their averages move
		e.divide(n, grad, nil)
		e.used[i].stale = true
	}
	count := len(e.parts)
	e.sums = slices.Grow(e.sums[:0], count)[:count]
	e.headers = slices.Grow(e.headers[:0], count*len(e.rule.Slots))[:count*len(e.rule.Slots)]
	if count == 1 || e.few() {
		e.stepRange(i, s, c, 0, count)
	} else {
		e.share(func(from, end int) { e.stepRange(i, s, c, from, end) })
	}
	for _, size := range e.sums {
		if !dense.Finite(size) {
			return false
		}
	}
	return true
}

// stepRange updates parts from..end of parameter i, of which s has the whole slices, and
// fills e.sums with the sizes of their weights.
func (e *elementsOf[T]) stepRange(i int, s Step[T], c change, from, end int) {
	weights, gradient, n := s.Weights, s.Gradient, len(e.rule.Slots)
	buffer := e.clipped // the gradient belongs to the caller
	if buffer != nil && from < end {
		buffer = buffer[e.parts[from].from:e.parts[end-1].end] // of this range alone; its beginning stays in the cache
	}
	for k := from; k < end; k++ {
		p := e.parts[k]
		s.Weights, s.Gradient = weights[p.from:p.end:p.end], gradient[p.from:p.end:p.end]
		if buffer != nil {
			clipped := buffer[:len(s.Gradient):len(s.Gradient)]
			e.kernel.Clip(s.Gradient, clipped, c.scale, e.limit)
			s.Gradient = clipped
		}
		s.Slots = e.headers[k*n : (k+1)*n : (k+1)*n]
		for j := range s.Slots {
			s.Slots[j] = e.slots[i][j][p.from:p.end:p.end]
		}
		if c.decay != 0 {
			e.kernel.Axpy(-T(c.decay), s.Weights, s.Weights)
		}
		e.update(s)
		if a := c.average; a.slot >= 0 {
			e.averagePart(s.Weights, e.slots[i][a.slot][p.from:p.end:p.end], a)
		}
		e.sums[k] = e.sizes(s.Weights)
	}
}

// averagePart moves a part of an average toward the weights.
func (e *elementsOf[T]) averagePart(weights, average []T, a averaging) {
	if a.keep == 1 {
		copy(average, weights)
		return
	}
	e.kernel.Average(weights, average, T(a.keep))
	if a.overwrite > 0 {
		copy(weights, average)
	}
}

func (e *elementsOf[T]) accumulate(i, j int, grad *tensor.Dense, rows []int, factor float64) {
	g, sum := e.of(grad), e.slots[i][j]
	e.divide(len(g), grad, rows)
	if e.few() {
		e.accumulateRange(g, sum, T(factor), 0, len(e.parts))
		return
	}
	e.share(func(from, end int) { e.accumulateRange(g, sum, T(factor), from, end) })
}

func (e *elementsOf[T]) accumulateRange(g, sum []T, factor T, from, end int) {
	for _, p := range e.parts[from:end] {
		e.kernel.Axpy(factor, g[p.from:p.end], sum[p.from:p.end])
	}
}

func (e *elementsOf[T]) clearSlot(i, j int, rows []int) {
	x, p := e.slots[i][j], e.params[i]
	if rows == nil {
		clear(x)
		return
	}
	size := len(x) / p.Shape[0]
	for _, row := range rows {
		clear(x[row*size : (row+1)*size])
	}
}

func (e *elementsOf[T]) copyWeights(i, j int) {
	copy(e.slots[i][j], dense.Elements[T](e.params[i].Value()))
}

func (e *elementsOf[T]) swapWeights(i, j int) {
	weights := dense.Elements[T](e.params[i].Value())
	for k, x := range e.slots[i][j] {
		e.slots[i][j][k], weights[k] = weights[k], x
	}
}

func (e *elementsOf[T]) slot(i, j int) *tensor.Dense {
	return dense.Of(e.slots[i][j], e.params[i].Value().Shape().Clone()...)
}

func (e *elementsOf[T]) setSlot(i, j int, t *tensor.Dense) {
	copy(e.slots[i][j], e.of(t))
	e.used[i].stale = true
}
