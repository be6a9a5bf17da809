package optimizers

import (
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
	step(i int, grad *tensor.Dense, rows []int, scale, rate float64, number int) (finite bool)
	// slot is a copy of slot j of parameter i; setSlot replaces it.
	slot(i, j int) *tensor.Dense
	setSlot(i, j int, t *tensor.Dense)
}

// part is a range of elements.
type part struct{ from, end int }

// partSize is the largest number of elements of a part: with gradient and two slots, a
// part stays in the cache until its weights have been checked.
const partSize = 1 << 13

// elementsOf implements elements for parameters of elements T.
type elementsOf[T Float] struct {
	params           []*graph.Param
	sizes, squaresOf func(x []T) float64 // the largest size, and the sum of squares; made once, which allocates
	rule             Rule
	update           Update[T]
	limit            T         // of every element of a gradient; 0 where there is none
	slots            [][][]T   // by parameter, in the order of Rule.Slots
	used             []*used   // by parameter
	clipped          []T       // buffer for one clipped gradient; nil where none is clipped
	parts            []part    // of the parameter or gradient that is being worked on
	sums             []float64 // of its parts: of squares, or largest sizes
	headers          [][]T     // of the slots of all parts
}

func newElements[T Float](params []*graph.Param, r Rule, update Update[T]) elements {
	size := kernels.For[T]().Size
	e := &elementsOf[T]{
		params: params, sizes: func(x []T) float64 { return float64(size(x)) }, squaresOf: squares[T], rule: r, update: update, limit: T(r.Clip.ClipValue),
	}
	longest := 0
	for _, p := range params {
		n := p.Shape.Size()
		longest = max(longest, n)
		slots := make([][]T, len(r.Slots))
		for j := range slots {
			slots[j] = make([]T, n)
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
	e.overParts(g, e.squaresOf)
	total := 0.0
	for _, x := range e.sums {
		total += x
	}
	return total
}

func squares[T Float](x []T) float64 {
	sum := 0.0
	for _, x := range x {
		sum += float64(x) * float64(x)
	}
	return sum
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

func (e *elementsOf[T]) step(i int, grad *tensor.Dense, rows []int, scale, rate float64, number int) bool {
	s := Step[T]{
		Path: e.params[i].Path, Weights: dense.Elements[T](e.params[i].Value()), Gradient: e.of(grad), Rate: T(rate), Number: number,
	}
	n := len(s.Weights)
	switch {
	case !e.rule.Elementwise:
		e.parts = append(e.parts[:0], part{0, n})
	case rows != nil && e.rule.Still:
		e.divideUsed(i, n/grad.Shape()[0], rows)
	default:
		e.divide(n, grad, nil)
		e.used[i].stale = true
	}
	count := len(e.parts)
	e.sums = slices.Grow(e.sums[:0], count)[:count]
	e.headers = slices.Grow(e.headers[:0], count*len(e.rule.Slots))[:count*len(e.rule.Slots)]
	if count == 1 || e.few() {
		e.stepRange(i, s, scale, 0, count)
	} else {
		e.share(func(from, end int) { e.stepRange(i, s, scale, from, end) })
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
func (e *elementsOf[T]) stepRange(i int, s Step[T], scale float64, from, end int) {
	weights, gradient, n := s.Weights, s.Gradient, len(e.rule.Slots)
	for k := from; k < end; k++ {
		p := e.parts[k]
		s.Weights, s.Gradient = weights[p.from:p.end:p.end], gradient[p.from:p.end:p.end]
		if e.clipped != nil {
			s.Gradient = e.clip(s.Gradient, p, scale)
		}
		s.Slots = e.headers[k*n : (k+1)*n : (k+1)*n]
		for j, slot := range e.slots[i] {
			s.Slots[j] = slot[p.from:p.end:p.end]
		}
		e.update(s)
		e.sums[k] = e.sizes(s.Weights)
	}
}

// clip copies a part of the gradient, which belongs to the caller.
func (e *elementsOf[T]) clip(g []T, p part, scale float64) []T {
	out := e.clipped[p.from:p.end:p.end]
	for i, x := range g {
		out[i] = T(float64(x) * scale)
	}
	if e.limit > 0 {
		for i, x := range out {
			out[i] = min(max(x, -e.limit), e.limit)
		}
	}
	return out
}

func (e *elementsOf[T]) slot(i, j int) *tensor.Dense {
	shape := e.params[i].Value().Shape().Clone()
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(e.slots[i][j])))
}

func (e *elementsOf[T]) setSlot(i, j int, t *tensor.Dense) {
	copy(e.slots[i][j], e.of(t))
	e.used[i].stale = true
}
