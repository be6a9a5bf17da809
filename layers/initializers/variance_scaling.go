package initializers

import (
	"math"
	"math/rand/v2"

	"github.com/engram-go/engram/graph"
)

// VarianceScaling draws with mean 0 and variance Scale / n, where n is a number of units
// that depends on the shape, so that the variance of outputs is about that of inputs.
//
// For a matrix [in, out], fan_in is in and fan_out is out. With more axes, as a
// convolution has, [..., in, out], both are multiplied with the sizes before
// them. For a vector [n] both are n, for a single number 1.
type VarianceScaling struct {
	Scale        float64      // positive; 0 means 1
	Mode         Mode         // "" means FanIn
	Distribution Distribution // "" means Truncated
}

// Mode is the number of units by which the variance is divided.
type Mode string

// The modes, spelt as in Keras.
const (
	FanIn  Mode = "fan_in"
	FanOut Mode = "fan_out"
	FanAvg Mode = "fan_avg" // the mean of fan_in and fan_out
)

// Distribution is the distribution of the elements.
type Distribution string

// The distributions, spelt as in Keras.
const (
	Truncated   Distribution = "truncated_normal"   // normal, truncated at two standard deviations and widened to the variance
	Untruncated Distribution = "untruncated_normal" // a normal
	Uniform     Distribution = "uniform"            // within ±√(3 Scale / n)
)

// truncation is the standard deviation of a standard normal that is truncated at ±2.
const truncation = 0.87962566103423978

// Resolve fills in the defaults.
func (v VarianceScaling) Resolve() (graph.Initializer, error) {
	err := v.fill()
	return v, err
}

func (v *VarianceScaling) fill() error {
	switch v.Mode {
	case "":
		v.Mode = FanIn
	case FanIn, FanOut, FanAvg:
	default:
		return graph.Error{Field: "VarianceScaling.Mode", Rule: "must be one of fan_in, fan_out, fan_avg", Value: v.Mode}
	}
	switch v.Distribution {
	case "":
		v.Distribution = Truncated
	case Truncated, Untruncated, Uniform:
	default:
		return graph.Error{
			Field: "VarianceScaling.Distribution", Value: v.Distribution,
			Rule: "must be one of truncated_normal, untruncated_normal, uniform",
		}
	}
	return fillPositive("VarianceScaling.Scale", &v.Scale, 1)
}

// Init makes the elements.
func (v VarianceScaling) Init(r *rand.Rand, shape graph.Shape) ([]float64, error) {
	if err := v.fill(); err != nil {
		return nil, err
	}
	if _, err := size(shape); err != nil {
		return nil, err
	}
	in, out := fans(shape)
	n := in
	switch v.Mode {
	case FanOut:
		n = out
	case FanAvg:
		n = (in + out) / 2
	}
	stddev := math.Sqrt(v.Scale) / math.Sqrt(n) // a quotient inside could be 0, which means a default below
	switch v.Distribution {
	case Uniform:
		limit := math.Sqrt(3) * stddev
		return RandomUniform{-limit, limit}.Init(r, shape)
	case Untruncated:
		return RandomNormal{0, stddev}.Init(r, shape)
	}
	return TruncatedNormal{0, stddev / truncation}.Init(r, shape)
}

// fans are the numbers of units on both sides of a parameter.
func fans(shape graph.Shape) (in, out float64) {
	switch n := shape.Rank(); n {
	case 0:
		return 1, 1
	case 1:
		return float64(shape[0]), float64(shape[0])
	default:
		field := 1.0
		for _, d := range shape[:n-2] {
			field *= float64(d)
		}
		return field * float64(shape[n-2]), field * float64(shape[n-1])
	}
}
