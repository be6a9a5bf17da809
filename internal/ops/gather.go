package ops

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
)

// Gather looks up rows: it takes a table of Rows rows of Size elements, and indices.
// GatherGradient takes the indices and dy.
type (
	Gather         struct{ Rows, Size int }
	GatherGradient Gather
)

func gather[T Float](o Gather) Func[T] {
	return func(out []T, in [][]T) error {
		for i, x := range in[1] {
			row, err := index(i, x, o.Rows)
			if err != nil {
				return err
			}
			copy(out[i*o.Size:(i+1)*o.Size], in[0][row*o.Size:])
		}
		return nil
	}
}

// gatherGradient gives each row the sum of the gradients of its uses. A row may
// be used very often, so it is summed in float64.
//
// The result keeps its memory from run to run, and only rows that were used in the run
// before are set to 0: a table has many more rows than a batch uses.
type gatherGradient[T Float] struct {
	GatherGradient
	used    []int // the rows that the last run used, ascending
	first   []int // the first use of each row, or none
	next    []int // the next use of the same row after each use
	sum     []float64
	foreign bool // the memory of the result may hold anything
}

const none = -1

func newGatherGradient[T Float](o GatherGradient) *gatherGradient[T] {
	return &gatherGradient[T]{GatherGradient: o, first: make([]int, o.Rows), sum: make([]float64, o.Size), foreign: true}
}

// KeepsResult says that the memory of the result must not be used for anything else.
func (g *gatherGradient[T]) KeepsResult() {}

// ScratchSize asks for working memory only to learn from SetScratch when another program
// may have written to the memory of this one.
func (g *gatherGradient[T]) ScratchSize() int { return 1 }

// SetScratch is called before the first run, and after another program has run.
func (g *gatherGradient[T]) SetScratch([]T) { g.foreign = true }

// UsedRows are the rows that are not 0 in the result of the last run, ascending. The
// caller must not change them.
func (g *gatherGradient[T]) UsedRows() []int { return g.used }

func (g *gatherGradient[T]) Run(out []T, in [][]T) error {
	if g.foreign {
		clear(out)
		g.foreign = false
	} else {
		for _, row := range g.used {
			clear(out[row*g.Size:][:g.Size])
		}
	}
	if g.next == nil {
		g.next = make([]int, len(in[0]))
	}
	for row := range g.first {
		g.first[row] = none
	}
	for i := len(in[0]) - 1; i >= 0; i-- {
		row := int(in[0][i])
		g.next[i], g.first[row] = g.first[row], i
	}
	g.used = g.used[:0]
	for row, i := range g.first {
		if i == none {
			continue
		}
		g.used = append(g.used, row)
		clear(g.sum)
		for ; i != none; i = g.next[i] {
			for j, d := range in[1][i*g.Size:][:g.Size] {
				g.sum[j] += float64(d)
			}
		}
		for j, x := range g.sum {
			out[row*g.Size+j] = T(x)
		}
	}
	return nil
}

// Pick takes from every line of N elements the one at an index: it takes the
// lines and the indices. PickGradient takes the indices and dy.
type (
	Pick         struct{ N int }
	PickGradient Pick
)

func pick[T Float](o Pick) Func[T] {
	return func(out []T, in [][]T) error {
		for i, x := range in[1] {
			k, err := index(i, x, o.N)
			if err != nil {
				return err
			}
			out[i] = in[0][i*o.N+k]
		}
		return nil
	}
}

// pickGradient puts each number at its index into a line of zeros.
func pickGradient[T Float](o PickGradient) Func[T] {
	return func(out []T, in [][]T) error {
		clear(out)
		for i, x := range in[0] {
			out[i*o.N+int(x)] = in[1][i]
		}
		return nil
	}
}

// index is element i of a list of indices below n.
func index[T Float](i int, x T, n int) (int, error) {
	k := int(x)
	if T(k) != x || k < 0 || k >= n {
		return 0, errs.Error{Field: fmt.Sprintf("index %d", i), Rule: fmt.Sprintf("must be a whole number from 0 to %d", n-1), Value: x}
	}
	return k, nil
}
