package ops

import (
	"fmt"

	"github.com/engram-go/engram/internal/errs"
)

// Gather looks up rows: it takes a table of Rows rows of Size elements and indices. GatherGradient takes the indices and dy.
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
func gatherGradient[T Float](o GatherGradient) Func[T] {
	const none = -1
	first := make([]int, o.Rows) // the first use of each row
	var next []int               // the next use of the same row after each use
	sum := make([]float64, o.Size)
	return func(out []T, in [][]T) error {
		if next == nil {
			next = make([]int, len(in[0]))
		}
		for row := range first {
			first[row] = none
		}
		for i := len(in[0]) - 1; i >= 0; i-- {
			row := int(in[0][i])
			next[i], first[row] = first[row], i
		}
		clear(out)
		for row, i := range first {
			if i == none {
				continue
			}
			clear(sum)
			for ; i != none; i = next[i] {
				for j, d := range in[1][i*o.Size:][:o.Size] {
					sum[j] += float64(d)
				}
			}
			for j, x := range sum {
				out[row*o.Size+j] = T(x)
			}
		}
		return nil
	}
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
