package ensemble_test

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/ensemble"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var ctx = context.Background()

// tester is a *testing.T or a *rapid.T.
type tester interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func check(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// forecaster reads series of two features.
func forecaster(cfg models.Config, units int) *models.Model {
	return &models.NewSequential(cfg,
		layers.Input{Shape: graph.Shape{graph.Any, 2}},
		layers.LSTM{Units: units},
		layers.Dense{Units: 3, Name: "quantiles"},
	).Model
}

// twoSided has two inputs and two outputs.
func twoSided(cfg models.Config, units int) *models.Model {
	series := models.NewInput(layers.Input{Name: "series", Shape: graph.Shape{5, 2}})
	static := models.NewInput(layers.Input{Name: "static", Shape: graph.Shape{3}})
	h := models.Use(layers.GRU{Units: units, ReturnSequences: true}).Call(series)
	all := models.Use(layers.Concatenate{}).Call(models.Use(layers.Flatten{}).Call(h), static)
	return &models.NewFunctional(cfg, models.Inputs{series, static}, models.Outputs{
		models.Use(layers.Dense{Name: "steps", Units: 2}).Call(h),
		models.Use(layers.Dense{Name: "level", Units: 1}).Call(all),
	}).Model
}

// numbers are pseudo-random, in [−1, 1).
func numbers(dtype tensor.Dtype, seed uint64, shape ...int) *tensor.Dense {
	elements := graphtest.Uniform(seed, graph.Shape(shape).Size(), 1)
	if dtype == tensor.Float64 {
		return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(elements))
	}
	narrow := make([]float32, len(elements))
	for i, x := range elements {
		narrow[i] = float32(x)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(narrow))
}

func floats(x *tensor.Dense) []float64 {
	if x.Dtype() == tensor.Float64 {
		return x.Float64s()
	}
	var out []float64
	for _, v := range x.Float32s() {
		out = append(out, float64(v))
	}
	return out
}

func predict(t tester, m *models.Model, x ...*tensor.Dense) [][]float64 {
	t.Helper()
	ys, err := m.PredictAll(ctx, x...)
	check(t, err)
	var out [][]float64
	for _, y := range ys {
		out = append(out, floats(y))
	}
	return out
}

// The outputs are the weighted means of those of the members, also after a file.
func TestMeans(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		cfg := models.Config{Dtype: rapid.SampledFrom([]tensor.Dtype{tensor.Float32, tensor.Float64}).Draw(r, "dtype")}
		tolerance := 1e-14
		if cfg.Dtype == tensor.Float32 {
			tolerance = 1e-6
		}
		build, inputs := forecaster, []*tensor.Dense{numbers(cfg.Dtype, 1, 3, 5, 2)}
		if rapid.Bool().Draw(r, "two sides") {
			build, inputs = twoSided, append(inputs, numbers(cfg.Dtype, 2, 3, 3))
		}
		n := rapid.IntRange(1, 4).Draw(r, "members")
		var members []*models.Model
		for i := range n {
			cfg.Seed = uint64(i)
			members = append(members, build(cfg, rapid.IntRange(1, 3).Draw(r, "units")))
		}
		parts := rapid.SliceOfN(rapid.IntRange(0, 5), n, n).Filter(func(x []int) bool { return slices.Max(x) > 0 }).Draw(r, "weights")
		total := 0
		for _, p := range parts {
			total += p
		}
		var weights []float64
		for _, p := range parts {
			weights = append(weights, float64(p)/float64(total))
		}
		var e *models.Functional
		var err error
		if rapid.Bool().Draw(r, "weighted") {
			e, err = ensemble.Weighted(models.Config{}, weights, members...)
		} else {
			weights = slices.Repeat([]float64{1 / float64(n)}, n)
			e, err = ensemble.Mean(models.Config{}, members...)
		}
		check(r, err)
		if e.Dtype() != cfg.Dtype {
			r.Fatalf("the dtype is %v, want %v", e.Dtype(), cfg.Dtype)
		}
		got := predict(r, &e.Model, inputs...)
		want := make([][]float64, len(got))
		for i, m := range members {
			for k, y := range predict(r, m, inputs...) {
				if i == 0 {
					want[k] = make([]float64, len(y))
				}
				for j, v := range y {
					want[k][j] += weights[i] * v
				}
			}
		}
		for k := range want {
			for j := range want[k] {
				if !(math.Abs(got[k][j]-want[k][j]) <= tolerance) {
					r.Fatalf("output %d: got %v, want %v", k, got[k], want[k])
				}
			}
		}

		path := filepath.Join(dir, "model")
		check(r, e.Save(path))
		loaded, err := models.Load(path, models.LoadConfig{})
		check(r, err)
		for k, y := range predict(r, loaded, inputs...) {
			if !slices.Equal(y, got[k]) {
				r.Fatalf("after a file, output %d is %v, want %v", k, y, got[k])
			}
		}
	})
}

