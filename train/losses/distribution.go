package losses

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gonum.org/v1/gonum/mathext"
	"gorgonia.org/tensor"
)

// Gaussian is a normal distribution.
type Gaussian struct {
	Mean  float64
	Scale float64 // standard deviation
}

// Quantile is the number below which a share p of the distribution lies, NaN for a p
// outside [0, 1].
func (g Gaussian) Quantile(p float64) float64 { return g.Mean + g.Scale*normalQuantile(p) }

// Distributions are those that a prediction [..., 2·targets] of a model trained with
// GaussianNLL stands for, one for each target, in row-major order.
func (GaussianNLL) Distributions(prediction *tensor.Dense) ([]Gaussian, error) {
	return distributions(prediction, 2, gaussianOf)
}

func gaussianOf(out []float64) Gaussian { return Gaussian{out[0], positive(out[1])} }

// StudentT is Student's t distribution.
type StudentT struct {
	Mean    float64
	Scale   float64 // less than the standard deviation
	Freedom float64 // degrees of freedom, more than 2
}

// StdDev is the standard deviation.
func (s StudentT) StdDev() float64 { return s.Scale * math.Sqrt(s.Freedom/(s.Freedom-2)) }

// Quantile is the number below which a share p of the distribution lies, NaN for a p
// outside [0, 1].
func (s StudentT) Quantile(p float64) float64 {
	z := normalQuantile(p)
	if !(s.Freedom > 0) {
		return math.NaN()
	}
	if tail := min(p, 1-p); s.Freedom > 1e5 {
		z += z * (z*z + 1) / (4 * s.Freedom) // Cornish & Fisher 1938
	} else if tail > 0 && tail < 0.5 {
		// A share x of ν/(ν + z²) is distributed as beta(ν/2, 1/2); the smaller of x and
		// 1 − x is computed.
		x, rest := 0.0, 0.0
		if tail < 0.25 {
			x = mathext.InvRegIncBeta(s.Freedom/2, 0.5, 2*tail)
			rest = 1 - x
		} else {
			rest = mathext.InvRegIncBeta(0.5, s.Freedom/2, 1-2*tail)
			x = 1 - rest
		}
		z = math.Copysign(math.Sqrt(s.Freedom*rest/x), z)
	}
	return s.Mean + s.Scale*z
}

// Distributions are those that a prediction [..., 3·targets] of a model trained with
// StudentTNLL stands for, one for each target, in row-major order.
func (StudentTNLL) Distributions(prediction *tensor.Dense) ([]StudentT, error) {
	return distributions(prediction, 3, studentTOf)
}

func studentTOf(out []float64) StudentT {
	return StudentT{out[0], positive(out[1]), 2 + positive(out[2])}
}

// NegativeBinomial is a distribution of counts with the variance Mean + Dispersion·Mean².
type NegativeBinomial struct {
	Mean       float64
	Dispersion float64 // 0 for a Poisson distribution, which it never is
}

// StdDev is the standard deviation.
func (n NegativeBinomial) StdDev() float64 {
	return math.Sqrt(n.Mean) * math.Sqrt(1+n.Dispersion*n.Mean)
}

// Quantile is the smallest count up to which at least a share p of the distribution lies,
// NaN for a p outside [0, 1].
func (n NegativeBinomial) Quantile(p float64) float64 {
	switch {
	case !(p >= 0 && p <= 1) || !(n.Mean > 0 && n.Dispersion > 0):
		return math.NaN()
	case p == 1:
		return math.Inf(1)
	}
	r, failure := 1/n.Dispersion, 1/(1+n.Dispersion*n.Mean)
	if r == 0 {
		return 0 // nearly all of it is there
	}
	covers := func(k float64) bool { return mathext.RegIncBeta(r, k+1, failure) >= p }
	low, high := -1.0, 0.0 // covers is false at low, and true at high
	for ; !covers(high); high = 2*high + 1 {
		if low = high; low > 1<<53 {
			return math.Inf(1)
		}
	}
	for high-low > 1 {
		if middle := math.Floor((low + high) / 2); covers(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high
}

// Distributions are those that a prediction [..., 2·targets] of a model trained with
// NegativeBinomialNLL stands for, one for each target, in row-major order.
func (NegativeBinomialNLL) Distributions(prediction *tensor.Dense) ([]NegativeBinomial, error) {
	return distributions(prediction, 2, negativeBinomialOf)
}

func negativeBinomialOf(out []float64) NegativeBinomial {
	return NegativeBinomial{positive(out[0]), positive(out[1])}
}

// normalQuantile is Φ⁻¹(p), NaN for a p outside [0, 1].
func normalQuantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return mathext.NormalQuantile(p)
}

// distributions reads k outputs for each target.
func distributions[D any](prediction *tensor.Dense, k int, of func(out []float64) D) ([]D, error) {
	const field = "prediction"
	if prediction == nil {
		return nil, graph.Error{Field: field, Rule: "must not be nil"}
	}
	if !dense.IsFloat(prediction.Dtype()) {
		return nil, graph.Error{Field: field, Rule: "must have dtype float32 or float64", Value: prediction.Dtype()}
	}
	shape := graph.Shape(prediction.Shape())
	if len(shape) == 0 || shape[len(shape)-1]%k != 0 {
		return nil, graph.Error{Field: field, Rule: fmt.Sprintf("must have an axis of %d numbers for each target", k), Value: shape}
	}
	if err := dense.CheckFinite(prediction); err != nil {
		return nil, err
	}
	numbers := dense.ToFloat64(dense.Contiguous(prediction))
	all := make([]D, 0, len(numbers)/k)
	for ; len(numbers) >= k; numbers = numbers[k:] {
		all = append(all, of(numbers[:k]))
	}
	return all, nil
}
