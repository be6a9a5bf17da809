package train_test

import (
	"bytes"
	"encoding/gob"
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/metrics"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// A fresh trainer that is given a state continues to the same bits: with dropout,
// moving averages, carried states and an optimizer that remembers.
func TestRestoreGoesOn(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		for _, carry := range []bool{false, true} {
			at := fmt.Sprintf("%v, carry %v", dtype, carry)
			cfg := train.Config{Optimizer: optimizers.Adam{LearningRate: 0.01}, CarryState: carry}
			batches := continued(dtype, 6)
			m := everything(dtype)
			trainer := compile(t, m, cfg)
			steps := func(tr *train.Trainer, from, to int) (losses []float64) {
				for _, b := range batches[from:to] {
					loss, err := tr.Step(background, b)
					check(t, err)
					losses = append(losses, loss)
				}
				return losses
			}
			steps(trainer, 0, 3)
			check(t, trainer.Optimizer().SetLearningRate(0.02))
			state := trainer.State()
			if (state.Carried != nil) != carry || state.Step != 3 || state.Fit != nil {
				t.Errorf("%s: %d carried, step %d, Fit %v", at, len(state.Carried), state.Step, state.Fit)
			}
			want, wantHash := steps(trainer, 3, 6), hash(t, m)
			for _, before := range []int{0, 2} { // into a trainer that has trained, too
				n := everything(dtype)
				other := compile(t, n, cfg)
				steps(other, 0, before)
				check(t, other.Restore(state))
				if diff := cmp.Diff(want, steps(other, 3, 6)); diff != "" || hash(t, n) != wantHash {
					t.Errorf("%s, %d steps before: (-want +got):\n%s", at, before, diff)
				}
			}
			check(t, trainer.Restore(state))
			if diff := cmp.Diff(want, steps(trainer, 3, 6)); diff != "" || hash(t, m) != wantHash {
				t.Errorf("%s, back in the same trainer: (-want +got):\n%s", at, diff)
			}
		}
	}
}

// A state between sequences begins new ones.
func TestRestoreBetweenSequences(t *testing.T) {
	batches := continued(tensor.Float64, 2)
	m := sequencer()
	trainer := compile(t, m, train.Config{CarryState: true})
	state := trainer.State()
	want, err := trainer.Step(background, batches[0])
	check(t, err)
	check(t, trainer.Restore(state))
	got, err := trainer.Step(background, batches[0])
	check(t, err)
	if got != want {
		t.Errorf("loss %v, want %v", got, want)
	}
	// Gradients from before are refused, and the batch may have another size.
	g, err := trainer.Gradients(background, batches[1])
	check(t, err)
	check(t, trainer.Restore(state))
	errtest.Check(t, trainer.Apply(g), graph.Error{Path: "sequential", Field: "gradients"})
	if _, err := trainer.Step(background, cut(t, samplesOf(t, batches[0]), 1)[0]); err != nil {
		t.Error(err)
	}
}

// worst is a callback with a state: the largest loss of a batch so far, where it
// was, and a tensor of it. It stops a run in which losses add up to more than a
// limit.
type worst struct {
	limit    float64
	batches  int
	sum, max float64
	kept     *tensor.Dense
}

func (w *worst) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		*w = worst{limit: w.limit}
	case train.TrainBatchEnd:
		loss, _ := e.Logs.Get("loss")
		w.batches++
		w.sum += loss
		if w.max = max(w.max, loss); w.max == loss {
			w.kept = tensor.New(tensor.WithBacking([]float64{loss, float64(w.batches)}))
		}
		if w.sum > w.limit {
			e.Stop()
		}
	}
	return nil
}

func (w *worst) State() train.CallbackState {
	s := train.CallbackState{Numbers: map[string]float64{"batches": float64(w.batches), "sum": w.sum, "max": w.max}}
	if w.kept != nil {
		s.Tensors = map[string]*tensor.Dense{"kept": w.kept.Clone().(*tensor.Dense)}
	}
	return s
}

func (w *worst) Restore(s train.CallbackState) error {
	if len(s.Numbers) != 3 {
		return graph.Error{Field: "numbers", Rule: "must be three", Value: len(s.Numbers)}
	}
	w.batches, w.sum, w.max = int(s.Numbers["batches"]), s.Numbers["sum"], s.Numbers["max"]
	if k := s.Tensors["kept"]; k != nil {
		w.kept = k.Clone().(*tensor.Dense)
	}
	return nil
}

