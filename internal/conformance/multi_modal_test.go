package conformance_test

import (
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
)

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
