package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.Adagrad{LearningRate: 0.001, Epsilon: 1e-7, InitialAccumulatorValue: new(0.1)},
	Golden: map[string]optimizers.Optimizer{
		"adagrad":         optimizers.Adagrad{LearningRate: 0.02},
		"adagrad_options": optimizers.Adagrad{LearningRate: 0.02, Epsilon: 0.01, InitialAccumulatorValue: new(0.0)},
		"adagrad_torch":   optimizers.Adagrad{LearningRate: 0.02, Epsilon: 1e-30, InitialAccumulatorValue: new(0.5)},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.Adagrad{}: {"accumulator"},
		optimizers.Adagrad{InitialAccumulatorValue: new(0.0)}: {"accumulator"},
	},
	Bad: map[string]optimizers.Optimizer{},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.Adagrad{
			LearningRate:            rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Epsilon:                 rapid.SampledFrom([]float64{0, 1e-30, 0.1}).Draw(t, "epsilon"),
			InitialAccumulatorValue: rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "initial"),
		}
	},
})
