package conformance_test

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// Random models of all layers train a step, are saved and read, go to JSON and
// back, and are then what they were: in their configs, in their weights, in what
// they predict, and in what the next step gives.
func TestRandomModels(t *testing.T) {
	names := kindNames()
	rapid.Check(t, func(t *rapid.T) {
		comeBack(t, drawModel(t, rapid.SliceOfN(rapid.SampledFrom(names), 2, 7).Draw(t, "layers")))
	})
}

// kindNames are the names of all kinds, sorted.
func kindNames() (names []string) {
	for _, table := range []map[string]func(d *drawing){kinds, more} {
		for name := range table {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// No type of layer is forgotten by the random models: there is one of each.
func TestRandomModelsHaveAllLayers(t *testing.T) {
	for _, v := range layers.All() {
		name := reflect.TypeOf(v).Name()
		t.Run(name, func(t *testing.T) {
			if kinds[name] == nil {
				t.Fatal("there is no kind for it")
			}
			m := rapid.Custom(func(t *rapid.T) *models.Functional { return drawModel(t, []string{name}) }).Example(1)
			file := comeBack(t, m)
			if class := fmt.Sprintf(`\"class_name\":\"%s\"`, name); !bytes.Contains(file, []byte(class)) {
				t.Errorf("a model with this kind has no %s", class)
			}
		})
	}
}

// newDrawing begins a model with the inputs series, frame, static and words, two
// of which are sequences of that many steps.
func newDrawing(t *rapid.T, steps int) (*drawing, models.Inputs) {
	d := &drawing{T: t, handles: map[string]*models.Handle{}, set: map[string]bool{}}
	input := func(name string, shape ...int) models.Tensor {
		l := layers.Input{Shape: shape, Name: name}
		d.fields(reflect.ValueOf(l))
		return models.NewInput(l)
	}
	series, frame, static, words := input("series", steps, 2), input("frame", 3, 2), input("static", 2), input("words", steps)
	d.words, d.frame = words, drawn{frame, graph.Shape{3, 2}}
	d.add(series, steps, 2)
	d.add(d.call(layers.Masking{}, series), steps, 2) // it has padding
	d.add(frame, 3, 2)
	d.add(static, 2)
	return d, models.Inputs{series, frame, static, words}
}

// drawLayers draws layers of those kinds, in this order.
func drawLayers(t *rapid.T, names []string, steps int) (*drawing, models.Inputs) {
	d, in := newDrawing(t, steps)
	for _, name := range names {
		if kind := kinds[name]; kind != nil {
			kind(d)
		} else {
			more[name](d)
		}
	}
	return d, in
}

// openOrKnown is a number of steps.
func openOrKnown(t *rapid.T) int { return rapid.SampledFrom([]int{4, graph.Any}).Draw(t, "steps") }

// drawModel draws a model that has layers of those kinds, in this order.
func drawModel(t *rapid.T, names []string) *models.Functional {
	d, in := drawLayers(t, names, openOrKnown(t))
	series, frame, static, words := in[0], in[1], in[2], in[3]
	// The outputs: one that needs all inputs, all vectors and the last sequence,
	// and one of all tensors.
	pool := func(x models.Tensor) models.Tensor { return models.Use(layers.GlobalMaxPooling1D{}).Call(x) }
	text := models.Use(layers.Embedding{InputDim: 5, OutputDim: 2}).Call(words)
	all := []models.Tensor{pool(series), pool(frame), pool(text), static}
	var last models.Tensor
	for _, x := range d.tensors {
		if len(x.shape) == 1 {
			all = append(all, x.Tensor)
		} else {
			last = x.Tensor
		}
	}
	main := models.Use(layers.Dense{Units: 1, Name: "main"}).Call(models.Use(layers.Concatenate{}).Call(append(all, pool(last))...))
	extra := rapid.SampledFrom(d.tensors).Draw(t, "output")
	if extra.shape[len(extra.shape)-1] == 1 { // which cannot be trained if it is a softmax
		extra.Tensor = models.Use(layers.Concatenate{}).Call(extra.Tensor, extra.Tensor)
	}
	m := models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64, Custom: []any{same, reader{}}},
		in, models.Outputs{main, extra.Tensor})
	if err := m.Build(); err != nil {
		t.Fatalf("%v", err)
	}
	if rapid.Bool().Draw(t, "freeze") {
		params, err := m.Params()
		if err != nil {
			t.Fatal(err)
		}
		if path := strings.TrimPrefix(params.All()[0].Path, "functional/"); path != "main/kernel" {
			if err := m.Freeze(path); err != nil {
				t.Fatal(err)
			}
		}
	}
	return m
}

// randomInputs are three samples for the inputs of drawLayers, with padding.
func randomInputs() []*tensor.Dense {
	in := []*tensor.Dense{random(1, 3, 4, 2), random(2, 3, 3, 2), random(3, 3, 2), random(4, 3, 4)}
	padded, words := in[0].Float64s(), in[3].Float64s()
	for i := range words {
		words[i] = float64(1 + i%4)
	}
	for i := 1; i < 3; i++ { // the last i steps of sample i
		clear(padded[(i+1)*8-2*i : (i+1)*8])
		clear(words[(i+1)*4-i : (i+1)*4])
	}
	return in
}

// comeBack trains a step, saves and reads the model, and returns the file.
func comeBack(t rapid.TB, m *models.Functional) []byte {
	batch := &datasets.Batch{Inputs: randomInputs()}
	predict := func(m *models.Model) []*tensor.Dense {
		out, err := m.PredictAll(background, batch.Inputs...)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for i, y := range predict(&m.Model) {
		batch.Targets = append(batch.Targets, random(uint64(5+i), y.Shape()...))
	}
	step := func(m train.Model) float64 {
		trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
		if err != nil {
			t.Fatal(err)
		}
		loss, err := trainer.Step(background, batch)
		if err != nil {
			t.Fatal(err)
		}
		return loss
	}
	before, err := m.WeightsSHA256()
	if err != nil {
		t.Fatal(err)
	}
	step(m)
	if after, err := m.WeightsSHA256(); err != nil || after == before {
		t.Fatalf("a step changed no weight, %v", err)
	}
	var file, again bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	text := bytes.Clone(file.Bytes())
	back, err := models.Read(&file, models.LoadConfig{Custom: []any{same, reader{}}})
	if err != nil {
		t.Fatal(err)
	}
	compare := func() {
		got := predict(back)
		for i, want := range predict(&m.Model) {
			if !slices.Equal(got[i].Float64s(), want.Float64s()) {
				t.Errorf("output %d: got %v, want %v", i, got[i], want)
			}
		}
	}
	compare()
	if a, b := described(t, &m.Model), described(t, back); a != b {
		t.Errorf("read, the model is\n%s\nand not\n%s", b, a)
	}
	if _, err := back.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), text) {
		t.Errorf("saved again, the model gives other bytes, %v", err)
	}
	if a, b := step(m), step(back); a != b {
		t.Errorf("a step more gives the losses %g and %g", a, b)
	}
	compare()
	return text
}

