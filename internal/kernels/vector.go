package kernels

// Exp, Sigmoid and Tanh compute y from x, element by element; y may be x. In
// float32 Sigmoid stays at about 1e-38 where it would be smaller yet, and Tanh
// loses the sign of −0.
func (s *Set[T]) Exp(x, y []T)     { s.exp(x, y) }
func (s *Set[T]) Sigmoid(x, y []T) { s.sigmoid(x, y) }
func (s *Set[T]) Tanh(x, y []T)    { s.tanh(x, y) }

// Softmax computes y from rows of n elements that follow each other in x, each
// eˣ over the sum of its row; y may be x. A row that has a NaN, or +∞, or
// nothing but −∞, gives NaN.
func (s *Set[T]) Softmax(n int, x, y []T) {
	if len(x) == 0 {
		return
	}
	if n < 1 || len(x)%n != 0 || len(y) < len(x) {
		panic("kernels: softmax over something else than whole rows")
	}
	for i := 0; i < len(x); i += n {
		s.softmax(x[i:i+n], y[i:i+n])
	}
}

// Sum adds up x, and Dot x·y, in an order that depends on the length alone.
func (s *Set[T]) Sum(x []T) T    { return s.sum(x) }
func (s *Set[T]) Dot(x, y []T) T { return s.dot(x, y) }

// Size is the largest size of an element of x: 0 for none, infinite or NaN where
// an element is.
func (s *Set[T]) Size(x []T) T { return s.size(x) }

// Axpy adds a·x to y.
func (s *Set[T]) Axpy(a T, x, y []T) { s.axpy(a, x, y) }

// Plus, Minus, Times and Over write x + y, x − y, x·y and x/y to z, element by
// element, and AddTimes adds x·y to it; z may be x or y.
func (s *Set[T]) Plus(x, y, z []T)     { s.plus(x, y, z) }
func (s *Set[T]) Minus(x, y, z []T)    { s.minus(x, y, z) }
func (s *Set[T]) Times(x, y, z []T)    { s.times(x, y, z) }
func (s *Set[T]) Over(x, y, z []T)     { s.over(x, y, z) }
func (s *Set[T]) AddTimes(x, y, z []T) { s.addTimes(x, y, z) }

// SigmoidGrad and TanhGrad take the gradient dy of what Sigmoid and Tanh gave as
// y back to their x; dx may be y or dy.
func (s *Set[T]) SigmoidGrad(y, dy, dx []T) { s.sigmoidGrad(y, dy, dx) }
func (s *Set[T]) TanhGrad(y, dy, dx []T)    { s.tanhGrad(y, dy, dx) }

// Adam does one step of Adam on the weights w with the gradient g and the
// moments m and v:
//
//	m += keep1·(g − m)    v += keep2·(g² − v)    w −= rate·m/(√v + epsilon)
//
// where keep1 and keep2 are 1 − β1 and 1 − β2, and rate is the corrected
// learning rate.
func (s *Set[T]) Adam(w, g, m, v []T, keep1, keep2, rate, epsilon T) {
	s.adam(w, g, m, v, keep1, keep2, rate, epsilon)
}

// RMSprop does one step of RMSprop on the weights w with the gradient g and the
// mean v of its square:
//
//	v += keep·(g² − v)    w −= rate·g/√(v + epsilon)
//
// where keep is 1 − ρ.
func (s *Set[T]) RMSprop(w, g, v []T, keep, rate, epsilon T) {
	s.rmsprop(w, g, v, keep, rate, epsilon)
}
