package train_test

import (
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
	"gorgonia.org/tensor"
)

// Batches that are too few for a step at the end of Fit wait for the next one.
func TestFitAccumulates(t *testing.T) {
	const n, size, parts = 10, 2, 3
	x, y := rows(4, n)
	m := linear(1)
	trainer, want := compile(t, m, train.Config{GradientAccumulationSteps: parts}), plainOf(t, m)
	var waiting []int // samples
	steps := 0
	for range 3 {
		_, err := trainer.Fit(background, inMemory(t, x, y), train.FitConfig{BatchSize: size, NoShuffle: true})
		check(t, err)
		for i := range n {
			// The mean of equal batches is the step of one batch of all.
			if waiting = append(waiting, i); len(waiting) == parts*size {
				want.step(pick(x, waiting), pick(y, waiting), one, 0.1)
				waiting = nil
				steps++
			}
		}
		got := plainOf(t, m)
		graphtest.CheckOutput(t, "weights", append(got.kernel[:], got.bias), append(want.kernel[:], want.bias), 1e-13)
		if trainer.Optimizer().Iterations() != steps {
			t.Errorf("%d steps, want %d", trainer.Optimizer().Iterations(), steps)
		}
	}
}

// A run that stops within an accumulation and is resumed ends with the bits of one that did
// not, with averages, a schedule and groups.
func TestResumeWithinAnAccumulation(t *testing.T) {
	cfg := train.Config{
		Optimizer:                 optimizers.AdamW{Schedule: schedules.CosineDecay{InitialLearningRate: 0.1, DecaySteps: 40}},
		Groups:                    []optimizers.Group{optimizers.NoWeightDecay("bias"), {Paths: []string{"dense"}, RateFactor: 0.5}},
		GradientAccumulationSteps: 3,
		EMA:                       &optimizers.EMA{Momentum: new(0.5), OverwriteFrequency: 4},
	}
	model := func() *models.Sequential { return linear(1, layers.Dropout{Rate: 0.2}, layers.Dense{Units: 4}) }
	fit := train.FitConfig{Epochs: 3, BatchSize: 3}
	data := table(t, 4, 20) // 7 batches an epoch
	var states []*train.State
	whole := model()
	fit.Callbacks = []train.Callback{train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd {
			states = append(states, e.Trainer.State())
		}
		return nil
	})}
	_, err := compile(t, whole, cfg).Fit(background, data, fit)
	check(t, err)
	fit.Callbacks = []train.Callback{train.CallbackFunc(func(*train.Event) error { return nil })}
	for _, at := range []int{3, 7, 13} {
		m := model()
		fit.Resume = states[at]
		_, err := compile(t, m, cfg).Fit(background, data, fit)
		check(t, err)
		if hash(t, m) != hash(t, whole) {
			t.Errorf("resumed after batch %d: other weights", at+1)
		}
	}
}

// The weights are their averages after Fit; within, SwapAverages shows them.
func TestFitEndsWithAverages(t *testing.T) {
	m, data := linear(1), table(t, 4, 6)
	trainer := compile(t, m, train.Config{EMA: &optimizers.EMA{Momentum: new(0.75)}})
	errtest.Check(t, compile(t, linear(1), train.Config{}).SwapAverages(), graph.Error{Path: "sequential", Field: "EMA"})
	errtest.Check(t, (&train.Trainer{}).SwapAverages(), graph.Error{Field: "trainer"})
	var average []float64
	weights := func() []float64 {
		p := plainOf(t, m)
		return append(p.kernel[:], p.bias)
	}
	_, err := trainer.Fit(background, data, train.FitConfig{Epochs: 4, BatchSize: 2, Callbacks: []train.Callback{
		train.CallbackFunc(func(e *train.Event) error {
			switch e.Moment {
			case train.TrainBatchEnd:
				if average == nil {
					average = weights()
				}
				for i, w := range weights() {
					average[i] = 0.75*average[i] + 0.25*w
				}
			case train.EpochEnd:
				before := weights()
				check(t, trainer.SwapAverages())
				graphtest.CheckOutput(t, "averages", weights(), average, 1e-14)
				_, err := trainer.Step(background, batch(t, data))
				errtest.Check(t, err, graph.Error{Field: "weights"})
				check(t, trainer.SwapAverages())
				graphtest.CheckOutput(t, "weights", weights(), before, 0)
			}
			return nil
		})}})
	check(t, err)
	graphtest.CheckOutput(t, "weights after Fit", weights(), average, 1e-14)
}

func TestCompileRefusesOptimizerConfigs(t *testing.T) {
	frozen := linear(1, layers.Dense{Units: 4})
	check(t, frozen.Freeze("dense"))
	for _, c := range []struct {
		m    *models.Sequential
		cfg  train.Config
		want graph.Error
	}{
		{linear(1), train.Config{Optimizer: optimizers.Adam{Schedule: schedules.ExponentialDecay{InitialLearningRate: 1, DecayRate: 1}}}, graph.Error{Path: "sequential", Field: "Adam.Schedule.DecaySteps", Value: 0}},
		{linear(1), train.Config{Optimizer: optimizers.SGD{LearningRate: 0.1, Schedule: schedules.CosineDecay{InitialLearningRate: 1, DecaySteps: 1}}}, graph.Error{Path: "sequential", Field: "SGD.LearningRate", Value: 0.1}},
		{linear(1), train.Config{Groups: []optimizers.Group{optimizers.NoWeightDecay("gamma")}}, graph.Error{Path: "sequential", Field: "Groups[0].Paths", Value: "gamma"}},
		{frozen, train.Config{Groups: []optimizers.Group{{Paths: []string{"dense"}, RateFactor: 2}}}, graph.Error{Path: "sequential", Field: "Groups[0].Paths", Value: "dense"}},
		{linear(1), train.Config{GradientAccumulationSteps: -1}, graph.Error{Path: "sequential", Field: "GradientAccumulationSteps", Value: -1}},
		{linear(1), train.Config{EMA: &optimizers.EMA{Momentum: new(1.5)}}, graph.Error{Path: "sequential", Field: "EMA.Momentum", Value: 1.5}},
	} {
		c.cfg.Loss = losses.MSE{}
		_, err := train.Compile(c.m, c.cfg)
		errtest.Check(t, err, c.want)
	}
}

// Weight decay reaches all rows of an embedding, and frozen weights stay.
func TestDecayOfEmbeddings(t *testing.T) {
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{2}}, layers.Embedding{InputDim: 50, OutputDim: 3},
		layers.Flatten{}, layers.Dense{Units: 2, Name: "frozen"}, layers.Dense{Units: 1})
	check(t, m.Freeze("frozen"))
	trainer := compile(t, m, train.Config{Optimizer: optimizers.AdamW{LearningRate: 0.5, WeightDecay: new(0.5)}})
	before := trainer.Params().Copy()
	words := numbers(t, tensor.Float32, [][]float64{{7, 8}, {7, 9}}, [][]float64{{1}, {2}})
	for range 2 {
		_, err := trainer.Step(background, batch(t, words))
		check(t, err)
	}
	for path, w := range trainer.Params().Copy() {
		was, now := before[path].Float32s(), w.Float32s()
		for i := range now {
			row := i / 3
			switch {
			case path == "sequential/embedding/embeddings" && (row < 7 || row > 9):
				graphtest.CheckOutput(t, path, []float64{float64(now[i])}, []float64{float64(was[i]) * 0.75 * 0.75}, 1e-7)
			case path == "sequential/frozen/kernel" && now[i] != was[i]:
				t.Errorf("%s: element %d has changed", path, i)
			}
		}
	}
}
