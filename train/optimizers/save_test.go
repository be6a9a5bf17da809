package optimizers_test

import (
	"maps"
	"math"
	"slices"
	"strings"
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

func TestRestoreRefuses(t *testing.T) {
	starts := map[string]graphtest.Array{"w": graphtest.Input(1, 2)}
	params := declare(t, tensor.Float32, starts)
	s := begin(t, optimizers.Adam{}, params)
	step(t, s, params, dense(tensor.Float32, []int{2}, 1, 2))
	before := snapshot(s, params)
	// The other tensors differ from the state, so that a partial restore is noticed.
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
		want errs.Error
	}{
		{"adam/iterations", nil, errs.Error{Path: "adam/iterations", Field: "tensor"}},
		{"adam/v/w", nil, errs.Error{Path: "adam/v/w", Field: "tensor"}},
		{"adam/m/x", two(1, 2), errs.Error{Path: "adam/m/x", Field: "tensor"}},
		{"sgd/momentum/w", two(1, 2), errs.Error{Path: "sgd/momentum/w", Field: "tensor"}},
		{"adam/m/w", dense(tensor.Float32, []int{3}), errs.Error{Path: "adam/m/w", Field: "shape", Value: "[3]"}},
		{"adam/m/w", dense(tensor.Float64, []int{2}), errs.Error{Path: "adam/m/w", Field: "dtype", Value: "float64"}},
		{"adam/m/w", two(math.NaN(), 0), errs.Error{Path: "adam/m/w", Field: "element [0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{"adam/v/w", two(0, math.Inf(1)), errs.Error{Path: "adam/v/w", Field: "element [1]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{"adam/v/w", two(0, -1), errs.Error{Path: "adam/v/w", Field: "element", Value: "-1"}},
		{"adam/iterations", dense(tensor.Float32, []int{1}), errs.Error{Path: "adam/iterations", Field: "dtype", Value: "float32"}},
		{"adam/iterations", dense(tensor.Float64, []int{2}), errs.Error{Path: "adam/iterations", Field: "shape", Value: "[2]"}},
		{"adam/iterations", one(-1), errs.Error{Path: "adam/iterations", Field: "element", Value: "-1"}},
		{"adam/iterations", one(1.5), errs.Error{Path: "adam/iterations", Field: "element", Value: "1.5"}},
		{"adam/iterations", one(1e300), errs.Error{Path: "adam/iterations", Field: "element", Value: "1e+300"}},
		{"adam/learning_rate", one(-1), errs.Error{Path: "adam/learning_rate", Field: "learning rate", Value: "-1"}},
		{"adam/learning_rate", one(1e50), errs.Error{Path: "adam/learning_rate", Field: "learning rate", Value: "1e+50"}},
	} {
		tensors := ahead.Tensors()
		if c.t == nil {
			delete(tensors, c.name)
		} else {
			tensors[c.name] = c.t
		}
		err := s.Restore(tensors)
		errtest.Check(t, err, c.want)
		if diff := cmp.Diff(before, snapshot(s, params)); diff != "" {
			t.Errorf("after %v: %s", err, diff)
		}
	}
	if err := s.Restore(nil); err == nil {
		t.Error("nothing was restored without an error")
	}
	tensors := ahead.Tensors()
	tensors["adam/m/w"] = nil
	errtest.Check(t, s.Restore(tensors), errs.Error{Path: "adam/m/w", Field: "tensor"})
}

// A run that is cut, saved and continued by a new state on new parameters ends
// with the same bits as one that was not.
func TestEveryOptimizerResumes(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		rapid.Check(t, func(t *rapid.T) {
			o := s.Draw(t)
			if field := rapid.SampledFrom([]string{"", "ClipValue", "ClipNorm", "GlobalClipNorm"}).Draw(t, "clip"); field != "" {
				o = with(o, field, 0.5)
			}
			n := rapid.IntRange(1, 6).Draw(t, "steps")
			cut := rapid.IntRange(0, n).Draw(t, "cut")
			starts := map[string]graphtest.Array{"net/a": graphtest.Input(1, 2, 3), "net/b": graphtest.Input(2, 4)}
			params, once := declare(t, dtype, starts), declare(t, dtype, starts)
			state, whole := begin(t, o, params), begin(t, o, once)
			for k := range n {
				if k == cut {
					params, state = resume(t, o, dtype, starts, params, state)
				}
				for _, run := range []struct {
					s      *optimizers.State
					params *graph.Params
				}{{state, params}, {whole, once}} {
					step(t, run.s, run.params,
						dense(dtype, []int{2, 3}, graphtest.Input(10+k, 6).Data...),
						dense(dtype, []int{4}, graphtest.Input(20+k, 4).Data...))
					if k == n/2 {
						if err := run.s.SetLearningRate(0.1 / float64(k+1)); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			if diff := cmp.Diff(snapshot(whole, once), snapshot(state, params)); diff != "" {
				t.Fatal(diff)
			}
		})
	})
}

// resume makes new parameters and a new state from what others hold.
func resume(t fatal, o optimizers.Optimizer, dtype tensor.Dtype, starts map[string]graphtest.Array, params *graph.Params, s *optimizers.State) (*graph.Params, *optimizers.State) {
	next := declare(t, dtype, starts)
	weights := map[string]*tensor.Dense{}
	for _, p := range params.All() {
		weights[p.Path] = p.Value()
	}
	if err := next.Set(weights); err != nil {
		t.Fatal(err)
	}
	state := begin(t, o, next)
	if err := state.Restore(s.Tensors()); err != nil {
		t.Fatal(err)
	}
	return next, state
}

// What is saved are copies, under the names of the slots, with the shapes and
// dtype of the parameters; and what is restored is copied.
func TestSavedTensors(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		for o, slots := range s.Slots {
			params := declare(t, dtype, map[string]graphtest.Array{"net/w": graphtest.Input(1, 2, 3), "net/x": {Data: []float64{1}}})
			state := begin(t, o, params)
			step(t, state, params, dense(dtype, []int{2, 3}, 1, 2, 3, 4, 5, 6), dense(dtype, []int{1}, 1))
			rule, err := o.Rule(dtype)
			if err != nil {
				t.Fatal(err)
			}
			want := []string{rule.Name + "/iterations", rule.Name + "/learning_rate"}
			for _, slot := range slots {
				want = append(want, rule.Name+"/"+slot+"/net/w", rule.Name+"/"+slot+"/net/x")
			}
			got := state.Tensors()
			if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, slices.Sorted(slices.Values(want))) {
				t.Errorf("%#v: got %v, want %v", o, names, want)
			}
			before := snapshot(state, params)
			if err := state.Restore(got); err != nil {
				t.Fatal(err)
			}
			for name, d := range got {
				want, shape := dtype, []int{2, 3}
				switch {
				case strings.Count(name, "/") == 1:
					want, shape = tensor.Float64, []int{1}
				case strings.HasSuffix(name, "x"):
					shape = []int{1}
				}
				if d.Dtype() != want || !slices.Equal(d.Shape(), shape) {
					t.Errorf("%s: got %v %v, want %v %v", name, d.Dtype(), d.Shape(), want, shape)
				}
				d.Zero()
			}
			if diff := cmp.Diff(before, snapshot(state, params)); diff != "" {
				t.Errorf("writing to what Tensors gave changed the state: %s", diff)
			}
		}
	})
}

// A slot that is restored with negative elements is refused, unless everything is
// finite after the next step. Where this fails, a slot lacks Squares.
func TestNegativeSlots(t *testing.T) {
	forSpecimens(t, func(t *testing.T, s specimen, dtype tensor.Dtype, _ float64) {
		for o, slots := range s.Slots {
			for _, slot := range slots {
				params := declare(t, dtype, map[string]graphtest.Array{"w": graphtest.Input(1, 2)})
				state := begin(t, o, params)
				rule, err := o.Rule(dtype)
				if err != nil {
					t.Fatal(err)
				}
				before, name, given := snapshot(state, params), rule.Name+"/"+slot+"/w", state.Tensors()
				given[name] = dense(dtype, []int{2}, 1, -2)
				if err := state.Restore(given); err != nil {
					errtest.Check(t, err, errs.Error{Path: name, Field: "element", Value: -2})
					if diff := cmp.Diff(before, snapshot(state, params)); diff != "" {
						t.Errorf("%#v: %s", o, diff)
					}
					continue
				}
				step(t, state, params, dense(dtype, []int{2}, 0.5, 0.5))
				checkFinite(t, o, state, params)
			}
		}
	})
}
