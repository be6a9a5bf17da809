package train_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// inBatches is a stream of the samples in order, in batches of a size. It has no end if
// times is 0, and otherwise goes through the samples so often in a pass.
func inBatches(from datasets.Data, size, times int) samples.StreamFunc {
	return func(context.Context, int) iter.Seq2[*datasets.Batch, error] {
		return func(yield func(*datasets.Batch, error) bool) {
			var b datasets.Batch
			for k := 0; times == 0 || k < times; k++ {
				for at := 0; at < from.Len(); at += size {
					var rows []int
					for row := at; row < min(at+size, from.Len()); row++ {
						rows = append(rows, row)
					}
					if !yield(&b, from.Gather(rows, &b)) {
						return
					}
				}
			}
		}
	}
}

// A stream of the batches of data gives the bits that the data give in order.
func TestStreamOfData(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	for range 12 {
		n, size, carry := 2+random.IntN(20), 1+random.IntN(6), random.IntN(2) == 0
		if carry {
			n = size * (1 + random.IntN(5))
		}
		cfg := train.FitConfig{Epochs: 1 + random.IntN(4), StepsPerEpoch: random.IntN(8), BatchSize: size, NoShuffle: true, ValidationSteps: random.IntN(3)}
		run := func(fit func(tr *train.Trainer, all, validation datasets.Data) (*train.History, error)) (string, *train.History) {
			m := models.NewSequential(models.Config{Seed: 7, Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features, 1}},
				layers.SimpleRNN{Units: 2}, layers.Dropout{Rate: 0.25}, layers.Dense{Units: 1})
			tr := compile(t, m, train.Config{CarryState: carry, Metrics: []metrics.Metric{metrics.MAE{}}})
			h, err := fit(tr, steps(t, 3, n), steps(t, 4, 2*size))
			check(t, err)
			return hash(t, m), h
		}
		wantHash, want := run(func(tr *train.Trainer, all, validation datasets.Data) (*train.History, error) {
			cfg := cfg
			cfg.Validation = validation
			return tr.Fit(t.Context(), all, cfg)
		})
		for _, ahead := range []bool{false, true} {
			gotHash, got := run(func(tr *train.Trainer, all, validation datasets.Data) (*train.History, error) {
				cfg := cfg
				cfg.NoShuffle = false
				var s samples.Stream = inBatches(all, size, 1)
				if ahead {
					s = samples.Prefetch{Stream: s}
					cfg.Validation = validation
				} else {
					cfg.ValidationStream = inBatches(validation, size, 1)
				}
				return tr.FitStream(t.Context(), s, cfg)
			})
			if diff := cmp.Diff(want, got); diff != "" || gotHash != wantHash {
				t.Errorf("%d samples, carry %v, %+v: %s", n, carry, cfg, diff)
			}
		}
	}
}

// steps are samples of sequences of one number a step.
func steps(t *testing.T, seed uint64, n int) datasets.Data {
	b := batch(t, table(t, seed, n))
	check(t, b.Inputs[0].Reshape(n, features, 1))
	d, err := datasets.FromTensors(b.Inputs, b.Targets)
	check(t, err)
	return d
}

// A run over a shuffled stream that is read ahead continues from every state to the bits
// of a run that never stopped.
func TestStreamResume(t *testing.T) {
	all := table(t, 1, 11)
	for _, perEpoch := range []int{0, 2, 5} {
		start := func(resume *train.State, epochs int, cb train.Callback) (string, *train.History) {
			m := linear(5, layers.Dropout{Rate: 0.5})
			s := samples.Prefetch{Stream: samples.Rebatch{Stream: inBatches(all, 4, 1), BatchSize: 3, Shuffle: 5, Seed: 9}}
			cfg := train.FitConfig{Epochs: epochs, StepsPerEpoch: perEpoch, ValidationStream: inBatches(all, 6, 1), Resume: resume}
			if cb != nil {
				cfg.Callbacks = []train.Callback{cb}
			}
			h, err := compile(t, m, train.Config{}).FitStream(t.Context(), s, cfg)
			check(t, err)
			return hash(t, m), h
		}
		var states []*train.State
		wantHash, want := start(nil, 3, train.CallbackFunc(func(e *train.Event) error {
			switch e.Moment {
			case train.EpochBegin, train.TrainBatchBegin, train.TrainBatchEnd, train.TestBegin, train.TestBatchEnd, train.EpochEnd:
				states = append(states, e.Trainer.State())
			}
			return nil
		}))
		if len(states) < 18 {
			t.Fatalf("%d states", len(states))
		}
		for i, s := range states {
			gotHash, got := start(s, 3, nil)
			if diff := cmp.Diff(want, got); diff != "" || gotHash != wantHash {
				t.Fatalf("%d batches an epoch, state %d at %+v: %s", perEpoch, i, *s.Fit.Stream, diff)
			}
		}
	}
}

