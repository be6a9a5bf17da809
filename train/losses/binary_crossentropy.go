package losses

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Loss = BinaryCrossentropy{}

// BinaryCrossentropy is for outputs that are one yes or no each, with targets in
// [0, 1]. It is the mean over the features of
//
//	−y·log p − (1 − y)·log(1 − p)
//
// Where the output is a sigmoid or a softmax, the loss is computed from the logits
// behind it, without overflow, and its gradient (p − y for each sigmoid) does not
// vanish where p rounds to 0 or 1. Any other output is p itself, kept
// away from 0 and 1 by 1e-7 as in Keras; beyond that its gradient is 0. Outputs
// and targets outside [0, 1] are an error of the run.
type BinaryCrossentropy struct {
	// FromLogits says that the model ends without a sigmoid: p = σ(output). Behind
	// a sigmoid or a softmax it is an error of Compile.
	FromLogits bool
	// LabelSmoothing moves the targets towards 1/2: y·(1 − s) + s/2. In [0, 1];
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
	yes, no := logOdds("BinaryCrossentropy", output, b.FromLogits)
	return mean(y.Times(yes).Add(y.OneMinus().Times(no)).Neg())
}

// logOdds are log p and log(1 − p). Logits, also those behind a sigmoid or a
// softmax, give them without a limit.
func logOdds(class string, output graph.Value, fromLogits bool) (yes, no graph.Value) {
	if fromLogits {
		refuseProbabilities(class, output)
		return logSigmoid(output), output.Softplus().Neg()
	}
	if z, ok := output.SigmoidOf(); ok {
		return logSigmoid(z), z.Softplus().Neg()
	}
	if z, ok := output.SoftmaxOf(); ok && z.Dim(-1) != 1 {
		return z.LogSoftmax(-1), logComplement(z)
	}
	p := unit(output, "output", "must be a probability, in [0, 1]; set FromLogits for logits")
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

// logComplement is log(1 − p) for p = softmax(z) along the last axis, exact where
// p is near 1:
//
//	y_k = log Σ_{j≠k} e^z_j − log Σ_j e^z_j
//	∂y_k/∂z_j = [j≠k] e^z_j / Σ_{i≠k} e^z_i − p_j
func logComplement(z graph.Value) graph.Value {
	return z.MapAxis("log of complement of softmax", -1, func(x, y []float64) {
		s := sumsOf(x)
		for k := range x {
			y[k] = math.Log(s.all-s.exp[k]) - math.Log(s.all)
		}
		y[s.top] = s.gap + math.Log(s.others) - math.Log(s.all)
	}, func(x, _, dy, dx []float64) {
		s := sumsOf(x)
		total, share := 0.0, 0.0 // Σ_k dy_k and Σ_{k≠top} dy_k / Σ_{i≠k} e^z_i
		for k, d := range dy {
			total += d
			if k != s.top {
				share += d / (s.all - s.exp[k])
			}
		}
		for j := range dx {
			dx[j] = s.exp[j] * (share - total/s.all)
			if j != s.top {
				dx[j] += dy[s.top]*s.small[j]/s.others - s.exp[j]*dy[j]/(s.all-s.exp[j])
			}
		}
	})
}

// sums are exponentials of a line of logits. The largest logit is left out of
// small, so that the others cannot all round to 0.
type sums struct {
	top    int       // place of the largest logit
	gap    float64   // from it to the largest of the others, not positive
	exp    []float64 // e^(z − largest)
	all    float64   // their sum
	small  []float64 // e^(z − largest of the others)
	others float64   // their sum without that of top
}

func sumsOf(x []float64) sums {
	s := sums{exp: make([]float64, len(x)), small: make([]float64, len(x))}
	second := math.Inf(-1)
	for i, z := range x {
		if z > x[s.top] || z != z {
			s.top = i
		}
	}
	for i, z := range x {
		if i != s.top {
			second = max(second, z)
		}
	}
	s.gap = second - x[s.top]
	for i, z := range x {
		s.exp[i] = math.Exp(z - x[s.top])
		s.all += s.exp[i]
		if i != s.top {
			s.small[i] = math.Exp(z - second)
			s.others += s.small[i]
		}
	}
	return s
}