// Members that were read from files, all named alike, keep what they predict.
func TestLoadedMembers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model")
	x := numbers(tensor.Float32, 1, 4, 6, 2)
	var members []*models.Model
	var want [][]float64
	for seed := range uint64(3) {
		check(t, forecaster(models.Config{Name: "quantiles", Seed: seed}, 2).Save(path))
		m, err := models.Load(path, models.LoadConfig{})
		check(t, err)
		members, want = append(members, m), append(want, predict(t, m, x)[0])
	}
	e, err := ensemble.Mean(models.Config{Name: "three", Seed: 9}, members...)
	check(t, err)
	y := predict(t, &e.Model, x)[0]
	for i := range y {
		if mean := (want[0][i] + want[1][i] + want[2][i]) / 3; math.Abs(y[i]-mean) > 1e-6 {
			t.Fatalf("element %d is %g, want %g", i, y[i], mean)
		}
	}
	weights, err := e.Weights()
	check(t, err)
	var layers []string
	for _, w := range weights {
		if name, ok := strings.CutSuffix(w.Path, "/lstm/bias"); ok {
			layers = append(layers, name)
		}
	}
	// The output of the ensemble has the name of the members' first.
	if want := []string{"three/quantiles_1", "three/quantiles_2", "three/quantiles_3"}; !slices.Equal(layers, want) {
		t.Errorf("the members are %q, want %q", layers, want)
	}
	if names, err := e.OutputNames(); err != nil || !slices.Equal(names, []string{"quantiles"}) {
		t.Errorf("the outputs are %q, %v", names, err)
	}
}

// Inputs and outputs have the names of the first member's, and the ensemble follows the
// weights of its members.
func TestSharedMembers(t *testing.T) {
	a, b := twoSided(models.Config{Name: "a"}, 2), twoSided(models.Config{Name: "b"}, 3)
	e, err := ensemble.Weighted(models.Config{}, []float64{0.25, 0.75}, a, b)
	check(t, err)
	inputs, err := e.InputNames()
	check(t, err)
	outputs, err := e.OutputNames()
	check(t, err)
	if !slices.Equal(inputs, []string{"series", "static"}) || !slices.Equal(outputs, []string{"steps", "level"}) {
		t.Errorf("the inputs are %q and the outputs %q", inputs, outputs)
	}
	x := []*tensor.Dense{numbers(tensor.Float32, 1, 2, 5, 2), numbers(tensor.Float32, 2, 2, 3)}
	before := predict(t, &e.Model, x...)[1]
	check(t, b.SetWeights(models.Weight{Path: "level/bias", Value: tensor.New(tensor.WithShape(1), tensor.WithBacking([]float32{4}))}))
	for i, y := range predict(t, &e.Model, x...)[1] {
		if want := before[i] + 3; math.Abs(y-want) > 1e-6 {
			t.Errorf("sample %d: got %g, want %g", i, y, want)
		}
	}
}

