package optimizers

import (
	"slices"

	"gorgonia.org/tensor"
)

// accumulatorSlot is the name of the slot of sums of gradients, each divided by
// GradientAccumulationSteps.
const accumulatorSlot = "gradient_accumulator"

// accumulator holds the mean of the gradients of several calls of Step, in a slot of the
// state.
type accumulator struct {
	steps   int             // that make an update
	done    int             // of them
	slot    int             // index in the slots of the state
	grads   []*tensor.Dense // the memory of the slots
	rows    [][]int         // that may not be 0, ascending; nil for all
	pending []pendingRows   // by parameter
}

// pendingRows are the rows of the accumulated gradients that may not be 0.
type pendingRows struct {
	all  bool
	list []int
}

// add adds gradients to the sums, and reports whether they make an update.
func (a *accumulator) add(e elements, grads []*tensor.Dense, rows [][]int) bool {
	for i, g := range grads {
		e.accumulate(i, a.slot, g, rows[i], 1/float64(a.steps))
		p := &a.pending[i]
		p.all = p.all || rows[i] == nil
		if p.list = append(p.list, rows[i]...); !p.all {
			slices.Sort(p.list)
			p.list = slices.Compact(p.list)
		}
		if a.rows[i] = p.list; p.all {
			a.rows[i] = nil
		}
	}
	a.done++
	return a.done == a.steps
}

// clear makes all sums 0.
func (a *accumulator) clear(e elements) {
	a.done = 0
	for i := range a.pending {
		e.clearSlot(i, a.slot, a.rows[i])
		a.pending[i] = pendingRows{list: a.pending[i].list[:0]}
	}
}

// restored says that any row may have a sum.
func (a *accumulator) restored(done int) {
	a.done = done
	for i := range a.pending {
		a.pending[i] = pendingRows{all: done > 0, list: []int{}}
	}
}