// told counts the events of a kind, and has no state.
type told map[train.Moment]int

func (c told) On(e *train.Event) error { c[e.Moment]++; return nil }

// fits are runs of Fit that a state could be taken from.
func fits(t *testing.T) map[string]struct {
	model func() *models.Sequential
	cfg   train.Config
	data  datasets.Data
	fit   train.FitConfig
	limit float64
} {
	dropped := func() *models.Sequential {
		return linear(1, layers.BatchNormalization{}, layers.Dropout{Rate: 0.25})
	}
	sequence := func() *models.Sequential { return everything(tensor.Float64) }
	series, err := datasets.FromTensors(
		[]*tensor.Dense{tensor.New(tensor.WithShape(6, 4, 1), tensor.WithBacking(graphtest.Uniform(1, 24, 1)))},
		[]*tensor.Dense{tensor.New(tensor.WithShape(6, 4, 1), tensor.WithBacking(graphtest.Uniform(2, 24, 1)))})
	check(t, err)
	return map[string]struct {
		model func() *models.Sequential
		cfg   train.Config
		data  datasets.Data
		fit   train.FitConfig
		limit float64
	}{
		"shuffled": {dropped, train.Config{Optimizer: optimizers.Adam{}, Metrics: []metrics.Metric{metrics.MAE{}, metrics.RMSE{}}},
			table(t, 1, 11), train.FitConfig{Epochs: 3, BatchSize: 3, ValidationSplit: 0.2}, math.Inf(1)},
		"metrics of several numbers": {dropped, train.Config{Metrics: []metrics.Metric{metrics.AUC{}, metrics.F1Score{Threshold: new(0.0)}, metrics.R2Score{}}},
			answers(t, 1, 14), train.FitConfig{Epochs: 2, BatchSize: 3, ValidationSplit: 0.4}, math.Inf(1)},
		"steps that cross passes": {dropped, train.Config{Optimizer: optimizers.Adam{}},
			table(t, 1, 7), train.FitConfig{Epochs: 3, BatchSize: 3, StepsPerEpoch: 2, DropRemainder: true}, math.Inf(1)},
		"stopped in an epoch": {dropped, train.Config{}, table(t, 1, 8), train.FitConfig{Epochs: 4, BatchSize: 2}, 2},
		"carried": {sequence, train.Config{Optimizer: optimizers.Adam{}, CarryState: true},
			series, train.FitConfig{Epochs: 2, BatchSize: 2, NoShuffle: true}, math.Inf(1)},
	}
}

// written is a state as a file gives it back.
func written(t *testing.T, s *train.State) *train.State {
	t.Helper()
	var file bytes.Buffer
	check(t, gob.NewEncoder(&file).Encode(s))
	var back train.State
	check(t, gob.NewDecoder(&file).Decode(&back))
	return &back
}

// From whatever moment of Fit a state is, a Fit that resumes from it ends with the
// same weights, the same history and the same state of its callbacks; so does one that
// resumes from a file.
func TestResume(t *testing.T) {
	for name, c := range fits(t) {
		t.Run(name, func(t *testing.T) {
			var states []*train.State
			var moments []train.Moment
			record := train.CallbackFunc(func(e *train.Event) error {
				states, moments = append(states, e.Trainer.State()), append(moments, e.Moment)
				return nil
			})
			m, first := c.model(), &worst{limit: c.limit}
			cfg := c.fit
			cfg.Callbacks = []train.Callback{first, record}
			history, err := compile(t, m, c.cfg).Fit(background, c.data, cfg)
			check(t, err)
			if c.limit < 100 && len(history.Epochs) == cfg.Epochs {
				t.Fatal("was not stopped")
			}
			for i, state := range states {
				n, again := c.model(), &worst{limit: c.limit}
				trainer := compile(t, n, c.cfg)
				_, err := trainer.Step(background, cut(t, c.data, min(c.fit.BatchSize, 2))[0]) // not so fresh
				check(t, err)
				check(t, trainer.ResetStates())
				cfg.Callbacks, cfg.Resume = []train.Callback{again, told{}}, written(t, state)
				got, err := trainer.Fit(background, c.data, cfg)
				check(t, err)
				at := fmt.Sprintf("from %s, epoch %d, batch %d", momentNames[moments[i]], state.Fit.Epoch, state.Fit.Batch)
				if diff := cmp.Diff(history.Values, got.Values); diff != "" || !cmp.Equal(history.Epochs, got.Epochs) {
					t.Errorf("%s: history (-want +got):\n%s", at, diff)
				}
				if hash(t, m) != hash(t, n) {
					t.Errorf("%s: other weights", at)
				}
				if diff := cmp.Diff(first.State().Numbers, again.State().Numbers); diff != "" || !cmp.Equal(first.kept.Data(), again.kept.Data()) {
					t.Errorf("%s: callback (-want +got):\n%s", at, diff)
				}
			}
		})
	}
}

