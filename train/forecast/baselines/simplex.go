package baselines

import (
	"cmp"
	"math"
	"slices"
)

// vertex is a point and the value of a function there.
type vertex struct {
	at    []float64
	value float64
}

// rank sorts by value, the smallest first.
func rank(v []vertex) {
	slices.SortStableFunc(v, func(a, b vertex) int { return cmp.Compare(a.value, b.value) })
}

// descend searches for a minimum of f from start on by the method of Nelder and Mead (A
// Simplex Method for Function Minimization, 1965), first with a simplex of the given
// size. It ends when the values of the simplex differ by less than a billionth, or after
// about the given number of evaluations. The result is never worse than start.
func descend(f func([]float64) float64, start []float64, size float64, evaluations int) vertex {
	n := len(start)
	simplex := make([]vertex, n+1)
	for i := range simplex {
		at := slices.Clone(start)
		if i > 0 {
			at[i-1] += size
		}
		simplex[i] = vertex{at, f(at)}
	}
	rank(simplex)
	worst := &simplex[n]
	for used := n + 1; used < evaluations; {
		best := simplex[0].value
		if worst.value-best <= 1e-9*math.Abs(best) {
			break
		}
		center := make([]float64, n) // of all but the worst
		for _, v := range simplex[:n] {
			for d := range center {
				center[d] += v.at[d] / float64(n)
			}
		}
		// along is the point at center + t·(center − worst).
		along := func(t float64) vertex {
			at := make([]float64, n)
			for d := range at {
				at[d] = center[d] + t*(center[d]-worst.at[d])
			}
			used++
			return vertex{at, f(at)}
		}
		switch v := along(1); {
		case v.value < best:
			if w := along(2); w.value < v.value {
				v = w
			}
			*worst = v
		case v.value < simplex[n-1].value:
			*worst = v
		default:
			t := -0.5
			if v.value < worst.value {
				t = 0.5
			}
			if w := along(t); w.value < min(v.value, worst.value) {
				*worst = w
				break
			}
			for i := range simplex[1:] { // toward the best
				one := &simplex[i+1]
				for d := range one.at {
					one.at[d] = (one.at[d] + simplex[0].at[d]) / 2
				}
				one.value = f(one.at)
				used++
			}
		}
		rank(simplex)
	}
	return simplex[0]
}