// The passes have the numbers of the epochs, over all calls.
func TestStreamPasses(t *testing.T) {
	all := table(t, 1, 4)
	var passes []int
	counted := samples.StreamFunc(func(ctx context.Context, pass int) iter.Seq2[*datasets.Batch, error] {
		passes = append(passes, pass)
		return inBatches(all, 2, 1)(ctx, pass)
	})
	tr := compile(t, linear(1), train.Config{})
	for _, cfg := range []train.FitConfig{{Epochs: 2}, {Epochs: 1}, {Epochs: 6, InitialEpoch: 5}, {StepsPerEpoch: 5}} {
		_, err := tr.FitStream(t.Context(), counted, cfg)
		check(t, err)
	}
	if diff := cmp.Diff([]int{0, 1, 2, 5, 6, 7, 8}, passes); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluateStream(t *testing.T) {
	all := table(t, 1, 11)
	tr := compile(t, linear(1), train.Config{Metrics: []metrics.Metric{metrics.MAE{}}})
	for _, steps := range []int{0, 2} {
		want, err := tr.Evaluate(t.Context(), all, train.EvaluateConfig{BatchSize: 4, Steps: steps})
		check(t, err)
		var end train.Logs
		last := train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TestEnd {
				end = e.Logs
			}
			return nil
		})
		endless := inBatches(all, 4, 1)
		if steps > 0 {
			endless = inBatches(all, 4, 0)
		}
		got, err := tr.EvaluateStream(t.Context(), endless, train.EvaluateConfig{Steps: steps, Callbacks: []train.Callback{last}})
		check(t, err)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d steps: %s", steps, diff)
		}
		if diff := cmp.Diff(want, end); diff != "" {
			t.Errorf("%d steps, at TestEnd: %s", steps, diff)
		}
	}
}

func TestStreamErrors(t *testing.T) {
	all := table(t, 1, 4)
	good := inBatches(all, 2, 1)
	empty := samples.StreamFunc(func(_ context.Context, pass int) iter.Seq2[*datasets.Batch, error] {
		if pass == 0 {
			return good(t.Context(), 0)
		}
		return func(func(*datasets.Batch, error) bool) {}
	})
	broken := samples.StreamFunc(func(context.Context, int) iter.Seq2[*datasets.Batch, error] {
		return func(yield func(*datasets.Batch, error) bool) { yield(nil, io.ErrUnexpectedEOF) }
	})
	fit := func(s samples.Stream, cfg train.FitConfig) error {
		_, err := compile(t, linear(1), train.Config{}).FitStream(t.Context(), s, cfg)
		return err
	}
	wantError(t, fit(nil, train.FitConfig{}), "stream must not be nil")
	wantError(t, fit(empty, train.FitConfig{Epochs: 2}), "must have a batch in every pass", "none in pass 1")
	wantError(t, fit(empty, train.FitConfig{StepsPerEpoch: 3}), "must have a batch in every pass")
	wantError(t, fit(broken, train.FitConfig{}), "pass 0 of the stream", "unexpected EOF")
	wantError(t, fit(good, train.FitConfig{ValidationStream: broken}), "validation of epoch 1", "unexpected EOF")
	wantError(t, fit(good, train.FitConfig{ValidationStream: good, Validation: all}), "ValidationStream")
	wantError(t, fit(good, train.FitConfig{NoShuffle: true}), "NoShuffle must be unset for a stream")
	wantError(t, fit(good, train.FitConfig{DropRemainder: true}), "DropRemainder must be unset for a stream")
	wantError(t, fit(good, train.FitConfig{ValidationSplit: 0.5}), "ValidationSplit must be unset for a stream")
	wantError(t, fit(good, train.FitConfig{Epochs: -1}), "Epochs must not be negative")
	_, err := compile(t, linear(1), train.Config{}).EvaluateStream(t.Context(), good, train.EvaluateConfig{BatchSize: 2})
	wantError(t, err, "BatchSize must be 0 for a stream")

	carry := compile(t, models.NewSequential(models.Config{Dtype: tensor.Float64}, layers.Input{Shape: graph.Shape{features, 1}}, layers.SimpleRNN{Units: 1}), train.Config{CarryState: true})
	_, err = carry.FitStream(t.Context(), inBatches(steps(t, 1, 5), 2, 1), train.FitConfig{})
	wantError(t, err, "must have 2 samples like the one before")

	var state *train.State
	keep := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd {
			state = e.Trainer.State()
		}
		return nil
	})
	check(t, fit(good, train.FitConfig{Callbacks: []train.Callback{keep}}))
	state.Fit.Batch, state.Fit.Stream.Batches = 3, 3
	wantError(t, fit(good, train.FitConfig{Resume: state, Callbacks: []train.Callback{keep}}), "must have the 3 batches that the run had read")
	state.Fit.Stream = nil
	wantError(t, fit(good, train.FitConfig{Resume: state, Callbacks: []train.Callback{keep}}), "Fit.Stream must be set")
}

