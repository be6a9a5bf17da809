package models_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// plus adds its inputs up.
type plus struct{ Name string }

func (plus) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	y := inputs[0]
	for _, x := range inputs[1:] {
		if !x.Shape().Equal(y.Shape()) {
			s.Failf("input", "must have the shape "+y.Shape().String()+" like input 0", x.Shape())
			return inputs
		}
		y = y.Add(x)
	}
	return []graph.Value{y}
}

// A functional model that is a chain gives the bits of a Sequential.
func TestFunctionalEqualsSequential(t *testing.T) {
	for _, dtype := range dtypes {
		cfg := models.Config{Seed: 3, Dtype: dtype, Name: "m"}
		seq := models.NewSequential(cfg, layers.Input{Shape: graph.Shape{graph.Any, 2}},
			layers.LSTM{Units: 4, ReturnSequences: true}, layers.LSTM{Units: 3, Dropout: 0.5}, layers.Dense{Units: 2, Activation: activations.Tanh}, layers.Dense{Units: 1})
		x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
		y := models.Use(layers.LSTM{Units: 4, ReturnSequences: true}).Call(x)
		y = models.Use(layers.LSTM{Units: 3, Dropout: 0.5}).Call(y)
		y = models.Use(layers.Dense{Units: 2, Activation: activations.Tanh}).Call(y)
		y = models.Use(layers.Dense{Units: 1}).Call(y)
		fun := models.NewFunctional(cfg, models.Inputs{x}, models.Outputs{y})
		if hash(t, fun) != hash(t, seq) {
			t.Error("the weights differ")
		}
		same(t, "prediction", predict(t, fun, inputs(dtype, 5, 6, 2)), predict(t, seq, inputs(dtype, 5, 6, 2)))
		if text := summary(t, fun); strings.Contains(text, "Connected") {
			t.Errorf("a chain has no connections to show:\n%s", text)
		}
	}
}

func TestFunctionalOfSeveralInputsAndOutputs(t *testing.T) {
	m := branches(models.Config{Seed: 1, Custom: []any{plus{}}})
	in, err := m.InputNames()
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.OutputNames()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"series", "static"}, in); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"price", "lstm", "lstm_1"}, out); diff != "" {
		t.Error(diff)
	}
	shapes, err := m.OutputShapes()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]graph.Shape{{graph.Any, 1}, {graph.Any, 4}, {graph.Any, 4}}, shapes); diff != "" {
		t.Error(diff)
	}
	t.Log("\n" + summary(t, m))
	ys, err := m.PredictAll(ctx, inputs(tensor.Float32, 40, 5, 2), inputs(tensor.Float32, 40, 3))
	if err != nil {
		t.Fatal(err)
	}
	if len(ys) != 3 || !ys[0].Shape().Eq(tensor.Shape{40, 1}) || !ys[2].Shape().Eq(tensor.Shape{40, 4}) {
		t.Errorf("got %v", ys)
	}
	roundTrip(t, m, plus{})
}

// branches has two inputs, a skip connection, a shared layer and three outputs.
func branches(cfg models.Config) *models.Functional {
	series := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}, Name: "series"})
	static := models.NewInput(layers.Input{Shape: graph.Shape{3}, Name: "static"})
	lstm := models.Use(layers.LSTM{Units: 4, ReturnState: true}).Call(series)
	features := models.Use(layers.Dense{Units: 4}).Call(static)
	shared := models.Use(layers.Dense{Units: 4, Activation: activations.Tanh, Name: "shared"})
	sum := models.Use(plus{}).Call(shared.Call(lstm), shared.Call(features), lstm)
	price := models.Use(layers.Dense{Units: 1, Name: "price"}).Call(sum)
	return models.NewFunctional(cfg, models.Inputs{series, static}, models.Outputs{price, lstm.Output(1), lstm.Output(2)})
}

// An output may be given twice, and an input may be one.
func TestOutputsThatAreShared(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	y := models.Use(layers.Dense{Units: 1}).Call(x)
	m := models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{y, x, y})
	names, err := m.OutputNames()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"dense", "input", "dense_1"}, names); diff != "" {
		t.Error(diff)
	}
	in := inputs(tensor.Float32, 3, 2)
	for _, m := range []model{m, roundTrip(t, m)} {
		out, err := m.PredictAll(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "the input", out[1], in)
		same(t, "the second", out[2], out[0])
	}
	same(t, "the input alone", predict(t, passThrough(), in), in)
}

