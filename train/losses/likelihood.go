package losses

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/gamma"
)

var (
	_ Loss         = GaussianNLL{}
	_ TargetShaper = GaussianNLL{}
	_ Loss         = StudentTNLL{}
	_ TargetShaper = StudentTNLL{}
	_ Loss         = NegativeBinomialNLL{}
	_ TargetShaper = NegativeBinomialNLL{}
)

// leastScale is added to every softplus, so that no density is infinite where an output
// meets its target exactly.
const leastScale = 1e-6

// positive turns an output of any size into a positive number.
func positive(x float64) float64 { return softplus(x) + leastScale }

// GaussianNLL trains outputs that are the mean and the standard deviation of a normal
// distribution, which forecasts how far targets lie from their mean (Salinas et al. 2020,
// "DeepAR"). It is the negative log-likelihood, with the outputs m and r of each target y the
// mean over the targets of
//
//	log σ + (y − m)²/(2σ²) + log(2π)/2    σ = log(1 + eʳ) + 1e-6
//
// The model ends without an activation. An output has m and r of a target next to each
// other, [batch, ..., 2·targets] for targets [batch, ..., targets]: layers.Dense{Units: 2}
// for one target. The likelihood is a density, so the loss may be negative. Distributions
// reads a prediction.
type GaussianNLL struct{}

// TargetShape is that of the output, with one number for the two of a target.
func (GaussianNLL) TargetShape(output graph.Shape) graph.Shape { return targetsOf(output, 2) }

// Loss maps an output [batch, ..., 2·targets] and a target [batch, ..., targets] to
// [batch, ...].
func (GaussianNLL) Loss(target, output graph.Value) graph.Value {
	return perTarget("gaussian likelihood", target, output, 2, func(y float64, out []float64) float64 {
		g := gaussianOf(out)
		z := (y - g.Mean) / g.Scale
		return math.Log(g.Scale) + z*z/2 + math.Log(2*math.Pi)/2
	}, func(y float64, out, dout []float64) (dy float64) {
		g := gaussianOf(out)
		z := (y - g.Mean) / g.Scale
		dout[0] = -z / g.Scale
		dout[1] = (1 - z*z) / g.Scale * sigmoid(out[1])
		return z / g.Scale
	})
}

// StudentTNLL is GaussianNLL with Student's t distribution, in which targets far from their
// mean are more likely, so that outliers change it less. The outputs m, r and s of a target y
// are its mean, scale and degrees of freedom, of which there are more than 2, so that the
// variance is finite:
//
//	log σ + (ν+1)/2·log(1 + z²/ν) + log(νπ)/2 + log Γ(ν/2) − log Γ((ν+1)/2)
//	z = (y − m)/σ    σ = log(1 + eʳ) + 1e-6    ν = 2 + log(1 + eˢ) + 1e-6
//
// An output is [batch, ..., 3·targets]. Everything else is as there.
type StudentTNLL struct{}

// TargetShape is that of the output, with one number for the three of a target.
func (StudentTNLL) TargetShape(output graph.Shape) graph.Shape { return targetsOf(output, 3) }

// Loss maps an output [batch, ..., 3·targets] and a target [batch, ..., targets] to
// [batch, ...].
func (StudentTNLL) Loss(target, output graph.Value) graph.Value {
	return perTarget("student t likelihood", target, output, 3, func(y float64, out []float64) float64 {
		d := studentTOf(out)
		z, nu := (y-d.Mean)/d.Scale, d.Freedom
		constant, _ := studentTConstant(nu)
		return constant + math.Log(d.Scale) + (nu+1)/2*math.Log1p(z*z/nu)
	}, func(y float64, out, dout []float64) (dy float64) {
		d := studentTOf(out)
		z, nu := (y-d.Mean)/d.Scale, d.Freedom
		_, slope := studentTConstant(nu)
		t := z / (nu + z*z)
		if math.Abs(z) > 1 {
			t = 1 / (nu/z + z) // z² may overflow
		}
		dz := (nu + 1) * t
		dout[0] = -dz / d.Scale
		dout[1] = (1 - dz*z) / d.Scale * sigmoid(out[1])
		dout[2] = (slope + math.Log1p(z*z/nu)/2 - dz*z/(2*nu)) * sigmoid(out[2])
		return dz / d.Scale
	})
}

// studentTConstant is log(νπ)/2 + log Γ(ν/2) − log Γ((ν+1)/2) with its derivative. From ν of
// 100 the difference is a series, since both terms grow without bound and it goes to
// log(2π)/2.
func studentTConstant(nu float64) (value, slope float64) {
	x := nu / 2
	if x >= 50 {
		i := 1 / x
		i2 := i * i
		value = i * (1./8 - i2*(1./192-i2/640))
		slope = -i2 * (1./8 - i2*(1./64-i2/128)) / 2
		return math.Log(2*math.Pi)/2 + value, slope
	}
	a, _ := math.Lgamma(x)
	b, _ := math.Lgamma(x + 0.5)
	return math.Log(nu*math.Pi)/2 + a - b, (1/nu + gamma.Digamma(x) - gamma.Digamma(x+0.5)) / 2
}

// NegativeBinomialNLL is for targets that are counts, whose variance μ + α·μ² is larger than
// that of a Poisson distribution (Salinas et al. 2020, "DeepAR"). The outputs a and b of a
// target y are its mean and dispersion:
//
//	(y + 1/α)·log(1 + α·μ) − y·log(α·μ) + log Γ(1/α) + log Γ(y + 1) − log Γ(y + 1/α)
//	μ = log(1 + eᵃ) + 1e-6    α = log(1 + eᵇ) + 1e-6
//
// The model ends without an activation. An output has a and b of a target next to each
// other, [batch, ..., 2·targets]. Targets that are no whole numbers from 0 on are an error
// of the run; so counts must not be scaled. They have no gradient. Distributions reads a
// prediction.
type NegativeBinomialNLL struct{}

// TargetShape is that of the output, with one number for the two of a target.
func (NegativeBinomialNLL) TargetShape(output graph.Shape) graph.Shape { return targetsOf(output, 2) }

// Loss maps an output [batch, ..., 2·targets] and a target [batch, ..., targets] to
// [batch, ...].
func (NegativeBinomialNLL) Loss(target, output graph.Value) graph.Value {
	y := target.Require("target", "must be a count, a whole number from 0 on", func(x float64) bool {
		return x >= 0 && x == math.Trunc(x) && x <= math.MaxFloat64
	})
	return perTarget("negative binomial likelihood", y, output, 2, func(y float64, out []float64) float64 {
		d := negativeBinomialOf(out)
		r, each := 1/d.Dispersion, d.Dispersion*d.Mean
		a, _ := math.Lgamma(r)
		b, _ := math.Lgamma(y + 1)
		c, _ := math.Lgamma(y + r)
		return (y+r)*math.Log1p(each) - y*math.Log(each) + (a - c + b)
	}, func(y float64, out, dout []float64) float64 {
		d := negativeBinomialOf(out)
		mu, r, each := d.Mean, 1/d.Dispersion, d.Dispersion*d.Mean
		dout[0] = (mu - y) / (mu * (1 + each)) * sigmoid(out[0])
		slope := gamma.Digamma(r) - gamma.Digamma(y+r) + math.Log1p(each) // of r, without the last terms
		dout[1] = ((y+r)*mu/(1+each) - y*r - r*r*slope) * sigmoid(out[1])
		return 0
	})
}
