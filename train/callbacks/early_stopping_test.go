package callbacks_test

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/callbacks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

var _ = describe(specimen{
	Good: &callbacks.EarlyStopping{Monitor: "score"},
	Bad:  map[string]train.Callback{"Mode": &callbacks.EarlyStopping{Monitor: "score", Mode: "up"}},
	Result: func(cb train.Callback, _ stage) string {
		c := cb.(*callbacks.EarlyStopping)
		best, bestEpoch, ok := c.Best()
		stopped, wasStopped := c.StoppedEpoch()
		return fmt.Sprint(best, bestEpoch, ok, stopped, wasStopped)
	},
	Draw: func(t *rapid.T) train.Callback { return drawEarlyStopping(t) },
})

func drawEarlyStopping(t *rapid.T) *callbacks.EarlyStopping {
	c := &callbacks.EarlyStopping{
		Monitor:            "score",
		MinDelta:           rapid.SampledFrom([]float64{0, 0, 0.5, 0.75}).Draw(t, "min delta"),
		Patience:           rapid.IntRange(0, 4).Draw(t, "patience"),
		Mode:               rapid.SampledFrom([]callbacks.Mode{callbacks.Auto, callbacks.Min, callbacks.Max}).Draw(t, "mode"),
		RestoreBestWeights: rapid.Bool().Draw(t, "restore"),
		StartFromEpoch:     rapid.IntRange(0, 3).Draw(t, "start"),
	}
	if rapid.Bool().Draw(t, "with baseline") {
		c.Baseline = new(rapid.SampledFrom([]float64{0, 1, 2}).Draw(t, "baseline"))
	}
	return c
}

// script is a metric whose value in each epoch is written beforehand.
type script struct {
	name   string
	values []float64
	epoch  *int
	higher bool // is better
}

func write(name string, values ...float64) script { return script{name, values, new(int), false} }

func (s script) Name() string { return s.name }

func (s script) HigherIsBetter() bool { return s.higher }

func (s script) Start() metrics.Accumulator {
	*s.epoch++
	return &scripted{s.values[*s.epoch-1]}
}

type scripted struct{ value float64 }

func (s *scripted) Add(_, _, _ *tensor.Dense) error { return nil }
func (s *scripted) Result() float64                 { return s.value }
func (s *scripted) State() []float64                { return []float64{s.value} }

func (s *scripted) Restore(state []float64) error {
	s.value = state[0]
	return nil
}

// stage is a small model with data to train it on.
type stage struct {
	model   *models.Sequential
	trainer *train.Trainer
	data    *datasets.Samples
}

type tester interface {
	Helper()
	Fatal(args ...any)
}

func newStage(t tester, s script, changes ...func(*train.Config)) stage {
	t.Helper()
	m := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{1}}, layers.Dense{Units: 1})
	cfg := train.Config{Loss: losses.MSE{}, Optimizer: optimizers.SGD{LearningRate: 0.01}, Metrics: []metrics.Metric{s}}
	for _, change := range changes {
		change(&cfg)
	}
	trainer, err := train.Compile(m, cfg)
	check(t, err)
	*s.epoch = 0 // Compile has looked at what Start gives
	data, err := datasets.FromSlices([][]float64{{1}, {2}}, [][]float64{{3}, {5}}, tensor.Float32)
	check(t, err)
	return stage{m, trainer, data}
}

func (s stage) fit(epochs int, cs ...train.Callback) (*train.History, error) {
	return s.trainer.Fit(context.Background(), s.data, train.FitConfig{Epochs: epochs, Callbacks: cs})
}

func (s stage) hash(t tester) string {
	t.Helper()
	h, err := s.model.WeightsSHA256()
	check(t, err)
	return h
}

func check(t tester, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// outcome is what early stopping comes to.
type outcome struct {
	epochs    int // that were done
	stopped   int // after which epoch; 0 where it was not
	best      float64
	bestEpoch int // -1 where there is none
	weights   int // of which epoch; the last where none are restored
}

// plain works out the outcome from the figures of all epochs, looking back over
// all of them at each epoch instead of carrying a state.
func plain(figures []float64, c callbacks.EarlyStopping, high bool) outcome {
	better := func(a, b float64) bool {
		if high {
			return a-c.MinDelta > b
		}
		return a+c.MinDelta < b
	}
	// records are the epochs up to last that improved, each on the one before.
	records := func(last int) []int {
		var at []int
		for e := c.StartFromEpoch; e <= last; e++ {
			if math.IsNaN(figures[e]) {
				continue
			}
			if len(at) == 0 || better(figures[e], figures[at[len(at)-1]]) {
				at = append(at, e)
			}
		}
		return at
	}
	o := outcome{epochs: len(figures), bestEpoch: -1}
	for e := range figures {
		at := records(e)
		waited := e - c.StartFromEpoch + 1
		for _, r := range at {
			if c.Baseline == nil || better(figures[r], *c.Baseline) {
				waited = e - r
			}
		}
		isRecord := len(at) > 0 && at[len(at)-1] == e
		if e >= c.StartFromEpoch && e > 0 && !isRecord && waited >= c.Patience {
			o.epochs, o.stopped = e+1, e
			break
		}
	}
	o.weights = o.epochs - 1
	at := records(o.epochs - 1)
	if len(at) > 0 {
		o.bestEpoch = at[len(at)-1]
		o.best = figures[o.bestEpoch]
	}
	if c.RestoreBestWeights && o.epochs > c.StartFromEpoch {
		o.weights = max(o.bestEpoch, c.StartFromEpoch)
	}
	return o
}

// play runs Fit on a script of figures.
func play(t tester, c *callbacks.EarlyStopping, name string, figures []float64) outcome {
	t.Helper()
	s := newStage(t, write(name, figures...))
	var hashes []string // of the weights after each epoch
	record := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd {
			hashes = append(hashes, s.hash(t))
		}
		return nil
	})
	history, err := s.fit(len(figures), c, record)
	check(t, err)
	got := outcome{epochs: len(history.Epochs), bestEpoch: -1, weights: slices.Index(hashes, s.hash(t))}
	got.stopped, _ = c.StoppedEpoch()
	if best, epoch, ok := c.Best(); ok {
		got.best, got.bestEpoch = best, epoch
	}
	return got
}