// described is the JSON and the summary of a model, which must be those of the
// model that is made of its JSON.
func described(t rapid.TB, m *models.Model) string {
	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := models.FromJSON(text, models.LoadConfig{Custom: []any{same, reader{}}})
	if err != nil {
		t.Fatal(err)
	}
	var out [2]string
	for i, m := range []*models.Model{m, back} {
		text, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		b := bytes.NewBuffer(text)
		if err := m.Summary(b); err != nil {
			t.Fatal(err)
		}
		out[i] = b.String()
	}
	if out[0] != out[1] {
		t.Errorf("made of its JSON, the model is\n%s\nand not\n%s", out[1], out[0])
	}
	return out[0]
}

func random(seed uint64, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(graphtest.Uniform(seed, graph.Shape(shape).Size(), 1)))
}

// A series, a text and static numbers train together, with a loss and a weight
// for each output.
func TestMultiModal(t *testing.T) {
	const n = 32
	series := models.NewInput(layers.Input{Name: "series", Shape: graph.Shape{graph.Any, 1}})
	text := models.NewInput(layers.Input{Name: "text", Shape: graph.Shape{graph.Any}})
	static := models.NewInput(layers.Input{Name: "static", Shape: graph.Shape{2}})
	past := models.Use(layers.LSTM{Units: 6}).Call(series)
	words := models.Use(layers.Embedding{InputDim: 5, OutputDim: 4, MaskZero: true}).Call(text)
	words = models.Use(layers.GRU{Units: 4}).Call(words)
	all := models.Use(layers.Concatenate{}).Call(past, words, static)
	total := models.Use(layers.Dense{Name: "total", Units: 1}).Call(all)
	last := models.Use(layers.Dense{Name: "last", Units: 1}).Call(all)
	m := models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64}, models.Inputs{series, text, static}, models.Outputs{total, last})

	x, fixed := random(1, n, 5, 1), random(2, n, 2)
	tokens := tensor.New(tensor.WithShape(n, 3), tensor.Of(tensor.Float64))
	first, second := tensor.New(tensor.WithShape(n, 1), tensor.Of(tensor.Float64)), tensor.New(tensor.WithShape(n, 1), tensor.Of(tensor.Float64))
	for i := range n {
		for k := range 1 + i%3 { // the rest is padding
			tokens.Float64s()[3*i+k] = float64(1 + (i+k)%4)
		}
		first.Float64s()[i] = x.Float64s()[5*i+4] + fixed.Float64s()[2*i] // the series and a static number
		second.Float64s()[i] = tokens.Float64s()[3*i+i%3] / 4             // the last word
	}
	data, err := datasets.FromTensors([]*tensor.Dense{x, tokens, fixed}, []*tensor.Dense{first, second})
	if err != nil {
		t.Fatal(err)
	}
	trainer, err := train.Compile(m, train.Config{
		Outputs:   []train.Output{{Loss: losses.MSE{}}, {Loss: losses.MAE{}, Weight: new(0.5)}},
		Optimizer: optimizers.Adam{LearningRate: 0.02},
	})
	if err != nil {
		t.Fatal(err)
	}
	before, err := trainer.Evaluate(background, data, train.EvaluateConfig{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := trainer.Fit(background, data, train.FitConfig{Epochs: 60, BatchSize: 8}); err != nil {
		t.Fatal(err)
	}
	after, err := trainer.Evaluate(background, data, train.EvaluateConfig{})
	if err != nil {
		t.Fatal(err)
	}
	for i, was := range before {
		if is := after[i]; is.Name != was.Name || !(is.Value < was.Value/3) {
			t.Errorf("%s went from %g to %g", was.Name, was.Value, is.Value)
		}
	}
	if len(before) != 3 {
		t.Errorf("got the figures %v", before)
	}
}
