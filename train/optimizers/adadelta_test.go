package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Defaults: optimizers.Adadelta{LearningRate: 0.001, Rho: new(0.95), Epsilon: 1e-7},
	Golden: map[string]optimizers.Optimizer{
		"adadelta":         optimizers.Adadelta{LearningRate: 1},
		"adadelta_options": optimizers.Adadelta{LearningRate: 0.5, Rho: new(0.8), Epsilon: 1e-4},
	},
	Slots: map[optimizers.Optimizer][]string{
		optimizers.Adadelta{}: {"accumulated_delta", "accumulated_grad"},
	},
	Bad: map[string]optimizers.Optimizer{
		"Rho": optimizers.Adadelta{Rho: new(1.0)},
	},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return optimizers.Adadelta{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Rho:          rapid.SampledFrom([]*float64{nil, new(0.0), new(0.5)}).Draw(t, "rho"),
			Epsilon:      rapid.SampledFrom([]float64{0, 1e-30, 0.1}).Draw(t, "epsilon"),
		}
	},
})
