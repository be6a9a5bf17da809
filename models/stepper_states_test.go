package models_test

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// reader is a model with states of every kind, and three sequences for it.
func reader(dtype tensor.Dtype) stepped {
	m := sequential(dtype, layers.SinePositionEncoding{},
		layers.Conv1D{Filters: 3, KernelSize: 3, Padding: layers.Causal},
		layers.MultiHeadAttention{NumHeads: 1, KeyDim: 2, UseCausalMask: true},
		layers.LSTM{Units: 3}, layers.Dense{Units: 2})
	return stepped{model: m, inputs: []*tensor.Dense{inputs(dtype, 3, 8, 2)}, StepperConfig: models.StepperConfig{Batch: 3, Memory: 8}}
}

// step does step i.
func (c stepped) step(t testing.TB, st *models.Stepper, i int) *tensor.Dense {
	t.Helper()
	y, err := st.Step(ctx, c.at(i, i+1)...)
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// A row that is reset starts again, and the others keep every bit.
func TestStepperReset(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		c := reader(dtype)
		st, other := newStepper(t, c), newStepper(t, c)
		for i := range 3 {
			c.step(t, st, i)
			c.step(t, other, i)
		}
		if err := st.Reset(1); err != nil {
			t.Fatal(err)
		}
		fresh := newStepper(t, c)
		for i := 3; i < 8; i++ {
			got, going, restarted := c.step(t, st, i), c.step(t, other, i), c.step(t, fresh, i)
			same(t, "row 0", rows(got, 0, 1), rows(going, 0, 1))
			same(t, "row 1", rows(got, 1, 2), rows(restarted, 1, 2))
			same(t, "row 2", rows(got, 2, 3), rows(going, 2, 3))
		}
		if err := st.Reset(); err != nil {
			t.Fatal(err)
		}
		same(t, "all", c.step(t, st, 0), c.step(t, newStepper(t, c), 0))
		errtest.Check(t, st.Reset(0, 3), graph.Error{Path: "sequential", Field: "row", Value: "3"})
		errtest.Check(t, st.Reset(-1), graph.Error{Path: "sequential", Field: "row", Value: "-1"})
	}
}

// A stepper, or another one, continues from saved states with the same bits.
func TestStepperSavesStates(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		c := reader(dtype)
		st := newStepper(t, c)
		for i := range 3 {
			c.step(t, st, i)
		}
		if err := st.Reset(2); err != nil { // which is saved too
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "states.safetensors")
		if err := st.SaveStates(path); err != nil {
			t.Fatal(err)
		}
		states := st.States()
		read, set := newStepper(t, c), newStepper(t, c)
		if err := read.LoadStates(path); err != nil {
			t.Fatal(err)
		}
		if err := set.SetStates(states); err != nil {
			t.Fatal(err)
		}
		for i := 3; i < 8; i++ {
			want := c.step(t, st, i)
			same(t, "read", c.step(t, read, i), want)
			same(t, "set", c.step(t, set, i), want)
		}
		same(t, "fresh", states["fresh"], tensor.New(tensor.Of(dtype), tensor.WithBacking(numbersOf(dtype, 0, 0, 1))))
		if want := 2 + 1 + 1 + 3 + 2; len(states) != want { // fresh, steps; a count; past; count, key, value; h, c
			t.Errorf("got %d states, want %d", len(states), want)
		}
	}
}

func numbersOf(dtype tensor.Dtype, x ...float64) any {
	if dtype == tensor.Float64 {
		return x
	}
	return float32s(x)
}