// A stepper of the ensemble gives after every step what Predict gives for the steps so far.
func TestStepper(t *testing.T) {
	e, err := ensemble.Mean(models.Config{Dtype: tensor.Float64},
		forecaster(models.Config{Dtype: tensor.Float64}, 2), forecaster(models.Config{Dtype: tensor.Float64, Seed: 1}, 3))
	check(t, err)
	st, err := e.Stepper(models.StepperConfig{Batch: 2})
	check(t, err)
	var seen [][]float64 // of each sample
	for range 2 {
		seen = append(seen, nil)
	}
	for step := range 4 {
		x := numbers(tensor.Float64, uint64(step), 2, 1, 2)
		y, err := st.Step(ctx, x)
		check(t, err)
		for i := range seen {
			seen[i] = append(seen[i], x.Float64s()[2*i:2*i+2]...)
		}
		whole := tensor.New(tensor.WithShape(2, step+1, 2), tensor.WithBacking(slices.Concat(seen...)))
		for i, want := range predict(t, &e.Model, whole)[0] {
			if math.Abs(y.Float64s()[i]-want) > 1e-12 {
				t.Fatalf("step %d: got %v at %d, want %g", step, y, i, want)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	one := func() *models.Model { return forecaster(models.Config{}, 1) }
	m := one()
	wide := &models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 3}}, layers.LSTM{Units: 1}, layers.Dense{Units: 3}).Model
	narrow := &models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{graph.Any, 2}}, layers.LSTM{Units: 1}).Model
	broken := forecaster(models.Config{Name: "broken"}, -1)
	for _, c := range []struct {
		name    string
		cfg     models.Config
		weights []float64
		members []*models.Model
		want    errs.Error
	}{
		{"none", models.Config{}, nil, nil, errs.Error{Path: "ensemble", Field: "members"}},
		{"nil", models.Config{Name: "e"}, nil, []*models.Model{one(), nil}, errs.Error{Path: "e", Field: "member 1"}},
		{"twice", models.Config{}, nil, []*models.Model{m, one(), m}, errs.Error{Path: "ensemble", Field: "member 2"}},
		{"zero", models.Config{}, nil, []*models.Model{{}}, errs.Error{Field: "model"}},
		{"dtype", models.Config{}, nil, []*models.Model{one(), forecaster(models.Config{Dtype: tensor.Float64}, 1)}, errs.Error{Path: "ensemble", Field: "member 1", Value: tensor.Float64}},
		{"dtype of the config", models.Config{Dtype: tensor.Float64}, nil, []*models.Model{one()}, errs.Error{Path: "ensemble/sequential", Field: "Config.Dtype", Value: tensor.Float32}},
		{"inputs", models.Config{}, nil, []*models.Model{one(), wide}, errs.Error{Path: "ensemble", Field: "member 1"}},
		{"outputs", models.Config{}, nil, []*models.Model{one(), narrow}, errs.Error{Path: "ensemble", Field: "member 1"}},
		{"number of inputs", models.Config{}, nil, []*models.Model{twoSided(models.Config{}, 1), one()}, errs.Error{Path: "ensemble", Field: "member 1"}},
		{"a layer", models.Config{}, nil, []*models.Model{one(), broken}, errs.Error{Path: "broken/lstm", Field: "LSTM.Units", Value: -1}},
		{"name", models.Config{Name: "a/b"}, nil, []*models.Model{one()}, errs.Error{Field: "Config.Name", Value: `"a/b"`}},
		{"number of weights", models.Config{}, []float64{0.5, 0.5}, []*models.Model{one()}, errs.Error{Path: "ensemble", Field: "weights", Value: 2}},
		{"sum", models.Config{}, []float64{0.5, 0.4}, []*models.Model{one(), one()}, errs.Error{Path: "ensemble/quantiles", Field: "Average.Weights", Value: 0.9}},
		{"negative", models.Config{}, []float64{1.5, -0.5}, []*models.Model{one(), one()}, errs.Error{Path: "ensemble/quantiles", Field: "Average.Weights", Value: 1.5}},
		{"NaN", models.Config{}, []float64{math.NaN()}, []*models.Model{one()}, errs.Error{Path: "ensemble/quantiles", Field: "Average.Weights", Value: math.NaN()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var err error
			if c.weights != nil {
				_, err = ensemble.Weighted(c.cfg, c.weights, c.members...)
			} else {
				_, err = ensemble.Mean(c.cfg, c.members...)
			}
			errtest.Check(t, err, c.want)
		})
	}
}

func ExampleMean() {
	var members []*models.Model
	for seed := range uint64(5) { // which are usually trained first
		m := models.NewSequential(models.Config{Seed: seed},
			layers.Input{Shape: graph.Shape{30, 1}},
			layers.LSTM{Units: 8},
			layers.Dense{Units: 1},
		)
		members = append(members, &m.Model)
	}
	model, err := ensemble.Mean(models.Config{Name: "five"}, members...)
	if err != nil {
		fmt.Println(err)
		return
	}
	y, err := model.Predict(context.Background(), tensor.New(tensor.WithShape(2, 30, 1), tensor.Of(tensor.Float32)))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(y.Shape(), y.Float32s())
	// Output: (2, 1) [0 0]
}
