package train_test

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// Weights of classes train as the same weights of samples do; but metrics and
// validation do not know them.
func TestClassWeight(t *testing.T) {
	const n = 12
	x, _ := rows(3, n)
	class := make([]float64, n) // 0, 1 or 2
	for i := range class {
		class[i] = float64(i * i % 3)
	}
	weights := map[int]float64{0: 0.5, 1: 3} // and 1 of class 2
	each := func(of []float64) []float64 {
		out := make([]float64, len(of))
		for i, c := range of {
			out[i] = []float64{0.5, 3, 1}[int(c)]
		}
		return out
	}
	hot, yes := make([]float64, 3*n), make([]float64, n)
	for i, c := range class {
		hot[3*i+int(c)] = 1
		yes[i] = min(c, 1)
	}
	in := denseOf(tensor.Float64, slices.Concat(x...), n, features)
	steps := denseOf(tensor.Float64, slices.Concat(x...), n/2, 2, features)
	sparse := losses.SparseCategoricalCrossentropy{FromLogits: true}
	for name, c := range map[string]struct {
		loss          losses.Loss
		last          layers.Layer
		input, target *tensor.Dense
		weights       *tensor.Dense // the same as weights of samples
	}{
		"sparse":        {sparse, layers.Dense{Units: 3}, in, denseOf(tensor.Float64, class, n), denseOf(tensor.Float64, each(class), n)},
		"sparse column": {sparse, layers.Dense{Units: 3}, in, denseOf(tensor.Float64, class, n, 1), denseOf(tensor.Float64, each(class), n)},
		"one-hot":       {losses.CategoricalCrossentropy{FromLogits: true}, layers.Dense{Units: 3}, in, denseOf(tensor.Float64, hot, n, 3), denseOf(tensor.Float64, each(class), n)},
		"binary":        {losses.BinaryCrossentropy{}, layers.Dense{Units: 1, Activation: activations.Sigmoid}, in, denseOf(tensor.Float64, yes, n, 1), denseOf(tensor.Float64, each(yes), n)},
		"steps":         {sparse, layers.Dense{Units: 3}, steps, denseOf(tensor.Float64, class, n/2, 2), denseOf(tensor.Float64, each(class), n/2, 2)},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := datasets.FromTensors([]*tensor.Dense{c.input}, []*tensor.Dense{c.target})
			check(t, err)
			fit := func(data datasets.Data, rate float64, weights map[int]float64) (*models.Sequential, *train.History) {
				m := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape(c.input.Shape()[1:])}, c.last)
				trainer := compile(t, m, train.Config{Loss: c.loss, Metrics: []metrics.Metric{metrics.Accuracy{}}})
				check(t, trainer.Optimizer().SetLearningRate(rate))
				history, err := trainer.Fit(background, data, train.FitConfig{
					Epochs: 2, BatchSize: 5, NoShuffle: true, ClassWeight: weights, Validation: data,
				})
				check(t, err)
				return m, history
			}
			bySample := heavy{data, c.weights}
			a, _ := fit(data, 0.1, weights)
			b, _ := fit(bySample, 0.1, nil)
			plain, _ := fit(data, 0.1, nil)
			if hash(t, a) != hash(t, b) || hash(t, a) == hash(t, plain) {
				t.Error("the weights of classes do not train as the same weights of samples")
			}
			// Without a step the figures of both runs are of the same weights.
			_, got := fit(data, 0, weights)
			_, bare := fit(data, 0, nil)
			_, weighed := fit(bySample, 0, nil)
			want := map[string]float64{
				"loss": weighed.Values["loss"][0], "val_loss": bare.Values["loss"][0],
				"accuracy": bare.Values["accuracy"][0], "val_accuracy": bare.Values["accuracy"][0],
			}
			for name, v := range want {
				graphtest.CheckOutput(t, name, got.Values[name], []float64{v, v}, 1e-12)
			}
			if want["loss"] == want["val_loss"] {
				t.Error("the weights change nothing")
			}
			// Together with weights of samples they multiply.
			_, both := fit(bySample, 0, weights)
			_, squared := fit(heavy{data, denseOf(tensor.Float64, square(c.weights.Float64s()), c.weights.Shape()...)}, 0, nil)
			graphtest.CheckOutput(t, "both", both.Values["loss"], squared.Values["loss"], 1e-12)
		})
	}
}