// Fit ends the goroutine that reads an endless stream ahead.
func TestStreamLeavesNoGoroutine(t *testing.T) {
	all := table(t, 1, 4)
	tr := compile(t, linear(1), train.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	run := func(s samples.Stream, cfg train.FitConfig) error {
		_, err := tr.FitStream(ctx, samples.Prefetch{Stream: s}, cfg)
		return err
	}
	check(t, run(inBatches(all, 2, 0), train.FitConfig{StepsPerEpoch: 3})) // starts what stays
	before := runtime.NumGoroutine()
	check(t, run(inBatches(all, 2, 0), train.FitConfig{StepsPerEpoch: 3, Epochs: 3}))
	wantError(t, run(inBatches(all, 2, 0), train.FitConfig{StepsPerEpoch: 3, Callbacks: []train.Callback{train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.TrainBatchEnd && e.Batch == 1 {
			return errors.New("enough")
		}
		return nil
	})}}), "enough")
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := run(inBatches(all, 2, 0), train.FitConfig{}); !errors.Is(err, context.Canceled) { // no StepsPerEpoch: one epoch without an end
		t.Errorf("got %v", err)
	}
	deadline := time.Now().Add(5 * time.Second)
	for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines are left", n-before)
	}
}

// Class weights and weights of samples count as in data.
func TestStreamWeights(t *testing.T) {
	x, _ := rows(1, 6)
	y := [][]float64{{0}, {1}, {1}, {0}, {1}, {0}}
	weighed, err := datasets.Weigh(inMemory(t, x, y), tensor.New(tensor.WithShape(6), tensor.WithBacking([]float64{1, 2, 0, 1, 0.5, 3})))
	check(t, err)
	cfg := train.FitConfig{ClassWeight: map[int]float64{1: 3}, Epochs: 2}
	ordered := cfg
	ordered.NoShuffle, ordered.BatchSize = true, 4
	a, b := linear(1), linear(1)
	want, err := compile(t, a, train.Config{Loss: losses.BinaryCrossentropy{FromLogits: true}}).Fit(t.Context(), weighed, ordered)
	check(t, err)
	got, err := compile(t, b, train.Config{Loss: losses.BinaryCrossentropy{FromLogits: true}}).FitStream(t.Context(), inBatches(weighed, 4, 1), cfg)
	check(t, err)
	if diff := cmp.Diff(want, got); diff != "" || hash(t, a) != hash(t, b) {
		t.Error(diff)
	}
}

// A run does not continue on a stream with other fields.
func TestStreamSetup(t *testing.T) {
	all := table(t, 1, 12)
	run := func(s samples.Stream, cfg train.FitConfig) (state *train.State, err error) {
		cfg.Callbacks = []train.Callback{train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.EpochEnd {
				state = e.Trainer.State()
			}
			return nil
		})}
		_, err = compile(t, linear(1), train.Config{}).FitStream(t.Context(), s, cfg)
		return state, err
	}
	stream := func(shuffle int) samples.Stream {
		return samples.Prefetch{Stream: &samples.Rebatch{Stream: inBatches(all, 4, 1), Shuffle: shuffle}}
	}
	state, err := run(stream(3), train.FitConfig{ValidationStream: stream(1)})
	check(t, err)
	for _, c := range []struct {
		stream, validation samples.Stream
		want               string
	}{
		{stream(4), stream(1), "Data.Value.Stream.Value.Shuffle is 3 in the state and 4 now"},
		{stream(3), stream(2), "Validation.Value.Stream.Value.Shuffle is 1 in the state and 2 now"},
		{inBatches(all, 4, 1), stream(1), "Data.Type is"},
	} {
		_, err = run(c.stream, train.FitConfig{Epochs: 2, ValidationStream: c.validation, Resume: state})
		wantError(t, err, "FitConfig.Resume must come from a run with the same model, data and config", c.want)
	}
	_, err = run(stream(3), train.FitConfig{Epochs: 2, ValidationStream: stream(1), Resume: state})
	check(t, err)
	_, err = compile(t, linear(1), train.Config{}).Fit(t.Context(), all, train.FitConfig{Epochs: 2, Resume: state})
	wantError(t, err, "FitConfig.Resume")
}

