package conformance

import (
	"bytes"
	"context"
	"fmt"
	"maps"
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
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// checkRandom draws models of all specimens.
func (s suite) checkRandom(t *testing.T) {
	draw := map[string]func(d *Drawing){"shared": drawShared, "model": drawModel}
	for _, class := range s.names() {
		if class != "Input" { // every model has some
			draw[class] = s[class].Draw
		}
	}
	r := random{draw, slices.Sorted(maps.Keys(draw)), s.custom()}
	t.Run("random models", r.checkModels)
	t.Run("random steps", r.checkSteps)
	s.each(t, "random", func(t *testing.T, l Layer) {
		if class := l.class(); class != "Input" {
			r.checkLayer(t, class)
			r.checkFields(t, l)
		}
	})
}

// random draws models of parts.
type random struct {
	draw   map[string]func(d *Drawing) // adds a part to a model
	parts  []string                    // the names of all parts, sorted
	custom []any
}

// drawShared adds a layer that is called at several places.
func drawShared(d *Drawing) {
	x := d.Either()
	key := fmt.Sprint(d.Features(x))
	if d.handles[key] == nil {
		d.handles[key] = models.Use(layers.Dense{Units: 2, KernelRegularizer: d.Regularizer()})
	}
	d.Add(d.handles[key].Call(x.Tensor), x.Shape.With(len(x.Shape)-1, 2)...)
}

// drawModel adds a model in the model.
func drawModel(d *Drawing) {
	x, n := d.Either(), d.Units()
	d.models++
	inner := models.NewSequential(models.Config{Name: fmt.Sprint("part", d.models), Dtype: tensor.Float64},
		layers.Input{Shape: x.Shape}, layers.Dense{Units: n}, layers.LayerNormalization{})
	d.Use(inner, x.Shape.With(len(x.Shape)-1, n), x.Tensor)
}

// checkModels takes random models through training, files and JSON. They must then be
// what they were: in their configs, in their weights, in what they predict, and in what
// the next step gives.
func (r random) checkModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r.comeBack(t, r.model(t, rapid.SliceOfN(rapid.SampledFrom(r.parts), 2, 7).Draw(t, "layers")))
	})
}

// checkLayer does so with a model of one part, which must contain it.
func (r random) checkLayer(t *testing.T, class string) {
	m := example(t, 1, func(t *rapid.T) *models.Functional { return r.model(t, []string{class}) })
	file := r.comeBack(t, m)
	if text := fmt.Sprintf(`\"class_name\":\"%s\"`, class); !bytes.Contains(file, []byte(text)) {
		t.Errorf("Draw of the specimen adds no %s", class)
	}
}

// example is what draw makes of a seed. It stops the test where draw fails, which a
// generator of rapid would panic at.
func example[T any](t *testing.T, seed int, draw func(t *rapid.T) T) T {
	t.Helper()
	defer func() {
		if p := recover(); p != nil {
			t.Fatalf("Draw of the specimen makes no valid model: %v", p)
		}
	}()
	return rapid.Custom(draw).Example(seed)
}

// checkFields draws a part until every field of it was not zero.
func (r random) checkFields(t *testing.T, l Layer) {
	typ := reflect.TypeOf(l.Value)
	want := map[string]bool{}
	for i := range typ.NumField() {
		// Tests of models draw the names.
		if name := typ.Field(i).Name; name != "Name" {
			want[typ.Name()+"."+name] = true
		}
	}
	for try := 0; try < 200 && len(want) > 0; try++ {
		for name := range example(t, try, func(t *rapid.T) map[string]bool {
			d, _ := newDrawing(t, openOrKnown(t))
			l.Draw(d)
			return d.set
		}) {
			delete(want, name)
		}
	}
	for name := range want {
		t.Errorf("Draw of the specimen never sets %s", name)
	}
}

// newDrawing begins a model with the inputs series, frame, static and words, two
// of which are sequences of that many steps.
func newDrawing(t *rapid.T, steps int) (*Drawing, models.Inputs) {
	d := &Drawing{T: t, handles: map[string]*models.Handle{}, set: map[string]bool{}}
	input := func(name string, shape ...int) models.Tensor {
		l := layers.Input{Shape: shape, Name: name}
		d.fields(reflect.ValueOf(l))
		return models.NewInput(l)
	}
	series, frame, static, words := input("series", steps, 2), input("frame", 3, 2), input("static", 2), input("words", steps)
	d.Words, d.Frame = words, Drawn{frame, graph.Shape{3, 2}}
	d.Add(series, steps, 2)
	d.Add(d.Call(layers.Masking{}, series), steps, 2) // it has padding
	d.Add(frame, 3, 2)
	d.Add(static, 2)
	return d, models.Inputs{series, frame, static, words}
}

