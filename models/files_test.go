package models_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// roundTrip saves a model to a stream and a file, loads both, and compares them with
// the model in everything.
func roundTrip(t *testing.T, m model, custom ...any) *models.Model {
	t.Helper()
	data := bytesOf(t, m)
	back, err := models.Read(bytes.NewReader(data), models.LoadConfig{Custom: custom})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := m.Save(path); err != nil {
		t.Fatal(err)
	}
	if stored, err := os.ReadFile(path); err != nil || !bytes.Equal(stored, data) {
		t.Errorf("Save writes other bytes than WriteTo, %v", err)
	}
	loaded, err := models.Load(path, models.LoadConfig{Custom: custom})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range []*models.Model{back, loaded} {
		if b.Name() != m.Name() || b.Seed() != m.Seed() || b.Dtype() != m.Dtype() {
			t.Errorf("got %s, %d, %v", b.Name(), b.Seed(), b.Dtype())
		}
		if hash(t, b) != hash(t, m) {
			t.Error("the weights differ")
		}
		if diff := cmp.Diff(summary(t, m), summary(t, b)); diff != "" {
			t.Errorf("the summaries differ (-want +got):\n%s", diff)
		}
		if !bytes.Equal(bytesOf(t, b), data) {
			t.Error("saved again, the model gives other bytes")
		}
	}
	return loaded
}

// halve is the function of a Lambda.
var halve = layers.NewFunction("halve", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value {
	return []graph.Value{inputs[0].Scale(0.5)}
})

// A Lambda is saved by the name of its function, which must be the registered one,
// and is loaded with the registered function of that name.
func TestSaveLambda(t *testing.T) {
	other := layers.NewFunction("halve", func(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs })
	of := func(custom ...any) *models.Sequential {
		return models.NewSequential(models.Config{Custom: custom}, layers.Input{Shape: graph.Shape{4, 2}},
			layers.TimeDistributed{Layer: layers.Lambda{Function: halve}})
	}
	x := inputs(tensor.Float32, 3, 4, 2)
	m := of(halve)
	same(t, "prediction", predict(t, roundTrip(t, m, halve), x), predict(t, m, x))

	for _, c := range []struct {
		custom []any
		want   errs.Error
	}{
		{nil, errs.Error{Path: "sequential/time_distributed", Field: "TimeDistributed.Layer.Function", Value: "halve"}},
		{[]any{other}, errs.Error{Path: "sequential/time_distributed", Field: "TimeDistributed.Layer.Function", Value: "layers.Function"}},
		{[]any{halve, other}, errs.Error{Path: "Config.Custom[1]", Field: "halve"}},
	} {
		_, err := of(c.custom...).WriteTo(io.Discard)
		errtest.Check(t, err, c.want)
	}
	_, err := models.Read(bytes.NewReader(bytesOf(t, m)), models.LoadConfig{})
	errtest.Check(t, err, errs.Error{Path: "config.layers[1].layer.config.layer.config.function", Value: "halve"})
}

// Every field of every layer is saved, see package conformance; here are the extremes of
// the config of a model.
func TestSaveConfig(t *testing.T) {
	for _, dtype := range dtypes {
		x := inputs(dtype, 5, 4, 2)
		cfg := models.Config{Seed: 1<<64 - 1, Dtype: dtype, Name: "mödel"}
		m := models.NewSequential(cfg, layers.Input{Shape: graph.Shape{4, 2}},
			layers.LSTM{Units: 2, Name: "own", InitialState: layers.FixedState{Elements: [][]float64{{1, 0.1}, {4, 5}}}, Seed: new(uint64(1<<64 - 1))})
		same(t, "prediction", predict(t, roundTrip(t, m), x), predict(t, m, x))
	}
}