// The events of a resumed run.
func TestResumeEvents(t *testing.T) {
	data := table(t, 1, 6)
	var states []*train.State
	record := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd || e.Moment == train.EpochEnd {
			states = append(states, e.Trainer.State())
		}
		return nil
	})
	cfg := train.FitConfig{Epochs: 2, BatchSize: 2, Callbacks: []train.Callback{record}}
	_, err := compile(t, linear(1), train.Config{}).Fit(background, data, cfg)
	check(t, err)
	for i, want := range map[int]told{
		1: {train.TrainBegin: 1, train.EpochBegin: 2, train.TrainBatchBegin: 4, train.TrainBatchEnd: 4, train.EpochEnd: 2, train.TrainEnd: 1},
		3: {train.TrainBegin: 1, train.EpochBegin: 1, train.TrainBatchBegin: 3, train.TrainBatchEnd: 3, train.EpochEnd: 1, train.TrainEnd: 1},
	} {
		got := told{}
		begins := []int{} // batches done at EpochBegin
		cfg.Callbacks, cfg.Resume = []train.Callback{got, train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.EpochBegin {
				begins = append(begins, e.Batch)
			}
			return nil
		})}, states[i]
		_, err := compile(t, linear(1), train.Config{}).Fit(background, data, cfg)
		check(t, err)
		if !maps.Equal(got, want) {
			t.Errorf("state %d: %v, want %v", i, got, want)
		}
		if begins[0] != states[i].Fit.Batch || len(begins) > 1 && begins[1] != 0 {
			t.Errorf("state %d: epochs begin at batches %v", i, begins)
		}
	}
}

