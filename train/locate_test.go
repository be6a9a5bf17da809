package train_test

import (
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// plainData are data of a user, which nothing has checked.
type plainData struct{ x, y, w []float64 }

func (d plainData) Len() int { return len(d.y) }

func (d plainData) Gather(rows []int, into *datasets.Batch) error {
	width := len(d.x) / len(d.y)
	var x, y, w []float64
	for _, r := range rows {
		x, y = append(x, d.x[r*width:(r+1)*width]...), append(y, d.y[r])
		if d.w != nil {
			w = append(w, d.w[r])
		}
	}
	into.Inputs = []*tensor.Dense{tensor.New(tensor.WithShape(len(rows), width), tensor.WithBacking(x))}
	into.Targets = []*tensor.Dense{tensor.New(tensor.WithShape(len(rows)), tensor.WithBacking(y))}
	into.Weights = nil
	if w != nil {
		into.Weights = []*tensor.Dense{tensor.New(tensor.WithShape(len(rows)), tensor.WithBacking(w))}
	}
	return nil
}

// first is a loss that takes any number as a target.
type first struct{}

func (first) TargetShape(output graph.Shape) graph.Shape { return output[:1] }

func (first) Loss(target, output graph.Value) graph.Value {
	return target.Sub(output.Mean(-1)).Square()
}

// Whatever finds what is wrong with a sample, the error has its index in the data.
func TestErrorsNameTheSample(t *testing.T) {
	const n, steps, classes, bad = 50, 4, 3, 37
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name   string
		spoil  func(d *plainData)
		loss   losses.Loss
		metric metrics.Metric
		class  map[int]float64
		want   string
		fit    bool // found in training alone
	}{
		{name: "token", spoil: func(d *plainData) { d.x[bad*steps+2] = 9 }, want: "must be a whole number from 0 to 4, got 9"},
		{name: "part of a token", spoil: func(d *plainData) { d.x[bad*steps+2] = 1.5 }, want: "from 0 to 4, got 1.5"},
		{name: "input", spoil: func(d *plainData) { d.x[bad*steps+1] = nan }, want: "must be finite, got NaN"},
		{name: "target", spoil: func(d *plainData) { d.y[bad] = inf }, want: "must be finite, got +Inf"},
		{name: "class in the loss", spoil: func(d *plainData) { d.y[bad] = 3 }, want: "from 0 to 2, got 3"},
		{name: "negative class", spoil: func(d *plainData) { d.y[bad] = -1 }, loss: losses.SparseCategoricalCrossentropy{}, want: "from 0 to 2, got -1"},
		{name: "class in the metric", spoil: func(d *plainData) { d.y[bad] = 3 }, loss: first{}, metric: metrics.SparseTopKCategoricalAccuracy{K: 1}, want: "from 0 to 2, got 3"},
		{name: "class in the accuracy", spoil: func(d *plainData) { d.y[bad] = 3 }, loss: first{}, metric: metrics.Accuracy{}, want: "got 3"},
		{name: "class weight", spoil: func(d *plainData) { d.y[bad] = 3 }, loss: first{}, class: map[int]float64{1: 2}, want: "must be one of 3 classes", fit: true},
		{name: "weight", spoil: func(d *plainData) { d.w[bad] = -1 }, want: "must not be negative, got -1"},
		{name: "weight that is not finite", spoil: func(d *plainData) { d.w[bad] = nan }, want: "must be finite, got NaN"},
		{name: "loss", spoil: func(d *plainData) { d.y[bad] = 1e200 }, loss: first{}, want: "loss must be finite, got +Inf"},
	} {
		d := plainData{make([]float64, n*steps), make([]float64, n), make([]float64, n)}
		for i := range d.x {
			d.x[i] = float64(i * 7 % 5)
		}
		for i := range d.y {
			d.y[i], d.w[i] = float64(i%classes), 1
		}
		c.spoil(&d)
		newTrainer := func() *train.Trainer {
			m := models.NewSequential(models.Config{Seed: 1, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{steps}},
				layers.Embedding{InputDim: 5, OutputDim: 2}, layers.LSTM{Units: 3}, layers.Dense{Units: classes, Activation: activations.Softmax{}})
			cfg := train.Config{Loss: c.loss}
			if c.loss == nil {
				cfg.Loss = losses.SparseCategoricalCrossentropy{}
			}
			if c.metric != nil {
				cfg.Metrics = []metrics.Metric{c.metric}
			}
			return compile(t, m, cfg)
		}
		t.Run(c.name, func(t *testing.T) {
			cfg := train.FitConfig{BatchSize: 8, ClassWeight: c.class}
			for _, noShuffle := range []bool{false, true} {
				cfg.NoShuffle = noShuffle
				_, err := newTrainer().Fit(t.Context(), d, cfg)
				wantError(t, err, "epoch 1, batch ", ": sample 37: ", c.want)
			}
			cfg.NoShuffle, cfg.BatchSize = false, 0
			for _, size := range []int{1, 8} {
				_, err := newTrainer().FitStream(t.Context(), inBatches(d, size, 1), cfg)
				wantError(t, err, ": sample 37 of the pass: ", c.want)
			}
			// Shuffled samples keep their numbers.
			_, err := newTrainer().FitStream(t.Context(), samples.Prefetch{Stream: samples.Rebatch{Stream: inBatches(d, 3, 1), Shuffle: 20, BatchSize: 4}}, cfg)
			wantError(t, err, ": sample 37 of the pass: ", c.want)
			one := &datasets.Batch{}
			check(t, d.Gather([]int{4, bad, 5}, one))
			if c.fit {
				return
			}
			_, err = newTrainer().Evaluate(t.Context(), d, train.EvaluateConfig{BatchSize: 8})
			wantError(t, err, "batch 5: sample 37: ", c.want)
			_, err = newTrainer().EvaluateStream(t.Context(), samples.Prefetch{Stream: inBatches(d, 8, 1)}, train.EvaluateConfig{})
			wantError(t, err, "sample 37 of the pass: ", c.want)
			_, err = newTrainer().Fit(t.Context(), plainData{make([]float64, 4), []float64{0}, []float64{1}}, train.FitConfig{Validation: d, BatchSize: 8})
			wantError(t, err, "validation of epoch 1: batch 5: sample 37: ", c.want)
			if c.metric == nil { // Step has no metrics
				_, err = newTrainer().Step(t.Context(), one)
				wantError(t, err, "sample 1 of the batch: ", c.want)
				_, err = newTrainer().Gradients(t.Context(), one)
				wantError(t, err, "sample 1 of the batch: ", c.want)
			}
		})
	}
}

