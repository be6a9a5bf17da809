//go:build amd64 && !noasm

package kernels

// The wrappers check that every slice is as long as the first. The assembly of the updates
// takes any length.

func optimizerAVX2() optimizerKernels[float32] {
	return optimizerKernels[float32]{
		SGD: func(w, g []float32, rate float32) {
			if n := len(w); n > 0 {
				_ = g[n-1]
				sgdAVX2(n, &w[0], &g[0], rate)
			}
		},
		Momentum: func(w, g, u []float32, momentum, rate float32) {
			if n := len(w); n > 0 {
				_, _ = g[n-1], u[n-1]
				momentumAVX2(n, &w[0], &g[0], &u[0], momentum, rate)
			}
		},
		Nesterov: func(w, g, u []float32, momentum, rate float32) {
			if n := len(w); n > 0 {
				_, _ = g[n-1], u[n-1]
				nesterovAVX2(n, &w[0], &g[0], &u[0], momentum, rate)
			}
		},
		Adam: func(w, g, m, v []float32, keep1, keep2, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _, _ = g[n-1], m[n-1], v[n-1]
				adamAVX2(n, &w[0], &g[0], &m[0], &v[0], keep1, keep2, rate, epsilon)
			}
		},
		AMSGrad: func(w, g, m, v, largest []float32, keep1, keep2, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _, _, _ = g[n-1], m[n-1], v[n-1], largest[n-1]
				amsgradAVX2(n, &w[0], &g[0], &m[0], &v[0], &largest[0], keep1, keep2, rate, epsilon)
			}
		},
		Adamax: func(w, g, m, u []float32, keep1, beta2, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _, _ = g[n-1], m[n-1], u[n-1]
				adamaxAVX2(n, &w[0], &g[0], &m[0], &u[0], keep1, beta2, rate, epsilon)
			}
		},
		Nadam: func(w, g, m, v []float32, keep1, keep2, ofMean, ofGradient, ofSquare, epsilon float32) {
			if n := len(w); n > 0 {
				_, _, _ = g[n-1], m[n-1], v[n-1]
				nadamAVX2(n, &w[0], &g[0], &m[0], &v[0], keep1, keep2, ofMean, ofGradient, ofSquare, epsilon)
			}
		},
		RMSprop: func(w, g, v []float32, keep, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _ = g[n-1], v[n-1]
				rmspropAVX2(n, &w[0], &g[0], &v[0], keep, rate, epsilon)
			}
		},
		RMSpropMomentum: func(w, g, v, u []float32, keep, rate, epsilon, momentum float32) {
			if n := len(w); n > 0 {
				_, _, _ = g[n-1], v[n-1], u[n-1]
				rmspropMomentumAVX2(n, &w[0], &g[0], &v[0], &u[0], keep, rate, epsilon, momentum)
			}
		},
		RMSpropCentered: func(w, g, v, a []float32, keep, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _, _ = g[n-1], v[n-1], a[n-1]
				rmspropCenteredAVX2(n, &w[0], &g[0], &v[0], &a[0], keep, rate, epsilon)
			}
		},
		RMSpropCenteredMomentum: func(w, g, v, a, u []float32, keep, rate, epsilon, momentum float32) {
			if n := len(w); n > 0 {
				_, _, _, _ = g[n-1], v[n-1], a[n-1], u[n-1]
				rmspropCenteredMomentumAVX2(n, &w[0], &g[0], &v[0], &a[0], &u[0], keep, rate, epsilon, momentum)
			}
		},
		Adagrad: func(w, g, v []float32, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _ = g[n-1], v[n-1]
				adagradAVX2(n, &w[0], &g[0], &v[0], rate, epsilon)
			}
		},
		Adadelta: func(w, g, v, x []float32, keep, rate, epsilon float32) {
			if n := len(w); n > 0 {
				_, _, _ = g[n-1], v[n-1], x[n-1]
				adadeltaAVX2(n, &w[0], &g[0], &v[0], &x[0], keep, rate, epsilon)
			}
		},
		Lion: func(w, g, m []float32, keep1, keep2, rate float32) {
			if n := len(w); n > 0 {
				_, _ = g[n-1], m[n-1]
				lionAVX2(n, &w[0], &g[0], &m[0], keep1, keep2, rate)
			}
		},
		Average: func(x, mean []float32, keep float32) {
			if n := len(x); n > 0 {
				_ = mean[n-1]
				averageAVX2(n, &x[0], &mean[0], keep)
			}
		},
		Clip: func(x, y []float32, scale float64, limit float32) {
			n, whole := len(x), len(x)/Width*Width
			if n > 0 {
				_ = y[n-1]
			}
			if whole > 0 {
				clipScaledAVX2(whole, &x[0], &y[0], scale, limit)
			}
			clipGo(x[whole:], y[whole:], scale, limit)
		},
		Squares: func(x []float32) float64 {
			whole := len(x) / (2 * Width) * (2 * Width)
			sum := squaresGo(x[whole:])
			if whole > 0 {
				sum += squaresAVX2(whole, &x[0])
			}
			return sum
		},
	}
}
