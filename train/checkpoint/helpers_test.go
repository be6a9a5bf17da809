package checkpoint_test

import (
	"context"
	"encoding/json"
	"io"
	"iter"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"gorgonia.org/tensor"
)

// training is everything that a run needs.
type training struct {
	model   *models.Sequential
	trainer *train.Trainer
	data    samples.Data
	stream  samples.Stream // in the place of data; nil for none
	cfg     train.FitConfig
}

func (r training) fit(ctx context.Context) (*train.History, error) {
	if r.stream != nil {
		return r.trainer.FitStream(ctx, r.stream, r.cfg)
	}
	return r.trainer.Fit(ctx, r.data, r.cfg)
}

func (r training) fitIn(ctx context.Context, d *checkpoint.Directory) (*train.History, error) {
	if r.stream != nil {
		return d.FitStream(ctx, r.trainer, r.stream, r.cfg)
	}
	return d.Fit(ctx, r.trainer, r.data, r.cfg)
}

// trainings are the runs of the tests by name. Between them they have all that a
// checkpoint must keep.
var trainings = map[string]func() (training, error){
	"plain": func() (training, error) {
		return newTraining(1, []layers.Layer{layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 4}, layers.BatchNormalization{}, layers.Dropout{Rate: 0.25}, layers.Dense{Units: 1}},
			train.Config{Optimizer: optimizers.Adam{LearningRate: 0.01}, Metrics: []metrics.Metric{metrics.MAE{}, metrics.R2Score{}}},
			graph.Shape{40, 3}, graph.Shape{40, 1}, train.FitConfig{Epochs: 8, BatchSize: 7, ValidationSplit: 0.2,
				Callbacks: []train.Callback{
					&callbacks.EarlyStopping{Patience: 2, RestoreBestWeights: true},
					&callbacks.ReduceLROnPlateau{Patience: new(1), Factor: 0.5, MinDelta: new(1.0)}, // which reduces after most epochs
				}})
	},
	"steps": func() (training, error) {
		return newTraining(2, []layers.Layer{layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 3}, layers.Dropout{Rate: 0.5}, layers.Dense{Units: 1}},
			train.Config{Optimizer: optimizers.SGD{Momentum: 0.5}},
			graph.Shape{20, 3}, graph.Shape{20, 1}, train.FitConfig{Epochs: 12, BatchSize: 3, StepsPerEpoch: 4, DropRemainder: true})
	},
	"averaged": func() (training, error) {
		return newTraining(4, []layers.Layer{layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 3}, layers.Dropout{Rate: 0.5}, layers.Dense{Units: 1}},
			train.Config{Optimizer: optimizers.AdamW{Schedule: schedules.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 40}},
				Groups: []optimizers.Group{optimizers.NoWeightDecay("bias")}, GradientAccumulationSteps: 3, EMA: &optimizers.EMA{Momentum: new(0.5), OverwriteFrequency: 4}},
			graph.Shape{20, 3}, graph.Shape{20, 1}, train.FitConfig{Epochs: 7, BatchSize: 3})
	},
	"carried": func() (training, error) {
		return newTraining(3, []layers.Layer{layers.Input{Shape: graph.Shape{4, 2}}, layers.GRU{Units: 5, Dropout: 0.25, RecurrentDropout: 0.25}, layers.BatchNormalization{}, layers.Dense{Units: 1}},
			train.Config{Optimizer: optimizers.RMSprop{}, CarryState: true},
			graph.Shape{12, 4, 2}, graph.Shape{12, 1}, train.FitConfig{Epochs: 12, BatchSize: 3, NoShuffle: true})
	},
	"stream":        func() (training, error) { return newStreamed(0) },
	"stream, steps": func() (training, error) { return newStreamed(4) },
}

// newStreamed is a training that reads a stream, which is shuffled and read ahead, some
// batches an epoch; 0 for all.
func newStreamed(perEpoch int) (training, error) {
	r, err := newTraining(5, []layers.Layer{layers.Input{Shape: graph.Shape{3}}, layers.Dense{Units: 4}, layers.BatchNormalization{}, layers.Dropout{Rate: 0.25}, layers.Dense{Units: 1}},
		train.Config{Optimizer: optimizers.Adam{LearningRate: 0.01}},
		graph.Shape{40, 3}, graph.Shape{40, 1}, train.FitConfig{Epochs: 8, StepsPerEpoch: perEpoch, Callbacks: []train.Callback{&callbacks.EarlyStopping{Patience: 5, RestoreBestWeights: true}}})
	single := samples.StreamFunc(func(context.Context, int) iter.Seq2[*samples.Batch, error] {
		return func(yield func(*samples.Batch, error) bool) {
			var b samples.Batch
			for row := range r.data.Len() {
				if !yield(&b, r.data.Gather([]int{row}, &b)) {
					return
				}
			}
		}
	})
	r.cfg.ValidationStream = single
	r.stream = samples.Prefetch{Stream: samples.Rebatch{Stream: single, BatchSize: 7, Shuffle: 10, Seed: 4}}
	return r, err
}

func newTraining(seed uint64, all []layers.Layer, cfg train.Config, x, y graph.Shape, fit train.FitConfig) (training, error) {
	m := models.NewSequential(models.Config{Seed: seed}, all...)
	cfg.Loss = losses.MSE{}
	trainer, err := train.Compile(m, cfg)
	if err != nil {
		return training{}, err
	}
	data, err := samples.FromTensors([]*tensor.Dense{uniform(seed, x)}, []*tensor.Dense{uniform(seed+1, y)})
	return training{model: m, trainer: trainer, data: data, cfg: fit}, err
}

func uniform(seed uint64, shape graph.Shape) *tensor.Dense {
	numbers := graphtest.Uniform(seed, shape.Size(), 1)
	out := make([]float32, len(numbers))
	for i, x := range numbers {
		out[i] = float32(x)
	}
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(out))
}

// outcome is what a run comes to, to the bit.
type outcome struct {
	Weights string
	Epochs  []int
	History map[string][]uint64
}

func (r training) outcome(h *train.History) (outcome, error) {
	out := outcome{Epochs: h.Epochs, History: map[string][]uint64{}}
	for name, values := range h.Values {
		for _, x := range values {
			out.History[name] = append(out.History[name], math.Float64bits(x))
		}
	}
	var err error
	out.Weights, err = r.model.WeightsSHA256()
	return out, err
}

// uninterrupted is the outcome of a run without checkpoints.
func uninterrupted(t testing.TB, name string) outcome {
	t.Helper()
	r, err := trainings[name]()
	check(t, err)
	h, err := r.fit(t.Context())
	check(t, err)
	out, err := r.outcome(h)
	check(t, err)
	return out
}

func open(t testing.TB, path string, cfg checkpoint.Config) *checkpoint.Directory {
	t.Helper()
	d, err := checkpoint.Open(path, cfg)
	check(t, err)
	t.Cleanup(func() { d.Close() })
	return d
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func write(w io.Writer, v any) error { return json.NewEncoder(w).Encode(v) }
