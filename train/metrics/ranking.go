package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// ranking keeps all elements of an epoch, for metrics of their order.
type ranking struct {
	class   string // name of the metric, for errors
	classID *int
	of      func([]group) float64

	lines   lines
	answers answers
	all     []scored
	bad     bool // something was not finite
}

// scored is an output with its weight, which is negative where the target is 0. No weight
// is 0.
type scored struct{ score, weight float64 }

// group is the elements of one score, with the weights of those whose target is 1, and of
// the others.
type group struct{ yes, no float64 }

// maxScored is how many elements may be kept.
const maxScored = 1 << 26

func (r *ranking) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	a, err := answersOf(r.class, r.classID, graph.Shape(target.Shape()), graph.Shape(output.Shape()))
	if err != nil {
		return err
	}
	if a.numbers && r.classID == nil {
		return graph.Error{Field: r.class + ".ClassID", Rule: "must be set where targets are the numbers of classes", Value: graph.Shape(target.Shape())}
	}
	a.yes, r.answers = r.answers.yes, a
	before, bad := len(r.all), r.bad
	err = r.lines.each(target, output, weights, func(y, yhat []float64, weight float64) error {
		known, err := r.answers.read(y, len(yhat))
		if err != nil {
			return err
		}
		bad = bad || !known || !allFinite(yhat)
		if weight == 0 {
			return nil
		}
		from, end := r.answers.elements(len(yhat))
		if len(r.all)+end-from > maxScored {
			return graph.Error{Field: "output", Rule: fmt.Sprintf("must have at most %d elements in an epoch, since all are kept", maxScored), Value: len(r.all) + end - from}
		}
		yes := r.answers.yes
		for j := from; j < end; j++ {
			e := scored{yhat[j], -weight}
			if len(yes) > 0 && yes[0] == j {
				e.weight, yes = weight, yes[1:]
			}
			r.all = append(r.all, e)
		}
		return nil
	})
	if err != nil {
		r.all = r.all[:before]
		return err
	}
	r.bad = bad
	return nil
}

// EpochOnly says that the result is not for every batch.
func (r *ranking) EpochOnly() {}

func (r *ranking) Result() float64 {
	if r.bad || len(r.all) == 0 {
		return math.NaN()
	}
	// Weights are in the order too, so that sums do not depend on that of the samples.
	slices.SortFunc(r.all, func(a, b scored) int {
		return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.weight, b.weight))
	})
	var groups []group
	for i, e := range r.all {
		if i == 0 || e.score != r.all[i-1].score {
			groups = append(groups, group{})
		}
		g := &groups[len(groups)-1]
		if e.weight > 0 {
			g.yes += e.weight
		} else {
			g.no -= e.weight
		}
	}
	return r.of(groups)
}

// State is 1 if something was not finite and 0 otherwise, then for each element its score
// and its weight, which is negative where the target is 0.
func (r *ranking) State() []float64 {
	state := make([]float64, 1, 1+2*len(r.all))
	if r.bad {
		state[0] = 1
	}
	for _, e := range r.all {
		state = append(state, e.score, e.weight)
	}
	return state
}

// Restore takes what State returned.
func (r *ranking) Restore(state []float64) error {
	if len(state)%2 != 1 || len(state) > 1+2*maxScored || state[0] != 0 && state[0] != 1 {
		return graph.Error{Field: "state", Rule: "must be a flag and a score and a weight of each element", Value: len(state)}
	}
	all := make([]scored, 0, len(state)/2)
	for e := range slices.Chunk(state[1:], 2) {
		if state[0] == 0 && !dense.Finite(e[0]) || !dense.Finite(e[1]) || e[1] == 0 {
			return graph.Error{Field: "state", Rule: "must have finite scores, and weights other than 0", Value: e}
		}
		all = append(all, scored{e[0], e[1]})
	}
	r.all, r.bad = all, state[0] == 1
	return nil
}
