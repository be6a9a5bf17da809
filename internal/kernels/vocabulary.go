package kernels

import (
	"math"
	"slices"
)

// vocabularyKernels are those of rows of logits and probabilities, which may be as long
// as a vocabulary. A sum consists of sumsAtOnce parallel sums, so its order depends on
// its length alone. Errors of float32 are bounds relative to the result, in units of
// 2⁻²⁴ (half the distance of neighbouring numbers), for finite operands; what is
// subnormal is rounded to a multiple of 2⁻¹⁴⁹ in addition. d is the size of x − less.
type vocabularyKernels[T Float] struct {
	// Largest is the largest element of x that is not NaN; −∞ if there is none.
	// Smallest is the smallest; +∞ if there is none.
	Largest, Smallest func(x []T) T
	// ExpSum is the sum of e^(x − less), within d + n/32 + 10 units for n elements.
	ExpSum func(x []T, less T) T
	// ExpTimes computes y = factor·e^(x − less), within d + 4 units; y may be x.
	ExpTimes func(x, y []T, less, factor T)
	// ExpTargets computes y = factor·e^(x − less) − (a·t + b), within d + 6 units of
	// the size of the first term and 3 units of the sizes of the others; y may be x or t.
	ExpTargets func(x, t, y []T, less, factor, a, b T)
	// TargetDot is the sum of (a·t + b)·(less − x), within n/32 + 12 units of the sum
	// of the sizes of its terms.
	TargetDot func(x, t []T, less, a, b T) T
	// Shift computes y = (x − less) − more, each rounded; y may be x.
	Shift func(x, y []T, less, more T)
	// TimesLess computes z = x·(y − less), each rounded; z may be x or y.
	TimesLess func(x, y, z []T, less T)
}

func vocabularyGo[T Float]() vocabularyKernels[T] {
	return vocabularyKernels[T]{
		Largest: func(x []T) T {
			most := T(math.Inf(-1))
			for _, v := range x {
				if v > most {
					most = v
				}
			}
			return most
		},
		Smallest: func(x []T) T {
			least := T(math.Inf(1))
			for _, v := range x {
				if v < least {
					least = v
				}
			}
			return least
		},
		ExpSum: func(x []T, less T) T {
			return sumsGo(len(x), func(i int) T { return T(math.Exp(float64(x[i] - less))) })
		},
		ExpTimes: func(x, y []T, less, factor T) {
			y = slices.Clip(y)[:len(x)]
			for i, v := range x {
				y[i] = factor * T(math.Exp(float64(v-less)))
			}
		},
		ExpTargets: func(x, t, y []T, less, factor, a, b T) {
			t, y = slices.Clip(t)[:len(x)], slices.Clip(y)[:len(x)]
			for i, v := range x {
				y[i] = factor*T(math.Exp(float64(v-less))) - (a*t[i] + b)
			}
		},
		TargetDot: func(x, t []T, less, a, b T) T {
			t = slices.Clip(t)[:len(x)]
			return sumsGo(len(x), func(i int) T { return (a*t[i] + b) * (less - x[i]) })
		},
		Shift: func(x, y []T, less, more T) {
			y = slices.Clip(y)[:len(x)]
			for i, v := range x {
				y[i] = v - less - more
			}
		},
		TimesLess: func(x, y, z []T, less T) {
			y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
			for i, v := range x {
				z[i] = v * (y[i] - less)
			}
		},
	}
}
