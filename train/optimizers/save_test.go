package optimizers_test

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// A run that is cut, saved and taken up by a new state on new parameters ends
// on the same bits as one that was not.
func TestResumeToTheBit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := rapid.SampledFrom([]optimizers.Optimizer{
			optimizers.Adam{LearningRate: 0.05},
			optimizers.Adam{Beta1: new(0.0), Beta2: new(0.5), GlobalClipNorm: 0.5},
			optimizers.SGD{},
			optimizers.SGD{Momentum: 0.9, ClipNorm: 0.3},
			optimizers.SGD{Momentum: 0.8, Nesterov: true},
		}).Draw(t, "optimizer")
		dtype := rapid.SampledFrom([]tensor.Dtype{tensor.Float32, tensor.Float64}).Draw(t, "dtype")
		n, cut := rapid.IntRange(1, 8).Draw(t, "steps"), rapid.IntRange(0, 8).Draw(t, "cut")
		starts := map[string]graphtest.Array{"net/a": graphtest.Input(1, 2, 3), "net/b": graphtest.Input(2, 4)}
		params := declare(t, dtype, starts)
		once := declare(t, dtype, starts)
		s, whole := begin(t, o, params), begin(t, o, once)
		for k := range n {
			if k == cut {
				next := declare(t, dtype, starts)
				weights := map[string]*tensor.Dense{}
				for _, p := range params.All() {
					weights[p.Path] = p.Value()
				}
				if err := next.Set(weights); err != nil {
					t.Fatal(err)
				}
				saved := s.Tensors()
				params, s = next, begin(t, o, next)
				if err := s.Restore(saved); err != nil {
					t.Fatal(err)
				}
			}
			rate := 0.1 / float64(k+1)
			grads := []*tensor.Dense{
				dense(dtype, []int{2, 3}, graphtest.Input(10+k, 6).Data...),
				dense(dtype, []int{4}, graphtest.Input(20+k, 4).Data...),
			}
			for _, run := range []struct {
				s      *optimizers.State
				params *graph.Params
			}{{s, params}, {whole, once}} {
				step(t, run.s, run.params, grads...)
				if k == n/2 {
					if err := run.s.SetLearningRate(rate); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		if diff := cmp.Diff(snapshot(whole, once), snapshot(s, params)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestTensorsAreCopiesByName(t *testing.T) {
	bothDtypes(t, func(t *testing.T, dtype tensor.Dtype, _ float64) {
		starts := map[string]graphtest.Array{"net/w": graphtest.Input(1, 2, 3), "net/x": {Data: []float64{1}}}
		for _, c := range []struct {
			o    optimizers.Optimizer
			want []string
		}{
			{optimizers.Adam{}, []string{"adam/iterations", "adam/learning_rate", "adam/m/net/w", "adam/m/net/x", "adam/v/net/w", "adam/v/net/x"}},
			{optimizers.SGD{}, []string{"sgd/iterations", "sgd/learning_rate"}},
			{optimizers.SGD{Momentum: 0.5}, []string{"sgd/iterations", "sgd/learning_rate", "sgd/momentum/net/w", "sgd/momentum/net/x"}},
		} {
			params := declare(t, dtype, starts)
			s := begin(t, c.o, params)
			step(t, s, params, dense(dtype, []int{2, 3}, 1, 2, 3, 4, 5, 6), dense(dtype, []int{1}, 1))
			before := snapshot(s, params)
			got := s.Tensors()
			if diff := cmp.Diff(c.want, slices.Sorted(maps.Keys(got))); diff != "" {
				t.Error(diff)
			}
			for name, d := range got {
				want, shape := dtype, []int{2, 3}
				switch {
				case name == c.want[0] || name == c.want[1]:
					want, shape = tensor.Float64, []int{1}
				case name[len(name)-1] == 'x':
					shape = []int{1}
				}
				if d.Dtype() != want || !slices.Equal(d.Shape(), shape) {
					t.Errorf("%s: got %v %v, want %v %v", name, d.Dtype(), d.Shape(), want, shape)
				}
				d.Zero()
			}
			if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
				t.Errorf("writing to what Tensors gave changed the state: %s", diff)
			}
		}
	})
}

func TestRestoreRefuses(t *testing.T) {
	starts := map[string]graphtest.Array{"w": graphtest.Input(1, 2)}
	params := declare(t, tensor.Float32, starts)
	s := begin(t, optimizers.Adam{}, params)
	step(t, s, params, dense(tensor.Float32, []int{2}, 1, 2))
	before := snapshot(s, params)
	// The rest of what is given differs from the state, so that a part of it
	// that was taken would show.
	other := declare(t, tensor.Float32, starts)
	ahead := begin(t, optimizers.Adam{LearningRate: 0.5}, other)
	for range 3 {
		step(t, ahead, other, dense(tensor.Float32, []int{2}, 3, 4))
	}
	one := func(x float64) *tensor.Dense { return dense(tensor.Float64, []int{1}, x) }
	two := func(data ...float64) *tensor.Dense { return dense(tensor.Float32, []int{2}, data...) }
	for _, c := range []struct {
		name string
		t    *tensor.Dense
		want string
		kind error
	}{
		{"adam/iterations", nil, "adam/iterations: tensor must be present", graph.ErrInput},
		{"adam/v/w", nil, "adam/v/w: tensor must be present", graph.ErrInput},
		{"adam/m/x", two(1, 2), "adam/m/x: tensor must belong to the optimizer and its parameters", graph.ErrInput},
		{"sgd/momentum/w", two(1, 2), "sgd/momentum/w: tensor must belong to the optimizer and its parameters", graph.ErrInput},
		{"adam/m/w", dense(tensor.Float32, []int{3}), "adam/m/w: shape must be [2], got [3]", graph.ErrInput},
		{"adam/m/w", dense(tensor.Float64, []int{2}), "adam/m/w: dtype must be float32, got float64", graph.ErrInput},
		{"adam/m/w", two(math.NaN(), 0), "adam/m/w: element [0] must be finite, got NaN", graph.ErrNotFinite},
		{"adam/v/w", two(0, math.Inf(1)), "adam/v/w: element [1] must be finite, got +Inf", graph.ErrNotFinite},
		{"adam/v/w", two(0, -1), "adam/v/w: element must not be negative, got -1", graph.ErrInput},
		{"adam/iterations", dense(tensor.Float32, []int{1}), "adam/iterations: dtype must be float64, got float32", graph.ErrInput},
		{"adam/iterations", dense(tensor.Float64, []int{2}), "adam/iterations: shape must be [1], got [2]", graph.ErrInput},
		{"adam/iterations", one(-1), "adam/iterations: element must be a number of steps, got -1", graph.ErrInput},
		{"adam/iterations", one(1.5), "adam/iterations: element must be a number of steps, got 1.5", graph.ErrInput},
		{"adam/iterations", one(1e300), "adam/iterations: element must be a number of steps, got 1e+300", graph.ErrInput},
		{"adam/learning_rate", one(-1), "adam/learning_rate: learning rate must be finite and not negative, got -1", graph.ErrInput},
		{"adam/learning_rate", one(1e50), "adam/learning_rate: learning rate must be finite and not negative, got 1e+50", graph.ErrInput},
	} {
		tensors := ahead.Tensors()
		if c.t == nil {
			delete(tensors, c.name)
		} else {
			tensors[c.name] = c.t
		}
		err := s.Restore(tensors)
		var e graph.Error
		if err == nil || err.Error() != c.want || !errors.As(err, &e) || !errors.Is(err, c.kind) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
			t.Errorf("after %v: %s", err, diff)
		}
	}
	if err := s.Restore(nil); err == nil {
		t.Error("nothing was restored without an error")
	}
	tensors := ahead.Tensors()
	tensors["adam/m/w"] = nil
	if err := s.Restore(tensors); err == nil || err.Error() != "adam/m/w: tensor must not be nil" {
		t.Errorf("nil: got %v", err)
	}
}

// A restored state keeps no hold on what it was given.
func TestRestoreCopies(t *testing.T) {
	params := declare(t, tensor.Float64, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
	s := begin(t, optimizers.Adam{}, params)
	step(t, s, params, dense(tensor.Float64, []int{2}, 1, 2))
	given := s.Tensors()
	if err := s.Restore(given); err != nil {
		t.Fatal(err)
	}
	before := snapshot(s, params)
	for _, d := range given {
		d.Zero()
	}
	if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
		t.Error(diff)
	}
}
