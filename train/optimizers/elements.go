package optimizers

import (
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/kernels"
	"gorgonia.org/tensor"
)

// elements is the part of a state that depends on the dtype: the slots, and
// what is computed element by element.
type elements interface {
	// largest is the largest absolute value of an element, not finite where an
	// element is not; squares is the sum of the squares.
	largest(grad *tensor.Dense) float64
	squares(grad *tensor.Dense) float64
	// step scales the gradient of parameter i, clips it by value, and updates the
	// parameter.
	step(i int, grad *tensor.Dense, scale, rate float64, number int)
	// slot is a copy of slot j of parameter i; setSlot replaces it.
	slot(i, j int) *tensor.Dense
	setSlot(i, j int, t *tensor.Dense)
}

// elementsOf implements elements for parameters of elements T.
type elementsOf[T Float] struct {
	params  []*graph.Param
	size    func([]T) T
	update  Update[T]
	limit   T       // of every element of a gradient; 0 where there is none
	slots   [][][]T // by parameter, in the order of Rule.Slots
	clipped []T     // buffer for one clipped gradient; nil where none is clipped
}

func newElements[T Float](params []*graph.Param, r Rule, update Update[T]) elements {
	e := &elementsOf[T]{params: params, size: kernels.For[T]().Size, update: update, limit: T(r.Clip.ClipValue)}
	longest := 0
	for _, p := range params {
		n := p.Shape.Size()
		longest = max(longest, n)
		slots := make([][]T, len(r.Slots))
		for j := range slots {
			slots[j] = make([]T, n)
		}
		e.slots = append(e.slots, slots)
	}
	if r.Clip.enabled() {
		e.clipped = make([]T, longest)
	}
	return e
}

// of are the elements of a tensor in row-major order.
func (e *elementsOf[T]) of(t *tensor.Dense) []T { return dense.Elements[T](dense.Contiguous(t)) }

func (e *elementsOf[T]) largest(grad *tensor.Dense) float64 { return float64(e.size(e.of(grad))) }

func (e *elementsOf[T]) squares(grad *tensor.Dense) float64 {
	sum := 0.0
	for _, g := range e.of(grad) {
		sum += float64(g) * float64(g)
	}
	return sum
}

func (e *elementsOf[T]) step(i int, grad *tensor.Dense, scale, rate float64, number int) {
	g := e.of(grad)
	if e.clipped != nil {
		g = e.clip(g, scale)
	}
	p := e.params[i]
	e.update(Step[T]{
		Path: p.Path, Weights: dense.Elements[T](p.Value()), Gradient: g, Slots: e.slots[i], Rate: T(rate), Number: number,
	})
}

// clip copies the gradient, which belongs to the caller.
func (e *elementsOf[T]) clip(g []T, scale float64) []T {
	out := e.clipped[:len(g)]
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

func (e *elementsOf[T]) setSlot(i, j int, t *tensor.Dense) { copy(e.slots[i][j], e.of(t)) }