func TestRestoreErrors(t *testing.T) {
	const kernel = "sequential/lstm/kernel"
	adam := train.Config{CarryState: true, Optimizer: optimizers.Adam{}}
	source := compile(t, sequencer(), adam)
	_, err := source.Step(background, continued(tensor.Float64, 1)[0])
	check(t, err)
	carried := slices.Sorted(maps.Keys(source.State().Carried))[1] // after the flags
	m := sequencer()
	trainer := compile(t, m, adam)
	before, memory := hash(t, m), trainer.Optimizer().Tensors()
	vector := func(n int, x float64) *tensor.Dense {
		d := make([]float64, n)
		d[0] = x
		return tensor.New(tensor.WithShape(n), tensor.WithBacking(d))
	}
	for name, c := range map[string]struct {
		change func(s *train.State)
		want   graph.Error
	}{
		"no weight":             {func(s *train.State) { delete(s.Weights, kernel) }, graph.Error{Path: kernel, Field: "weight"}},
		"one weight more":       {func(s *train.State) { s.Weights["sequential/x"] = vector(1, 0) }, graph.Error{Path: "sequential/x", Field: "weight"}},
		"a weight's shape":      {func(s *train.State) { s.Weights[kernel] = vector(1, 0) }, graph.Error{Field: "shape"}},
		"a weight that is NaN":  {func(s *train.State) { s.Weights["sequential/dense/bias"] = vector(1, math.NaN()) }, graph.Error{Field: "element [0]", Kind: graph.ErrNotFinite}},
		"no optimizer":          {func(s *train.State) { s.Optimizer = nil }, graph.Error{Path: "adam/iterations", Field: "tensor"}},
		"another optimizer":     {func(s *train.State) { s.Optimizer["sgd/iterations"] = vector(1, 1) }, graph.Error{Path: "sgd/iterations", Field: "tensor"}},
		"a carried state less":  {func(s *train.State) { delete(s.Carried, carried) }, graph.Error{Path: carried, Field: "state"}},
		"one more":              {func(s *train.State) { s.Carried["x"] = vector(2, 0) }, graph.Error{Path: "x", Field: "state"}},
		"no flags":              {func(s *train.State) { delete(s.Carried, "fresh") }, graph.Error{Path: "sequential", Field: "State.Carried"}},
		"flags of another size": {func(s *train.State) { s.Carried["fresh"] = vector(3, 0) }, graph.Error{Field: "shape"}},
		"a negative epoch":      {func(s *train.State) { s.Epoch = -1 }, graph.Error{Path: "sequential", Field: "State.Epoch", Value: -1}},
		"a huge step":           {func(s *train.State) { s.Step = math.MaxInt }, graph.Error{Path: "sequential", Field: "State.Step", Value: math.MaxInt}},
	} {
		t.Run(name, func(t *testing.T) {
			m := sequencer()
			trainer := compile(t, m, adam)
			s := source.State()
			c.change(s)
			errtest.Check(t, trainer.Restore(s), c.want)
			after := trainer.State()
			if hash(t, m) != before || after.Carried != nil || after.Step != 0 {
				t.Error("changed the trainer")
			}
			for name, want := range memory {
				if !cmp.Equal(after.Optimizer[name].Data(), want.Data()) {
					t.Errorf("changed %s", name)
				}
			}
		})
	}
	errtest.Check(t, trainer.Restore(nil), graph.Error{Path: "sequential", Field: "state"})
	errtest.Check(t, (&train.Trainer{}).Restore(source.State()), graph.Error{Field: "trainer"})
	if s := (&train.Trainer{}).State(); s != nil {
		t.Errorf("a trainer that was not compiled has the state %v", s)
	}
	plain := compile(t, sequencer(), train.Config{Optimizer: optimizers.Adam{}})
	errtest.Check(t, plain.Restore(source.State()), graph.Error{Path: "sequential", Field: "State.Carried"})
}

