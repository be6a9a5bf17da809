package graph_test

import (
	"math"
	"slices"

	"pgregory.net/rapid"
)

// What follows computes with float64 and one index at a time, the plainest way
// there is, and shares nothing with the package.

// tabulate makes an array whose element at each place is f of the place.
func tabulate(shape []int, f func(at []int) float64) array {
	n := 1
	for _, d := range shape {
		n *= d
	}
	out := array{Shape: slices.Clone(shape), Data: make([]float64, n)}
	at := make([]int, len(shape))
	for i := range out.Data {
		rest := i
		for a := len(shape) - 1; a >= 0; a-- {
			at[a], rest = rest%shape[a], rest/shape[a]
		}
		out.Data[i] = f(slices.Clone(at))
	}
	return out
}

// pick is the element of a at a place; an axis of size 1 repeats, and axes
// that a does not have are dropped from the front, as NumPy does.
func pick(a array, at []int) float64 {
	at = at[len(at)-len(a.Shape):]
	i := 0
	for axis, d := range a.Shape {
		i *= d
		if d > 1 {
			i += at[axis]
		}
	}
	return a.Data[i]
}

// common is the shape to which all arrays are broadcast.
func common(arrays ...array) []int {
	var out []int
	for _, a := range arrays {
		for len(out) < len(a.Shape) {
			out = slices.Insert(out, 0, 1)
		}
	}
	for _, a := range arrays {
		for i, d := range a.Shape {
			out[len(out)-len(a.Shape)+i] = max(out[len(out)-len(a.Shape)+i], d)
		}
	}
	return out
}

// line is what lies along an axis through a place.
func line(a array, axis int, at []int) []float64 {
	out := make([]float64, a.Shape[axis])
	for i := range out {
		at := slices.Clone(at)
		at[axis] = i
		out[i] = pick(a, at)
	}
	return out
}

// drop and insert are an index or a shape without, or with, one more axis.
func drop(s []int, axis int) []int       { return slices.Delete(slices.Clone(s), axis, axis+1) }
func insert(s []int, axis, d int) []int  { return slices.Insert(slices.Clone(s), axis, d) }
func replace(s []int, axis, d int) []int { return insert(drop(s, axis), axis, d) }
func wrap(s []int, axis int) int         { return (axis + len(s)) % len(s) }

func sumOf(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum
}

func meanOf(xs []float64) float64 { return sumOf(xs) / float64(len(xs)) }

func maxOf(xs []float64) float64 {
	top := math.Inf(-1)
	for _, x := range xs {
		top = nanFirst(math.Max)(top, x)
	}
	return top
}

// expFromTop is e to the power of each element seen from the largest one; an
// infinity there is seen from 0.
func expFromTop(xs []float64) (top float64, out []float64) {
	if top = maxOf(xs); math.IsInf(top, 0) {
		top = 0
	}
	for _, x := range xs {
		out = append(out, math.Exp(x-top))
	}
	return top, out
}

func logSumExpOf(xs []float64) float64 {
	top, e := expFromTop(xs)
	return top + math.Log(sumOf(e))
}

// softmaxOf is NaN in a line whose largest element is infinite.
func softmaxOf(xs []float64, i int) float64 {
	return math.Exp(logSoftmaxOf(xs, i))
}

func logSoftmaxOf(xs []float64, i int) float64 {
	top, sum := maxOf(xs), 0.0
	for _, x := range xs {
		sum += math.Exp(x - top)
	}
	return xs[i] - top - math.Log(sum)
}

// shapes draws a shape of the given ranks, with axes of size 1 among others.
func shapes(least, most int) *rapid.Generator[[]int] {
	return rapid.SliceOfN(rapid.IntRange(1, 4), least, most)
}

// tame elements are moderate numbers; wild ones may be huge, NaN or infinite.
var (
	tame = rapid.Float64Range(-3, 3)
	wild = rapid.OneOf(tame, tame, rapid.SampledFrom([]float64{
		0, math.Copysign(0, -1), 1, -1, 1e8, 1e30, -1e30, 1e300, -1e300, 1e-300,
		math.NaN(), math.Inf(1), math.Inf(-1),
	}))
)

// filled draws an array of a shape.
func filled(t *rapid.T, name string, of *rapid.Generator[float64], shape []int) array {
	return tabulate(shape, func([]int) float64 { return of.Draw(t, name) })
}

// partner draws a shape that broadcasts with another: some axes are 1, some
// that were 1 are more, and leading ones may be missing or added.
func partner(t *rapid.T, shape []int) []int {
	out := slices.Clone(shape)
	for i, d := range out {
		switch {
		case rapid.Bool().Draw(t, "one"):
			out[i] = 1
		case d == 1:
			out[i] = rapid.IntRange(1, 3).Draw(t, "more")
		}
	}
	if rapid.Bool().Draw(t, "shorter") {
		out = out[rapid.IntRange(0, len(out)).Draw(t, "missing"):]
	} else if len(out) < 4 && rapid.Bool().Draw(t, "longer") {
		out = insert(out, 0, rapid.IntRange(1, 3).Draw(t, "added"))
	}
	return out
}

// axisOf draws an axis of a shape, counted from either end.
func axisOf(t *rapid.T, shape []int) int {
	return rapid.IntRange(-len(shape), len(shape)-1).Draw(t, "axis")
}
