package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

// An optimizer of a user satisfies what all optimizers must.
var _ = describe(specimen{
	Defaults: Lion{LearningRate: 1e-4, Beta1: 0.9, Beta2: 0.99},
	Golden:   map[string]optimizers.Optimizer{"lion": Lion{LearningRate: 0.01}},
	Slots:    map[optimizers.Optimizer][]string{Lion{}: {"m"}},
	Bad:      map[string]optimizers.Optimizer{"Beta1": Lion{Beta1: 1}, "Beta2": Lion{Beta2: 1.5}},
	Valid:    map[string]float64{"Beta1": 1e-50, "Beta2": 1e-50},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return Lion{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Beta1:        rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "beta1"),
		}
	},
})
