//go:build amd64 && !noasm

package kernels

import "math"

// The assembly processes whole vectors of Width elements. It processes the remaining
// elements in a padded copy, so that a result does not depend on its index in a slice. The
// copies stay on the stack.

func addTimes(x, y, z []float32) {
	n := len(x)
	if n == 0 {
		return
	}
	_, _ = y[n-1], z[n-1]
	whole := n / Width * Width
	if whole > 0 {
		addTimesAVX2(whole, &x[0], &y[0], &z[0])
	}
	if whole < n {
		var xs, ys, zs [Width]float32
		copy(xs[:], x[whole:])
		copy(ys[:], y[whole:n])
		copy(zs[:], z[whole:n])
		addTimesAVX2(Width, &xs[0], &ys[0], &zs[0])
		copy(z[whole:n], zs[:])
	}
}

func axpy(a float32, x, y []float32) {
	n := len(x)
	if n == 0 {
		return
	}
	_ = y[n-1]
	whole := n / Width * Width
	if whole > 0 {
		axpyAVX2(whole, a, &x[0], &y[0])
	}
	if whole < n {
		var xs, ys [Width]float32
		copy(xs[:], x[whole:])
		copy(ys[:], y[whole:n])
		axpyAVX2(Width, a, &xs[0], &ys[0])
		copy(y[whole:n], ys[:])
	}
}

func softmax(x, y []float32) {
	n := len(x)
	if n == 0 {
		return
	}
	_ = y[n-1]
	whole := n / Width * Width
	rest := [Width]float32{} // padded with −∞, whose exponential is 0
	for i := copy(rest[:], x[whole:]); i < Width; i++ {
		rest[i] = float32(math.Inf(-1))
	}
	most := maxAVX2(Width, &rest[0])
	if whole > 0 {
		most = max(most, maxAVX2(whole, &x[0]))
	}
	sum := expSumAVX2(Width, &rest[0], &rest[0], most)
	if whole > 0 {
		sum += expSumAVX2(whole, &x[0], &y[0], most)
		scaleAVX2(whole, 1/sum, &y[0])
	}
	scaleAVX2(Width, 1/sum, &rest[0])
	copy(y[whole:n], rest[:])
}

func sum(x []float32) float32 {
	var rest [sumsAtOnce]float32
	whole := len(x) / sumsAtOnce * sumsAtOnce
	copy(rest[:], x[whole:])
	s := sumAVX2(sumsAtOnce, &rest[0])
	if whole > 0 {
		s += sumAVX2(whole, &x[0])
	}
	return s
}

func size(x []float32) float32 {
	whole := len(x) / Width * Width
	most := sizeGo(x[whole:])
	if whole > 0 {
		most = max(most, sizeAVX2(whole, &x[0]))
	}
	return most
}

func dot(x, y []float32) float32 {
	n := len(x)
	if n == 0 {
		return 0
	}
	_ = y[n-1]
	var xs, ys [sumsAtOnce]float32
	whole := n / sumsAtOnce * sumsAtOnce
	copy(xs[:], x[whole:])
	copy(ys[:], y[whole:n])
	s := dotAVX2(sumsAtOnce, &xs[0], &ys[0])
	if whole > 0 {
		s += dotAVX2(whole, &x[0], &y[0])
	}
	return s
}
