// Package metrics has the metrics that are reported with the loss. They are
// exact over an epoch: sums over all elements in float64, never an average of
// batch values. A metric is a plain config value; its Accumulator is given the
// batches of one epoch.
package metrics

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"gorgonia.org/tensor"
)

// Metric measures outputs against their targets.
type Metric interface {
	// Name is what logs, histories and callbacks call the metric, such as "rmse".
	Name() string
	// HigherIsBetter tells callbacks which way is an improvement. They can be told
	// otherwise, for a metric of which neither is true.
	HigherIsBetter() bool
	// Start begins an epoch. Compile refuses a metric whose accumulator is nil.
	Start() Accumulator
}

// Accumulator adds up a metric over batches. It serves one goroutine at a time.
type Accumulator interface {
	// Add adds one batch: target and output, [batch, ...], of one dtype,
	// float32 or float64, and of one shape, unless the metric says otherwise; and
	// the weights of the samples, [batch], or of their steps, [batch, steps],
	// finite, not negative and of the same dtype; nil means weights of 1. Masked
	// steps have weight 0. Every element counts with the weight of its sample or
	// step. An error changes nothing.
	Add(target, output, weights *tensor.Dense) error
	// Result is the value over all batches that were added. It is NaN where there
	// are none, or all weights are 0; a NaN or an infinity in a batch, with any
	// weight, gives a result that is not finite.
	Result() float64
}

// StatefulAccumulator is an accumulator whose sums can be saved in the middle of an
// epoch. Restore is given what State returned; an error changes nothing.
type StatefulAccumulator interface {
	Accumulator
	State() []float64
	Restore(state []float64) error
}

// average is the weighted mean of a term over all batches.
type average struct {
	// term chooses what to average for the shapes of targets and outputs, or
	// refuses them.
	term   func(target, output graph.Shape) (term, error)
	finish func(mean float64) float64 // nil where the mean is the result

	sum, weight float64
	y, yhat     []float64 // buffers for one line
	classes     []int     // buffers for all lines
	hits        []float64
}

// term is what is averaged, line by line along the last axis. The target's line is as
// long as the output's, or one element. Where the batch is the only axis, a line is one
// element. One of the fields is set.
type term struct {
	// line is a sum over the elements of a line, and the number that they count for.
	line func(target, output []float64) (sum, count float64, err error)
	// class is the class of a line's target, of n classes, or unknown where the target
	// is not finite. The line counts once, and its sum is 1 where the largest output is
	// that of the class.
	class func(target []float64, n int) (int, error)
}

func (a *average) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	t, err := a.term(graph.Shape(target.Shape()), graph.Shape(output.Shape()))
	if err != nil {
		return err
	}
	if target.Dtype() == tensor.Float32 {
		return add[float32](a, t, target, output, weights)
	}
	return add[float64](a, t, target, output, weights)
}

func (a *average) Result() float64 {
	mean := a.sum / a.weight // 0/0 where there is nothing
	if a.finish != nil {
		return a.finish(mean)
	}
	return mean
}

// State is the sum and the weight.
func (a *average) State() []float64 { return []float64{a.sum, a.weight} }

// Restore takes what State returned.
func (a *average) Restore(state []float64) error {
	if len(state) != 2 || !(state[1] >= 0) {
		return graph.Error{Field: "state", Rule: "must be a sum and a weight, which is not negative", Value: state}
	}
	a.sum, a.weight = state[0], state[1]
	return nil
}

// add sums up a batch whose shapes and dtypes were checked.
func add[T dense.Float](a *average, t term, target, output, weights *tensor.Dense) error {
	y, yhat := elementsOf[T](target), elementsOf[T](output)
	var w []T
	if weights != nil {
		w = elementsOf[T](weights)
	}
	lines := lead(graph.Shape(output.Shape())).Size()
	n, m := len(y)/lines, len(yhat)/lines
	if len(a.y) != n || len(a.yhat) != m {
		a.y, a.yhat = make([]float64, n), make([]float64, m)
	}
	if t.class != nil {
		if err := findHits(a, t, y, yhat, lines); err != nil {
			return err
		}
	}
	sum, total := 0.0, 0.0
	for i := range lines {
		s, count := 0.0, 1.0
		if t.class != nil {
			s = a.hits[i]
		} else {
			load(a.y, y[i*n:])
			load(a.yhat, yhat[i*m:])
			var err error
			if s, count, err = t.line(a.y, a.yhat); err != nil {
				return err
			}
		}
		weight := 1.0
		if w != nil {
			weight = float64(w[i*len(w)/lines])
		}
		sum += weight * s
		total += weight * count
	}
	a.sum += sum
	a.weight += total
	return nil
}

// elementsOf are the elements of a tensor in row-major order.
func elementsOf[T dense.Float](t *tensor.Dense) []T { return dense.Elements[T](dense.Contiguous(t)) }

func load[T dense.Float](to []float64, from []T) {
	for i := range to {
		to[i] = float64(from[i])
	}
}

// lead is a shape without its last axis, unless that is the batch.
func lead(s graph.Shape) graph.Shape { return s[:max(len(s)-1, 1)] }

// same refuses a target whose shape is not that of the output.
func same(target, output graph.Shape) error {
	if target.Equal(output) {
		return nil
	}
	return graph.Error{Field: "target", Rule: fmt.Sprintf("must have the shape of the output, %v", output), Value: target}
}

func check(target, output, weights *tensor.Dense) error {
	if target == nil {
		return graph.Error{Field: "target", Rule: "must not be nil"}
	}
	if output == nil {
		return graph.Error{Field: "output", Rule: "must not be nil"}
	}
	dtype, shape := output.Dtype(), graph.Shape(output.Shape())
	switch {
	case dtype != tensor.Float32 && dtype != tensor.Float64:
		return graph.Error{Field: "output", Rule: "must have dtype float32 or float64", Value: dtype}
	case len(shape) == 0 || shape.Size() == 0:
		return graph.Error{Field: "output", Rule: "must have samples", Value: shape}
	case target.Dtype() != dtype:
		return graph.Error{Field: "target", Rule: fmt.Sprintf("must have the output's dtype %v", dtype), Value: target.Dtype()}
	case weights == nil:
		return nil
	}
	lines := lead(shape)
	if err := dense.Check(weights, dtype, lines[:min(max(weights.Dims(), 1), len(lines))]); err != nil {
		return errs.At(err, "weights", "")
	}
	return notNegative(weights)
}

func notNegative(weights *tensor.Dense) error {
	if least := dense.Min(weights); least < 0 {
		return graph.Error{Field: "weights", Rule: "must not be negative", Value: least}
	}
	return nil
}
