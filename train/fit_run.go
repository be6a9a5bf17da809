package train

import (
	"context"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/pkg/errors"
)

// fitRun is one run of Fit.
type fitRun struct {
	callbackRun
	source  source
	cfg     FitConfig
	weights []*classWeights // one for each objective, or none

	inEpoch bool         // an epoch has begun
	done    int          // its batches so far
	totals  *epochTotals // over them

	described string // what setup has computed; "" before
}

// run goes through the epochs. A resumed run begins where the state was taken.
func (f *fitRun) run(ctx context.Context) error {
	resume := f.cfg.Resume
	if err := f.send(TrainBegin, 0, 0, nil); err != nil {
		return err
	}
	if resume != nil && !resume.Fit.InEpoch {
		if err := f.restoreCallbacks(resume.Fit); err != nil {
			return err
		}
	}
	for f.inEpoch || f.epoch < f.cfg.Epochs && !f.stopped {
		logs, err := f.runEpoch(ctx)
		if err == errAbandoned {
			f.inEpoch, f.totals = false, nil
			break
		}
		if err != nil {
			return err
		}
		f.history.add(f.epoch, logs)
		f.inEpoch, f.totals = false, nil
		if err := f.send(EpochEnd, 0, 0, logs); err != nil {
			return err
		}
		f.epoch++
	}
	if err := f.trainer.params.Update(f.trainer.optimizer.Finish); err != nil {
		return err
	}
	return f.send(TrainEnd, 0, 0, nil)
}

// errAbandoned says that a callback has ended Fit within an epoch, after a step that was
// an error.
var errAbandoned = errors.New("abandoned")

// runEpoch trains for an epoch, or for the rest of a resumed one, and evaluates
// the validation data.
func (f *fitRun) runEpoch(ctx context.Context) (Logs, error) {
	t, resumed := f.trainer, f.inEpoch
	if !resumed {
		t.position.epoch, t.position.step = t.position.epoch+1, 0
		f.inEpoch, f.done, f.totals = true, 0, t.newTotals()
	}
	steps := f.source.steps()
	if err := f.send(EpochBegin, f.done, steps, nil); err != nil {
		return nil, err
	}
	if resumed {
		if err := f.restoreCallbacks(f.cfg.Resume.Fit); err != nil {
			return nil, err
		}
	}
	for b := f.done; (steps == 0 || b < steps) && (b == 0 || !f.stopped); b++ {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: stopped in epoch %d before batch %d", t.model.Name(), f.epoch+1, b+1)
		}
		r, err := f.source.read(ctx, b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, errors.Wrapf(err, "epoch %d, batch %d", f.epoch+1, b+1)
		}
		if err := f.send(TrainBatchBegin, b, steps, nil); err != nil {
			return nil, err
		}
		if err := f.step(b, r); err != nil {
			err = errors.Wrapf(err, "epoch %d, batch %d", f.epoch+1, b+1)
			if rescued, failed := f.rescued(b, steps, err); failed != nil {
				return nil, failed
			} else if rescued {
				return nil, errAbandoned
			}
			return nil, err
		}
		f.source.done()
		f.done = b + 1
		var logs Logs
		if len(f.callbacks) > 0 {
			logs = f.totals.batchLogs()
		}
		if err := f.send(TrainBatchEnd, b, steps, logs); err != nil {
			return nil, err
		}
	}
	logs := f.totals.logs("")
	if validation := f.validation(); validation != nil {
		val, err := t.evaluate(ctx, &f.callbackRun, validation)
		if err != nil {
			return nil, errors.Wrapf(err, "validation of epoch %d", f.epoch+1)
		}
		logs = append(logs, val.logs(validationPrefix)...)
	}
	return logs, nil
}

// validation are the batches that are evaluated after an epoch; nil for none.
func (f *fitRun) validation() source {
	switch t, cfg := f.trainer, f.cfg; {
	case cfg.Validation != nil:
		return t.newListed(cfg.Validation, cfg.BatchSize, cfg.ValidationSteps)
	case cfg.ValidationStream != nil:
		return &streamed{trainer: t, stream: cfg.ValidationStream, count: cfg.ValidationSteps, once: true}
	}
	return nil
}

// step trains on batch b of the current epoch.
func (f *fitRun) step(b int, r reading) error {
	t := f.trainer
	if b == 0 || r.begins {
		if err := t.ResetStates(); err != nil {
			return err
		}
	}
	if err := f.train(r.Batch); err != nil {
		return t.locate(err, r.Batch, training, f.weights, r.sample)
	}
	return nil
}

func (f *fitRun) train(b *samples.Batch) error {
	classes, err := weighClasses(f.weights, b.Targets)
	if err != nil {
		return err
	}
	in := feed{Batch: b, classWeights: classes}
	p, err := f.trainer.train(in)
	if err != nil {
		return err
	}
	return f.totals.add(p, in)
}

// state is how far the run has come.
func (f *fitRun) state() *FitState {
	s := &FitState{Epoch: f.epoch, InEpoch: f.inEpoch, Batches: f.source.steps(), Stopped: f.stopped, Setup: f.setup(), History: f.history.clone(), Callbacks: map[int]CallbackState{}}
	if stream, ok := f.source.(*streamed); ok {
		s.Stream = new(stream.position(f.inEpoch))
	}
	if f.inEpoch {
		s.Batch, s.Totals = f.done, f.totals.state()
	} else if n := len(f.history.Epochs); n > 0 {
		s.Epoch = f.history.Epochs[n-1] + 1 // at EpochEnd the epoch is finished
	}
	for i, cb := range f.cfg.Callbacks {
		if c, ok := cb.(StatefulCallback); ok {
			s.Callbacks[i] = c.State()
		}
	}
	return s
}

