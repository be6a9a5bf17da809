package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Metric is something to know about outputs beside their targets.
type Metric interface {
	Name() string       // in histories and progress, such as "rmse"
	Start() Accumulator // of one epoch
}

// Accumulator takes in batches. It serves one goroutine at a time.
type Accumulator interface {
	// Add takes in one batch: target and output of one shape, [batch, ...], and
	// one dtype, float32 or float64, and the weights of the samples, [batch],
	// finite and not negative, of the same dtype; nil where all weigh 1. Every
	// element counts with the weight of its sample. An error changes nothing.
	Add(target, output, weights *tensor.Dense) error
	// Result is the value over all that was added. It is NaN where that is
	// nothing, or weighs nothing; a NaN or an infinity that was added, with
	// whatever weight, leads to a result that is not finite.
	Result() float64
}

// average is the weighted mean of a term over all elements.
type average struct {
	term   func(target, output float64) float64
	finish func(mean float64) float64 // nil where the mean is the result

	sum, weight float64
}

func (a *average) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	if target.Dtype() == tensor.Float32 {
		add(a, target, output, weights, (*tensor.Dense).Float32s)
	} else {
		add(a, target, output, weights, (*tensor.Dense).Float64s)
	}
	return nil
}

func (a *average) Result() float64 {
	mean := a.sum / a.weight // 0/0 where there is nothing
	if a.finish != nil {
		return a.finish(mean)
	}
	return mean
}

// add sums up a batch whose shapes and dtypes are right.
func add[T float32 | float64](a *average, target, output, weights *tensor.Dense, data func(*tensor.Dense) []T) {
	y, yhat := data(graph.Contiguous(target)), data(graph.Contiguous(output))
	batch := target.Shape()[0]
	features := len(y) / batch
	var w []T
	if weights != nil {
		w = data(graph.Contiguous(weights))
	}
	for i := range batch {
		sum := 0.0
		for k := i * features; k < (i+1)*features; k++ {
			sum += a.term(float64(y[k]), float64(yhat[k]))
		}
		weight := 1.0
		if w != nil {
			weight = float64(w[i])
		}
		a.sum += weight * sum
		a.weight += weight * float64(features)
	}
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
		return graph.Error{Field: "output", Rule: "must be of dtype float32 or float64", Value: dtype}
	case len(shape) == 0 || shape.Size() == 0:
		return graph.Error{Field: "output", Rule: "must have samples", Value: shape}
	case target.Dtype() != dtype:
		return graph.Error{Field: "target", Rule: fmt.Sprintf("must be of the output's dtype %v", dtype), Value: target.Dtype()}
	case !slices.Equal(target.Shape(), output.Shape()):
		return graph.Error{Field: "target", Rule: fmt.Sprintf("must have the shape of the output, %v", shape), Value: graph.Shape(target.Shape())}
	case weights == nil:
		return nil
	}
	if err := graph.CheckTensor(weights, dtype, shape[:1]); err != nil {
		return errors.Wrap(err, "weights")
	}
	return notNegative(weights)
}

func notNegative(weights *tensor.Dense) error {
	negative := func(x float64) error {
		return graph.Error{Field: "weights", Rule: "must not be negative", Value: x}
	}
	c := graph.Contiguous(weights)
	if c.Dtype() == tensor.Float32 {
		if least := slices.Min(c.Float32s()); least < 0 {
			return negative(float64(least))
		}
		return nil
	}
	if least := slices.Min(c.Float64s()); least < 0 {
		return negative(least)
	}
	return nil
}

func square(x float64) float64 { return x * x }

func squared(target, output float64) float64 { return square(output - target) }

func absolute(target, output float64) float64 { return math.Abs(output - target) }
