package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.AdamW{LearningRate: 0.001, WeightDecay: new(0.004), Beta1: new(0.9), Beta2: new(0.999), Epsilon: 1e-7},
	Golden: map[string]optimizers.Optimizer{
		"adamw":               optimizers.AdamW{LearningRate: 0.01},
		"adamw_torch":         optimizers.AdamW{LearningRate: 0.01, WeightDecay: new(0.1), Epsilon: 1e-30},
		"adamw_torch_amsgrad": optimizers.AdamW{LearningRate: 0.01, WeightDecay: new(0.1), Beta2: new(0.5), Epsilon: 1e-30, AMSGrad: true},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.AdamW{}:              {"m", "v"},
		optimizers.AdamW{AMSGrad: true}: {"m", "v", "v_hat"},
	},
	Bad: map[string]optimizers.Optimizer{
		"Beta1": optimizers.AdamW{Beta1: new(1.0)},
		"Beta2": optimizers.AdamW{Beta2: new(1.5)},
	},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.AdamW{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Beta1:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta1"),
			Beta2:        rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "beta2"),
			Epsilon:      rapid.SampledFrom([]float64{0, 1e-30, 0.1}).Draw(t, "epsilon"),
			AMSGrad:      rapid.Bool().Draw(t, "amsgrad"),
		}
	},
})
