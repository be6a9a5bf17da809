package losses

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Loss = BinaryCrossentropy{}

// BinaryCrossentropy is for outputs that each say yes or no, with targets in
// [0, 1]. It is the mean over the features of
//
//	−y·log p − (1 − y)·log(1 − p)
//
// p is the output, kept away from 0 and 1 by 1e-7 as in Keras, or, from logits
// z, σ(z), computed without overflow and without that limit. Elsewhere, outputs
// that are no probabilities are an error when they are met, and so are such
// targets.
type BinaryCrossentropy struct {
	// FromLogits says that the output has no sigmoid at its end.
	FromLogits bool
	// LabelSmoothing draws the targets towards 1/2: y·(1 − s) + s/2. In [0, 1];
	// default 0.
	LabelSmoothing float64
}

// Loss maps [batch, ..., features] to [batch, ...].
func (b BinaryCrossentropy) Loss(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	y := unit(target, "target", "must lie in [0, 1]")
	y = smooth("BinaryCrossentropy", y, b.LabelSmoothing, 2)
	yes, no := logOdds(output, b.FromLogits)
	return mean(y.Times(yes).Add(y.OneMinus().Times(no)).Neg())
}

// logOdds are log p and log(1 − p).
func logOdds(output graph.Value, fromLogits bool) (yes, no graph.Value) {
	if fromLogits {
		return output.Neg().Softplus().Neg(), output.Softplus().Neg()
	}
	p := unit(output, "output", "must be a probability, in [0, 1]; set FromLogits where it is none")
	yes = p.Map("log of probability", func(x float64) float64 { return math.Log(clipped(x)) }, func(x, _ float64) float64 {
		if inside(x) {
			return 1 / x
		}
		return 0
	})
	no = p.Map("log of complement", func(x float64) float64 { return math.Log1p(-clipped(x)) }, func(x, _ float64) float64 {
		if inside(x) {
			return 1 / (x - 1)
		}
		return 0
	})
	return yes, no
}
