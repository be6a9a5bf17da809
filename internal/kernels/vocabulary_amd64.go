//go:build amd64 && !noasm

package kernels

import (
	"math"
	"slices"
)

// rowsOf are the kernels of rows in assembly: for AVX-512 if wide is set, and for AVX2
// otherwise. Both give the same bits. They are called by their names, not through
// variables, so that the copies of remaining elements stay on the stack.
type rowsOf struct{ wide bool }

// rest is a padded copy, one block long, of the elements after the whole blocks of a row.
type rest [sumsAtOnce]float32

// after makes it the elements of x from whole on, followed by the filler.
func (r *rest) after(x []float32, whole int, filler float32) {
	for i := copy(r[:], x[whole:]); i < len(r); i++ {
		r[i] = filler
	}
}

// wholeBlocks is the part of n elements that needs no copy.
func wholeBlocks(n int) int { return n / sumsAtOnce * sumsAtOnce }

func vocabulary(wide bool) vocabularyKernels[float32] {
	r := rowsOf{wide}
	return vocabularyKernels[float32]{
		Largest: r.largest, Smallest: r.smallest, ExpSum: r.expSum, ExpTimes: r.expTimes, ExpTargets: r.expTargets,
		TargetDot: r.targetDot, Shift: r.shift, TimesLess: r.timesLess,
	}
}

func (r rowsOf) largest(x []float32) float32 {
	f := func(n int, x *float32) float32 {
		if r.wide {
			return rowLargestAVX512(n, x)
		}
		return rowLargestAVX2(n, x)
	}
	whole, most := wholeBlocks(len(x)), float32(math.Inf(-1))
	if whole > 0 {
		most = f(whole, &x[0])
	}
	if whole < len(x) {
		var xs rest
		xs.after(x, whole, most)
		most = max(most, f(len(xs), &xs[0]))
	}
	return most
}

func (r rowsOf) smallest(x []float32) float32 {
	f := func(n int, x *float32) float32 {
		if r.wide {
			return rowSmallestAVX512(n, x)
		}
		return rowSmallestAVX2(n, x)
	}
	whole, least := wholeBlocks(len(x)), float32(math.Inf(1))
	if whole > 0 {
		least = f(whole, &x[0])
	}
	if whole < len(x) {
		var xs rest
		xs.after(x, whole, least)
		least = min(least, f(len(xs), &xs[0]))
	}
	return least
}

func (r rowsOf) expSum(x []float32, less float32) float32 {
	sum := func(n int, x *float32) float32 {
		if r.wide {
			return rowExpSumAVX512(n, x, less)
		}
		return rowExpSumAVX2(n, x, less)
	}
	whole, total := wholeBlocks(len(x)), float32(0)
	if whole > 0 {
		total = sum(whole, &x[0])
	}
	if whole < len(x) {
		var xs rest
		xs.after(x, whole, float32(math.Inf(-1))) // whose exponential is 0
		total += sum(len(xs), &xs[0])
	}
	return total
}

func (r rowsOf) expTimes(x, y []float32, less, factor float32) {
	f := func(n int, x, y *float32) {
		if r.wide {
			rowExpTimesAVX512(n, x, y, less, factor)
		} else {
			rowExpTimesAVX2(n, x, y, less, factor)
		}
	}
	y = slices.Clip(y)[:len(x)]
	whole := wholeBlocks(len(x))
	if whole > 0 {
		f(whole, &x[0], &y[0])
	}
	if whole < len(x) {
		var xs rest
		xs.after(x, whole, less)
		f(len(xs), &xs[0], &xs[0])
		copy(y[whole:], xs[:])
	}
}

func (r rowsOf) expTargets(x, t, y []float32, less, factor, a, b float32) {
	f := func(n int, x, t, y *float32) {
		if r.wide {
			rowExpTargetsAVX512(n, x, t, y, less, factor, a, b)
		} else {
			rowExpTargetsAVX2(n, x, t, y, less, factor, a, b)
		}
	}
	t, y = slices.Clip(t)[:len(x)], slices.Clip(y)[:len(x)]
	whole := wholeBlocks(len(x))
	if whole > 0 {
		f(whole, &x[0], &t[0], &y[0])
	}
	if whole < len(x) {
		var xs, ts rest
		xs.after(x, whole, less)
		ts.after(t, whole, 0)
		f(len(xs), &xs[0], &ts[0], &xs[0])
		copy(y[whole:], xs[:])
	}
}

func (r rowsOf) targetDot(x, t []float32, less, a, b float32) float32 {
	f := func(n int, x, t *float32) float32 {
		if r.wide {
			return rowTargetDotAVX512(n, x, t, less, a, b)
		}
		return rowTargetDotAVX2(n, x, t, less, a, b)
	}
	t = slices.Clip(t)[:len(x)]
	whole, total := wholeBlocks(len(x)), float32(0)
	if whole > 0 {
		total = f(whole, &x[0], &t[0])
	}
	if whole < len(x) {
		var xs, ts rest
		xs.after(x, whole, less) // whose difference to less is 0
		ts.after(t, whole, 0)
		total += f(len(xs), &xs[0], &ts[0])
	}
	return total
}

func (r rowsOf) shift(x, y []float32, less, more float32) {
	f := func(n int, x, y *float32) {
		if r.wide {
			rowShiftAVX512(n, x, y, less, more)
		} else {
			rowShiftAVX2(n, x, y, less, more)
		}
	}
	y = slices.Clip(y)[:len(x)]
	whole := wholeBlocks(len(x))
	if whole > 0 {
		f(whole, &x[0], &y[0])
	}
	for i := whole; i < len(x); i++ {
		y[i] = x[i] - less - more
	}
}

func (r rowsOf) timesLess(x, y, z []float32, less float32) {
	f := func(n int, x, y, z *float32) {
		if r.wide {
			rowTimesLessAVX512(n, x, y, z, less)
		} else {
			rowTimesLessAVX2(n, x, y, z, less)
		}
	}
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	whole := wholeBlocks(len(x))
	if whole > 0 {
		f(whole, &x[0], &y[0], &z[0])
	}
	for i := whole; i < len(x); i++ {
		z[i] = x[i] * (y[i] - less)
	}
}