func TestEarlyStoppingAgainstPlain(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		figures := rapid.SliceOfN(figure, 1, 12).Draw(r, "figures")
		c := *drawEarlyStopping(r)
		high := c.Mode == callbacks.Max // score is better when lower
		want := plain(figures, c, high)

		if got := play(r, &c, "score", figures); got != want {
			r.Fatalf("got %+v, want %+v", got, want)
		}
	})
}

// Outcomes derived by hand from the rules of Keras.
func TestEarlyStoppingByHand(t *testing.T) {
	one := 1.0
	for name, c := range map[string]struct {
		figures []float64
		stop    callbacks.EarlyStopping
		want    outcome
	}{
		"no patience":           {[]float64{3, 2, 2, 1}, callbacks.EarlyStopping{}, outcome{3, 2, 2, 1, 2}},
		"patience 1 is as none": {[]float64{3, 2, 2, 1}, callbacks.EarlyStopping{Patience: 1}, outcome{3, 2, 2, 1, 2}},
		"patience 2":            {[]float64{3, 2, 2, 2, 1}, callbacks.EarlyStopping{Patience: 2}, outcome{4, 3, 2, 1, 3}},
		"patience that is met":  {[]float64{3, 2, 2, 1}, callbacks.EarlyStopping{Patience: 2}, outcome{4, 0, 1, 3, 3}},
		"too small a step":      {[]float64{3, 2.5, 2.25}, callbacks.EarlyStopping{MinDelta: 0.5}, outcome{2, 1, 3, 0, 1}},
		"start later":           {[]float64{1, 5, 4, 4}, callbacks.EarlyStopping{StartFromEpoch: 1}, outcome{4, 3, 4, 2, 3}},
		"never starts":          {[]float64{1, 5}, callbacks.EarlyStopping{StartFromEpoch: 2, RestoreBestWeights: true}, outcome{2, 0, 0, -1, 1}},
		"restored":              {[]float64{3, 1, 2, 2}, callbacks.EarlyStopping{Patience: 2, RestoreBestWeights: true}, outcome{4, 3, 1, 1, 1}},
		"restored at the end":   {[]float64{3, 1, 2}, callbacks.EarlyStopping{Patience: 9, RestoreBestWeights: true}, outcome{3, 0, 1, 1, 1}},
		"NaN between":           {[]float64{3, math.NaN(), 2, 2}, callbacks.EarlyStopping{Patience: 2}, outcome{4, 0, 2, 2, 3}},
		"NaN first":             {[]float64{math.NaN(), 3, 2}, callbacks.EarlyStopping{}, outcome{3, 0, 2, 2, 2}},
		"NaN alone":             {[]float64{math.NaN(), math.NaN(), math.NaN()}, callbacks.EarlyStopping{Patience: 2, RestoreBestWeights: true}, outcome{2, 1, 0, -1, 0}},
		// Improvements short of the baseline do not reset the count, and
		// only an epoch that does not improve stops.
		"baseline":                  {[]float64{5, 4, 3, 3, 0}, callbacks.EarlyStopping{Baseline: &one, Patience: 2}, outcome{4, 3, 3, 2, 3}},
		"highest":                   {[]float64{1, 3, 3, 4}, callbacks.EarlyStopping{Mode: callbacks.Max}, outcome{3, 2, 3, 1, 2}},
		"highest, too small a step": {[]float64{1, 1.5, 1.75}, callbacks.EarlyStopping{Mode: callbacks.Max, MinDelta: 0.5}, outcome{2, 1, 1, 0, 1}},
		"highest, restored":         {[]float64{1, 3, 2, 2}, callbacks.EarlyStopping{Mode: callbacks.Max, Patience: 2, RestoreBestWeights: true}, outcome{4, 3, 3, 1, 1}},
		"highest, with a baseline":  {[]float64{0, 2, 3, 2, 2}, callbacks.EarlyStopping{Mode: callbacks.Max, Baseline: &one, Patience: 2}, outcome{5, 4, 3, 2, 4}},
		// The baseline counts from the epoch at which counting starts.
		"baseline, started later": {[]float64{0, 5, 4, 4}, callbacks.EarlyStopping{Baseline: &one, Patience: 2, StartFromEpoch: 1}, outcome{4, 3, 4, 2, 3}},
		// Which is not met by a value that is better by MinDelta alone.
		"baseline with a step": {[]float64{3, 0.75, 0.75}, callbacks.EarlyStopping{Baseline: &one, Patience: 2, MinDelta: 0.5}, outcome{3, 2, 0.75, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			c.stop.Monitor = "mae" // which Auto knows
			if got := plain(c.figures, c.stop, c.stop.Mode == callbacks.Max); got != c.want {
				t.Errorf("plain gives %+v, want %+v", got, c.want)
			}
			if got := play(t, &c.stop, "mae", c.figures); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}
