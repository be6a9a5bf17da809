package initializers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// Mean, deviation and bounds of large samples. The tolerances are five
// standard errors: of the mean, stddev/√n; of the deviation, stddev/√(2n) for a
// normal and less for the others.
func TestStatistics(t *testing.T) {
	glorot := math.Sqrt(2.0 / (300 + 700))
	he, lecun := math.Sqrt(2.0/300), math.Sqrt(1.0/300)
	const cut = 0.87962566103423978
	inf := math.Inf(1)
	conv := graph.Shape{5, 60, 700} // fan_in 300, fan_out 3500
	for name, c := range map[string]struct {
		init                graph.Initializer
		shape               graph.Shape
		mean, stddev, bound float64 // bound: the largest distance from the mean
	}{
		"glorot_uniform":   {initializers.GlorotUniform, nil, 0, glorot, math.Sqrt(3) * glorot},
		"glorot_normal":    {initializers.GlorotNormal, nil, 0, glorot, 2 * glorot / cut},
		"he_uniform":       {initializers.HeUniform, nil, 0, he, math.Sqrt(3) * he},
		"he_normal":        {initializers.HeNormal, nil, 0, he, 2 * he / cut},
		"lecun_uniform":    {initializers.LecunUniform, nil, 0, lecun, math.Sqrt(3) * lecun},
		"lecun_normal":     {initializers.LecunNormal, nil, 0, lecun, 2 * lecun / cut},
		"normal":           {initializers.RandomNormal{}, nil, 0, 0.05, inf},
		"normal moved":     {initializers.RandomNormal{Mean: -3, Stddev: 2}, nil, -3, 2, inf},
		"truncated":        {initializers.TruncatedNormal{}, nil, 0, 0.05 * cut, 0.1},
		"truncated moved":  {initializers.TruncatedNormal{Mean: 7, Stddev: 0.5}, nil, 7, 0.5 * cut, 1},
		"uniform":          {initializers.RandomUniform{}, nil, 0, 0.05 / math.Sqrt(3), 0.05},
		"uniform moved":    {initializers.RandomUniform{Max: 6}, nil, 3, math.Sqrt(3), 3},
		"chrono":           {initializers.Chrono{MaxSteps: 2}, nil, 0, 0, 0},
		"scaling":          {initializers.VarianceScaling{}, nil, 0, lecun, 2 * lecun / cut},
		"scaling out":      {initializers.VarianceScaling{Scale: 0.1, Mode: initializers.FanOut}, nil, 0, math.Sqrt(0.1 / 700), 2 * math.Sqrt(0.1/700) / cut},
		"scaling normal":   {initializers.VarianceScaling{Distribution: initializers.Untruncated}, nil, 0, lecun, inf},
		"scaling conv":     {initializers.VarianceScaling{}, conv, 0, lecun, 2 * lecun / cut},
		"scaling conv out": {initializers.VarianceScaling{Mode: initializers.FanOut}, conv, 0, math.Sqrt(1.0 / 3500), 2 * math.Sqrt(1.0/3500) / cut},
		"glorot conv":      {initializers.GlorotUniform, conv, 0, math.Sqrt(2.0 / 3800), math.Sqrt(6.0 / 3800)},
	} {
		shape := c.shape
		if shape == nil {
			shape = graph.Shape{300, 700}
		}
		x := mustInit(t, c.init, 11, shape...)
		n := float64(len(x))
		sum, farthest := 0.0, 0.0
		for _, v := range x {
			sum += v
			farthest = max(farthest, math.Abs(v-c.mean))
		}
		mean, square := sum/n, 0.0
		for _, v := range x {
			square += (v - mean) * (v - mean)
		}
		stddev := math.Sqrt(square / n)
		if math.Abs(mean-c.mean) > 5*c.stddev/math.Sqrt(n) {
			t.Errorf("%s: mean %v, want %v", name, mean, c.mean)
		}
		if math.Abs(stddev-c.stddev) > 5*c.stddev/math.Sqrt(2*n) {
			t.Errorf("%s: standard deviation %v, want %v", name, stddev, c.stddev)
		}
		if farthest > c.bound {
			t.Errorf("%s: an element is %v from the mean, more than %v", name, farthest, c.bound)
		}
		if !math.IsInf(c.bound, 1) && farthest < 0.99*c.bound {
			t.Errorf("%s: no element is more than %v from the mean, but up to %v may be", name, farthest, c.bound)
		}
		if math.IsInf(c.bound, 1) && farthest < 3.5*c.stddev {
			t.Errorf("%s: no element is more than %v from the mean, as if cut off", name, farthest)
		}
	}
}

// Ends of the range of a float64 do not overflow in between.
func TestUniformOverAllNumbers(t *testing.T) {
	low, high := 0, 0
	for _, x := range mustInit(t, initializers.RandomUniform{Min: -math.MaxFloat64, Max: math.MaxFloat64}, 1, 1000) {
		if math.IsInf(x, 0) || math.IsNaN(x) {
			t.Fatalf("got %v", x)
		}
		if x < 0 {
			low++
		} else {
			high++
		}
	}
	if min(low, high) < 400 {
		t.Errorf("%d below 0 and %d above", low, high)
	}
}

// The smallest scale there is still scales: it must not end as a 0 that would
// mean a default.
func TestTinyScale(t *testing.T) {
	for _, d := range []initializers.Distribution{initializers.Uniform, initializers.Truncated, initializers.Untruncated} {
		for _, x := range mustInit(t, initializers.VarianceScaling{Scale: 5e-324, Distribution: d}, 1, 300, 2) {
			if x == 0 || math.Abs(x) > 1e-160 {
				t.Fatalf("%s: got %v", d, x)
			}
		}
	}
}
