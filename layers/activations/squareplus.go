package activations

import (
	"math"

	"github.com/engram-go/engram/graph"
)

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
func (a Squareplus) Apply(x graph.Value) graph.Value {
	x.Scope().Fail(a.fill())
	root := math.Sqrt(a.B)
	return x.Map("squareplus", func(x float64) float64 {
		r := math.Hypot(x, root)
		if x < 0 { // the same, without the difference of near equals
			return root / (r - x) * root / 2
		}
		return x/2 + r/2
	}, func(x, y float64) float64 { return y / math.Hypot(x, root) })
}
