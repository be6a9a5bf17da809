package kernels

import "math"

// The kernels in plain Go: what the assembly must equal, but for the last bits.

func mapGo[T Float](f func(float64) float64) func(x, y []T) {
	return func(x, y []T) {
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

func tileGo[T Float](m, k int, a []T, aRow, aCol int, b []T, bRow int, c []T, cRow int, add bool) {
	for i := range m {
		var sum [tileColumns]T
		for p := range k {
			x := a[i*aRow+p*aCol]
			for j, y := range b[p*bRow:][:tileColumns] {
				sum[j] += x * y
			}
		}
		row := c[i*cRow:][:tileColumns]
		for j := range row {
			if add {
				row[j] += sum[j]
			} else {
				row[j] = sum[j]
			}
		}
	}
}

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

func adamGo[T Float](w, g, m, v []T, keep1, keep2, rate, epsilon T) {
	for i := range w {
		m[i] += keep1 * (g[i] - m[i])
		v[i] += keep2 * (g[i]*g[i] - v[i])
		w[i] -= rate * m[i] / (T(math.Sqrt(float64(v[i]))) + epsilon)
	}
}
