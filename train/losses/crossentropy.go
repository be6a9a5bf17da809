package losses

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
)

// epsilon keeps probabilities away from 0 and 1, as in Keras.
const epsilon = 1e-7

// slack is how far rounding may take a probability out of [0, 1].
const slack = 1e-6

// clipped is x in [epsilon, 1 − epsilon].
func clipped(x float64) float64 { return min(max(x, epsilon), 1-epsilon) }

// inside tells whether clipping leaves x unchanged; elsewhere its derivative is 0.
func inside(x float64) bool { return x >= epsilon && x <= 1-epsilon }

// unit requires a value in [0, 1]. A NaN is accepted and makes the loss NaN.
func unit(v graph.Value, field, rule string) graph.Value {
	return v.Require(field, rule, func(x float64) bool { return !(x < -slack || x > 1+slack) })
}

// smooth takes a share of every target and spreads it over n classes.
func smooth(class string, target graph.Value, share float64, n int) graph.Value {
	checkSmoothing(class, target, share)
	if share == 0 {
		return target
	}
	return target.Scale(1 - share).AddConst(share / float64(n))
}

func checkSmoothing(class string, v graph.Value, share float64) {
	if !(share >= 0 && share <= 1) {
		v.Scope().Failf(class+".LabelSmoothing", "must lie in [0, 1]", share)
	}
}

// classes is the number of classes on the last axis of an output.
func classes(output graph.Value) int {
	s := output.Scope()
	if output.Rank() < 2 {
		s.Failf("output", "must have an axis of samples and one of classes", output.Shape())
		return 1
	}
	n := output.Dim(-1)
	if n == graph.Any || n < 2 {
		s.Failf("output", "must have an axis of at least 2 classes; use BinaryCrossentropy for one number", output.Shape())
	}
	return n
}

// logits are what an output [..., classes] is the softmax of: itself, what is known to be
// behind a softmax, or the logarithms of a sigmoid, which then are divided by their sum. ok
// is false for any other output. The loss of logits has no limit, and keeps its gradient
// however large they are.
func logits(class string, output graph.Value, fromLogits bool) (z graph.Value, ok bool) {
	if fromLogits {
		refuseProbabilities(class, output)
		return output, true
	}
	if z, ok := output.SoftmaxOf(); ok {
		return z, true
	}
	if z, ok := output.SigmoidOf(); ok {
		return logSigmoid(z), true
	}
	return output, false
}

// logProbabilities turns an output [..., classes] that is not computed from known logits
// into the logarithms of probabilities, which add up to 1 over the classes: it is divided
// by its sum and kept away from 0 and 1.
func logProbabilities(output graph.Value) graph.Value {
	output = output.Require("output", "must not be negative; set FromLogits for logits", func(x float64) bool { return !(x < -slack) })
	return output.MapAxis("log of probability", -1, func(x, y []float64) {
		sum := total(x)
		for i := range x {
			y[i] = math.Log(clipped(x[i] / sum))
		}
	}, func(x, _, dy, dx []float64) {
		clear(dx)
		if !slices.ContainsFunc(dy, func(d float64) bool { return d != 0 }) {
			return // a masked step has no gradient, even where its outputs are all 0
		}
		sum, dot := total(x), 0.0
		for i := range x {
			if p := x[i] / sum; inside(p) {
				dx[i] = dy[i] / p
				dot += dy[i]
			}
		}
		for i := range dx {
			dx[i] = (dx[i] - dot) / sum
		}
	})
}

// logSigmoid is log σ(z), without overflow.
func logSigmoid(z graph.Value) graph.Value { return z.Neg().Softplus().Neg() }

// refuseProbabilities reports probabilities where logits are expected: as logits
// they lie so close together that training hardly moves.
func refuseProbabilities(class string, output graph.Value) {
	for _, a := range []struct {
		name string
		of   func() (graph.Value, bool)
	}{{"softmax", output.SoftmaxOf}, {"sigmoid", output.SigmoidOf}} {
		if _, ok := a.of(); ok {
			output.Scope().Failf(class+".FromLogits", "must be false, or the model must end without its "+a.name, true)
		}
	}
}

// total is the sum, and NaN where that is infinite, so that all quotients are NaN.
func total(x []float64) float64 {
	sum := 0.0
	for _, e := range x {
		sum += e
	}
	return sum + 0*sum
}

// whole tells whether x is the number of one of n classes.
func whole(n int) func(x float64) bool {
	return func(x float64) bool { return x == math.Trunc(x) && x >= 0 && x < float64(n) }
}

func classRule(n int) string {
	return fmt.Sprintf("must be the number of a class, a whole number from 0 to %d", n-1)
}