// seekable is a stream whose readers skip.
type seekable struct {
	samples.StreamFunc
	skipped, read *int
}

func (s seekable) Open(ctx context.Context, pass int) (samples.Reader, error) {
	r, err := s.StreamFunc.Open(ctx, pass)
	return &seeking{r, s}, err
}

type seeking struct {
	samples.Reader
	of seekable
}

func (s *seeking) Next(into *samples.Batch) error {
	*s.of.read++
	return s.Reader.Next(into)
}

func (s *seeking) Skip(n int) error {
	*s.of.skipped += n
	return samples.Skip(s.Reader, n)
}

// A resumed run skips the batches before it, if the stream can.
func TestStreamSkips(t *testing.T) {
	var skipped, read int
	s := seekable{inBatches(table(t, 1, 10), 2, 1), &skipped, &read}
	for _, stream := range []samples.Stream{s, samples.Prefetch{Stream: s, Batches: 1}} {
		var state *train.State
		keep := train.CallbackFunc(func(e *train.Event) error {
			if e.Moment == train.TrainBatchEnd && e.Batch == 2 && state == nil {
				state = e.Trainer.State()
			}
			return nil
		})
		a, b := linear(1), linear(1)
		_, err := compile(t, a, train.Config{}).FitStream(t.Context(), stream, train.FitConfig{Callbacks: []train.Callback{keep}})
		check(t, err)
		skipped, read = 0, 0
		_, err = compile(t, b, train.Config{}).FitStream(t.Context(), stream, train.FitConfig{Callbacks: []train.Callback{keep}, Resume: state})
		check(t, err)
		if skipped != 3 || read != 3 || hash(t, a) != hash(t, b) { // two batches and the end
			t.Errorf("%T: %d skipped, %d read", stream, skipped, read)
		}
	}
}

// Steps are the first batches of data, too.
func TestPredictSteps(t *testing.T) {
	all := table(t, 1, 11)
	tr := compile(t, linear(1), train.Config{})
	whole, err := tr.Predict(t.Context(), all, train.EvaluateConfig{BatchSize: 4})
	check(t, err)
	for steps, n := range map[int]int{1: 4, 2: 8, 3: 11, 9: 11} {
		got, err := tr.Predict(t.Context(), all, train.EvaluateConfig{BatchSize: 4, Steps: steps})
		check(t, err)
		if diff := cmp.Diff(whole.Float64s()[:n], got.Float64s()); diff != "" {
			t.Errorf("%d steps: %s", steps, diff)
		}
	}
	_, err = tr.Predict(t.Context(), all, train.EvaluateConfig{Steps: -1})
	wantError(t, err, "EvaluateConfig.Steps must not be negative")
}

// An epoch that begins at the end of a pass is the next pass.
func TestStreamResumeAtTheEnd(t *testing.T) {
	s := inBatches(table(t, 1, 4), 2, 1)
	var state *train.State
	keep := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd && state == nil {
			state = e.Trainer.State()
		}
		return nil
	})
	cfg := train.FitConfig{Epochs: 2, Callbacks: []train.Callback{keep}}
	a, b := linear(1), linear(1)
	want, err := compile(t, a, train.Config{}).FitStream(t.Context(), s, cfg)
	check(t, err)
	state.Fit.Stream = &train.StreamPosition{Batches: 2, Samples: 4}
	cfg.Resume = state
	got, err := compile(t, b, train.Config{}).FitStream(t.Context(), s, cfg)
	check(t, err)
	if diff := cmp.Diff(want, got); diff != "" || hash(t, a) != hash(t, b) {
		t.Error(diff)
	}
}