// States that do not fit are refused, and change nothing.
func TestStepperRefusesStates(t *testing.T) {
	c := reader(tensor.Float64)
	st := newStepper(t, c)
	c.step(t, st, 0)
	vector := func(x ...float64) *tensor.Dense { return tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x)) }
	const h, count = "sequential/lstm/state_0", "sequential/sine_position_encoding/count"
	for _, f := range []struct {
		change func(states map[string]*tensor.Dense)
		want   graph.Error
	}{
		{func(s map[string]*tensor.Dense) { delete(s, h) }, graph.Error{Path: "sequential/lstm/state_0", Field: "state"}},
		{func(s map[string]*tensor.Dense) { delete(s, "fresh") }, graph.Error{Path: "fresh", Field: "state"}},
		{func(s map[string]*tensor.Dense) { s["sequential/gru/state_0"] = s[h] }, graph.Error{Path: "sequential/gru/state_0", Field: "state"}},
		{func(s map[string]*tensor.Dense) { s[h] = nil }, graph.Error{Path: "sequential/lstm/state_0", Field: "tensor"}},
		{func(s map[string]*tensor.Dense) { s[h] = vector(1, 2, 3) }, graph.Error{Path: "sequential/lstm/state_0", Field: "shape", Value: "[3]"}},
		{func(s map[string]*tensor.Dense) { s[h] = inputs(tensor.Float32, 3, 3) }, graph.Error{Path: "sequential/lstm/state_0", Field: "dtype", Value: "float32"}},
		{func(s map[string]*tensor.Dense) { s[h].Float64s()[4] = math.NaN() }, graph.Error{Path: "sequential/lstm/state_0", Field: "element [1, 1]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{func(s map[string]*tensor.Dense) { s["fresh"] = vector(0, 2, 0) }, graph.Error{Path: "fresh", Field: "state", Value: "2"}},
		{func(s map[string]*tensor.Dense) { s["fresh"] = vector(0, 0.5, 0) }, graph.Error{Path: "fresh", Field: "state", Value: "0.5"}},
		{func(s map[string]*tensor.Dense) { delete(s, "steps") }, graph.Error{Path: "steps", Field: "state"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = nil }, graph.Error{Path: "steps", Field: "tensor"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = inputs(tensor.Float32, 1) }, graph.Error{Path: "steps", Field: "dtype", Value: "float32"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = vector(1, 2) }, graph.Error{Path: "steps", Field: "shape", Value: "[2]"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = vector(-1) }, graph.Error{Path: "steps", Field: "state", Value: "-1"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = vector(1.5) }, graph.Error{Path: "steps", Field: "state", Value: "1.5"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = vector(1 << 54) }, graph.Error{Path: "steps", Field: "state", Value: "1.8014398509481984e+16"}},
		{func(s map[string]*tensor.Dense) { s["steps"] = vector(math.NaN()) }, graph.Error{Path: "steps", Field: "element [0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{func(s map[string]*tensor.Dense) { s[count] = vector(0, -1, 0) }, graph.Error{Path: "sequential/sine_position_encoding/count", Field: "state", Value: "-1"}},
		{func(s map[string]*tensor.Dense) { s["sequential/multi_head_attention/count"] = vector(0, 9, 0) }, graph.Error{Path: "sequential/multi_head_attention/count", Field: "state", Value: "9"}},
	} {
		states := st.States()
		f.change(states)
		errtest.Check(t, st.SetStates(states), f.want)
	}
	same(t, "the next step", c.step(t, st, 1), func() *tensor.Dense {
		other := newStepper(t, c)
		c.step(t, other, 0)
		return c.step(t, other, 1)
	}())
	if err := st.LoadStates(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there must be an error")
	}
	errtest.Check(t, st.SetStates(nil), graph.Error{Field: "state"})
}

// What RandomState draws depends on the steps that were done: a row that is reset
// gets other states than at first, and the same ones in a stepper that continues
// from the same states.
func TestStepperRandomStates(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		c := stepped{
			model:  sequential(dtype, layers.GRU{Units: 2, InitialState: layers.RandomState{}}),
			inputs: []*tensor.Dense{inputs(dtype, 2, 6, 2)}, StepperConfig: models.StepperConfig{Batch: 2},
		}
		st, set, read := newStepper(t, c), newStepper(t, c), newStepper(t, c)
		first := c.step(t, st, 0)
		if err := st.Reset(1); err != nil {
			t.Fatal(err)
		}
		if second := c.step(t, st, 0); slices.Equal(float64s(rows(second, 1, 2)), float64s(rows(first, 1, 2))) {
			t.Error("a row that was reset starts from the numbers that it had before")
		}
		path := filepath.Join(t.TempDir(), "states")
		if err := st.SaveStates(path); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(set.SetStates(st.States()), read.LoadStates(path)); err != nil {
			t.Fatal(err)
		}
		for i := 2; i < 4; i++ {
			for _, s := range []*models.Stepper{st, set, read} {
				if err := s.Reset(1); err != nil {
					t.Fatal(err)
				}
			}
			want := c.step(t, st, i)
			same(t, "set", c.step(t, set, i), want)
			same(t, "read", c.step(t, read, i), want)
		}
		if steps := st.States()["steps"].Float64s(); steps[0] != 4 {
			t.Errorf("after 4 steps the states say %v", steps)
		}
	}
}

// Steppers of one model do not disturb each other, and see its weights as they
// are.
func TestSteppersShareTheModel(t *testing.T) {
	c := reader(tensor.Float64)
	want := make([]*tensor.Dense, 8)
	st := newStepper(t, c)
	for i := range want {
		want[i] = c.step(t, st, i)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			st := newStepper(t, c)
			for i, w := range want {
				same(t, "among others", c.step(t, st, i), w)
			}
		})
	}
	wg.Wait()
	m := c.model.(*models.Sequential)
	bias := models.Weight{Path: "sequential/dense/bias", Value: tensor.New(tensor.WithBacking([]float64{1, 2}))}
	if err := m.SetWeights(bias); err != nil {
		t.Fatal(err)
	}
	if err := st.Reset(); err != nil {
		t.Fatal(err)
	}
	if got := c.step(t, st, 0).Float64s()[0] - want[0].Float64s()[0]; math.Abs(got-1) > 1e-12 {
		t.Errorf("a weight that grew by 1 changed the output by %g", got)
	}
}

