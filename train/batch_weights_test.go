package train_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// Negative weights are found in both dtypes, those of steps too, wherever they lie.
func TestNegativeWeights(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		m := models.NewSequential(models.Config{Dtype: dtype}, layers.Input{Shape: graph.Shape{2, features}}, layers.Dense{Units: 1})
		trainer := compile(t, m, train.Config{})
		b := &datasets.Batch{
			Inputs:  []*tensor.Dense{denseOf(dtype, make([]float64, 3*2*features), 3, 2, features)},
			Targets: []*tensor.Dense{denseOf(dtype, make([]float64, 6), 3, 2, 1)},
			Weights: []*tensor.Dense{denseOf(dtype, []float64{1, 0, 2, 0, -0.5, 1}, 2, 3)},
		}
		check(t, b.Weights[0].T()) // [3, 2], as a view
		_, err := trainer.Step(background, b)
		errtest.Check(t, err, graph.Error{Path: "sequential", Field: "sample weights", Value: "-0.5"})
		b.Weights = []*tensor.Dense{denseOf(dtype, make([]float64, 6), 3, 2)}
		_, err = trainer.Step(background, b)
		check(t, err)
	}
}

// branched is a model with an output for every step, "each" [batch, 4, 2], and
// one for every sample, "last" [batch, 1]; and data for it.
func branched(t *testing.T) (*models.Functional, *datasets.Samples) {
	in := models.NewInput(layers.Input{Shape: graph.Shape{4, features}})
	h := models.Use(layers.GRU{Units: 3, ReturnSequences: true}).Call(in)
	each := models.Use(layers.Dense{Name: "each", Units: 2}).Call(h)
	last := models.Use(layers.Dense{Name: "last", Units: 1}).Call(models.Use(layers.Flatten{}).Call(h))
	m := models.NewFunctional(models.Config{Seed: 1, Dtype: tensor.Float64}, models.Inputs{in}, models.Outputs{each, last})
	random := func(seed uint64, shape ...int) *tensor.Dense {
		return denseOf(tensor.Float64, graphtest.Uniform(seed, graph.Shape(shape).Size(), 1), shape...)
	}
	data, err := datasets.FromTensors([]*tensor.Dense{random(1, 6, 4, features)}, []*tensor.Dense{random(2, 6, 4, 2), random(3, 6, 1)})
	check(t, err)
	return m, data
}

// weighedFigures are what Evaluate gives, and the loss of a step, for each target that
// is trained.
func weighedFigures(t *testing.T, outputs []train.Output, targets []int, weights ...*tensor.Dense) map[string]float64 {
	m, all := branched(t)
	var kept []*tensor.Dense
	for _, i := range targets {
		kept = append(kept, all.Y()[i])
	}
	var data datasets.Data
	data, err := datasets.FromTensors(all.X(), kept)
	check(t, err)
	if weights != nil {
		data, err = datasets.Weigh(data, weights...)
		check(t, err)
	}
	trainer := compile(t, m, train.Config{Outputs: outputs})
	logs, err := trainer.Evaluate(background, data, train.EvaluateConfig{BatchSize: 4})
	check(t, err)
	out := map[string]float64{}
	for _, l := range logs {
		out[l.Name] = l.Value
	}
	out["step"], err = trainer.Step(background, batch(t, data))
	check(t, err)
	return out
}

// Each output has weights of its own, and gives what it gives alone.
func TestWeightsOfEachOutput(t *testing.T) {
	objective := train.Output{Loss: losses.MSE{}, Metrics: []metrics.Metric{metrics.MAE{}}}
	steps := denseOf(tensor.Float64, graphtest.Uniform(4, 24, 1), 6, 4)
	for i, w := range steps.Float64s() {
		steps.Float64s()[i] = w * w
	}
	single := denseOf(tensor.Float64, []float64{1, 2, 0, 3, 0.5, 1}, 6)
	for name, c := range map[string]struct{ both, each, last []*tensor.Dense }{
		"steps and samples": {list(steps, single), list(steps), list(single)},
		"steps alone":       {list(steps, nil), list(steps), nil},
		"samples alone":     {list(nil, single), nil, list(single)},
		"one for all":       {list(single), list(single), list(single)},
	} {
		both := weighedFigures(t, []train.Output{objective, objective}, []int{0, 1}, c.both...)
		each := weighedFigures(t, []train.Output{objective, {}}, []int{0}, c.each...)
		last := weighedFigures(t, []train.Output{{}, objective}, []int{1}, c.last...)
		graphtest.CheckOutput(t, name,
			[]float64{both["each_loss"], both["each_mae"], both["last_loss"], both["last_mae"], both["loss"], both["step"]},
			[]float64{each["loss"], each["each_mae"], last["loss"], last["last_mae"], each["loss"] + last["loss"], each["step"] + last["step"]}, 1e-12)
	}
	with, without := weighedFigures(t, []train.Output{objective, {}}, []int{0}, steps), weighedFigures(t, []train.Output{objective, {}}, []int{0})
	if with["loss"] == without["loss"] || with["each_mae"] == without["each_mae"] {
		t.Error("the weights count for nothing")
	}
}

// A new program is compiled when other outputs have weights than before.
func TestWeightsThatComeAndGo(t *testing.T) {
	m, data := branched(t)
	trainer := compile(t, m, train.Config{Loss: losses.MSE{}})
	b := batch(t, data)
	zero, one := denseOf(tensor.Float64, make([]float64, 6), 6), denseOf(tensor.Float64, slices.Repeat([]float64{1}, 6), 6)
	loss := func(weights ...*tensor.Dense) float64 {
		b.Weights = weights
		logs, err := trainer.Evaluate(background, given{6, b, nil}, train.EvaluateConfig{})
		check(t, err)
		return logs[0].Value
	}
	whole := loss()
	graphtest.CheckOutput(t, "losses",
		[]float64{loss(nil), loss(nil, nil), loss(one, nil), loss(zero), loss(nil, zero) + loss(zero, nil), loss(zero, one) + loss(one, zero)},
		[]float64{whole, whole, whole, 0, whole, whole}, 1e-12)
}

func TestErrorsOfWeightsOfEachOutput(t *testing.T) {
	m, data := branched(t)
	trainer := compile(t, m, train.Config{Loss: losses.MSE{}})
	b := batch(t, data)
	for _, c := range []struct {
		weights []*tensor.Dense
		want    graph.Error
	}{
		{list(nil, nil, nil), graph.Error{Path: "functional", Field: "weights of the batch", Value: 3}},
		{list(zeros(6, 4), denseOf(tensor.Float64, []float64{0, 0, 0, 0, 0, -1}, 6)), graph.Error{Path: "functional", Field: "sample weights of last", Value: -1}},
		{list(zeros(5), nil), graph.Error{Path: "functional", Field: "sample weights of each", Value: "[5]"}},
		{list(zeros(6, 4)), graph.Error{Path: "loss of last", Field: "sample weights", Value: "[6, 4]"}},
	} {
		b.Weights = c.weights
		_, err := trainer.Step(background, b)
		errtest.Check(t, err, c.want)
	}
	b.Weights = list(zeros(6, 4), zeros(6))
	_, err := trainer.Step(background, b)
	check(t, err)
}

func list(ts ...*tensor.Dense) []*tensor.Dense { return ts }
