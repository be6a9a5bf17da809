package graph

// Gradients adds to the graph the gradient of loss, a single number, with
// respect to each of the given values, by reverse-mode differentiation. A value
// on which loss does not depend has a gradient of zeros.
//
// Gradients of gradients exist for sums, products and matrix products. Most other
// operations, among them activations, recurrent layers and attention, have a first
// derivative only, and the second is an error.
func (s *Scope) Gradients(loss Value, wrt ...Value) []Value {
	if len(loss.shape) != 0 {
		s.Failf("loss", "must be a single number", loss.shape)
	}
	return s.pullBack([]Value{loss}, []Value{s.Const(1, Shape{})}, wrt)
}

// pullBack carries the gradients dys of the values ys back to the values wrt.
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
