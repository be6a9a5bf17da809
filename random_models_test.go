package engram_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// drawn is a tensor of a random model and the shape of one sample of it.
type drawn struct {
	models.Tensor
	shape graph.Shape
}

// drawing draws a model layer by layer.
type drawing struct {
	*rapid.T
	tensors []drawn
	handles map[string]*models.Handle // of Dense, by the size of what they take
	models  int
}

func (d *drawing) pick(rank int) (drawn, bool) {
	var fit []drawn
	for _, x := range d.tensors {
		if rank == 0 || len(x.shape) == rank {
			fit = append(fit, x)
		}
	}
	if len(fit) == 0 {
		return drawn{}, false
	}
	return rapid.SampledFrom(fit).Draw(d.T, "tensor"), true
}

func (d *drawing) add(x models.Tensor, shape ...int) {
	d.tensors = append(d.tensors, drawn{x, shape})
}

// layer adds one call to the model.
func (d *drawing) layer() {
	units := rapid.IntRange(1, 3).Draw(d.T, "units")
	x, _ := d.pick(0)
	last := len(x.shape) - 1
	wide := x.shape.With(last, units)
	switch kind := rapid.IntRange(0, 9).Draw(d.T, "kind"); kind {
	case 0:
		d.add(models.Use(layers.Dense{Units: units, Activation: activations.Tanh}).Call(x.Tensor), wide...)
	case 1: // shared
		key := fmt.Sprint(x.shape[last])
		if d.handles[key] == nil {
			d.handles[key] = models.Use(layers.Dense{Units: 2})
		}
		d.add(d.handles[key].Call(x.Tensor), x.shape.With(last, 2)...)
	case 2: // with its states
		if s, ok := d.pick(2); ok {
			y := models.Use(layers.LSTM{Units: units, ReturnSequences: true, ReturnState: true}).Call(s.Tensor)
			d.add(y, s.shape[0], units)
			d.add(y.Output(2), units)
		}
	case 3:
		if s, ok := d.pick(2); ok {
			if v, ok := d.pick(1); ok { // starts with a state
				d.add(models.Use(layers.GRU{Units: v.shape[0]}).Call(s.Tensor, v.Tensor), v.shape...)
			}
		}
	case 4, 5:
		var alike []models.Tensor
		for _, y := range d.tensors {
			if y.shape.Equal(x.shape) {
				alike = append(alike, y.Tensor)
			}
		}
		if kind == 4 {
			d.add(models.Use(layers.Add{}).Call(alike[0], x.Tensor), x.shape...)
		} else {
			d.add(models.Use(layers.Concatenate{}).Call(alike...), x.shape.With(last, len(alike)*x.shape[last])...)
		}
	case 6:
		d.add(models.Use(layers.LayerNormalization{}).Call(x.Tensor), x.shape...)
	case 7:
		d.add(models.Use(layers.BatchNormalization{}).Call(models.Use(layers.Dropout{Rate: 0.3}).Call(x.Tensor)), x.shape...)
	case 8:
		if s, ok := d.pick(2); ok {
			d.add(models.Use(layers.GlobalAveragePooling1D{}).Call(s.Tensor), s.shape[1])
		}
	case 9: // a model
		d.models++
		inner := models.NewSequential(models.Config{Name: fmt.Sprint("part", d.models), Dtype: tensor.Float64},
			layers.Input{Shape: x.shape}, layers.Dense{Units: units}, layers.LayerNormalization{})
		y := models.Use(inner).Call(x.Tensor)
		d.add(y, wide...)
	}
}

// Random models train a step, are saved and read, and are then what they were:
// in their weights, in what they predict, and in what the next step gives.
func TestRandomModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := rapid.SampledFrom([]int{4, graph.Any}).Draw(t, "steps")
		series := models.NewInput(layers.Input{Shape: graph.Shape{steps, 2}, Name: "series"})
		static := models.NewInput(layers.Input{Shape: graph.Shape{2}, Name: "static"})
		d := &drawing{T: t, handles: map[string]*models.Handle{}}
		d.add(series, steps, 2)
		d.add(static, 2)
		for range rapid.IntRange(2, 7).Draw(t, "layers") {
			d.layer()
		}
		// The outputs: one that needs all inputs and has weights, and one of all.
		extra := rapid.SampledFrom(d.tensors).Draw(t, "output")
		pooled := models.Use(layers.GlobalMaxPooling1D{}).Call(series)
		all := []models.Tensor{pooled, static}
		for _, x := range d.tensors {
			if len(x.shape) == 1 {
				all = append(all, x.Tensor)
			}
		}
		main := models.Use(layers.Dense{Units: 1, Name: "main"}).Call(models.Use(layers.Concatenate{}).Call(all...))
		m := models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64}, models.Inputs{series, static}, models.Outputs{main, extra.Tensor})
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
		shape := append(graph.Shape{3}, extra.shape...)
		for i, dim := range shape {
			if dim == graph.Any {
				shape[i] = 4
			}
		}
		batch := &datasets.Batch{
			Inputs:  []*tensor.Dense{random(1, 3, 4, 2), random(2, 3, 2)},
			Targets: []*tensor.Dense{random(3, 3, 1), random(4, shape...)},
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
		step(m)
		var file bytes.Buffer
		if _, err := m.WriteTo(&file); err != nil {
			t.Fatal(err)
		}
		text := bytes.Clone(file.Bytes())
		back, err := models.Read(&file, models.LoadConfig{})
		if err != nil {
			t.Fatal(err)
		}
		compare := func() {
			want, err := m.PredictAll(background, batch.Inputs...)
			if err != nil {
				t.Fatal(err)
			}
			got, err := back.PredictAll(background, batch.Inputs...)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want {
				if !slices.Equal(got[i].Float64s(), want[i].Float64s()) {
					t.Errorf("output %d: got %v, want %v", i, got[i], want[i])
				}
			}
		}
		compare()
		var again bytes.Buffer
		if _, err := back.WriteTo(&again); err != nil || !bytes.Equal(again.Bytes(), text) {
			t.Errorf("saved again, the model gives other bytes, %v", err)
		}
		if a, b := step(m), step(back); a != b {
			t.Errorf("a step more gives the losses %g and %g", a, b)
		}
		compare()
	})
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
