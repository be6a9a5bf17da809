package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.Nadam{LearningRate: 0.001, Beta1: new(0.9), Beta2: new(0.999), Epsilon: 1e-7},
	Golden: map[string]optimizers.Optimizer{
		"nadam":         optimizers.Nadam{LearningRate: 0.002},
		"nadam_options": optimizers.Nadam{LearningRate: 0.005, Beta1: new(0.8), Beta2: new(0.95), Epsilon: 0.01},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.Nadam{}: {"m", "v"},
	},
	Bad: map[string]optimizers.Optimizer{
		"Beta1": optimizers.Nadam{Beta1: new(1.0)},
		"Beta2": optimizers.Nadam{Beta2: new(1.5)},
	},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.Nadam{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Beta1:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta1"),
			Beta2:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta2"),
			Epsilon:      rapid.SampledFrom([]float64{0, 1e-30, 0.1}).Draw(t, "epsilon"),
		}
	},
})