func square(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, e := range x {
		out[i] = e * e
	}
	return out
}

// heavy is data whose samples, or their steps, weigh differently.
type heavy struct {
	datasets.Data
	weights *tensor.Dense
}

func (d heavy) Gather(rows []int, into *datasets.Batch) error {
	if err := d.Data.Gather(rows, into); err != nil {
		return err
	}
	shape := graph.Shape(d.weights.Shape()).With(0, len(rows))
	var w []float64
	for _, row := range rows {
		n := shape.Size() / len(rows)
		w = append(w, d.weights.Float64s()[row*n:(row+1)*n]...)
	}
	into.Weights = []*tensor.Dense{tensor.New(tensor.WithShape(shape...), tensor.WithBacking(w))}
	return nil
}

// A target that names no class is an error, and nothing is guessed.
func TestClassWeightRefusesTargets(t *testing.T) {
	for want, target := range map[string]*tensor.Dense{
		"[3]":     denseOf(tensor.Float64, []float64{0, 3}, 2),
		"[-1]":    denseOf(tensor.Float64, []float64{0, -1}, 2),
		"[0.5]":   denseOf(tensor.Float64, []float64{0, 0.5}, 2),
		"[1 1 0]": denseOf(tensor.Float64, []float64{0, 0, 1, 1, 1, 0}, 2, 3),
		"[0 0 0]": denseOf(tensor.Float64, []float64{0, 0, 1, 0, 0, 0}, 2, 3),
		"[0 1 2]": denseOf(tensor.Float64, []float64{0, 0, 1, 0, 1, 2}, 2, 3),
	} {
		var loss losses.Loss = losses.SparseCategoricalCrossentropy{FromLogits: true}
		if target.Dims() == 2 {
			loss = losses.CategoricalCrossentropy{FromLogits: true}
		}
		m := models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features}}, layers.Dense{Units: 3})
		data, err := datasets.FromTensors([]*tensor.Dense{zeros(2, features)}, []*tensor.Dense{target})
		check(t, err)
		_, err = compile(t, m, train.Config{Loss: loss}).Fit(background, data, train.FitConfig{ClassWeight: map[int]float64{0: 2}})
		wantWithin(t, err, "epoch 1, batch 1: ", graph.Error{Path: "sequential", Field: "target", Value: want})
	}
}

// Weights of the classes of one output of several train as weights of samples of this
// output do, and not the other output.
func TestClassWeightOfOneOutput(t *testing.T) {
	weights := map[string]map[int]float64{"trend": {0: 0.5, 2: 3}} // and 1 of class 1
	outputs := []train.Output{{Loss: losses.MSE{}, Weight: new(0.25)}, {Loss: trendLoss, Metrics: []metrics.Metric{metrics.Accuracy{}}}}
	fit := func(sampleWeights []*tensor.Dense, cfg train.FitConfig) (*fork, *train.History) {
		f := newFork(t)
		d := newForked(t, f)
		d.batch.Weights = sampleWeights
		cfg.Epochs, cfg.Validation = 2, given{4, d.batch, nil}
		history, err := compile(t, f, train.Config{Outputs: outputs}).Fit(background, given{4, d.batch, nil}, cfg)
		check(t, err)
		return f, history
	}
	ones, each := denseOf(tensor.Float64, []float64{1, 1, 1, 1}, 4), denseOf(tensor.Float64, []float64{0.5, 3, 1, 3}, 4) // of the trends 0, 2, 1, 2
	a, got := fit(nil, train.FitConfig{ClassWeightOf: weights})
	b, want := fit([]*tensor.Dense{ones, each}, train.FitConfig{})
	_, plain := fit(nil, train.FitConfig{})
	for _, p := range a.params.All() {
		graphtest.CheckOutput(t, p.Path, p.Value().Float64s(), b.params.Get(p.Path).Value().Float64s(), 0)
	}
	for _, name := range []string{"loss", "price_loss", "trend_loss"} {
		graphtest.CheckOutput(t, name, got.Values[name], want.Values[name], 0)
	}
	if got.Values["trend_loss"][0] == plain.Values["trend_loss"][0] {
		t.Error("the weights change nothing")
	}
	// The first epoch has one step, before which the weights are equal.
	graphtest.CheckOutput(t, "accuracy", got.Values["trend_accuracy"][:1], plain.Values["trend_accuracy"][:1], 0)
	graphtest.CheckOutput(t, "price", got.Values["price_loss"][:1], plain.Values["price_loss"][:1], 0)

	// The name of the only output is as good as ClassWeight.
	m := func() *models.Sequential {
		return models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features}}, layers.Dense{Units: 3, Name: "trend"})
	}
	d := newForked(t, newFork(t))
	data, err := datasets.FromTensors(d.batch.Inputs, d.batch.Targets[1:])
	check(t, err)
	var hashes []string
	for _, cfg := range []train.FitConfig{{ClassWeight: weights["trend"]}, {ClassWeightOf: weights}, {}} {
		model := m()
		_, err := compile(t, model, train.Config{Loss: trendLoss}).Fit(background, data, cfg)
		check(t, err)
		hashes = append(hashes, hash(t, model))
	}
	if hashes[0] != hashes[1] || hashes[0] == hashes[2] {
		t.Error("ClassWeightOf the only output is not ClassWeight")
	}
}

