package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.Lion{LearningRate: 0.001, Beta1: new(0.9), Beta2: new(0.99)},
	Golden: map[string]optimizers.Optimizer{
		"lion":         optimizers.Lion{LearningRate: 0.0005},
		"lion_options": optimizers.Lion{LearningRate: 0.002, WeightDecay: 0.5, Beta1: new(0.5), Beta2: new(0.75)},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.Lion{}: {"m"},
	},
	Bad: map[string]optimizers.Optimizer{
		"Beta1": optimizers.Lion{Beta1: new(1.0)},
		"Beta2": optimizers.Lion{Beta2: new(1.5)},
	},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.Lion{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Beta1:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta1"),
			Beta2:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta2"),
		}
	},
})
