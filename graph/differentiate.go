package graph

// Gradients adds the gradient of loss, a single number, with respect to each of the
// given values to the graph (reverse-mode differentiation). If loss does not depend
// on a value, its gradient is zero.
//
// Sums, products and matrix products have gradients of gradients. Most other
// operations, including activations, recurrent layers and attention, only have a
// first derivative. Their second derivative is an error.
func (s *Scope) Gradients(loss Value, wrt ...Value) []Value {
	if len(loss.shape) != 0 {
		s.Failf("loss", "must be a single number", loss.shape)
	}
	return s.pullBack([]Value{loss}, []Value{s.Const(1, Shape{})}, wrt)
}

// pullBack returns the gradients of wrt, given the gradients dys of ys.
func (s *Scope) pullBack(ys, dys, wrt []Value) []Value {
	grads := make([]Value, len(wrt))
	for i, v := range wrt {
		grads[i] = s.poison(v.shape)
	}
	ys, wrt = s.takeAll("loss", ys), s.takeAll("gradient", wrt)
	if s.err != nil || s.level == nil {
		return grads
	}
	nodes, err := s.level.g.Differentiate(s.path, nodesOf(ys), nodesOf(dys), nodesOf(wrt))
	if err != nil {
		s.Fail(err)
		return grads
	}
	for i, n := range nodes {
		grads[i].node = n
		if n == nil {
			grads[i] = s.Const(0, wrt[i].shape)
		}
	}
	return grads
}

func (s *Scope) takeAll(name string, values []Value) []Value {
	out := make([]Value, len(values))
	for i, v := range values {
		out[i], _ = s.take(name, v)
	}
	return out
}
