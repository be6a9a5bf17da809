package train

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// weighing are the weights of a batch in a graph, [batch] or [batch, steps]; nil
// where there are none.
type weighing struct {
	samples *graph.Value // those that the data have
	classes *graph.Value // those that Fit makes of its ClassWeight
}

// lossOf is the number that training lowers for one output; Config has the
// formula.
func (g goal) lossOf(s *graph.Scope, target, output graph.Value, w weighing) graph.Value {
	mask, masked := output.Mask()
	each := g.loss.Loss(target, output.WithoutMask()) // [batch, ...]
	if each.Rank() == 0 || s.Err() == nil && each.Dim(0) != output.Dim(0) {
		s.Failf("loss", "must be one number for each sample, or for each step", each.Shape())
		return each
	}
	if masked {
		if !along(mask, each) || mask.Rank() != 2 {
			s.Failf(g.of("output"), "must carry a mask of as many steps as its loss has, "+each.Shape().String(), mask.Shape())
			return each
		}
		each = graph.Where(lift(mask, each.Rank()), each, s.Const(0, graph.Shape{}))
	}
	for _, weights := range []*graph.Value{w.samples, w.classes} {
		if weights == nil {
			continue
		}
		if !along(*weights, each) {
			s.Failf(weightsName, fmt.Sprintf("must be those of samples, or of steps, of a loss of the shape %v", each.Shape()), weights.Shape())
			return each
		}
		each = each.Times(lift(*weights, each.Rank()))
	}
	if !masked {
		return each.Mean()
	}
	for each.Rank() > 2 {
		each = each.Mean(-1) // [batch, steps]
	}
	counted := mask.Sum().Maximum(s.Const(1, graph.Shape{}))
	return each.Sum().Div(counted)
}

// metricWeights are what the elements of the output count in its metrics: the
// mask and the weights of the samples. ok is false where no mask rides on the
// output, and they are those of the samples alone.
func metricWeights(output graph.Value, w weighing) (weights graph.Value, ok bool) {
	mask, ok := output.Mask()
	if ok && w.samples != nil {
		mask = mask.Times(lift(*w.samples, 2)) // [batch, steps]
	}
	return mask, ok
}

// along tells whether the axes of weights are the first ones of each.
func along(weights, each graph.Value) bool {
	n := weights.Rank()
	return n <= each.Rank() && weights.Shape().Matches(each.Shape()[:n])
}

// lift gives weights the rank of what they weigh: [batch, 1, ...].
func lift(weights graph.Value, rank int) graph.Value {
	for weights.Rank() < rank {
		weights = weights.Unsqueeze(-1)
	}
	return weights
}
