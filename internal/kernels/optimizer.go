package kernels

import "math"

// optimizerKernels do one step of an optimizer on the weights w with the gradient g. What
// an optimizer keeps is as long as w. Every operation is rounded for itself, so that all
// sets give the same bits. A keep is 1 − β of a moving average.
type optimizerKernels[T Float] struct {
	// SGD: w −= rate·g.
	SGD func(w, g []T, rate T)
	// Momentum: u = momentum·u − rate·g, w += u.
	Momentum func(w, g, u []T, momentum, rate T)
	// Nesterov: u = momentum·u − rate·g, w += momentum·u − rate·g.
	Nesterov func(w, g, u []T, momentum, rate T)

	// Adam: m += keep1·(g − m), v += keep2·(g² − v), w −= rate·m/(√v + epsilon), where
	// rate is the corrected learning rate.
	Adam func(w, g, m, v []T, keep1, keep2, rate, epsilon T)
	// AMSGrad is Adam with largest = max(largest, v) in the place of v below the root.
	AMSGrad func(w, g, m, v, largest []T, keep1, keep2, rate, epsilon T)
	// Adamax: m += keep1·(g − m), u = max(beta2·u, |g|), w −= rate·m/(u + epsilon).
	Adamax func(w, g, m, u []T, keep1, beta2, rate, epsilon T)
	// Nadam: m and v as in Adam, w −= (ofMean·m + ofGradient·g)/(√(ofSquare·v) + epsilon).
	Nadam func(w, g, m, v []T, keep1, keep2, ofMean, ofGradient, ofSquare, epsilon T)

	// RMSprop: v += keep·(g² − v), d = rate·g/√(v + epsilon), w −= d. With momentum,
	// u = momentum·u + d, w −= u. Centred, a += keep·(g − a), and max(v − a², 0) is in the
	// place of v below the root.
	RMSprop                 func(w, g, v []T, keep, rate, epsilon T)
	RMSpropMomentum         func(w, g, v, u []T, keep, rate, epsilon, momentum T)
	RMSpropCentered         func(w, g, v, a []T, keep, rate, epsilon T)
	RMSpropCenteredMomentum func(w, g, v, a, u []T, keep, rate, epsilon, momentum T)

	// Adagrad: v += g², w −= rate·g/√(v + epsilon).
	Adagrad func(w, g, v []T, rate, epsilon T)
	// Adadelta: v += keep·(g² − v), d = √(x + epsilon)·g/√(v + epsilon), w −= rate·d,
	// x += keep·(d² − x).
	Adadelta func(w, g, v, x []T, keep, rate, epsilon T)
	// Lion: w −= rate·sign(m + keep1·(g − m)), m += keep2·(g − m).
	Lion func(w, g, m []T, keep1, keep2, rate T)

	// Average moves means toward x: mean += keep·(x − mean).
	Average func(x, mean []T, keep T)
	// Clip writes x·scale, computed in float64, rounded and limited to ±limit, to y.
	Clip func(x, y []T, scale float64, limit T)
	// Squares is the sum of x² in float64, in an order that depends on the length alone.
	Squares func(x []T) float64
}

func optimizerGo[T Float]() optimizerKernels[T] {
	return optimizerKernels[T]{
		SGD:                     sgdGo[T],
		Momentum:                momentumGo[T],
		Nesterov:                nesterovGo[T],
		Adam:                    adamGo[T],
		AMSGrad:                 amsgradGo[T],
		Adamax:                  adamaxGo[T],
		Nadam:                   nadamGo[T],
		RMSprop:                 rmspropGo[T],
		RMSpropMomentum:         rmspropMomentumGo[T],
		RMSpropCentered:         rmspropCenteredGo[T],
		RMSpropCenteredMomentum: rmspropCenteredMomentumGo[T],
		Adagrad:                 adagradGo[T],
		Adadelta:                adadeltaGo[T],
		Lion:                    lionGo[T],
		Average:                 averageGo[T],
		Clip:                    clipGo[T],
		Squares:                 squaresGo[T],
	}
}

// The conversions of products keep the compiler from rounding a product and a sum as one.

// toward is mean + keep·(x − mean).
func toward[T Float](mean, x, keep T) T { return mean + T(keep*(x-mean)) }

func root[T Float](x T) T { return T(math.Sqrt(float64(x))) }

func sgdGo[T Float](w, g []T, rate T) {
	for i := range w {
		w[i] -= T(rate * g[i])
	}
}

func momentumGo[T Float](w, g, u []T, momentum, rate T) {
	for i := range w {
		u[i] = T(momentum*u[i]) - T(rate*g[i])
		w[i] += u[i]
	}
}