func TestClassWeightOfRefuses(t *testing.T) {
	f := newFork(t)
	d := newForked(t, f)
	both := compile(t, f, train.Config{Outputs: []train.Output{{Loss: losses.MSE{}}, {Loss: trendLoss}}})
	trend := compile(t, f, train.Config{Outputs: []train.Output{{}, {Loss: trendLoss}}})
	only := *d.batch
	only.Targets = only.Targets[1:]
	one := map[int]float64{0: 2}
	for _, c := range []struct {
		trainer *train.Trainer
		batch   *datasets.Batch
		cfg     train.FitConfig
		want    graph.Error
	}{
		{both, d.batch, train.FitConfig{ClassWeight: one}, graph.Error{Field: "FitConfig.ClassWeight"}},
		{both, d.batch, train.FitConfig{ClassWeightOf: map[string]map[int]float64{"trends": one}}, graph.Error{Field: "FitConfig.ClassWeightOf", Value: "trends"}},
		{trend, &only, train.FitConfig{ClassWeightOf: map[string]map[int]float64{"price": one}}, graph.Error{Field: "FitConfig.ClassWeightOf", Value: "price"}},
		{trend, &only, train.FitConfig{ClassWeight: one, ClassWeightOf: map[string]map[int]float64{"trend": one}}, graph.Error{Field: "FitConfig.ClassWeightOf"}},
		{both, d.batch, train.FitConfig{ClassWeightOf: map[string]map[int]float64{"trend": {3: 1}}}, graph.Error{Field: `FitConfig.ClassWeightOf["trend"]`, Value: "3"}},
		{both, d.batch, train.FitConfig{ClassWeightOf: map[string]map[int]float64{"trend": {2: -1}}}, graph.Error{Field: `FitConfig.ClassWeightOf["trend"][2]`, Value: "-1"}},
	} {
		_, err := c.trainer.Fit(background, given{4, c.batch, nil}, c.cfg)
		c.want.Path = "fork"
		errtest.Check(t, err, c.want)
	}
	labels := compile(t, models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{4, features}}, layers.Dense{Units: 3, Name: "letters"}), train.Config{Loss: losses.CTC{}})
	for field, cfg := range map[string]train.FitConfig{
		"FitConfig.ClassWeight":              {ClassWeight: one},
		`FitConfig.ClassWeightOf["letters"]`: {ClassWeightOf: map[string]map[int]float64{"letters": one}},
	} {
		_, err := labels.Fit(background, given{4, d.batch, nil}, cfg)
		errtest.Check(t, err, graph.Error{Field: field})
	}
	_, err := both.Fit(background, given{4, d.batch, nil}, train.FitConfig{ClassWeightOf: map[string]map[int]float64{"price": one}})
	wantWithin(t, err, "epoch 1, batch 1: ", graph.Error{Path: "fork", Field: "target of price", Value: "[-1]"})
}
