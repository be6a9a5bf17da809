package optimizers_test

import (
	"maps"
	"math"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// Each k-th step is that of the mean of k gradients; the others change no weight.
func TestAccumulation(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, tol float64) {
		for _, field := range []string{"", "ClipValue", "ClipNorm", "GlobalClipNorm"} {
			const k = 4 // of which thirds and so on need no rounding
			o := s.zero()
			if field != "" {
				o = with(o, field, 0.25)
			}
			starts := map[string]graphtest.Array{"a": graphtest.Input(1, 2, 3), "b": graphtest.Input(2, 4)}
			params, byMeans := declare(t, dtype, starts), declare(t, dtype, starts)
			parts, means := beginWith(t, o, params, optimizers.Config{GradientAccumulationSteps: k}), begin(t, o, byMeans)
			for number := range 3 {
				sums := [][]float64{make([]float64, 6), make([]float64, 4)}
				for part := range k {
					before := numbers(params.Get("a").Value())
					grads := gradients(dtype, params, k*number+part)
					for i, g := range grads {
						for j, x := range numbers(g) {
							sums[i][j] += x / k
						}
					}
					step(t, parts, params, grads...)
					if same := cmp.Equal(before, numbers(params.Get("a").Value())); same != (part < k-1) {
						t.Fatalf("%T: part %d of step %d leaves the weights as they are: %v", o, part, number, same)
					}
				}
				if parts.Iterations() != number+1 {
					t.Errorf("%d iterations, want %d", parts.Iterations(), number+1)
				}
				step(t, means, byMeans, dense(dtype, []int{2, 3}, sums[0]...), dense(dtype, []int{4}, sums[1]...))
				for _, p := range params.All() {
					graphtest.CheckOutput(t, p.Path, numbers(p.Value()), numbers(byMeans.Get(p.Path).Value()), tol)
				}
			}
		}
	})
}

// A schedule counts batches; the rate of an update is that of its last batch.
func TestAccumulationCountsBatches(t *testing.T) {
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": {Shape: graph.Shape{1}, Data: []float64{0}}})
	o := optimizers.SGD{Schedule: bySteps(func(step int) float64 { return float64(step) })}
	s := beginWith(t, o, params, optimizers.Config{GradientAccumulationSteps: 3})
	for k := range 6 {
		if s.LearningRate() != float64(k) {
			t.Errorf("batch %d has the rate %v", k, s.LearningRate())
		}
		step(t, s, params, dense(tensor.Float64, []int{1}, -1))
	}
	graphtest.CheckOutput(t, "w", numbers(params.Get("w").Value()), []float64{2 + 5}, 1e-15)
}

// An error changes nothing, in any part of an accumulation.
func TestAccumulationRefuses(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	s := beginWith(t, optimizers.Adam{ClipNorm: 1e30}, params, optimizers.Config{GradientAccumulationSteps: 2})
	for range 3 {
		before := snapshot(s, params)
		for _, bad := range []float64{math.NaN(), math.Inf(1), 1e25} {
			if err := s.Step([]*tensor.Dense{dense(tensor.Float32, []int{2}, 1, bad)}); err == nil {
				t.Fatalf("a gradient of %v is accepted", bad)
			}
			if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
				t.Error(diff)
			}
		}
		step(t, s, params, dense(tensor.Float32, []int{2}, 1, 2))
	}
}

// Everything of a config resumes to the same bits, also between the parts of a step.
func TestConfigResumes(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		rapid.Check(t, func(t *rapid.T) {
			o := s.Draw(t)
			cfg := optimizers.Config{GradientAccumulationSteps: rapid.IntRange(0, 4).Draw(t, "parts")}
			if rapid.Bool().Draw(t, "EMA") {
				cfg.EMA = &optimizers.EMA{Momentum: new(0.5), OverwriteFrequency: rapid.IntRange(0, 3).Draw(t, "overwrite")}
			}
			starts := map[string]graphtest.Array{"net/a": graphtest.Input(1, 2, 3), "net/b": graphtest.Input(2, 4)}
			params, once := declare(t, dtype, starts), declare(t, dtype, starts)
			state, whole := beginWith(t, o, params, cfg), beginWith(t, o, once, cfg)
			cut := rapid.IntRange(0, 7).Draw(t, "cut")
			for k := range 8 {
				if k == cut {
					next := declare(t, dtype, starts)
					if err := next.Set(params.Copy()); err != nil {
						t.Fatal(err)
					}
					saved := state.Tensors()
					params, state = next, beginWith(t, o, next, cfg)
					if err := state.Restore(saved); err != nil {
						t.Fatal(err)
					}
				}
				grads := gradients(dtype, params, k)
				step(t, state, params, grads...)
				step(t, whole, once, grads...)
			}
			if diff := cmp.Diff(snapshot(whole, once), snapshot(state, params)); diff != "" {
				t.Fatal(diff)
			}
		})
	})
}

func TestRestoreRefusesCounts(t *testing.T) {
	params := declare(t, tensor.Float32, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	s := beginWith(t, optimizers.SGD{}, params, optimizers.Config{GradientAccumulationSteps: 3, EMA: &optimizers.EMA{}})
	for name, bad := range map[string][]float64{"sgd/accumulated": {-1, 3, 0.5}, "sgd/swapped": {-1, 2, 0.5}, "sgd/iterations": {1 << 53}} {
		for _, x := range bad {
			tensors := maps.Clone(s.Tensors())
			tensors[name] = dense(tensor.Float64, []int{1}, x)
			before := snapshot(s, params)
			errtest.Check(t, s.Restore(tensors), errs.Error{Path: name, Field: "element", Value: x})
			if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
				t.Error(diff)
			}
		}
	}
}
