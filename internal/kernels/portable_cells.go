package kernels

import "math"

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
