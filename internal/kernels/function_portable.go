package kernels

// functionGo are the loops of a function in plain Go: cheap ones with arithmetic in T,
// and the others through their formula in float64.
func functionGo[T Float](f Function) FunctionLoops[T] {
	formula := formulaOf(f)
	loops := FunctionLoops[T]{Forward: mapGo[T](formula.f), Gradient: slopeGo[T](formula.slope)}
	a := T(f.C[0])
	switch f.Kind {
	case Identity:
		loops.Forward = func(x, y []T) { copy(y[:len(x):len(y)], x) }
		loops.Gradient = copyGradientGo[T]
	case Scale:
		loops.Forward = func(x, y []T) {
			y = y[:len(x):len(y)]
			for i, x := range x {
				y[i] = a * x
			}
		}
		loops.Gradient = func(_, dy, dx []T) { loops.Forward(dy, dx) }
	case AddConst:
		loops.Forward = func(x, y []T) {
			y = y[:len(x):len(y)]
			for i, x := range x {
				y[i] = x + a
			}
		}
		loops.Gradient = copyGradientGo[T]
	case OneMinus:
		loops.Forward = func(x, y []T) {
			y = y[:len(x):len(y)]
			for i, x := range x {
				y[i] = 1 - x
			}
		}
		loops.Gradient = func(_, dy, dx []T) {
			dx = dx[:len(dy):len(dx)]
			for i, dy := range dy {
				dx[i] = -dy
			}
		}
	case Square:
		loops.Forward = func(x, y []T) { timesGo(x, x, y) }
		loops.Gradient = func(x, dy, dx []T) {
			x, dx = x[:len(dy):len(x)], dx[:len(dy):len(dx)]
			for i, dy := range dy {
				dx[i] = 2 * x[i] * dy
			}
		}
	case ReLU:
		loops.Forward = func(x, y []T) {
			y = y[:len(x):len(y)]
			for i, x := range x {
				y[i] = max(x, 0) // a NaN stays
			}
		}
		loops.Gradient = func(y, dy, dx []T) {
			y, dx = y[:len(dy):len(y)], dx[:len(dy):len(dx)]
			for i, dy := range dy {
				if y[i] > 0 {
					dx[i] = dy
				} else {
					dx[i] = 0
				}
			}
		}
	case Exp:
		loops.Gradient = func(y, dy, dx []T) { timesGo(dy, y, dx) }
	case Tanh:
		loops.Gradient = func(y, dy, dx []T) { tanhGradGo(y[:len(dy):len(y)], dy, dx) }
	case Sigmoid:
		loops.Gradient = func(y, dy, dx []T) { sigmoidGradGo(y[:len(dy):len(y)], dy, dx) }
	}
	return loops
}

func copyGradientGo[T Float](_, dy, dx []T) { copy(dx[:len(dy):len(dx)], dy) }

// slopeGo multiplies the gradient by a derivative.
func slopeGo[T Float](slope func(float64) float64) func(v, dy, dx []T) {
	return func(v, dy, dx []T) {
		v, dx = v[:len(dy):len(v)], dx[:len(dy):len(dx)]
		for i, dy := range dy {
			dx[i] = T(float64(dy) * slope(float64(v[i]))) // the slope alone may overflow T
		}
	}
}
