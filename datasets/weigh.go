package datasets

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/graph"
)

// Weigh gives the samples of data weights in losses and metrics: [samples], or
// [samples, steps] where every step has its own. They are of the dtype of data,
// finite and not negative; anything else is an error, and so are data that have
// weights already, when they are gathered. The tensor is kept where it lies in
// row-major order.
func Weigh(data Data, weights *tensor.Dense) (Data, error) {
	if data == nil {
		return nil, graph.Error{Field: "data", Rule: "must not be nil"}
	}
	numbers, err := readFinite(weights)
	if err != nil {
		return nil, place(err, "weights", "")
	}
	shape := graph.Shape(weights.Shape())
	if len(shape) > 2 || shape[0] != data.Len() {
		return nil, graph.Error{Field: "weights", Rule: fmt.Sprintf("must have the shape [%d], or [%d, steps]", data.Len(), data.Len()), Value: shape}
	}
	for i := range numbers.len() {
		if x := numbers.at(i); x < 0 {
			return nil, graph.Error{Field: "weights", Rule: "must not be negative", Value: x}
		}
	}
	return weighed{data, source{data: numbers, step: numbers.len() / shape[0], shape: slices.Clone(shape[1:])}}, nil
}

type weighed struct {
	Data
	weights source
}

func (w weighed) Gather(rows []int, into *Batch) error {
	if into == nil {
		return graph.Error{Field: "into", Rule: "must not be nil"}
	}
	room := into.Weights
	into.Weights = nil
	if err := w.Data.Gather(rows, into); err != nil {
		return err
	}
	if into.Weights != nil {
		return graph.Error{Field: "data", Rule: "must not have weights already"}
	}
	into.Weights = w.weights.gather(rows, room)
	return nil
}
