package datasets

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Weigh gives the samples of data weights in losses and metrics: one tensor for
// all targets, or one for each of them, nil for a target whose samples all weigh
// the same. A tensor is [samples], or [samples, steps] where every step has a
// weight of its own, of the dtype of data, finite and not negative; anything else
// is an error. So are weights that are all nil, and, when they are gathered, data
// that have weights already. A tensor is kept where it lies in row-major order.
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
		field := "weights"
		if len(weights) > 1 {
			field = fmt.Sprintf("weights[%d]", i)
		}
		var err error
		if w.weights[i], err = readWeights(field, t, data.Len()); err != nil {
			return nil, err
		}
	}
	if !some {
		return nil, errs.Error{Field: "weights", Rule: "must be set for a target"}
	}
	return w, nil
}

// readWeights checks the weights of so many samples.
func readWeights(field string, weights *tensor.Dense, samples int) (*source, error) {
	numbers, err := readFinite(weights)
	if err != nil {
		return nil, place(err, field, "")
	}
	shape := shapes.Shape(weights.Shape())
	if len(shape) > 2 || shape[0] != samples {
		return nil, errs.Error{Field: field, Rule: fmt.Sprintf("must have the shape [%d], or [%d, steps]", samples, samples), Value: shape}
	}
	for i := range numbers.len() {
		if x := numbers.at(i); x < 0 {
			return nil, errs.Error{Field: field, Rule: "must not be negative", Value: x}
		}
	}
	return &source{data: numbers, step: numbers.len() / shape[0], shape: slices.Clone(shape[1:])}, nil
}

type weighed struct {
	Data
	weights []*source // nil for none
}

func (w weighed) Gather(rows []int, into *Batch) error {
	if into == nil {
		return errs.Error{Field: "into", Rule: "must not be nil"}
	}
	room := into.Weights
	into.Weights = nil
	if err := w.Data.Gather(rows, into); err != nil {
		return err
	}
	if into.Weights != nil {
		return errs.Error{Field: "data", Rule: "must not have weights already"}
	}
	if len(room) != len(w.weights) {
		room = make([]*tensor.Dense, len(w.weights))
	}
	for i, s := range w.weights {
		if s == nil {
			room[i] = nil
		} else {
			room[i] = s.gather(rows, room[i])
		}
	}
	into.Weights = room
	return nil
}