// layers draws layers of those parts, in this order.
func (r random) layers(t *rapid.T, names []string, steps int) (*Drawing, models.Inputs) {
	d, in := newDrawing(t, steps)
	for _, name := range names {
		r.draw[name](d)
	}
	return d, in
}

// openOrKnown is a number of steps.
func openOrKnown(t *rapid.T) int { return rapid.SampledFrom([]int{4, graph.Any}).Draw(t, "steps") }

// model draws a model that has layers of those parts, in this order.
func (r random) model(t *rapid.T, names []string) *models.Functional {
	d, in := r.layers(t, names, openOrKnown(t))
	series, frame, static, words := in[0], in[1], in[2], in[3]
	// The outputs: one that needs all inputs, all vectors and the last sequence,
	// and one of all tensors.
	pool := func(x models.Tensor) models.Tensor { return models.Use(layers.GlobalMaxPooling1D{}).Call(x) }
	text := models.Use(layers.Embedding{InputDim: 5, OutputDim: 2}).Call(words)
	all := []models.Tensor{pool(series), pool(frame), pool(text), static}
	var last models.Tensor
	for _, x := range d.tensors {
		if len(x.Shape) == 1 {
			all = append(all, x.Tensor)
		} else {
			last = x.Tensor
		}
	}
	main := models.Use(layers.Dense{Units: 1, Name: "main"}).Call(models.Use(layers.Concatenate{}).Call(append(all, pool(last))...))
	extra := rapid.SampledFrom(d.tensors).Draw(t, "output")
	if d.Features(extra) == 1 { // which cannot be trained if it is a softmax
		extra.Tensor = models.Use(layers.Concatenate{}).Call(extra.Tensor, extra.Tensor)
	}
	m := models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64, Custom: r.custom},
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

// randomInputs are three samples for the inputs of random.layers, with padding.
func randomInputs() []*tensor.Dense {
	in := []*tensor.Dense{uniform(1, 3, 4, 2), uniform(2, 3, 3, 2), uniform(3, 3, 2), uniform(4, 3, 4)}
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

// comeBack trains a step, saves and reads the model, trains both a step more, and returns
// the file.
func (r random) comeBack(t rapid.TB, m *models.Functional) []byte {
	batch := &datasets.Batch{Inputs: randomInputs()}
	for i, y := range predictions(t, &m.Model, batch.Inputs) {
		batch.Targets = append(batch.Targets, uniform(uint64(5+i), y.Shape()...))
	}
	step := func(m train.Model) float64 {
		trainer, err := train.Compile(m, train.Config{Loss: losses.MSE{}})
		if err != nil {
			t.Fatal(err)
		}
		loss, err := trainer.Step(context.Background(), batch)
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
	back, file := r.readBack(t, m, batch.Inputs)
	if a, b := step(m), step(back); a != b {
		t.Errorf("a step more gives the losses %g and %g", a, b)
	}
	comparePredictions(t, m, back, batch.Inputs)
	return file
}

// readBack saves a model and reads the file: the model that was read predicts the same,
// describes itself in the same way, and saves the same bytes. It returns both.
func (r random) readBack(t rapid.TB, m *models.Functional, inputs []*tensor.Dense) (*models.Model, []byte) {
	var file, again bytes.Buffer
	if _, err := m.WriteTo(&file); err != nil {
		t.Fatal(err)
	}
	text := bytes.Clone(file.Bytes())
	back, err := models.Read(&file, models.LoadConfig{Custom: r.custom})
	if err != nil {
		t.Fatal(err)
	}
	comparePredictions(t, m, back, inputs)
	if a, b := r.described(t, &m.Model), r.described(t, back); a != b {
		t.Errorf("read, the model is\n%s\nand not\n%s", b, a)
	}
	if _, err := back.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), text) {
		t.Errorf("saved again, the model gives other bytes, %v", err)
	}
	return back, text
}

func predictions(t rapid.TB, m *models.Model, inputs []*tensor.Dense) []*tensor.Dense {
	out, err := m.PredictAll(context.Background(), inputs...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func comparePredictions(t rapid.TB, m *models.Functional, back *models.Model, inputs []*tensor.Dense) {
	got := predictions(t, back, inputs)
	for i, want := range predictions(t, &m.Model, inputs) {
		if !slices.Equal(got[i].Float64s(), want.Float64s()) {
			t.Errorf("output %d: got %v, want %v", i, got[i], want)
		}
	}
}

// described is the JSON and the summary of a model, which must be those of the
// model that is made of its JSON.
func (r random) described(t rapid.TB, m *models.Model) string {
	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	back, err := models.FromJSON(text, models.LoadConfig{Custom: r.custom})
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

func uniform(seed uint64, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(graphtest.Uniform(seed, graph.Shape(shape).Size(), 1)))
}
