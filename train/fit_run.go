package train

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// fitRun is one run of Fit.
type fitRun struct {
	callbackRun
	data    samples.Data
	cfg     FitConfig
	weights []*classWeights // one for each objective, or none

	size  int   // of a batch; no more than there are samples
	pass  int   // over the samples, of which order is
	order []int // of the samples
	batch samples.Batch

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
	steps := f.steps()
	if err := f.send(EpochBegin, f.done, steps, nil); err != nil {
		return nil, err
	}
	if resumed {
		if err := f.restoreCallbacks(f.cfg.Resume.Fit); err != nil {
			return nil, err
		}
	}
	for b := f.done; b < steps && (b == 0 || !f.stopped); b++ {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: stopped in epoch %d before batch %d", t.model.Name(), f.epoch+1, b+1)
		}
		if err := f.send(TrainBatchBegin, b, steps, nil); err != nil {
			return nil, err
		}
		if err := f.step(b); err != nil {
			err = errors.Wrapf(err, "epoch %d, batch %d", f.epoch+1, b+1)
			if rescued, failed := f.rescued(b, steps, err); failed != nil {
				return nil, failed
			} else if rescued {
				return nil, errAbandoned
			}
			return nil, err
		}
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
	if f.cfg.Validation != nil {
		batches := chunks(inOrder(f.cfg.Validation.Len()), f.cfg.BatchSize)
		if n := f.cfg.ValidationSteps; n > 0 {
			batches = batches[:min(n, len(batches))]
		}
		val, err := t.evaluate(ctx, &f.callbackRun, f.cfg.Validation, batches)
		if err != nil {
			return nil, errors.Wrapf(err, "validation of epoch %d", f.epoch+1)
		}
		logs = append(logs, val.logs(validationPrefix)...)
	}
	return logs, nil
}

// steps is the number of batches of an epoch.
func (f *fitRun) steps() int {
	if f.cfg.StepsPerEpoch > 0 {
		return f.cfg.StepsPerEpoch
	}
	return f.perPass()
}

// perPass is the number of batches that hold all samples once, but for those that
// DropRemainder leaves out.
func (f *fitRun) perPass() int {
	if f.cfg.DropRemainder {
		return f.data.Len() / f.size
	}
	return (f.data.Len()-1)/f.size + 1
}

// step trains on batch b of the current epoch.
func (f *fitRun) step(b int) error {
	t := f.trainer
	if b == 0 || f.before(b)%f.perPass() == 0 {
		if err := t.ResetStates(); err != nil {
			return err
		}
	}
	rows, err := f.rows(b)
	if err != nil {
		return err
	}
	if err := t.gather(f.data, rows, &f.batch); err != nil {
		return err
	}
	classes, err := weighClasses(f.weights, f.batch.Targets)
	if err != nil {
		return err
	}
	in := feed{Batch: &f.batch, classWeights: classes}
	p, err := t.train(in)
	if err != nil {
		return err
	}
	return f.totals.add(p, in)
}

// before is how many batches came before batch b of the current epoch, over all
// epochs.
func (f *fitRun) before(b int) int { return (f.trainer.position.epoch-1)*f.steps() + b }

// rows are the samples of batch b of the current epoch. Epochs follow one another
// through passes over all samples, each in its own order, so the samples of an
// epoch depend only on its number.
func (f *fitRun) rows(b int) ([]int, error) {
	per, done := f.perPass(), f.before(b)
	if pass := done / per; pass != f.pass {
		order, err := f.newOrder(pass)
		if err != nil {
			return nil, err
		}
		f.pass, f.order = pass, order
	}
	from := done % per * f.size
	return f.order[from:min(from+f.size, len(f.order))], nil
}

// newOrder is the order of the samples in a pass over them. The data may choose which
// share a batch if they are shuffled.
func (f *fitRun) newOrder(pass int) ([]int, error) {
	n, m := f.data.Len(), f.trainer.model
	if f.cfg.NoShuffle {
		return inOrder(n), nil
	}
	order, err := samples.Order(f.data, graph.Rand(m.Seed(), "shuffle", m.Name(), graph.Tick{Epoch: pass + 1}).Perm(n), f.size)
	return order, errors.Wrapf(err, "%s: data", m.Name())
}

func inOrder(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// chunks cuts an order into batches of a size, the last perhaps smaller.
func chunks(order []int, size int) [][]int { return slices.Collect(slices.Chunk(order, size)) }

// state is how far the run has come.
func (f *fitRun) state() *FitState {
	s := &FitState{Epoch: f.epoch, InEpoch: f.inEpoch, Batches: f.steps(), Stopped: f.stopped, Setup: f.setup(), History: f.history.clone(), Callbacks: map[int]CallbackState{}}
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
	case at.Epoch < 0 || at.Epoch > f.cfg.Epochs || at.InEpoch && at.Epoch == f.cfg.Epochs:
		return t.fail(field+".Fit.Epoch", fmt.Sprintf("must be within Epochs, %d", f.cfg.Epochs), at.Epoch)
	case at.InEpoch && s.Epoch < 1:
		return t.fail(field+".Epoch", "must be positive within an epoch", s.Epoch)
	case at.Batches != f.steps():
		return t.fail(field+".Fit.Batches", fmt.Sprintf("must be the %d of this data and config", f.steps()), at.Batches)
	case at.Batch < 0 || at.Batch > at.Batches || !at.InEpoch && at.Batch != 0:
		return t.fail(field+".Fit.Batch", fmt.Sprintf("must be from 0 to %d, and 0 between epochs", at.Batches), at.Batch)
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
