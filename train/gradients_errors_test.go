package train_test

import (
	"context"
	"maps"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Moving averages of another shape are refused, and change nothing.
func TestApplyRefusesUpdates(t *testing.T) {
	model := func(features int) *models.Sequential {
		m := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features}},
			layers.BatchNormalization{NoCenter: true, NoScale: true}, layers.Dense{Units: 2, Name: "frozen"}, layers.Dense{Units: 1})
		check(t, m.Freeze("frozen"))
		return m
	}
	g, err := compile(t, model(2), train.Config{}).Gradients(background, &datasets.Batch{Inputs: list(zeros(4, 2)), Targets: list(zeros(4, 1))})
	check(t, err)
	m := model(3)
	before := hash(t, m)
	errtest.Check(t, compile(t, m, train.Config{}).Apply(g), graph.Error{Path: "sequential/batch_normalization/moving_mean", Field: "shape", Value: graph.Shape{2}})
	if hash(t, m) != before {
		t.Error("refused gradients changed the weights")
	}
}

// Norm and Scale leave to Apply to report what is no gradient.
func TestNormOfMissingGradients(t *testing.T) {
	g := train.Gradients{ByPath: map[string]*tensor.Dense{
		"a": tensor.New(tensor.WithBacking([]float64{3, 4})), "b": nil, "c": tensor.New(tensor.WithBacking([]int{7})),
	}}
	g.Scale(2)
	if n := g.Norm(); n != 10 {
		t.Errorf("norm %v, want 10", n)
	}
}

func TestApplyErrors(t *testing.T) {
	const kernel, bias = "sequential/dense/kernel", "sequential/dense/bias"
	m := linear(1)
	trainer := compile(t, m, train.Config{Optimizer: optimizers.SGD{LearningRate: 0.1, Momentum: 0.5}})
	b := batch(t, table(t, 1, 4))
	before := hash(t, m)
	column := func(x ...float64) *tensor.Dense {
		return tensor.New(tensor.WithShape(len(x), 1), tensor.WithBacking(x))
	}
	vector := func(x ...float64) *tensor.Dense { return tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x)) }
	for name, c := range map[string]struct {
		change func(g *train.Gradients)
		want   graph.Error
	}{
		"no gradient":    {func(g *train.Gradients) { delete(g.ByPath, bias) }, graph.Error{Path: bias, Field: "gradient"}},
		"a nil gradient": {func(g *train.Gradients) { g.ByPath[kernel] = nil }, graph.Error{Path: kernel, Field: "gradient"}},
		"none at all":    {func(g *train.Gradients) { *g = train.Gradients{} }, graph.Error{Field: "gradient"}},
		"one more":       {func(g *train.Gradients) { g.ByPath["sequential/dense/other"] = vector(1) }, graph.Error{Path: "sequential/dense/other", Field: "gradient"}},
		"a short path":   {func(g *train.Gradients) { g.ByPath["dense/bias"] = g.ByPath[bias]; delete(g.ByPath, bias) }, graph.Error{Path: "dense/bias", Field: "gradient"}},
		"another shape":  {func(g *train.Gradients) { g.ByPath[kernel] = column(1, 2) }, graph.Error{Path: kernel, Field: "gradient's shape"}},
		"another dtype":  {func(g *train.Gradients) { g.ByPath[bias] = tensor.New(tensor.WithBacking([]float32{1})) }, graph.Error{Path: bias, Field: "gradient's dtype"}},
		"NaN":            {func(g *train.Gradients) { g.ByPath[bias] = vector(math.NaN()) }, graph.Error{Path: bias, Field: "gradient's element [0]", Kind: graph.ErrNotFinite}},
		"infinity":       {func(g *train.Gradients) { g.ByPath[kernel] = column(0, 1, math.Inf(1)) }, graph.Error{Path: kernel, Field: "gradient's element [2, 0]", Kind: graph.ErrNotFinite}},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := trainer.Gradients(background, b)
			check(t, err)
			c.change(g)
			errtest.Check(t, trainer.Apply(g), c.want)
			if hash(t, m) != before || trainer.Optimizer().Iterations() != 0 {
				t.Error("changed the weights")
			}
		})
	}
	errtest.Check(t, trainer.Apply(nil), graph.Error{Path: "sequential", Field: "gradients"})
	errtest.Check(t, (&train.Trainer{}).Apply(&train.Gradients{}), graph.Error{Field: "trainer"})
	errtest.Check(t, trainer.Accumulate(background, nil, b), graph.Error{Path: "sequential", Field: "gradients"})
	_, err := trainer.Gradients(background, nil)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "batch"})
	var none context.Context
	_, err = trainer.Gradients(none, b)
	errtest.Check(t, err, graph.Error{Path: "sequential", Field: "ctx"})

	g, err := trainer.Gradients(background, b)
	check(t, err)
	check(t, trainer.Apply(g))
	after := hash(t, m)
	errtest.Check(t, trainer.Apply(g), graph.Error{Path: "sequential", Field: "gradients", Value: "epoch 0, step 0"})
	errtest.Check(t, trainer.Accumulate(background, g, b), graph.Error{Path: "sequential", Field: "gradients", Value: "epoch 0, step 0"})
	check(t, m.Freeze("dense"))
	g.ByPath = maps.Clone(g.ByPath)
	errtest.Check(t, trainer.Apply(&train.Gradients{ByPath: g.ByPath}), graph.Error{Field: "trainer"})
	if hash(t, m) != after {
		t.Error("an error changed the weights")
	}
}

