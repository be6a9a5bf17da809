package metrics

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"gorgonia.org/tensor"
)

// lines reads batches line by line along the last axis, in float64. The target's line is
// as long as the output's, or one element. Where the batch is the only axis, a line is
// one element.
type lines struct{ y, yhat []float64 } // buffers

// each calls use for every line of a batch that was checked, until it returns an error.
// The slices are valid until it returns.
func (l *lines) each(target, output, weights *tensor.Dense, use func(y, yhat []float64, weight float64) error) error {
	if output.Dtype() == tensor.Float32 {
		return eachLine[float32](l, target, output, weights, use)
	}
	return eachLine[float64](l, target, output, weights, use)
}

func eachLine[T dense.Float](l *lines, target, output, weights *tensor.Dense, use func(y, yhat []float64, weight float64) error) error {
	y, yhat, w := elementsOf[T](target), elementsOf[T](output), weightsOf[T](weights)
	count := lead(graph.Shape(output.Shape())).Size()
	n, m := len(y)/count, len(yhat)/count
	l.fit(n, m)
	for i := range count {
		load(l.y, y[i*n:])
		load(l.yhat, yhat[i*m:])
		if err := use(l.y, l.yhat, weightOf(w, i, count)); err != nil {
			return err
		}
	}
	return nil
}

// fit makes buffers for lines of n targets and m outputs.
func (l *lines) fit(n, m int) {
	if len(l.y) != n {
		l.y = make([]float64, n)
	}
	if len(l.yhat) != m {
		l.yhat = make([]float64, m)
	}
}

// elementsOf are the elements of a tensor in row-major order.
func elementsOf[T dense.Float](t *tensor.Dense) []T { return dense.Elements[T](dense.Contiguous(t)) }

// weightsOf are the weights of a batch; nil where all are 1.
func weightsOf[T dense.Float](t *tensor.Dense) []T {
	if t == nil {
		return nil
	}
	return elementsOf[T](t)
}

// weightOf is the weight of line i, of as many as count.
func weightOf[T dense.Float](w []T, i, count int) float64 {
	if w == nil {
		return 1
	}
	return float64(w[i*len(w)/count])
}

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

// slack is how far rounding may take a probability out of [0, 1].
const slack = 1e-6

// epsilon is Keras' smallest number, which keeps logarithms and quotients finite.
const epsilon = 1e-7
