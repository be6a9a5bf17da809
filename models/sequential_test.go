package models_test

import (
	"errors"
	"fmt"
	"math"
	"math/bits"
	"strings"
	"testing"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

func TestAddLineByLine(t *testing.T) {
	ls := []layers.Layer{
		layers.Input{Shape: graph.Shape{4, 2}},
		layers.LSTM{Units: 3, ReturnSequences: true},
		layers.LSTM{Units: 3},
		layers.Dense{Units: 2},
	}
	cfg := models.Config{Seed: 3}
	whole, lines, used := models.NewSequential(cfg, ls...), models.NewSequential(cfg), models.NewSequential(cfg, ls[:2]...)
	if err := used.Build(); err != nil { // layers can be added after Build
		t.Fatal(err)
	}
	predict(t, used, inputs(tensor.Float32, 5, 4, 2))
	for _, l := range ls {
		lines.Add(l)
	}
	used.Add(ls[2])
	used.Add(ls[3])
	for _, m := range []*models.Sequential{lines, used} {
		if hash(t, m) != hash(t, whole) {
			t.Error("the weights differ")
		}
		same(t, "prediction", predict(t, m, inputs(tensor.Float32, 5, 4, 2)), predict(t, whole, inputs(tensor.Float32, 5, 4, 2)))
		if diff := cmp.Diff(summary(t, whole), summary(t, m)); diff != "" {
			t.Errorf("the summaries differ (-want +got):\n%s", diff)
		}
	}
}

func TestSeedAndName(t *testing.T) {
	base := hash(t, forecaster(models.Config{Seed: 1}))
	if hash(t, forecaster(models.Config{Seed: 1})) != base {
		t.Error("one seed must give equal weights")
	}
	if hash(t, forecaster(models.Config{Seed: 2})) == base {
		t.Error("another seed must give other weights")
	}
	m := forecaster(models.Config{Seed: 9, Name: "mine", Dtype: tensor.Float64})
	if m.Name() != "mine" || m.Seed() != 9 || m.Dtype() != tensor.Float64 {
		t.Errorf("got %s, %d, %v", m.Name(), m.Seed(), m.Dtype())
	}
	if m := forecaster(models.Config{}); m.Name() != "sequential" || m.Dtype() != tensor.Float32 {
		t.Errorf("got %s, %v", m.Name(), m.Dtype())
	}
}

func TestNames(t *testing.T) {
	m := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{4, 2}},
		layers.LSTM{Units: 1, ReturnSequences: true},
		layers.LSTM{Units: 1, ReturnSequences: true, Name: "lstm_1"},
		layers.LSTM{Units: 1, ReturnSequences: true},
		layers.Dense{Units: 1, NoBias: true, Name: "an own näme"},
		layers.LSTM{Units: 1, NoBias: true},
	)
	weights, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, w := range weights {
		got = append(got, w.Path)
	}
	want := []string{
		"sequential/lstm/kernel", "sequential/lstm/recurrent_kernel", "sequential/lstm/bias",
		"sequential/lstm_1/kernel", "sequential/lstm_1/recurrent_kernel", "sequential/lstm_1/bias",
		"sequential/lstm_2/kernel", "sequential/lstm_2/recurrent_kernel", "sequential/lstm_2/bias",
		"sequential/an own näme/kernel", "sequential/lstm_3/kernel", "sequential/lstm_3/recurrent_kernel",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("paths (-want +got):\n%s", diff)
	}
}

// failing is a layer whose Resolve returns a given error.
type failing struct{ err error }

func (f failing) Resolve() (layers.Layer, error) { return nil, f.err }
func (failing) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return inputs
}

// whole returns a single number for a whole batch.
type whole struct{}

func (whole) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Mean()}
}

// first returns the first sample alone.
type first struct{}

func (first) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].At(0, 0)}
}

// none returns nothing, and a layer after it gets nothing.
type none struct{}

func (none) Call(*graph.Scope, ...graph.Value) []graph.Value { return nil }

// shaky panics while it is built.
type shaky struct{}

func (shaky) Call(*graph.Scope, ...graph.Value) []graph.Value { panic("shaken") }

