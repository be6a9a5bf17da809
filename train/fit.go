package train

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// DefaultBatchSize is the number of samples of a batch by default.
const DefaultBatchSize = 32

// maxCount limits samples, epochs and the steps of an epoch, so that the number of
// all steps does not overflow.
const maxCount = min(1<<31, math.MaxInt)

// FitConfig says how Fit goes through the data.
type FitConfig struct {
	Epochs           int            // number of the last epoch, from 1; default 1
	InitialEpoch     int            // epochs done before, so that Epochs − InitialEpoch are left; default 0
	BatchSize        int            // default DefaultBatchSize; the last batch of an epoch may be smaller
	StepsPerEpoch    int            // batches of an epoch; default: all batches of the data
	NoShuffle        bool           // keeps the samples in order; by default each pass over them has a new one, which the data may arrange; see samples.Ordered
	Validation       samples.Data   // evaluated after every epoch; default none
	ValidationStream samples.Stream // its first pass is evaluated after every epoch, instead of Validation; default none
	ValidationSplit  float64        // share of the data, its last samples, used as Validation; default 0
	ValidationSteps  int            // number of batches of the validation, from the first; default all
	Callbacks        []Callback
	Progress         io.Writer // for Keras' progress line; nil for none

	// ClassWeight are weights of classes in the training loss, by the number of the
	// class, 1 by default. Targets must be numbers of classes, or 1 for the class
	// and 0 for the others. The weights multiply those of samples; metrics and
	// validation ignore them.
	ClassWeight map[int]float64

	// ClassWeightOf are those of several outputs, by the name of the output. Outputs
	// without a name here have weights of 1.
	ClassWeightOf map[string]map[int]float64

	// DropRemainder leaves out the last batch of a pass over the data where it is
	// smaller than BatchSize; Keras' fit never does. The variance of one or two
	// samples is near 0, and moves the moving variance of BatchNormalization as much
	// as that of a full batch. With shuffling, each pass leaves out other samples.
	DropRemainder bool

	// Resume continues from a state that a callback took in another Fit, to the same
	// bits as a run that never stopped; package train/checkpoint does this with files.
	// Model, data and config must be the same, except Epochs, and the callbacks equal
	// and in the same order. What FitState.Setup shows to differ is an error that lists
	// it. The history continues that of the state. TrainBegin and, within an epoch,
	// EpochBegin are sent again, before the states of callbacks are restored.
	Resume *State
}

// Fit trains on data for some epochs. It stops between batches when ctx is done.
// The history holds the finished epochs, also together with an error; the weights
// are then those of the last step. A second call continues with the weights and
// the optimizer's state, and with new orders of samples and new random draws.
//
// With StepsPerEpoch an epoch continues the pass over the data where the previous
// one ended, and starts a new pass at the end of the data, which Keras does only
// for data that repeats. With InitialEpoch, orders and random draws are those of
// the epochs after it.
func (t *Trainer) Fit(ctx context.Context, data samples.Data, cfg FitConfig) (*History, error) {
	history := &History{}
	if err := t.checkContext(ctx); err != nil {
		return history, err
	}
	data, err := t.prepare(data, &cfg)
	if err != nil {
		return history, err
	}
	from := &indexed{trainer: t, data: data, cfg: cfg, size: min(cfg.BatchSize, data.Len()), pass: -1}
	return history, t.fitTo(ctx, history, from, cfg)
}

// FitStream is Fit on a stream. An epoch is a pass over it, whose number is that of the
// epochs begun before, or StepsPerEpoch batches, which a stream without an end needs. With
// StepsPerEpoch an epoch continues the pass where the previous one ended, and a new pass
// begins where one ends. A pass without a batch is an error.
//
// Batches and their order are those of the stream; samples.Rebatch makes and shuffles
// them. So NoShuffle, ValidationSplit and DropRemainder must be zero, and BatchSize is
// that of Validation alone. Event.Batches is 0 without StepsPerEpoch.
//
// A resumed run opens the pass in which the state was taken, and passes over the batches
// that were done; see samples.Skipper.
func (t *Trainer) FitStream(ctx context.Context, stream samples.Stream, cfg FitConfig) (*History, error) {
	history := &History{}
	if err := t.checkContext(ctx); err != nil {
		return history, err
	}
	if isNil(stream) {
		return history, t.fail("stream", "must not be nil", nil)
	}
	const rule = "must be unset for a stream, which has its own batches and order; see samples.Rebatch"
	switch {
	case cfg.NoShuffle:
		return history, t.fail("FitConfig.NoShuffle", rule, cfg.NoShuffle)
	case cfg.DropRemainder:
		return history, t.fail("FitConfig.DropRemainder", rule, cfg.DropRemainder)
	case cfg.ValidationSplit != 0:
		return history, t.fail("FitConfig.ValidationSplit", rule, cfg.ValidationSplit)
	}
	if err := t.checkFit(&cfg); err != nil {
		return history, err
	}
	from := &streamed{trainer: t, stream: stream, count: cfg.StepsPerEpoch}
	from.at.Pass = max(t.position.epoch, cfg.InitialEpoch)
	return history, t.fitTo(ctx, history, from, cfg)
}

