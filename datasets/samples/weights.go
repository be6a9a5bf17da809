package samples

import (
	"fmt"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Weigh adds weights to the samples of data, for losses and metrics: one tensor
// for all targets, or one for each target, nil for a target without weights. A
// tensor is [samples], or [samples, steps] for a weight at every step, of the
// dtype of data, finite and not negative; anything else is an error, and so are
// weights that are all nil. Data that have weights already are refused when they
// are gathered. Tensors in row-major order are not copied.
func Weigh(data Data, weights ...*tensor.Dense) (Data, error) {
	if data == nil {
		return nil, errs.Error{Field: "data", Rule: "must not be nil"}
	}
	w := weighed{data, make([]*source, len(weights))}
	some := false
	for i, t := range weights {
		if t == nil {
			continue
		}
		some = true
		name := "weights"
		if len(weights) > 1 {
			name = fmt.Sprintf("weights[%d]", i)
		}
		var err error
		if w.weights[i], err = readWeights(name, t, data.Len()); err != nil {
			return nil, err
		}
	}
	if !some {
		return nil, errs.Error{Field: "weights", Rule: "must be set for a target"}
	}
	return w, nil
}

// readWeights checks the weights of n samples.
func readWeights(name string, weights *tensor.Dense, samples int) (*source, error) {
	s, err := rowsOf(weights)
	if err != nil {
		return nil, errs.At(err, name, "")
	}
	shape := shapes.Shape(weights.Shape())
	if len(shape) > 2 || shape[0] != samples {
		return nil, errs.Error{Field: name, Rule: fmt.Sprintf("must have the shape [%d], or [%d, steps]", samples, samples), Value: shape}
	}
	if least := dense.Min(s.data); least < 0 {
		return nil, errs.Error{Field: name, Rule: "must not be negative", Value: least}
	}
	return &s, nil
}

type weighed struct {
	Data
	weights []*source // nil for none
}

// Order keeps order as it is if the data do not choose one.
func (w weighed) Order(order []int, batch int) []int {
	if o, ok := w.Data.(Ordered); ok {
		return o.Order(order, batch)
	}
	return order
}

func (w weighed) Gather(rows []int, into *Batch) error {
	if into == nil {
		return errs.Error{Field: "into", Rule: "must not be nil"}
	}
	weights := into.Weights
	into.Weights = nil
	if err := w.Data.Gather(rows, into); err != nil {
		return err
	}
	if into.Weights != nil {
		return errs.Error{Field: "data", Rule: "must not have weights already"}
	}
	if len(weights) != len(w.weights) {
		weights = make([]*tensor.Dense, len(w.weights))
	}
	for i, s := range w.weights {
		if s == nil {
			weights[i] = nil
		} else {
			weights[i] = s.gather(rows, weights[i])
		}
	}
	into.Weights = weights
	return nil
}