func TestSequentialRefuses(t *testing.T) {
	in := layers.Input{Shape: graph.Shape{4, 2}}
	dense := layers.Dense{Units: 1}
	for name, c := range map[string]struct {
		cfg    models.Config
		layers []layers.Layer
		want   graph.Error
	}{
		"no layers":        {want: graph.Error{Path: "sequential", Field: "model"}},
		"no input":         {layers: []layers.Layer{dense}, want: graph.Error{Path: "sequential", Field: "first layer", Value: "Dense"}},
		"only an input":    {layers: []layers.Layer{in}, want: graph.Error{Path: "sequential", Field: "model"}},
		"no input shape":   {layers: []layers.Layer{layers.Input{}, dense}, want: graph.Error{Path: "sequential/input", Field: "Input.Shape"}},
		"nil":              {layers: []layers.Layer{in, nil, dense}, want: graph.Error{Path: "sequential/layer 1", Field: "layer", Value: "<nil>"}},
		"a pointer":        {layers: []layers.Layer{in, &dense}, want: graph.Error{Path: "sequential/layer 1", Field: "layer", Value: "*layers.Dense"}},
		"a nil pointer":    {layers: []layers.Layer{in, (*layers.Dense)(nil)}, want: graph.Error{Path: "sequential/layer 1", Field: "layer", Value: "*layers.Dense"}},
		"a nil model":      {layers: []layers.Layer{in, (*models.Sequential)(nil)}, want: graph.Error{Path: "sequential/layer 1", Field: "layer", Value: "*models.Sequential"}},
		"no type name":     {layers: []layers.Layer{in, struct{ layers.Dense }{dense}}, want: graph.Error{Path: "sequential/layer 1", Field: "layer", Value: "struct { layers.Dense }"}},
		"two of one name":  {layers: []layers.Layer{in, layers.Dense{Units: 1, Name: "a"}, layers.Dense{Units: 2, Name: "a"}}, want: graph.Error{Path: "sequential", Field: "layer name", Value: `"a"`}},
		"a taken name":     {layers: []layers.Layer{in, dense, layers.Flatten{Name: "dense"}}, want: graph.Error{Path: "sequential", Field: "layer name", Value: `"dense"`}},
		"a slash":          {layers: []layers.Layer{in, layers.Dense{Units: 1, Name: "a/b"}}, want: graph.Error{Path: "sequential", Field: "layer name", Value: `"a/b"`}},
		"a line break":     {layers: []layers.Layer{in, layers.Dense{Units: 1, Name: "a\nb"}}, want: graph.Error{Path: "sequential", Field: "layer name", Value: `"a\nb"`}},
		"a control sign":   {layers: []layers.Layer{in, layers.Dense{Units: 1, Name: "\x1b[2J"}}, want: graph.Error{Path: "sequential", Field: "layer name", Value: `"\x1b[2J"`}},
		"not UTF-8":        {layers: []layers.Layer{in, layers.Dense{Units: 1, Name: "\xff"}}, want: graph.Error{Path: "sequential", Field: "layer name", Value: `"\xff"`}},
		"the model's name": {cfg: models.Config{Name: "a/b"}, layers: []layers.Layer{in, dense}, want: graph.Error{Field: "Config.Name", Value: `"a/b"`}},
		"the dtype":        {cfg: models.Config{Dtype: tensor.Int}, layers: []layers.Layer{in, dense}, want: graph.Error{Field: "dtype", Value: "int"}},
		"negative units":   {layers: []layers.Layer{in, layers.LSTM{Units: -3}}, want: graph.Error{Path: "sequential/lstm", Field: "LSTM.Units", Value: "-3"}},
		"an activation":    {layers: []layers.Layer{in, layers.Dense{Units: 1, Activation: activations.Name("rleu")}}, want: graph.Error{Path: "sequential/dense", Field: "Dense.Activation", Value: `"rleu"`}},
		"the second LSTM":  {layers: []layers.Layer{in, layers.LSTM{Units: 2}, layers.LSTM{Units: 2}}, want: graph.Error{Path: "sequential/lstm_1", Field: "LSTM", Value: "[any, 2]"}},
		"several outputs":  {layers: []layers.Layer{in, layers.LSTM{Units: 2, ReturnState: true}, dense}, want: graph.Error{Path: "sequential/dense", Field: "Dense", Value: "3"}},
		"no output":        {layers: []layers.Layer{in, none{}, dense}, want: graph.Error{Path: "sequential/dense", Field: "Dense", Value: "0"}},
		"nothing in all":   {layers: []layers.Layer{in, none{}}, want: graph.Error{Path: "sequential", Field: "model"}},
		"no batch axis":    {layers: []layers.Layer{in, whole{}}, want: graph.Error{Path: "sequential", Field: "output 0", Value: "[]"}},
		"one sample":       {layers: []layers.Layer{in, first{}}, want: graph.Error{Path: "sequential", Field: "output 0", Value: "[4, 2]"}},
		"Resolve to nil":   {layers: []layers.Layer{in, failing{}}, want: graph.Error{Path: "sequential/failing", Field: "failing.Resolve", Value: "<nil>"}},
		"the first of two": {layers: []layers.Layer{in, layers.LSTM{Units: -3}, layers.LSTM{Units: -4}, nil}, want: graph.Error{Path: "sequential/lstm", Field: "LSTM.Units", Value: "-3"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := models.NewSequential(c.cfg, c.layers...)
			errtest.Check(t, m.Build(), c.want)
			if name != "only an input" { // which is only not complete
				m.Add(layers.Flatten{Name: "added after the error"})
			}
			for what, use := range map[string]func() error{
				"Build":        m.Build,
				"Summary":      func() error { return m.Summary(&strings.Builder{}) },
				"OutputShapes": func() error { _, err := m.OutputShapes(); return err },
				"Params":       func() error { _, err := m.Params(); return err },
				"Weights":      func() error { _, err := m.Weights(); return err },
				"Weight":       func() error { _, err := m.Weight("sequential/dense/kernel"); return err },
				"SetWeights":   func() error { return m.SetWeights() },
				"hash":         func() error { _, err := m.WeightsSHA256(); return err },
				"Predict":      func() error { _, err := m.Predict(ctx, inputs(tensor.Float32, 2, 4, 2)); return err },
				"Save":         func() error { return m.Save(t.TempDir() + "/model") },
				"WriteTo":      func() error { _, err := m.WriteTo(&strings.Builder{}); return err },
			} {
				if err := use(); err == nil {
					t.Errorf("%s must return the error", what)
				}
			}
		})
	}
}