// The file holds every default as it is now, so a later one changes nothing, and
// leaves out what is zero.
func TestSaveWritesDefaults(t *testing.T) {
	m := forecaster(models.Config{})
	f, err := safetensors.Read(bytes.NewReader(bytesOf(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"class_name":"Sequential","config":{"name":"sequential","dtype":"float32","layers":[` +
		`{"name":"input","layer":{"class_name":"Input","config":{"shape":[-1,2]}}},` +
		`{"name":"lstm","layer":{"class_name":"LSTM","config":{"units":3,"activation":"tanh","recurrent_activation":"sigmoid",` +
		`"kernel_initializer":"glorot_uniform","recurrent_initializer":{"class_name":"Orthogonal","config":{"gain":1}},"bias_initializer":"zeros",` +
		`"initial_state":{"class_name":"ZeroState","config":{}}}}},` +
		`{"name":"dense","layer":{"class_name":"Dense","config":{"units":1,"activation":"linear","kernel_initializer":"glorot_uniform","bias_initializer":"zeros"}}}]}}`
	if diff := cmp.Diff(map[string]string{"engram_format": "1", "engram_config": want}, f.Metadata); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// scaled is a custom layer with a weight and a custom activation.
type scaled struct {
	Factor     float64
	Activation activations.Activation
	Name       string
}

func (l scaled) Resolve() (layers.Layer, error) {
	if l.Factor == 0 {
		l.Factor = 2
	}
	var err error
	l.Activation, err = activations.Resolve(l.Activation, plusOne{})
	return l, err
}

func (l scaled) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	bias := s.Param("bias", graph.Shape{}, initializers.Constant{Value: 3})
	return []graph.Value{l.Activation.Apply(inputs[0].Scale(l.Factor).Add(bias))}
}

type plusOne struct{}

func (plusOne) Apply(x graph.Value) graph.Value { return x.AddConst(1) }

func TestCustomLayers(t *testing.T) {
	custom := []any{scaled{}, plusOne{}}
	build := func(custom ...any) *models.Sequential {
		return models.NewSequential(models.Config{Custom: custom}, layers.Input{Shape: graph.Shape{2}}, layers.Dense{Units: 2}, scaled{Name: "mine"})
	}
	m := build(custom...)
	back := roundTrip(t, m, custom...)
	x := inputs(tensor.Float32, 3, 2)
	same(t, "prediction", predict(t, back, x), predict(t, m, x))

	path := filepath.Join(t.TempDir(), "model")
	for _, without := range [][]any{nil, {plusOne{}}, {scaled{}}} {
		want := errs.Error{Path: "sequential/mine", Field: "scaled", Value: "models_test.scaled"}
		if slices.Contains(without, any(scaled{})) {
			want = errs.Error{Path: "sequential/mine", Field: "scaled.Activation", Value: "plusOne"}
		}
		incomplete := build(without...)
		errtest.Check(t, incomplete.CheckSave(), want)
		errtest.Check(t, incomplete.Save(path), want)
		if _, err := os.Stat(path); err == nil {
			t.Error("a refused model left a file")
		}
		_, err := models.Read(bytes.NewReader(bytesOf(t, m)), models.LoadConfig{Custom: without})
		var e errs.Error
		if !errors.As(err, &e) || !strings.HasPrefix(e.Path, "config.layers[2].layer.") {
			t.Errorf("the error must be of layer 2, got %v", err)
		}
	}
	for _, bad := range []any{nil, &scaled{}, 3, func() {}, struct{}{}} {
		errtest.Check(t, build(scaled{}, plusOne{}, bad).Save(path), errs.Error{Path: "Config.Custom[2]", Field: "value"})
		_, err := models.Read(bytes.NewReader(bytesOf(t, m)), models.LoadConfig{Custom: []any{bad}})
		errtest.Check(t, err, errs.Error{Path: "LoadConfig.Custom[0]", Field: "value"})
	}
}

// A value that a file cannot hold is refused, not lost.
func TestSaveRefusesUnexportedFields(t *testing.T) {
	m := models.NewSequential(models.Config{Custom: []any{hidden{}}}, layers.Input{Shape: graph.Shape{2}}, hidden{secret: 3})
	want := errs.Error{Path: "sequential/hidden", Field: "hidden.secret", Value: "int"}
	errtest.Check(t, m.CheckSave(), want)
	errtest.Check(t, m.Save(filepath.Join(t.TempDir(), "model")), want)
}

type hidden struct{ secret int }

func (hidden) Call(_ *graph.Scope, inputs ...graph.Value) []graph.Value { return inputs }

// CheckSave agrees with Save, does not keep a model from being used, and names the
// part of a nested model.
func TestCheckSave(t *testing.T) {
	unknown := models.NewSequential(models.Config{Name: "inner"}, layers.Input{Shape: graph.Shape{2}},
		layers.Dense{Units: 2, KernelInitializer: rising{Step: 0.5}})
	m := models.NewSequential(models.Config{Name: "outer"}, layers.Input{Shape: graph.Shape{2}}, unknown)
	predict(t, m, inputs(tensor.Float32, 3, 2))
	errtest.Check(t, m.CheckSave(), errs.Error{Path: "outer/inner/dense", Field: "Dense.KernelInitializer", Value: "rising"})
	known := models.NewSequential(models.Config{Custom: []any{rising{}}}, layers.Input{Shape: graph.Shape{2}},
		layers.Dense{Units: 2, KernelInitializer: rising{Step: 0.5}})
	if err := known.CheckSave(); err != nil {
		t.Error(err)
	}
	errtest.Check(t, models.NewSequential(models.Config{}).CheckSave(), errs.Error{Path: "sequential", Field: "model"})
	errtest.Check(t, new(models.Model).CheckSave(), errs.Error{Field: "model"})
}

func TestWriteToCountsBytes(t *testing.T) {
	m := forecaster(models.Config{})
	var b strings.Builder
	n, err := m.WriteTo(&b)
	if err != nil || int(n) != b.Len() || n == 0 {
		t.Errorf("got %d for %d bytes, %v", n, b.Len(), err)
	}
	full := fmt.Errorf("disk full")
	n, err = m.WriteTo(brokenWriter{full})
	if n != 0 || err == nil || !strings.Contains(err.Error(), "disk full") {
		t.Errorf("got %d, %v", n, err)
	}
	_, err = m.WriteTo(nil)
	errtest.Check(t, err, errs.Error{Path: "sequential", Field: "writer"})
	_, err = models.Read(nil, models.LoadConfig{})
	errtest.Check(t, err, errs.Error{Field: "reader"})
}

// A layer without its type in Config.Custom can be trained, but not saved. CheckSave
// says so before the training.
func ExampleModel_CheckSave() {
	model := models.NewSequential(models.Config{},
		layers.Input{Shape: graph.Shape{2}},
		layers.Lambda{Function: layers.NewFunction("double", func(_ *graph.Scope, in ...graph.Value) []graph.Value {
			return []graph.Value{in[0].Scale(2)}
		})},
	)
	fmt.Println(model.CheckSave())
	// Output:
	// sequential/lambda: Lambda.Function must name a layers.Function of Engram, or one in Custom, got double
}
