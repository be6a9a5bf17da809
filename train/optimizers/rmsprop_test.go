package optimizers_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.RMSprop{LearningRate: 0.001, Rho: new(0.9), Epsilon: 1e-7},
	Golden: map[string]optimizers.Optimizer{
		"rmsprop":                   optimizers.RMSprop{},
		"rmsprop_options":           optimizers.RMSprop{LearningRate: 0.005, Rho: new(0.8), Epsilon: 0.01},
		"rmsprop_momentum":          optimizers.RMSprop{LearningRate: 0.0002, Momentum: 0.5},
		"rmsprop_centered":          optimizers.RMSprop{Centered: true},
		"rmsprop_centered_momentum": optimizers.RMSprop{LearningRate: 0.0002, Momentum: 0.5, Centered: true},
		"rmsprop_decay":             optimizers.RMSprop{LearningRate: 0.0005, WeightDecay: 0.2},
		"rmsprop_torch":             optimizers.RMSprop{Epsilon: 1e-30},
		"rmsprop_torch_momentum":    optimizers.RMSprop{LearningRate: 0.0002, Epsilon: 1e-30, Momentum: 0.5},
		"rmsprop_torch_centered":    optimizers.RMSprop{Epsilon: 1e-30, Centered: true},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.RMSprop{}:                              {"velocity"},
		optimizers.RMSprop{Momentum: 0.5}:                 {"momentum", "velocity"},
		optimizers.RMSprop{Centered: true}:                {"average_gradient", "velocity"},
		optimizers.RMSprop{Centered: true, Momentum: 0.5}: {"average_gradient", "momentum", "velocity"},
	},
	Bad: map[string]optimizers.Optimizer{
		"Rho":      optimizers.RMSprop{Rho: new(1.0)},
		"Momentum": optimizers.RMSprop{Momentum: 1.5},
	},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.RMSprop{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Rho:          rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "rho"),
			Momentum:     rapid.SampledFrom([]float64{0, 0.9, 1}).Draw(t, "momentum"),
			Epsilon:      rapid.SampledFrom([]float64{0, 1e-30, 0.1}).Draw(t, "epsilon"),
			Centered:     rapid.Bool().Draw(t, "centered"),
		}
	},
})

// Where gradients are large and steady, the variance v − a² rounds to a negative
// number in float32, of which Keras takes the root.
func TestRMSpropCenteredSteadyGradients(t *testing.T) {
	const n, rho = 64, 0.5
	g := make([]float64, n)
	for i := range g {
		g[i] = 4000 + 13.7*float64(i)
	}
	for _, momentum := range []float64{0, 0.5} {
		params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": {Shape: []int{n}, Data: make([]float64, n)}})
		s := begin(t, optimizers.RMSprop{Centered: true, Momentum: momentum, Rho: new(rho)}, params)
		negative := false
		for range 300 {
			step(t, s, params, dense(tensor.Float32, []int{n}, g...))
			kept := s.Tensors()
			v, a := kept["rmsprop/velocity/w"].Float32s(), kept["rmsprop/average_gradient/w"].Float32s()
			for i, w := range params.Get("w").Value().Float32s() {
				negative = negative || v[i]-a[i]*a[i] < -1e-7
				if !(math.Abs(float64(w)) <= math.MaxFloat32) {
					t.Fatalf("momentum %v: the weight is %v", momentum, w)
				}
			}
		}
		if !negative {
			t.Error("the variance was never negative: these gradients test nothing")
		}
	}
}