func TestErrorsOfOwnLayers(t *testing.T) {
	reason := errors.New("not today")
	err := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, failing{reason}).Build()
	if !errors.Is(err, reason) || err.Error() != "sequential/failing: not today" {
		t.Errorf("got %v", err)
	}
	err = models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, shaky{}).Build()
	if err == nil || !strings.HasPrefix(err.Error(), "sequential/shaky: ") || !strings.Contains(err.Error(), "shaken") {
		t.Errorf("got %v", err)
	}
}

// A model that is broken must not be described as if it ended before the fault.
func TestCallReportsErrors(t *testing.T) {
	params, err := graph.NewParams(tensor.Float32, 1)
	if err != nil {
		t.Fatal(err)
	}
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, layers.Dense{Units: 1}, layers.Dense{Units: -1})
	err = graph.Shapes(graph.Config{Params: params}, func(s *graph.Scope) { m.Call(s, s.Input("x", graph.Shape{3, 2})) })
	errtest.Check(t, err, graph.Error{Path: "sequential/dense_1", Field: "Dense.Units", Value: "-1"})
}

func TestShapesWithoutCompiling(t *testing.T) {
	m := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{graph.Any, 2}},
		layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true},
	)
	in, err := m.InputShapes()
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.OutputShapes()
	if err != nil {
		t.Fatal(err)
	}
	want := []graph.Shape{{graph.Any, graph.Any, 3}, {graph.Any, 3}, {graph.Any, 3}}
	if diff := cmp.Diff([]graph.Shape{{graph.Any, graph.Any, 2}}, in); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, out); diff != "" {
		t.Error(diff)
	}
	in[0][2], out[0][2] = 9, 9 // belongs to the caller
	if again, err := m.OutputShapes(); err != nil || cmp.Diff(want, again) != "" {
		t.Errorf("got %v, %v", again, err)
	}
	if again, err := m.InputShapes(); err != nil || again[0][2] != 2 {
		t.Errorf("got %v, %v", again, err)
	}
	params, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	sizes := map[string]int{}
	for _, p := range params.All() {
		sizes[p.Path] = p.Shape.Size()
	}
	if diff := cmp.Diff(map[string]int{"sequential/lstm/kernel": 24, "sequential/lstm/recurrent_kernel": 36, "sequential/lstm/bias": 12}, sizes); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralOutputs(t *testing.T) {
	m := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{graph.Any, 2}},
		layers.LSTM{Units: 3, ReturnSequences: true, ReturnState: true},
	)
	x := inputs(tensor.Float32, 40, 5, 2)
	_, err := m.Predict(ctx, x)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "Predict", Value: 3})
	all, err := m.PredictAll(ctx, x)
	if err != nil || len(all) != 3 {
		t.Fatalf("got %d outputs, %v", len(all), err)
	}
	for i, want := range []string{"(40, 5, 3)", "(40, 3)", "(40, 3)"} {
		if got := fmt.Sprint(all[i].Shape()); got != want {
			t.Errorf("output %d has the shape %s, want %s", i, got, want)
		}
	}
	for i := range 40 { // h is the last of the sequence
		for k := range 3 {
			if a, b := all[0].Float32s()[(i*5+4)*3+k], all[1].Float32s()[i*3+k]; a != b {
				t.Fatalf("sample %d: got %v and %v", i, a, b)
			}
		}
	}
}

// The number of layers costs time in proportion, and no more.
func TestManyLayers(t *testing.T) {
	const n = 100_000
	begun := time.Now()
	m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{1}})
	for range n {
		m.Add(layers.Flatten{})
	}
	m.Add(layers.Dense{Units: 1})
	if err := m.Build(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begun); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
	text := summary(t, m)
	if !strings.Contains(text, fmt.Sprintf("flatten_%d (Flatten)", n-1)) {
		t.Error("the last layer is not in the summary")
	}
	back, err := models.Read(strings.NewReader(string(bytesOf(t, m))), models.LoadConfig{})
	if err != nil || hash(t, back) != hash(t, m) {
		t.Errorf("the model did not come back: %v", err)
	}
	if took := time.Since(begun); took > 60*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestHugeLayersAreErrors(t *testing.T) {
	for _, units := range []int{math.MaxInt, math.MaxInt / 4, 1 << (bits.UintSize * 5 / 8)} {
		err := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2, 2}}, layers.LSTM{Units: units}).Build()
		errtest.Check(t, err, graph.Error{Path: "sequential/lstm", Field: "LSTM.Units", Value: units})
	}
}
