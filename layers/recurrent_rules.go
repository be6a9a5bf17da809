package layers

import "github.com/engram-go/engram/graph"

// rules are the penalties and bounds of a recurrent layer; nil stands for none.
type rules struct {
	kernel, recurrent, bias, activity      graph.Regularizer
	kernelBound, recurrentBound, biasBound graph.Constraint
}

// apply holds the weights of the layer at work, which its cell has declared, and
// the outputs to the rules.
func (r rules) apply(s *graph.Scope, outputs []graph.Value) {
	s.Regularize("kernel", r.kernel)
	s.Constrain("kernel", r.kernelBound)
	s.Regularize("recurrent_kernel", r.recurrent)
	s.Constrain("recurrent_kernel", r.recurrentBound)
	s.Regularize("bias", r.bias)
	s.Constrain("bias", r.biasBound)
	priced(s, r.activity, outputs...)
}
