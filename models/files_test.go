package models_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/layers/constraints"
	"github.com/engram-go/engram/layers/initializers"
	"github.com/engram-go/engram/layers/regularizers"
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

// fieldValues are not the defaults of any layer.
var fieldValues = map[reflect.Type]any{
	reflect.TypeFor[int]():                    2,
	reflect.TypeFor[float64]():                0.25,
	reflect.TypeFor[string]():                 "own",
	reflect.TypeFor[graph.Shape]():            graph.Shape{graph.Any, 2},
	reflect.TypeFor[activations.Activation](): activations.ELU{Alpha: 0.5},
	reflect.TypeFor[graph.Initializer]():      initializers.RandomNormal{Stddev: 3},
	reflect.TypeFor[graph.Regularizer]():      regularizers.L1L2{L2: 0.5},
	reflect.TypeFor[graph.Constraint]():       constraints.MinMaxNorm{MinValue: 0.5, Rate: 0.25},
	reflect.TypeFor[layers.ScoreMode]():       layers.ScoreConcat,
	reflect.TypeFor[layers.InitialState]():    layers.RandomState{Stddev: 2},
	reflect.TypeFor[*uint64]():                new(uint64(1<<64 - 1)),
	reflect.TypeFor[layers.Padding]():         layers.Same,
	reflect.TypeFor[*float64]():               new(0.25),
	reflect.TypeFor[[]int]():                  []int{2, -2},
	reflect.TypeFor[layers.Layer]():           layers.Dense{Units: 2, Name: "inner"},
	reflect.TypeFor[layers.Function]():        halve,
	reflect.TypeFor[layers.Cell]():            layers.StackedRNNCells{Cells: []layers.Cell{layers.SLSTMCell{Units: 2}, layers.SLSTMCell{Units: 2}}},
}

// ownValues are those of fields that need other ones.
var ownValues = map[string]any{
	"Dropout.NoiseShape":  graph.Shape{graph.Any, 1, 2},
	"Conv1D.DilationRate": 1, // strides allow no other
	"Dot.Axes":            [2]int{1, -2},
	"Permute.Dims":        []int{2, 1},
	"PReLU.SharedAxes":    []int{2},
	"BatchNormalization.MovingVarianceInitializer": initializers.Constant{Value: 2}, // no variance is negative
	"MultiHeadAttention.OutputShape":               graph.Shape{3, 2},
	"PositionEmbedding.SequenceLength":             5,
	"RNN.Constants":                                0,
	"Bidirectional.Layer":                          layers.LSTM{Units: 2, ReturnSequences: true, ReturnState: true},
	"Bidirectional.BackwardLayer":                  layers.GRU{Units: 2, ReturnSequences: true, ReturnState: true, GoBackwards: true},
	"Bidirectional.MergeMode":                      layers.MergeNone,
}

// filled are layers of a type with every field set: first without the switches, and
// then with each of them.
func filled(t *testing.T, typ reflect.Type) []layers.Layer {
	full := reflect.New(typ).Elem()
	var switches []int
	for i := range typ.NumField() {
		field := typ.Field(i)
		if field.Type.Kind() == reflect.Bool {
			if field.Name != "AttentionMask" { // asks for another input, see TestSaveAttentionMask
				switches = append(switches, i)
			}
			continue
		}
		value, ok := ownValues[typ.Name()+"."+field.Name]
		if !ok {
			value, ok = fieldValues[field.Type]
		}
		if !ok {
			t.Fatalf("fieldValues must have a %v for %v.%s", field.Type, typ, field.Name)
		}
		full.Field(i).Set(reflect.ValueOf(value))
	}
	out := []layers.Layer{full.Interface().(layers.Layer)}
	for _, i := range switches {
		full.Field(i).SetBool(true)
		out = append(out, full.Interface().(layers.Layer))
		full.Field(i).SetBool(false)
	}
	return out
}

func TestSaveEveryLayer(t *testing.T) {
	ls := []layers.Layer{
		layers.LSTM{Units: 2},
		layers.LSTM{Units: 2, InitialState: layers.FixedState{Elements: [][]float64{{1, 0.1}, {4, 5}}}},
	}
	for _, prototype := range layers.All() {
		if _, ok := prototype.(layers.Layer); ok {
			ls = append(ls, filled(t, reflect.TypeOf(prototype))...)
		}
	}
	for i, l := range ls {
		for _, dtype := range dtypes {
			t.Run(fmt.Sprintf("%d %s %v", i, layername.Class(l), dtype), func(t *testing.T) {
				x := inputs(dtype, 5, 4, 2)
				switch l.(type) {
				case layers.Embedding: // which takes whole numbers
					x = tensor.New(tensor.WithShape(5, 4), tensor.Of(dtype))
				case layers.RepeatVector:
					x = inputs(dtype, 5, 4)
				}
				in := layers.Input{Shape: graph.Shape(x.Shape()[1:])}
				cfg := models.Config{Seed: 1<<64 - 1, Dtype: dtype, Name: "mödel", Custom: []any{halve}}
				var m model = models.NewSequential(cfg, in, l)
				switch l.(type) {
				case layers.Dot, layers.Subtract: // which take two inputs
					x := models.NewInput(in)
					m = models.NewFunctional(cfg, models.Inputs{x}, models.Outputs{models.Use(l).Call(x, x)})
				}
				back := roundTrip(t, m, halve)
				want, err := m.PredictAll(ctx, x)
				if err != nil {
					t.Fatal(err)
				}
				got, err := back.PredictAll(ctx, x)
				if err != nil {
					t.Fatal(err)
				}
				for i := range want {
					same(t, fmt.Sprint("prediction ", i), got[i], want[i])
				}
			})
		}
	}
}

func TestSaveEveryValueOfAField(t *testing.T) {
	x := inputs(tensor.Float32, 3, 4)
	check := func(name string, l layers.Layer) {
		t.Run(name, func(t *testing.T) {
			m := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{4}}, l)
			same(t, "prediction", predict(t, roundTrip(t, m), x), predict(t, m, x))
		})
	}
	for _, a := range activations.All() {
		check(fmt.Sprintf("%T %v", a, a), layers.Dense{Units: 4, Activation: a.(activations.Activation)})
	}
	for _, i := range initializers.All() {
		check(fmt.Sprintf("%T %v", i, i), layers.Dense{Units: 4, KernelInitializer: i.(graph.Initializer)})
	}
	for _, r := range regularizers.All() {
		check(fmt.Sprintf("%T", r), layers.Dense{Units: 4, KernelRegularizer: r.(graph.Regularizer)})
	}
	for _, c := range constraints.All() {
		check(fmt.Sprintf("%T", c), layers.Dense{Units: 4, KernelConstraint: c.(graph.Constraint)})
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
	// sequential/lambda: Lambda.Function must name a registered layers.Function, or one in Custom, got double
}
