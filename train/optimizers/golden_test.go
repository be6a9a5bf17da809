package optimizers_test

import (
	"fmt"
	"testing"

	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Twenty steps down a quadratic, each where an independent implementation is.
func TestGolden(t *testing.T) {
	golden := graphtest.Golden(t, "testdata/optimizers.npz")
	const steps = 20
	for name, o := range map[string]optimizers.Optimizer{
		"sgd":                          optimizers.SGD{LearningRate: 0.25},
		"sgd_clipvalue":                optimizers.SGD{LearningRate: 0.25, ClipValue: 0.5},
		"sgd_clipnorm":                 optimizers.SGD{LearningRate: 0.25, ClipNorm: 0.75},
		"sgd_global_clipnorm":          optimizers.SGD{LearningRate: 0.25, GlobalClipNorm: 1},
		"sgd_momentum":                 optimizers.SGD{LearningRate: 0.25, Momentum: 0.5},
		"sgd_momentum_clipvalue":       optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, ClipValue: 0.5},
		"sgd_momentum_clipnorm":        optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, ClipNorm: 0.75},
		"sgd_momentum_global_clipnorm": optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, GlobalClipNorm: 1},
		"sgd_nesterov":                 optimizers.SGD{LearningRate: 0.25, Momentum: 0.5, Nesterov: true},
		"adam":                         optimizers.Adam{LearningRate: 0.1},
		"adam_clipvalue":               optimizers.Adam{LearningRate: 0.1, ClipValue: 0.5},
		"adam_clipnorm":                optimizers.Adam{LearningRate: 0.1, ClipNorm: 0.75},
		"adam_global_clipnorm":         optimizers.Adam{LearningRate: 0.1, GlobalClipNorm: 1},
		"adam_options":                 optimizers.Adam{LearningRate: 0.05, Beta1: new(0.8), Beta2: new(0.95), Epsilon: 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, tol float64) {
				params := declare(t, dtype, map[string]graphtest.Array{"a": golden["a_start"], "b": golden["b_start"]})
				s := begin(t, o, params)
				for k := range steps {
					var grads []*tensor.Dense
					for _, p := range params.All() {
						curve, goal := golden[p.Path+"_curve"].Data, golden[p.Path+"_goal"].Data
						g := numbers(p.Value())
						for i := range g {
							g[i] = curve[i] * (g[i] - goal[i])
						}
						grads = append(grads, dense(dtype, p.Shape, g...))
					}
					step(t, s, params, grads...)
					for _, p := range params.All() {
						path := golden[name+"_"+p.Path].Data
						n := p.Shape.Size()
						graphtest.CheckOutput(t, fmt.Sprint(p.Path, " after step ", k+1), numbers(p.Value()), path[k*n:(k+1)*n], tol)
					}
				}
				if s.Iterations() != steps {
					t.Errorf("iterations: got %d, want %d", s.Iterations(), steps)
				}
			})
		})
	}
}

// The zero values are Keras' defaults.
func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		zero, full optimizers.Optimizer
		rate       float64
	}{
		{optimizers.Adam{}, optimizers.Adam{LearningRate: 0.001, Beta1: new(0.9), Beta2: new(0.999), Epsilon: 1e-7}, 0.001},
		{optimizers.SGD{}, optimizers.SGD{LearningRate: 0.01}, 0.01},
		{optimizers.SGD{Nesterov: true}, optimizers.SGD{}, 0.01},
	} {
		bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, _ float64) {
			var got [2][]float64
			for i, o := range []optimizers.Optimizer{c.zero, c.full} {
				params := declare(t, dtype, map[string]graphtest.Array{"w": graphtest.Input(1, 5)})
				s := begin(t, o, params)
				if s.LearningRate() != c.rate {
					t.Errorf("%#v: learning rate %v, want %v", o, s.LearningRate(), c.rate)
				}
				for k := range 3 {
					step(t, s, params, dense(dtype, []int{5}, graphtest.Input(k+2, 5).Data...))
				}
				got[i] = numbers(params.Get("w").Value())
			}
			graphtest.CheckOutput(t, fmt.Sprintf("%#v", c.zero), got[0], got[1], 0)
		})
	}
}
