package optimizers

import (
	"slices"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// worker does the work of a state that depends on the dtype.
type worker interface {
	// largest is the largest size of an element, which is not finite where an
	// element is not; squares is the sum of the squares.
	largest(grad *tensor.Dense) float64
	squares(grad *tensor.Dense) float64
	// step changes parameter i along its gradient, which is scaled and then
	// clipped by value first.
	step(i int, grad *tensor.Dense, scale, rate float64)
	// recall is a copy of memory j of parameter i; remember replaces it.
	recall(i, j int) *tensor.Dense
	remember(i, j int, t *tensor.Dense)
	// least is the smallest element of a tensor.
	least(t *tensor.Dense) float64
}

// work is the worker for parameters of elements T.
type work[T float] struct {
	params  []*graph.Param
	data    func(*tensor.Dense) []T
	kernel  kernel[T]
	limit   T       // of every element of a gradient; 0 where there is none
	memory  [][][]T // by parameter, in the order of rule.memory
	clipped []T     // room for one clipped gradient; nil where none is clipped
}

func newWork[T float](params []*graph.Param, r rule, k kernel[T], data func(*tensor.Dense) []T) *work[T] {
	w := &work[T]{params: params, data: data, kernel: k, limit: T(r.clip.value)}
	longest := 0
	for _, p := range params {
		n := len(data(p.Value()))
		longest = max(longest, n)
		memory := make([][]T, len(r.memory))
		for j := range memory {
			memory[j] = make([]T, n)
		}
		w.memory = append(w.memory, memory)
	}
	if r.clip.atWork() {
		w.clipped = make([]T, longest)
	}
	return w
}

func (w *work[T]) largest(grad *tensor.Dense) float64 {
	return float64(graph.Size(w.data(graph.Contiguous(grad))))
}

func (w *work[T]) squares(grad *tensor.Dense) float64 {
	sum := 0.0
	for _, g := range w.data(graph.Contiguous(grad)) {
		sum += float64(g) * float64(g)
	}
	return sum
}

func (w *work[T]) step(i int, grad *tensor.Dense, scale, rate float64) {
	g := w.data(graph.Contiguous(grad))
	if w.clipped != nil {
		g = w.clip(g, scale)
	}
	w.kernel(w.data(w.params[i].Value()), g, w.memory[i], T(rate))
}

// clip leaves the gradient itself alone, since it belongs to the caller.
func (w *work[T]) clip(g []T, scale float64) []T {
	out := w.clipped[:len(g)]
	for i, x := range g {
		out[i] = T(float64(x) * scale)
	}
	if w.limit > 0 {
		for i, x := range out {
			out[i] = min(max(x, -w.limit), w.limit)
		}
	}
	return out
}

func (w *work[T]) recall(i, j int) *tensor.Dense {
	shape := w.params[i].Value().Shape().Clone()
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(slices.Clone(w.memory[i][j])))
}

func (w *work[T]) remember(i, j int, t *tensor.Dense) {
	copy(w.memory[i][j], w.data(graph.Contiguous(t)))
}

func (w *work[T]) least(t *tensor.Dense) float64 {
	return float64(slices.Min(w.data(graph.Contiguous(t))))
}
