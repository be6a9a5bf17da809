package callbacks

import (
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"gorgonia.org/tensor"
)

// maxCount bounds the counts of a state, so that an int can hold them.
const maxCount = math.MaxInt32

// readNumbers reads the numbers of a state of a class into variables: all counts, and
// those of the optional numbers that are present. Numbers of other names are errors. After
// an error the variables may have changed.
func readNumbers(class string, numbers map[string]float64, counts map[string]*int, optional map[string]*float64) error {
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		x, ok := numbers[name]
		if !ok {
			return graph.Error{Path: name, Field: "number", Rule: "must be present"}
		}
		if x != math.Trunc(x) || x < 0 || x > maxCount {
			return graph.Error{Path: name, Field: "number", Rule: "must be a count", Value: x}
		}
		*counts[name] = int(x)
	}
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		if to := optional[name]; to != nil {
			*to = numbers[name]
		} else if counts[name] == nil {
			return graph.Error{Path: name, Field: "number", Rule: "must belong to " + class, Value: numbers[name]}
		}
	}
	return nil
}

// withBest adds the best value so far to numbers of a state, unless there is none.
func withBest(numbers map[string]float64, best float64) map[string]float64 {
	if !math.IsNaN(best) {
		numbers["best"] = best
	}
	return numbers
}

// readWeights copies the tensors of a state, which are those of all parameters by their
// paths; nil where there are none.
func readWeights(params *graph.Params, tensors map[string]*tensor.Dense) (map[string]*tensor.Dense, error) {
	if len(tensors) == 0 {
		return nil, nil
	}
	out := map[string]*tensor.Dense{}
	for _, p := range params.All() {
		t := tensors[p.Path]
		if t == nil {
			return nil, graph.Error{Path: p.Path, Field: "tensor", Rule: "must be present"}
		}
		if err := dense.Check(t, p.Value().Dtype(), p.Shape); err != nil {
			return nil, errs.At(err, p.Path, "")
		}
		out[p.Path] = t.Clone().(*tensor.Dense)
	}
	for path := range tensors {
		if out[path] == nil {
			return nil, graph.Error{Path: path, Field: "tensor", Rule: "must belong to a parameter"}
		}
	}
	return out, nil
}