// An error of all samples, such as a shape, names none, and finding a sample leaves the
// states of sequences and the draws as they were.
func TestErrorsOfAllSamples(t *testing.T) {
	run := func(fail bool) string {
		m := models.NewSequential(models.Config{Seed: 1, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features, 1}},
			layers.SimpleRNN{Units: 2}, layers.Dropout{Rate: 0.5}, layers.Dense{Units: 1})
		tr := compile(t, m, train.Config{CarryState: true})
		good, bad := batch(t, steps(t, 1, 4)), batch(t, steps(t, 2, 4))
		bad.Inputs[0].Float64s()[7] = math.NaN()
		for range 3 {
			if fail {
				_, err := tr.Step(t.Context(), bad)
				wantError(t, err, "sample 2 of the batch: ", "must be finite")
			}
			_, err := tr.Step(t.Context(), good)
			check(t, err)
		}
		return hash(t, m)
	}
	if run(false) != run(true) {
		t.Error("a failed step changes later ones")
	}

	tr := compile(t, linear(1), train.Config{})
	_, err := tr.Fit(t.Context(), plainData{make([]float64, 40), make([]float64, 10), nil}, train.FitConfig{})
	wantError(t, err, "epoch 1, batch 1: sequential: input 0: shape must be")
	wide := linear(1)
	tr = compile(t, wide, train.Config{})
	for _, p := range tr.Params().All() {
		for i := range p.Value().Float64s() {
			p.Value().Float64s()[i] = 1e200
		}
	}
	_, err = tr.Fit(t.Context(), table(t, 1, 10), train.FitConfig{})
	wantError(t, err, "epoch 1, batch 1: sequential: loss must be finite")
}
