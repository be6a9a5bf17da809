package layers

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
)

// StackedRNNCells makes one cell of several: at every step each computes from
// the output of the one before.
//
//	x:         [batch, features]
//	y:         that of the last cell
//	states:    those of all cells, in their order
//	constants: every cell sees all of them
//	weights:   those of cell i under "cell_i"
//
// It computes what as many RNN layers in a row compute, step by step, and its
// states before and after a sequence are inputs and outputs of one layer.
type StackedRNNCells struct {
	Cells []Cell // at least one
}

// Resolve fills in the defaults of the cells.
func (c StackedRNNCells) Resolve() (Cell, error) {
	if len(c.Cells) == 0 {
		return nil, graph.Error{Field: "StackedRNNCells.Cells", Rule: "must not be empty"}
	}
	c.Cells = slices.Clone(c.Cells)
	for i := range c.Cells {
		if err := resolveCell(fmt.Sprintf("StackedRNNCells.Cells[%d]", i), &c.Cells[i]); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// States are the sizes of the states of all cells.
func (c StackedRNNCells) States() []int {
	var sizes []int
	for _, cell := range c.Cells {
		sizes = append(sizes, cell.States()...)
	}
	return sizes
}

// Step computes a step of all cells.
func (c StackedRNNCells) Step(s *graph.Scope, x graph.Value, states, constants []graph.Value) (graph.Value, []graph.Value) {
	var next []graph.Value
	for i, cell := range c.Cells {
		n := len(cell.States())
		s.Within(fmt.Sprintf("cell_%d", i), func() {
			y, after := cell.Step(s, x, states[:n], constants)
			if len(after) != n {
				s.Failf("step", fmt.Sprintf("must return %d states", n), len(after))
			}
			x, next, states = y, append(next, after...), states[n:]
		})
	}
	return x, next
}