// fitTo trains on the batches of a source, with a config that has been checked.
func (t *Trainer) fitTo(ctx context.Context, history *History, from source, cfg FitConfig) (err error) {
	weights, err := t.newClassWeights(cfg)
	if err != nil {
		return err
	}
	f := &fitRun{source: from, cfg: cfg, weights: weights}
	f.callbackRun = callbackRun{trainer: t, callbacks: cfg.Callbacks, epochs: cfg.Epochs, history: history}
	if cfg.Resume != nil {
		if err := f.resume(cfg.Resume); err != nil {
			return err
		}
	} else {
		t.position.epoch = max(t.position.epoch, cfg.InitialEpoch)
		f.epoch = cfg.InitialEpoch
	}
	if cfg.Progress != nil {
		p := newProgress(cfg.Progress)
		defer p.close()
		f.callbacks = append([]Callback{p}, f.callbacks...)
	}
	outer := t.fit
	t.fit = f
	defer func() { t.fit = outer }()
	defer func() {
		if e := from.close(); err == nil {
			err = e
		}
	}()
	return f.failed(f.run(ctx))
}

// prepare checks the data and the config, fills in its defaults and splits off the
// validation data.
func (t *Trainer) prepare(data samples.Data, cfg *FitConfig) (samples.Data, error) {
	if err := t.checkData("data", data); err != nil {
		return nil, err
	}
	if err := t.checkFit(cfg); err != nil {
		return nil, err
	}
	if cfg.ValidationSplit > 0 {
		head, tail, err := samples.Split(data, cfg.ValidationSplit)
		if err != nil {
			return nil, errors.Wrapf(err, "%s: FitConfig.ValidationSplit", t.model.Name())
		}
		data, cfg.Validation = head, tail
		if err := t.checkCarry("validation data", tail, cfg.BatchSize); err != nil {
			return nil, err
		}
	}
	if cfg.DropRemainder && data.Len() < cfg.BatchSize {
		return nil, t.fail("FitConfig.DropRemainder", fmt.Sprintf("must be false where there are fewer samples than a batch of %d has", cfg.BatchSize), data.Len())
	}
	if t.carry && !cfg.NoShuffle {
		return nil, t.fail("FitConfig.NoShuffle", "must be set where states are carried", false)
	}
	if cfg.DropRemainder {
		return data, nil
	}
	return data, t.checkCarry("data", data, cfg.BatchSize)
}

// checkFit checks a config and fills in its defaults.
func (t *Trainer) checkFit(cfg *FitConfig) error {
	if cfg.Validation != nil {
		if err := t.checkData("FitConfig.Validation", cfg.Validation); err != nil {
			return err
		}
	}
	if err := t.checkCallbacks("FitConfig", cfg.Callbacks); err != nil {
		return err
	}
	for _, c := range []struct {
		field string
		value int
	}{
		{"Epochs", cfg.Epochs}, {"InitialEpoch", cfg.InitialEpoch}, {"BatchSize", cfg.BatchSize},
		{"StepsPerEpoch", cfg.StepsPerEpoch}, {"ValidationSteps", cfg.ValidationSteps},
	} {
		if c.value < 0 {
			return t.fail("FitConfig."+c.field, "must not be negative", c.value)
		}
	}
	if cfg.Epochs == 0 {
		cfg.Epochs = 1
	}
	if cfg.BatchSize == 0 {
		cfg.BatchSize = DefaultBatchSize
	}
	switch {
	case cfg.StepsPerEpoch > maxCount:
		return t.fail("FitConfig.StepsPerEpoch", fmt.Sprintf("must be at most %d", maxCount), cfg.StepsPerEpoch)
	case cfg.InitialEpoch > maxCount:
		return t.fail("FitConfig.InitialEpoch", fmt.Sprintf("must be at most %d", maxCount), cfg.InitialEpoch)
	case cfg.InitialEpoch > cfg.Epochs:
		return t.fail("FitConfig.InitialEpoch", fmt.Sprintf("must be at most Epochs, %d", cfg.Epochs), cfg.InitialEpoch)
	case !(cfg.ValidationSplit >= 0 && cfg.ValidationSplit < 1):
		return t.fail("FitConfig.ValidationSplit", "must be at least 0 and less than 1", cfg.ValidationSplit)
	case cfg.ValidationSplit > 0 && cfg.Validation != nil:
		return t.fail("FitConfig.ValidationSplit", "must be 0 where Validation is set", cfg.ValidationSplit)
	case cfg.ValidationStream != nil && (cfg.Validation != nil || cfg.ValidationSplit > 0):
		return t.fail("FitConfig.ValidationStream", "must be nil where there is other validation data", nil)
	case cfg.ValidationSteps > 0 && cfg.ValidationSplit == 0 && cfg.Validation == nil && cfg.ValidationStream == nil:
		return t.fail("FitConfig.ValidationSteps", "must be 0 where nothing is validated", cfg.ValidationSteps)
	}
	if cfg.Validation != nil {
		return t.checkCarry("validation data", cfg.Validation, cfg.BatchSize)
	}
	return nil
}

func (t *Trainer) checkCompiled() error {
	if t.model == nil {
		return graph.Error{Field: "trainer", Rule: "must be made by Compile"}
	}
	return nil
}

func (t *Trainer) checkContext(ctx context.Context) error {
	if err := t.checkCompiled(); err != nil {
		return err
	}
	if ctx == nil {
		return t.fail("ctx", "must not be nil", nil)
	}
	return nil
}

func (t *Trainer) checkData(field string, data samples.Data) error {
	if isNil(data) {
		return t.fail(field, "must not be nil", nil)
	}
	if data.Len() <= 0 {
		return t.fail(field, "must have samples", data.Len())
	}
	if data.Len() > maxCount {
		return t.fail(field, fmt.Sprintf("must have at most %d samples", maxCount), data.Len())
	}
	return nil
}

func (t *Trainer) checkCallbacks(config string, callbacks []Callback) error {
	for i, cb := range callbacks {
		if isNil(cb) {
			return t.fail(fmt.Sprintf("%s.Callbacks[%d]", config, i), "must not be nil", nil)
		}
	}
	return nil
}