// What fails leaves a stepper where it was.
func TestStepperAfterErrors(t *testing.T) {
	m := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{graph.Any}},
		layers.Embedding{InputDim: 4, OutputDim: 2}, layers.GRU{Units: 2})
	c := stepped{model: m, inputs: []*tensor.Dense{tensor.New(tensor.WithShape(1, 3), tensor.WithBacking([]float64{1, 2, 3}))}}
	st, other := newStepper(t, c), newStepper(t, c)
	c.step(t, st, 0)
	token := func(x float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(1, 1), tensor.WithBacking([]float64{x}))
	}
	_, err := st.Step(ctx, token(7))
	errtest.Check(t, err, graph.Error{Path: "sequential/embedding", Field: "index 0", Value: "7"})
	_, err = st.Step(ctx)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "inputs", Value: "0"})
	_, err = st.Step(ctx, c.inputs[0])
	errtest.Check(t, err, graph.Error{Path: "sequential: input 0 of a step", Field: "shape", Value: "[1, 3]"})
	_, err = st.Step(ctx, nil)
	errtest.Check(t, err, graph.Error{Path: "sequential: input 0 of a step", Field: "tensor"})
	_, err = st.Step(ctx, token(math.Inf(1)))
	errtest.Check(t, err, graph.Error{Path: "sequential: input 0 of a step", Field: "element [0, 0]", Value: "+Inf", Kind: graph.ErrNotFinite})
	var none context.Context
	_, err = st.Step(none, token(1))
	errtest.Check(t, err, graph.Error{Field: "ctx"})
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	if _, err = st.Step(cancelled, token(1)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	c.step(t, other, 0)
	same(t, "the step after", c.step(t, st, 1), c.step(t, other, 1))
	m.Add(layers.Dense{Units: 1})
	_, err = st.Step(ctx, token(1))
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "model"})
}

func TestStepperConfigErrors(t *testing.T) {
	open := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, graph.Any}, Name: "open"})
	flat := models.NewInput(layers.Input{Shape: graph.Shape{4}, Name: "flat"})
	wide := models.NewFunctional(models.Config{}, models.Inputs{open}, models.Outputs{use(layers.Dropout{}, open)})
	static := models.NewFunctional(models.Config{}, models.Inputs{flat}, models.Outputs{use(layers.Dense{Units: 1}, flat)})
	series := sequential(tensor.Float64, layers.GRU{Units: 2})
	for _, c := range []struct {
		model interface {
			Stepper(models.StepperConfig) (*models.Stepper, error)
		}
		cfg  models.StepperConfig
		want graph.Error
	}{
		{series, models.StepperConfig{Batch: -1}, graph.Error{Path: "sequential", Field: "StepperConfig.Batch", Value: "-1"}},
		{series, models.StepperConfig{Batch: 1 << 30}, graph.Error{Path: "sequential", Field: "StepperConfig.Batch", Value: "1073741824"}},
		{series, models.StepperConfig{Memory: -1}, graph.Error{Path: "sequential", Field: "StepperConfig.Memory", Value: "-1"}},
		{series, models.StepperConfig{Sequences: []string{"inputs"}}, graph.Error{Path: "sequential", Field: "StepperConfig.Sequences", Value: `"inputs"`}},
		{series, models.StepperConfig{Sequences: []string{}}, graph.Error{Path: "sequential", Field: "StepperConfig.Sequences"}},
		{static, models.StepperConfig{}, graph.Error{Path: "functional", Field: "StepperConfig.Sequences"}},
		{static, models.StepperConfig{Sequences: []string{"flat"}}, graph.Error{Path: "functional/dense", Field: "Dense"}},
		{wide, models.StepperConfig{}, graph.Error{Path: "functional/open", Field: "Input.Shape", Value: "[1, any]"}},
		{models.NewSequential(models.Config{}), models.StepperConfig{}, graph.Error{Path: "sequential", Field: "model"}},
		{sequential(tensor.Float64, layers.Attention{UseCausalMask: true}), models.StepperConfig{Memory: 1 << 30}, graph.Error{Field: "StepperConfig.Memory"}},
	} {
		_, err := c.model.Stepper(c.cfg)
		errtest.Check(t, err, c.want)
	}
}
