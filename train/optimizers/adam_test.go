package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.Adam{LearningRate: 0.001, Beta1: new(0.9), Beta2: new(0.999), Epsilon: 1e-7},
	Golden: map[string]optimizers.Optimizer{
		"adam":                 optimizers.Adam{LearningRate: 0.1},
		"adam_clipvalue":       optimizers.Adam{LearningRate: 0.1, ClipValue: 0.5},
		"adam_clipnorm":        optimizers.Adam{LearningRate: 0.1, ClipNorm: 0.75},
		"adam_global_clipnorm": optimizers.Adam{LearningRate: 0.1, GlobalClipNorm: 1},
		"adam_options":         optimizers.Adam{LearningRate: 0.05, Beta1: new(0.8), Beta2: new(0.95), Epsilon: 0.01},
		"adam_amsgrad":         optimizers.Adam{LearningRate: 0.1, Beta2: new(0.5), AMSGrad: true},
		"adam_torch":           optimizers.Adam{LearningRate: 0.1, Epsilon: 1e-30},
		"adam_torch_amsgrad":   optimizers.Adam{LearningRate: 0.1, Beta2: new(0.5), Epsilon: 1e-30, AMSGrad: true},
		"adam_decay":           optimizers.Adam{LearningRate: 0.01, WeightDecay: 0.2},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.Adam{}:              {"m", "v"},
		optimizers.Adam{AMSGrad: true}: {"m", "v", "v_hat"},
	},
	Bad: map[string]optimizers.Optimizer{
		"Beta1": optimizers.Adam{Beta1: new(1.0)},
		"Beta2": optimizers.Adam{Beta2: new(1.5)},
	},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.Adam{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Beta1:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta1"),
			Beta2:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta2"),
			Epsilon:      rapid.SampledFrom([]float64{0, 1e-30, 0.1}).Draw(t, "epsilon"),
			AMSGrad:      rapid.Bool().Draw(t, "amsgrad"),
		}
	},
})
