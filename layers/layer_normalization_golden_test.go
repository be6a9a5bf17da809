package layers_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"gorgonia.org/tensor"
)

// normCase is a case of testdata/normalization.py.
type normCase struct {
	seed    uint64
	shape   graph.Shape
	axis    []int
	epsilon float64
	arrays  map[string]graphtest.Array
	draw    func(i, n int, scale float64) []float64 // uniform(seed + i, …)
}

// normCases reads the cases of a golden file by name.
func normCases(t *testing.T, file string) map[string]normCase {
	t.Helper()
	out := map[string]normCase{}
	all := graphtest.Golden(t, "testdata/"+file)
	for key, seed := range all {
		name, ok := strings.CutSuffix(key, "_seed")
		if !ok {
			continue
		}
		c := normCase{seed: uint64(seed.Data[0]), arrays: map[string]graphtest.Array{}, epsilon: all[name+"_epsilon"].Data[0]}
		for _, d := range all[name+"_shape"].Data {
			c.shape = append(c.shape, int(d))
		}
		for _, a := range all[name+"_axis"].Data {
			c.axis = append(c.axis, int(a))
		}
		for key, a := range all {
			if rest, ok := strings.CutPrefix(key, name+"_"); ok {
				c.arrays[rest] = a
			}
		}
		c.draw = func(i, n int, scale float64) []float64 { return graphtest.Uniform(c.seed+uint64(i), n, scale) }
		out[name] = c
	}
	return out
}

// check holds output and gradients of a layer in training, whose gamma and
// beta start with the given numbers, to those of the file.
func (c normCase) check(t *testing.T, layer func(gamma, beta given) layers.Layer) {
	t.Helper()
	n, sizes := c.shape.Size(), 1
	for _, a := range c.axis {
		sizes *= c.shape[a]
	}
	for _, dtype := range []tensor.Dtype{tensor.Float64, tensor.Float32} {
		params, err := graph.NewParams(dtype, 1)
		if err != nil {
			t.Fatal(err)
		}
		tol := graphtest.Tol64
		if dtype == tensor.Float32 {
			tol = graphtest.Tol32
		}
		got := evaluate(t, graph.Config{Params: params, Training: true}, graph.Tick{}, func(s *graph.Scope) {
			x := s.Values(c.draw(0, n, 2), c.shape)
			in := x
			if m, ok := c.arrays["mask"]; ok {
				in = x.WithMask(s.Values(m.Data, m.Shape))
			}
			y := layers.Apply(s, "norm", layer(c.draw(1, sizes, 1), c.draw(2, sizes, 1)), in)[0]
			s.Output("output", y)
			wrt, names := []graph.Value{x}, []string{"x"}
			for _, b := range s.Bound() {
				wrt, names = append(wrt, b.Value), append(names, filepath.Base(b.Param.Path))
			}
			for i, g := range s.Gradients(y.Times(s.Values(c.draw(3, n, 1), c.shape)).Sum(), wrt...) {
				s.Output("grad_"+names[i], g)
			}
		})
		graphtest.CheckOutput(t, dtype.String()+" output", got["output"], c.arrays["output"].Data, tol)
		for _, name := range []string{"grad_x", "grad_gamma", "grad_beta"} {
			if want, ok := c.arrays[name]; ok {
				graphtest.CheckGradient(t, dtype.String()+" "+name, got[name], want.Data, tol)
			} else if _, ok := got[name]; ok {
				t.Errorf("%s: there must be no %s", dtype, name)
			}
		}
		for _, name := range []string{"grad_moving_mean", "grad_moving_variance"} {
			if g := got[name]; slices.ContainsFunc(g, func(x float64) bool { return x != 0 }) {
				t.Errorf("%s: the loss depends on the %s: %v", dtype, name[5:], g)
			}
		}
	}
}

// Without gamma, beta or both; testdata/normalization_parts.py made the file.
func TestNormalizationPartsAgainstPyTorch(t *testing.T) {
	found := normCases(t, "normalization_parts.npz")
	if len(found) != 6 {
		t.Fatalf("the golden file has %d cases", len(found))
	}
	for name, c := range found {
		t.Run(name, func(t *testing.T) {
			kind, part, _ := strings.Cut(name, "_")
			noCenter, noScale := part != "no_scale", part != "no_center" // both of them in neither
			if kind == "layer" {
				c.check(t, func(gamma, beta given) layers.Layer {
					return layers.LayerNormalization{NoCenter: noCenter, NoScale: noScale, Epsilon: c.epsilon, GammaInitializer: gamma, BetaInitializer: beta}
				})
				return
			}
			layer := func(gamma, beta given) layers.Layer {
				return layers.BatchNormalization{
					NoCenter: noCenter, NoScale: noScale, Epsilon: c.epsilon, Momentum: new(c.arrays["momentum"].Data[0]),
					GammaInitializer: gamma, BetaInitializer: beta,
				}
			}
			c.check(t, layer)
			c.checkMoving(t, layer)
		})
	}
}