func TestResumeErrors(t *testing.T) {
	data := table(t, 1, 6)
	newState := func() *train.State {
		var s *train.State
		take := train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBatchEnd && e.Epoch == 1 && e.Batch == 0 {
				s = e.Trainer.State()
			}
			return nil
		})
		_, err := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.MAE{}}}).Fit(background, data, train.FitConfig{
			Epochs: 2, BatchSize: 2, Callbacks: []train.Callback{&worst{limit: 1e9}, take},
		})
		check(t, err)
		return s
	}
	for name, c := range map[string]struct {
		change func(s *train.State, cfg *train.FitConfig)
		want   graph.Error
	}{
		"outside Fit":                  {func(s *train.State, _ *train.FitConfig) { s.Fit = nil }, graph.Error{Field: "FitConfig.Resume"}},
		"InitialEpoch":                 {func(_ *train.State, cfg *train.FitConfig) { cfg.InitialEpoch = 1 }, graph.Error{Field: "FitConfig.InitialEpoch", Value: 1}},
		"a finished epoch in progress": {func(s *train.State, _ *train.FitConfig) { s.Fit.Epoch = 2 }, graph.Error{Field: "FitConfig.Epochs", Value: 2}},
		"no epoch begun":               {func(s *train.State, _ *train.FitConfig) { s.Epoch = 0 }, graph.Error{Field: "FitConfig.Resume.Epoch", Value: 0}},
		"too few epochs":               {func(_ *train.State, cfg *train.FitConfig) { cfg.Epochs = 1 }, graph.Error{Field: "FitConfig.Epochs", Value: 1}},
		"a negative epoch":             {func(s *train.State, _ *train.FitConfig) { s.Fit.Epoch = -1 }, graph.Error{Field: "FitConfig.Resume.Fit.Epoch", Value: -1}},
		"an endless number of epochs":  {func(s *train.State, _ *train.FitConfig) { s.Fit.Epoch = math.MaxInt }, graph.Error{Field: "FitConfig.Resume.Fit.Epoch", Value: math.MaxInt}},
		"another batch size":           {func(s *train.State, cfg *train.FitConfig) { s.Fit.Setup, cfg.BatchSize = "", 3 }, graph.Error{Field: "FitConfig.Resume.Fit.Batches", Value: 3}},
		"another setup":                {func(_ *train.State, cfg *train.FitConfig) { cfg.NoShuffle = true }, graph.Error{Field: "FitConfig.Resume"}},
		"no JSON":                      {func(s *train.State, _ *train.FitConfig) { s.Fit.Setup = "{" }, graph.Error{Field: "FitConfig.Resume.Fit.Setup"}},
		"a batch too far":              {func(s *train.State, _ *train.FitConfig) { s.Fit.Batch = 4 }, graph.Error{Field: "FitConfig.Resume.Fit.Batch", Value: 4}},
		"no callbacks":                 {func(_ *train.State, cfg *train.FitConfig) { cfg.Callbacks = nil }, graph.Error{Field: "FitConfig.Callbacks", Value: 0}},
		"no state of a callback":       {func(s *train.State, _ *train.FitConfig) { s.Fit.Callbacks = nil }, graph.Error{Field: "FitConfig.Resume.Fit.Callbacks[0]"}},
		"a callback without a state":   {func(_ *train.State, cfg *train.FitConfig) { cfg.Callbacks[0] = told{} }, graph.Error{Field: "FitConfig.Callbacks[0]", Value: "train_test.told"}},
		"other callbacks": {func(_ *train.State, cfg *train.FitConfig) {
			cfg.Callbacks[0], cfg.Callbacks[1] = cfg.Callbacks[1], cfg.Callbacks[0]
		}, graph.Error{Field: "FitConfig.Resume.Fit.Callbacks[1]"}},
		"no totals":       {func(s *train.State, _ *train.FitConfig) { s.Fit.Totals = nil }, graph.Error{Field: "loss"}},
		"no metric's":     {func(s *train.State, _ *train.FitConfig) { delete(s.Fit.Totals, "mae") }, graph.Error{Field: "mae"}},
		"a metric's":      {func(s *train.State, _ *train.FitConfig) { s.Fit.Totals["mae"] = []float64{1} }, graph.Error{Field: "state", Value: []float64{1}}},
		"a weight's path": {func(s *train.State, _ *train.FitConfig) { delete(s.Weights, "sequential/dense/bias") }, graph.Error{Path: "sequential/dense/bias", Field: "weight"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, m := newState(), linear(1)
			before := hash(t, m)
			cfg := train.FitConfig{Epochs: 2, BatchSize: 2, Callbacks: []train.Callback{&worst{limit: 1e9}, told{}}, Resume: s}
			c.change(s, &cfg)
			_, err := compile(t, m, train.Config{Metrics: []metrics.Metric{metrics.MAE{}}}).Fit(background, data, cfg)
			errtest.Check(t, err, c.want)
			if hash(t, m) != before {
				t.Error("changed the weights")
			}
		})
	}
	// What a callback refuses is an error of its place.
	s := newState()
	s.Fit.Callbacks[0] = train.CallbackState{}
	cfg := train.FitConfig{Epochs: 2, BatchSize: 2, Callbacks: []train.Callback{&worst{limit: 1e9}, told{}}, Resume: s}
	_, err := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.MAE{}}}).Fit(background, data, cfg)
	errtest.Check(t, err, graph.Error{Field: "numbers", Value: 0})
}

// Metrics of Engram can be resumed within an epoch; one whose accumulator has no state is
// named.
func TestCheckResume(t *testing.T) {
	check(t, compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.MAE{}, metrics.R2Score{}}}).CheckResume())
	trainer := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.MAE{}, stateless{metrics.RMSE{}}}})
	errtest.Check(t, trainer.CheckResume(), graph.Error{Path: "sequential", Field: "rmse"})
	errtest.Check(t, (&train.Trainer{}).CheckResume(), graph.Error{Field: "trainer"})
}

// stateless hides the state of a metric's accumulator.
type stateless struct{ metrics.Metric }

func (s stateless) Start() metrics.Accumulator {
	return struct{ metrics.Accumulator }{s.Metric.Start()}
}
