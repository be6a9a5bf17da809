package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.SGD{LearningRate: 0.01},
	Golden: map[string]optimizers.Optimizer{
		"sgd":                          optimizers.SGD{LearningRate: 0.25},
		"sgd_clipvalue":                optimizers.SGD{LearningRate: 0.25, ClipValue: 0.5},
		"sgd_clipnorm":                 optimizers.SGD{LearningRate: 0.25, ClipNorm: 0.75},
		"sgd_global_clipnorm":          optimizers.SGD{LearningRate: 0.25, GlobalClipNorm: 1},
		"sgd_momentum":                 optimizers.SGD{LearningRate: 0.25, Momentum: 0.5},
		"sgd_momentum_clipvalue":       optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, ClipValue: 0.5},
		"sgd_momentum_clipnorm":        optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, ClipNorm: 0.75},
		"sgd_momentum_global_clipnorm": optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, GlobalClipNorm: 1},
		"sgd_nesterov_decay":           optimizers.SGD{LearningRate: 0.01, Momentum: 0.5, Nesterov: true, WeightDecay: 0.2},
		"sgd_nesterov":                 optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, Nesterov: true},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.SGD{}:                              nil,
		optimizers.SGD{Nesterov: true}:                nil,
		optimizers.SGD{Momentum: 0.5}:                 {"momentum"},
		optimizers.SGD{Momentum: 0.5, Nesterov: true}: {"momentum"},
	},
	Bad: map[string]optimizers.Optimizer{"Momentum": optimizers.SGD{Momentum: 1.5}},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.SGD{
			LearningRate: rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "rate"),
			Momentum:     rapid.SampledFrom([]float64{0, 0.9, 1}).Draw(t, "momentum"),
			Nesterov:     rapid.Bool().Draw(t, "nesterov"),
		}
	},
})