// A layer that Load would not know is named by its whole path.
func TestSaveRefusesByPath(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{2}})
	inner := models.NewSequential(models.Config{Name: "inner"}, layers.Input{Shape: graph.Shape{2}}, scaled{Name: "mine"})
	m := models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{models.Use(inner).Call(x)})
	_, err := m.WriteTo(io.Discard)
	errtest.Check(t, err, graph.Error{Path: "functional/inner/mine", Field: "scaled", Value: "models_test.scaled"})
}

// An input of one number a sample, [batch], is an input like the others: alone, next
// to a sequence, in files and one step at a time.
func TestInputOfOneNumber(t *testing.T) {
	single := models.Use(layers.Embedding{Name: "table", InputDim: 4, OutputDim: 3})
	category := models.NewInput(layers.Input{Name: "category", Shape: graph.Shape{}})
	m := models.NewFunctional(models.Config{Seed: 1}, models.Inputs{category}, models.Outputs{single.Call(category)})
	params, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	table := params.Get("functional/table/embeddings").Value().Float32s()
	for _, batch := range []int{1, 2, 70} {
		x := tensor.New(tensor.WithShape(batch), tensor.Of(tensor.Float32))
		want := tensor.New(tensor.WithShape(batch, 3), tensor.Of(tensor.Float32))
		for i := range batch {
			x.Float32s()[i] = float32(i % 4)
			copy(want.Float32s()[3*i:3*i+3], table[i%4*3:])
		}
		same(t, fmt.Sprint(batch, " samples"), predict(t, m, x), want)
	}
	shapes, err := roundTrip(t, m).InputShapes()
	if err != nil || len(shapes) != 1 || !shapes[0].Equal(graph.Shape{graph.Any}) {
		t.Errorf("got the shapes %v, %v", shapes, err)
	}
	if _, err := m.Predict(ctx, inputs(tensor.Float32, 2, 1)); err == nil {
		t.Error("an axis too many must be refused")
	}

	series := models.NewInput(layers.Input{Name: "series", Shape: graph.Shape{graph.Any, 2}})
	level := models.NewInput(layers.Input{Name: "level", Shape: graph.Shape{}})
	past := models.Use(layers.LSTM{Units: 3}).Call(series)
	column := models.Use(layers.Reshape{TargetShape: graph.Shape{1}}).Call(level) // [batch, 1]
	both := models.NewFunctional(models.Config{}, models.Inputs{series, level}, models.Outputs{models.Use(layers.Dense{Units: 1}).Call(models.Use(layers.Concatenate{}).Call(past, column))})
	var drawn bytes.Buffer
	if err := errors.Join(both.Summary(&drawn), both.WriteSVG(&drawn)); err != nil || strings.Count(drawn.String(), "[any]") != 2 {
		t.Errorf("the summary and the drawing must show [any]: %v", err)
	}
	roundTrip(t, both)
	x, at := inputs(tensor.Float32, 2, 3, 2), inputs(tensor.Float32, 2)
	want, err := both.Predict(ctx, x, at)
	if err != nil {
		t.Fatal(err)
	}
	st, err := both.Stepper(models.StepperConfig{Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	var got *tensor.Dense
	for i := range 3 {
		if got, err = st.Step(ctx, steps(x, i, i+1), at); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "after three steps", got, want)
	_, err = both.Stepper(models.StepperConfig{Batch: 2, Sequences: []string{"level"}})
	errtest.Check(t, err, errs.Error{Path: "functional/level", Field: "Input.Shape"})
}

// A file says [] for one number a sample. An absent or null shape is none, which is
// refused as it is in a program.
func TestInputShapesInFiles(t *testing.T) {
	of := func(shape string) string {
		return `{"engram_format":"1","engram_config":{"class_name":"Sequential","config":{"name":"m","dtype":"float32","layers":[` +
			`{"name":"input","layer":{"class_name":"Input","config":{` + shape + `}}},` +
			`{"name":"reshape","layer":{"class_name":"Reshape","config":{"target_shape":[1]}}}]}}}`
	}
	m, err := models.FromJSON([]byte(of(`"shape":[]`)), models.LoadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := m.JSON(); err != nil || string(text) != of(`"shape":[]`) {
		t.Errorf("got %s, %v", text, err)
	}
	for _, none := range []string{``, `"shape":null`} {
		_, err := models.FromJSON([]byte(of(none)), models.LoadConfig{})
		errtest.Check(t, err, errs.Error{Path: "m/input", Field: "Input.Shape"})
	}
}

// A decoder that attends to an encoder of another length, with a mask of pairs as
// an input, returns its attention weights, also after Save and Load.
func TestSaveAttentionMask(t *testing.T) {
	encoder := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	decoder := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	pairs := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, graph.Any}})
	values := models.Use(layers.LSTM{Units: 4, ReturnSequences: true}).Call(encoder)
	queries := models.Use(layers.GRU{Units: 3, ReturnSequences: true}).Call(decoder)
	y := models.Use(layers.MultiHeadAttention{
		NumHeads: 2, KeyDim: 2, AttentionMask: true, ReturnAttentionScores: true,
	}).Call(queries, values, pairs)
	m := models.NewFunctional(models.Config{Seed: 1}, models.Inputs{decoder, encoder, pairs}, models.Outputs{y, y.Output(1)})
	back := roundTrip(t, m)
	allowed := tensor.New(tensor.WithShape(2, 3, 5), tensor.Of(tensor.Float32))
	for i := range allowed.Float32s() {
		allowed.Float32s()[i] = float32(i % 2)
	}
	in := []*tensor.Dense{inputs(tensor.Float32, 2, 3, 2), inputs(tensor.Float32, 2, 5, 2), allowed}
	want, err := m.PredictAll(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	got, err := back.PredictAll(ctx, in...)
	if err != nil {
		t.Fatal(err)
	}
	for i, shape := range []tensor.Shape{{2, 3, 3}, {2, 2, 3, 5}} {
		if !want[i].Shape().Eq(shape) {
			t.Errorf("output %d has the shape %v, want %v", i, want[i].Shape(), shape)
		}
		same(t, fmt.Sprint("output ", i), got[i], want[i])
	}
	for i, w := range want[1].Float32s() {
		if pair := i%15 + i/30*15; (w != 0) != (pair%2 == 1) {
			t.Fatalf("weight %d is %v, and its pair is %v", i, w, pair%2)
		}
	}
}

// checkGradients compares all gradients of a model, its outputs taken together,
// with finite differences. The parameters of the check are those of the model.
func checkGradients(t *testing.T, m *models.Functional, in ...graphtest.Array) {
	t.Helper()
	weights, err := m.Params()
	if err != nil {
		t.Fatal(err)
	}
	graphtest.CheckGrad(t, func(s *graph.Scope, in []graph.Value) graph.Value {
		if err := params.Share(s.Params(), m.Name(), weights, m.Name(), false); err != nil {
			t.Fatal(err)
		}
		var flat []graph.Value
		for _, y := range m.Call(s, in...) {
			flat = append(flat, y.Reshape(y.Shape().Size()))
		}
		return graph.Concat(0, flat[0], flat[1:]...)
	}, in...)
}

func TestGradientsOfSharedLayersAddUp(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{3}})
	z := models.NewInput(layers.Input{Shape: graph.Shape{3}})
	dense := models.Use(layers.Dense{Units: 3, Activation: activations.Tanh})
	y := dense.Call(dense.Call(dense.Call(x)))
	m := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x, z}, models.Outputs{y, dense.Call(z)})
	if weights, err := m.Weights(); err != nil || len(weights) != 2 {
		t.Errorf("got the weights %v, %v", weights, err)
	}
	checkGradients(t, m, graphtest.Input(1, 2, 3), graphtest.Input(2, 2, 3))
}

func TestGradientsOfSkips(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{4, 3}})
	h := models.Use(layers.LSTM{Units: 3, ReturnSequences: true}).Call(x)
	h = models.Use(plus{}).Call(x, h, models.Use(layers.GRU{Units: 3, ReturnSequences: true}).Call(h))
	m := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x}, models.Outputs{h, models.Use(plus{}).Call(h, x)})
	checkGradients(t, m, graphtest.Input(1, 2, 4, 3))
}

func TestGradientsOfNestedModels(t *testing.T) {
	x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	m := models.NewFunctional(models.Config{Dtype: tensor.Float64}, models.Inputs{x}, models.Outputs{models.Use(translator(models.Config{Dtype: tensor.Float64})).Call(x, x)})
	checkGradients(t, m, graphtest.Input(1, 2, 4, 2))
}