// resume restores the trainer and the run from a state. Callbacks are restored
// later, after TrainBegin.
func (f *fitRun) resume(s *State) error {
	t, at := f.trainer, s.Fit
	const field = "FitConfig.Resume"
	if at == nil {
		return t.fail(field, "must be taken by a callback of Fit; Trainer.Restore takes any state", nil)
	}
	if err := f.checkSetup(at.Setup); err != nil {
		return err
	}
	switch {
	case f.cfg.InitialEpoch != 0:
		return t.fail("FitConfig.InitialEpoch", "must be 0 together with Resume", f.cfg.InitialEpoch)
	case at.Epoch < 0 || at.Epoch >= maxCount:
		return t.fail(field+".Fit.Epoch", fmt.Sprintf("must be from 0 to %d", maxCount-1), at.Epoch)
	case at.begun() > f.cfg.Epochs:
		return t.fail("FitConfig.Epochs", fmt.Sprintf("must be at least %d, the epochs that the resumed run has begun", at.begun()), f.cfg.Epochs)
	case at.InEpoch && s.Epoch < 1:
		return t.fail(field+".Epoch", "must be positive within an epoch", s.Epoch)
	case at.Batches != f.source.steps():
		return t.fail(field+".Fit.Batches", fmt.Sprintf("must be the %d of this data and config", f.source.steps()), at.Batches)
	case at.Batch < 0 || at.Batch > f.mostSteps() || !at.InEpoch && at.Batch != 0:
		return t.fail(field+".Fit.Batch", fmt.Sprintf("must be from 0 to %d, and 0 between epochs", f.mostSteps()), at.Batch)
	}
	if err := f.resumeStream(at.Stream); err != nil {
		return err
	}
	if err := f.checkCallbackStates(at.Callbacks); err != nil {
		return err
	}
	if at.InEpoch {
		f.totals = t.newTotals()
	}
	if at.Batch > 0 {
		if err := f.totals.restore(at.Totals); err != nil {
			return errors.Wrapf(err, "%s: %s.Fit.Totals", t.model.Name(), field)
		}
	}
	if err := t.Restore(s); err != nil {
		return errors.Wrap(err, field)
	}
	*f.history = at.History.clone()
	f.epoch, f.inEpoch, f.done, f.stopped = at.Epoch, at.InEpoch, at.Batch, at.Stopped
	return nil
}

// begun is the number of epochs that had begun.
func (s *FitState) begun() int {
	if s.InEpoch {
		return s.Epoch + 1
	}
	return s.Epoch
}

// mostSteps is the largest number of batches that an epoch can have.
func (f *fitRun) mostSteps() int {
	if n := f.source.steps(); n > 0 {
		return n
	}
	return maxCount
}

// resumeStream goes to a position in the stream; nil is that of a run over data.
func (f *fitRun) resumeStream(at *StreamPosition) error {
	const field = "FitConfig.Resume.Fit.Stream"
	stream, ok := f.source.(*streamed)
	switch {
	case !ok && at != nil:
		return f.trainer.fail(field, "must be nil, as Fit reads no stream; use FitStream", *at)
	case ok && at == nil:
		return f.trainer.fail(field, "must be set, as FitStream takes no state of Fit", nil)
	case !ok:
		return nil
	}
	if least, most := min(at.Pass, at.Batches, at.Samples), max(at.Pass, at.Batches, at.Samples); least < 0 || most > maxCount {
		return f.trainer.fail(field, fmt.Sprintf("must have numbers from 0 to %d", maxCount), *at)
	}
	stream.at = *at
	return nil
}

// checkCallbackStates checks that there is a state for every callback that has one, and
// no other.
func (f *fitRun) checkCallbackStates(states map[int]CallbackState) error {
	for i, cb := range f.cfg.Callbacks {
		if _, ok := states[i]; !ok && isStateful(cb) {
			return f.trainer.fail(fmt.Sprintf("FitConfig.Resume.Fit.Callbacks[%d]", i), "must be present, since the callback in that place has a state", nil)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(states)) {
		if i < 0 || i >= len(f.cfg.Callbacks) {
			return f.trainer.fail("FitConfig.Callbacks", fmt.Sprintf("must have a callback %d, whose state is in Resume", i), len(f.cfg.Callbacks))
		}
		if cb := f.cfg.Callbacks[i]; !isStateful(cb) {
			return f.trainer.fail(fmt.Sprintf("FitConfig.Callbacks[%d]", i), "must be a StatefulCallback, whose state is in Resume", fmt.Sprintf("%T", cb))
		}
	}
	return nil
}

func isStateful(cb Callback) bool {
	_, ok := cb.(StatefulCallback)
	return ok
}

func (f *fitRun) restoreCallbacks(s *FitState) error {
	for i, cb := range f.cfg.Callbacks {
		if c, ok := cb.(StatefulCallback); ok {
			if err := c.Restore(s.Callbacks[i]); err != nil {
				return errors.Wrapf(err, "%s: FitConfig.Resume.Fit.Callbacks[%d]", f.trainer.model.Name(), i)
			}
		}
	}
	return nil
}
