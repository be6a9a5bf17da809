package kernels

import (
	"math"
	"slices"
)

// The kernels in plain Go. They are the reference for the assembly, which may differ in
// the last bits.

func mapGo[T Float](f func(float64) float64) func(x, y []T) {
	return func(x, y []T) {
		y = y[:len(x):len(y)]
		for i, v := range x {
			y[i] = T(f(float64(v)))
		}
	}
}

func expGo(x float64) float64  { return math.Exp(x) }
func tanhGo(x float64) float64 { return math.Tanh(x) }

// sigmoidGo does not overflow on either side.
func sigmoidGo(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// softmaxGo subtracts the largest element first, so that nothing overflows.
func softmaxGo[T Float](x, y []T) {
	most := T(math.Inf(-1))
	for _, v := range x {
		most = max(most, v)
	}
	var sum T
	for i, v := range x {
		y[i] = T(math.Exp(float64(v - most)))
		sum += y[i]
	}
	factor := 1 / sum
	for i := range x {
		y[i] *= factor
	}
}

// sumsAtOnce is the number of parallel sums in sum and dot: sum i has
// the elements i, i + sumsAtOnce and so on. They are folded half by half.
const sumsAtOnce = 32

func sumGo[T Float](x []T) T {
	return sumsGo(len(x), func(i int) T { return x[i] })
}

func dotGo[T Float](x, y []T) T {
	return sumsGo(len(x), func(i int) T { return x[i] * y[i] })
}

// sumsGo adds n terms. The last terms, which are fewer than sumsAtOnce, are added
// separately.
func sumsGo[T Float](n int, term func(i int) T) T {
	whole := n / sumsAtOnce * sumsAtOnce
	part := func(from, end int) T {
		var sum [sumsAtOnce]T
		for i := from; i < end; i++ {
			sum[(i-from)%sumsAtOnce] += term(i)
		}
		// Vectors of 8: the first to the second, the third to the fourth.
		for i := range Width {
			sum[i] = sum[i] + sum[i+8] + (sum[i+16] + sum[i+24])
		}
		for half := Width / 2; half > 0; half /= 2 {
			for i := range half {
				sum[i] += sum[i+half]
			}
		}
		return sum[0]
	}
	return part(0, whole) + part(whole, n)
}

// sizeGo returns NaN if an element is NaN.
func sizeGo[T Float](x []T) T {
	var most T
	for _, v := range x {
		most = max(most, v, -v)
	}
	return most
}

func axpyGo[T Float](a T, x, y []T) {
	for i, v := range x {
		y[i] += a * v
	}
}

// What makes one vector of two, in plain Go.

func plusGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] + y[i]
	}
}

func minusGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] - y[i]
	}
}

func timesGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] * y[i]
	}
}

func overGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] / y[i]
	}
}

func addTimesGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] += x[i] * y[i]
	}
}

func sigmoidGradGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = x[i] * (1 - x[i]) * y[i]
	}
}

func tanhGradGo[T Float](x, y, z []T) {
	y, z = slices.Clip(y)[:len(x)], slices.Clip(z)[:len(x)]
	for i := range x {
		z[i] = (1 - T(x[i]*x[i])) * y[i] // each rounded for itself on every processor
	}
}

// The cells in plain Go.

func lstmForwardGo[T Float](n int, z []T, gate int, before, c, tanhC, h []T) {
	for j := range n {
		i := T(sigmoidGo(float64(z[j])))
		f := T(sigmoidGo(float64(z[gate+j])))
		g := T(math.Tanh(float64(z[2*gate+j])))
		o := T(sigmoidGo(float64(z[3*gate+j])))
		z[j], z[gate+j], z[2*gate+j], z[3*gate+j] = i, f, g, o
		c[j] = f*before[j] + i*g
		tanhC[j] = T(math.Tanh(float64(c[j])))
		h[j] = o * tanhC[j]
	}
}

func lstmBackwardGo[T Float](n int, z []T, gate int, before, tanhC, dh, dc, dz []T) {
	for j := range n {
		i, f, g, o := z[j], z[gate+j], z[2*gate+j], z[3*gate+j]
		t := tanhC[j]
		d := dc[j] + dh[j]*o*(1-t*t)
		dz[j] = d * g * i * (1 - i)
		dz[gate+j] = d * before[j] * f * (1 - f)
		dz[2*gate+j] = d * i * (1 - g*g)
		dz[3*gate+j] = dh[j] * t * o * (1 - o)
		dc[j] = d * f
	}
}

func gruForwardGo[T Float](n int, z []T, gate int, before, h []T) {
	for j := range n {
		u := T(sigmoidGo(float64(z[j])))
		r := T(sigmoidGo(float64(z[gate+j])))
		c := T(math.Tanh(float64(z[2*gate+j] + r*z[3*gate+j])))
		z[j], z[gate+j], z[2*gate+j] = u, r, c
		h[j] = c + u*(before[j]-c)
	}
}

func gruBackwardGo[T Float](n int, z []T, gate int, before, dh, dz []T) {
	for j := range n {
		u, r, c, rec := z[j], z[gate+j], z[2*gate+j], z[3*gate+j]
		d := dh[j] * (1 - u) * (1 - c*c)
		dz[j] = dh[j] * (before[j] - c) * u * (1 - u)
		dz[gate+j] = d * rec * r * (1 - r)
		dz[2*gate+j] = d
		dz[3*gate+j] = d * r
		dh[j] *= u
	}
}