func TestAddGradientsErrors(t *testing.T) {
	weight := func(x ...float64) map[string]*tensor.Dense {
		return map[string]*tensor.Dense{"w": tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))}
	}
	g := train.Gradients{Samples: 1, ByPath: weight(1, 2)}
	for _, c := range []struct {
		other *train.Gradients
		want  graph.Error
	}{
		{nil, graph.Error{Field: "gradients"}},
		{&train.Gradients{ByPath: weight(1, 2)}, graph.Error{Field: "Gradients.Samples", Value: 0}},
		{&train.Gradients{Samples: -3, ByPath: weight(1, 2)}, graph.Error{Field: "Gradients.Samples", Value: -3}},
		{&train.Gradients{Samples: 1, ByPath: weight(1)}, graph.Error{Path: "w", Field: "gradient", Value: "[1]"}},
		{&train.Gradients{Samples: 1}, graph.Error{Path: "w", Field: "gradient"}},
		{&train.Gradients{Samples: 1, ByPath: map[string]*tensor.Dense{"w": nil}}, graph.Error{Path: "w", Field: "gradient"}},
		{&train.Gradients{Samples: 1, ByPath: map[string]*tensor.Dense{"v": weight(1)["w"]}}, graph.Error{Path: "v", Field: "gradient"}},
		{&train.Gradients{Samples: 1, ByPath: map[string]*tensor.Dense{"w": tensor.New(tensor.WithBacking([]float32{1, 2}))}}, graph.Error{Path: "w", Field: "gradient", Value: "float32"}},
	} {
		errtest.Check(t, g.Add(c.other), c.want)
	}
	if x := g.ByPath["w"].Float64s(); x[0] != 1 || x[1] != 2 || g.Samples != 1 {
		t.Errorf("an error changed the gradients to %v of %d samples", x, g.Samples)
	}
	errtest.Check(t, (&train.Gradients{ByPath: weight(1)}).Add(&train.Gradients{Samples: 1, ByPath: weight(1)}), graph.Error{Field: "Gradients.Samples"})

	trainer := compile(t, sequencer(), train.Config{CarryState: true})
	batches := continued(tensor.Float64, 2)
	a, err := trainer.Gradients(background, batches[0])
	check(t, err)
	b, err := trainer.Gradients(background, batches[1])
	check(t, err)
	errtest.Check(t, a.Add(b), graph.Error{Field: "gradients"})
	one := cut(t, samplesOf(t, batches[0]), 1)[0]
	errtest.Check(t, trainer.Accumulate(background, a, one), graph.Error{Path: "sequential", Field: "batch", Value: 1})
	check(t, trainer.ResetStates())
	errtest.Check(t, trainer.Apply(a), graph.Error{Path: "sequential", Field: "gradients"})
}
