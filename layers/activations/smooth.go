package activations

import "github.com/engram-go/engram/graph"

// GELU is x · Φ(x), with Φ the distribution function of the standard normal
// (Hendrycks and Gimpel, 2016, https://arxiv.org/abs/1606.08415).
type GELU struct {
	// Approximate computes ½x · (1 + tanh(√(2/π) · (x + 0.044715 x³))) instead.
	Approximate bool
}

// Apply computes the activation.
func (a GELU) Apply(x graph.Value) graph.Value { return apply(a, nil, x) }

// Squareplus is (x + √(x² + B)) / 2 (Barron, 2021,
// https://arxiv.org/abs/2112.11687).
type Squareplus struct {
	B float64 // how smooth the bend at 0 is, positive; 0 means 4
}

// Resolve fills in the default.
func (a Squareplus) Resolve() (Activation, error) {
	err := a.fill()
	return a, err
}

func (a *Squareplus) fill() error { return fillPositive("Squareplus.B", &a.B, 4) }

// Apply computes the activation.
func (a Squareplus) Apply(x graph.Value) graph.Value { return apply(a, a.fill(), x) }
