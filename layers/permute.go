package layers

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Permute reorders the axes of a sample: axis i of the output is axis Dims[i−1]
// of the input, both counted from 1, as 0 is the batch.
//
//	in:  [batch, ...], with as many axes behind the batch as Dims names
//	out: the same axes in the order of Dims
//
// If the steps stay the first axis after the batch, the output has the mask of the
// input. Otherwise the mask ends here, and Summary says so. (In Keras it always
// ends here, with a warning.)
type Permute struct {
	Dims []int  // 1 to the number of axes, each once; required, at most 32
	Name string // "permute", numbered, where empty
}

var _ Resolver = Permute{}

// Resolve checks the axes.
func (l Permute) Resolve() (Layer, error) {
	n := len(l.Dims)
	if n < 1 || n > mostAxes {
		return nil, graph.Error{Field: "Permute.Dims", Rule: fmt.Sprintf("must name 1 to %d axes", mostAxes), Value: n}
	}
	var seen [mostAxes + 1]bool
	for _, d := range l.Dims {
		if d < 1 || d > n || seen[d] {
			return nil, graph.Error{Field: "Permute.Dims", Rule: fmt.Sprintf("must name each axis from 1 to %d once", n), Value: l.Dims}
		}
		seen[d] = true
	}
	l.Dims = append([]int{}, l.Dims...) // a config does not change with what it was made of
	return l, nil
}

// Call computes the layer.
func (l Permute) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "Permute", inputs, 1)
	if !ok {
		return inputs
	}
	if x.Rank() != len(l.Dims)+1 {
		s.Failf("Permute.Dims", fmt.Sprintf("must name each axis behind the batch of %v", x.Shape()), l.Dims)
		return inputs
	}
	y := x.Transpose(append([]int{0}, l.Dims...)...)
	if l.Dims[0] == 1 {
		y = ride(x, y)
	}
	return []graph.Value{y}
}
