package optimizers_test

import (
	"github.com/engram-go/engram/train/optimizers"
	"pgregory.net/rapid"
)

// An optimizer of a user satisfies what all optimizers must.
var _ = describe(specimen{
	Defaults: Signum{LearningRate: 1e-4, Beta: 0.9},
	Golden:   map[string]optimizers.Optimizer{"signum": Signum{LearningRate: 0.002}},
	Slots:    map[optimizers.Optimizer][]string{Signum{}: {"m"}},
	Bad:      map[string]optimizers.Optimizer{"Beta": Signum{Beta: 1}},
	Valid:    map[string]float64{"Beta": 1e-50},
	Draw: func(t *rapid.T) optimizers.Optimizer {
		return Signum{
			LearningRate: rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "rate"),
			Beta:         rapid.SampledFrom([]float64{0, 0.5}).Draw(t, "beta"),
		}
	},
})