func nesterovGo[T Float](w, g, u []T, momentum, rate T) {
	for i := range w {
		down := T(rate * g[i])
		u[i] = T(momentum*u[i]) - down
		w[i] += T(momentum*u[i]) - down
	}
}

func adamGo[T Float](w, g, m, v []T, keep1, keep2, rate, epsilon T) {
	for i := range w {
		m[i] = toward(m[i], g[i], keep1)
		v[i] = toward(v[i], T(g[i]*g[i]), keep2)
		w[i] -= rate * m[i] / (root(v[i]) + epsilon)
	}
}

func amsgradGo[T Float](w, g, m, v, largest []T, keep1, keep2, rate, epsilon T) {
	for i := range w {
		m[i] = toward(m[i], g[i], keep1)
		v[i] = toward(v[i], T(g[i]*g[i]), keep2)
		if !(largest[i] > v[i]) {
			largest[i] = v[i]
		}
		w[i] -= rate * m[i] / (root(largest[i]) + epsilon)
	}
}

func adamaxGo[T Float](w, g, m, u []T, keep1, beta2, rate, epsilon T) {
	for i := range w {
		m[i] = toward(m[i], g[i], keep1)
		u[i] *= beta2
		if size := T(math.Abs(float64(g[i]))); !(u[i] > size) {
			u[i] = size
		}
		w[i] -= rate * m[i] / (u[i] + epsilon)
	}
}

func nadamGo[T Float](w, g, m, v []T, keep1, keep2, ofMean, ofGradient, ofSquare, epsilon T) {
	for i := range w {
		m[i] = toward(m[i], g[i], keep1)
		v[i] = toward(v[i], T(g[i]*g[i]), keep2)
		top := T(ofMean*m[i]) + T(ofGradient*g[i])
		w[i] -= top / (root(ofSquare*v[i]) + epsilon)
	}
}

func rmspropGo[T Float](w, g, v []T, keep, rate, epsilon T) {
	for i := range w {
		v[i] = toward(v[i], T(g[i]*g[i]), keep)
		w[i] -= rate * g[i] / root(v[i]+epsilon)
	}
}

func rmspropMomentumGo[T Float](w, g, v, u []T, keep, rate, epsilon, momentum T) {
	for i := range w {
		v[i] = toward(v[i], T(g[i]*g[i]), keep)
		u[i] = T(momentum*u[i]) + rate*g[i]/root(v[i]+epsilon)
		w[i] -= u[i]
	}
}

func rmspropCenteredGo[T Float](w, g, v, a []T, keep, rate, epsilon T) {
	for i := range w {
		v[i] = toward(v[i], T(g[i]*g[i]), keep)
		a[i] = toward(a[i], g[i], keep)
		w[i] -= rate * g[i] / root(max(v[i]-T(a[i]*a[i]), 0)+epsilon)
	}
}

func rmspropCenteredMomentumGo[T Float](w, g, v, a, u []T, keep, rate, epsilon, momentum T) {
	for i := range w {
		v[i] = toward(v[i], T(g[i]*g[i]), keep)
		a[i] = toward(a[i], g[i], keep)
		u[i] = T(momentum*u[i]) + rate*g[i]/root(max(v[i]-T(a[i]*a[i]), 0)+epsilon)
		w[i] -= u[i]
	}
}

func adagradGo[T Float](w, g, v []T, rate, epsilon T) {
	for i := range w {
		v[i] += T(g[i] * g[i])
		w[i] -= rate * g[i] / root(v[i]+epsilon)
	}
}

func adadeltaGo[T Float](w, g, v, x []T, keep, rate, epsilon T) {
	for i := range w {
		v[i] = toward(v[i], T(g[i]*g[i]), keep)
		d := root(x[i]+epsilon) * g[i] / root(v[i]+epsilon)
		w[i] -= T(rate * d)
		x[i] = toward(x[i], T(d*d), keep)
	}
}

func lionGo[T Float](w, g, m []T, keep1, keep2, rate T) {
	for i := range w {
		step := T(0)
		switch way := toward(m[i], g[i], keep1); {
		case way > 0:
			step = rate
		case way < 0:
			step = -rate
		}
		w[i] -= step
		m[i] = toward(m[i], g[i], keep2)
	}
}

func averageGo[T Float](x, mean []T, keep T) {
	for i := range x {
		mean[i] = toward(mean[i], x[i], keep)
	}
}

func clipGo[T Float](x, y []T, scale float64, limit T) {
	for i, v := range x {
		y[i] = min(max(T(float64(v)*scale), -limit), limit)
	}
}

func squaresGo[T Float](x []T) float64 {
	sum := 0.0
	for _, v := range x {
		sum += float64(v) * float64(v)
	}
	return sum
}
