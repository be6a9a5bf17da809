package train

import (
	"context"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// fitRun is one run of Fit at work.
type fitRun struct {
	callbackRun
	data    datasets.Data
	cfg     FitConfig
	weights *classWeights // nil where there are none

	size  int   // of a batch; no more than there are samples
	pass  int   // over the samples, the one whose order is at hand
	order []int // in which they come
	batch datasets.Batch
	class *tensor.Dense // weights of the classes of the batch
}

// run trains for an epoch and evaluates the validation data.
func (f *fitRun) run(ctx context.Context) (Logs, error) {
	t := f.trainer
	t.position.epoch, t.position.step = t.position.epoch+1, 0
	if err := f.tell(EpochBegin, 0, 0, nil); err != nil {
		return nil, err
	}
	steps, totals := f.steps(), t.newTotals()
	for b := 0; b < steps && (b == 0 || !f.stopped); b++ {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: stopped in epoch %d before batch %d", t.model.Name(), f.epoch+1, b+1)
		}
		if err := f.tell(TrainBatchBegin, b, steps, nil); err != nil {
			return nil, err
		}
		if err := f.step(b, totals); err != nil {
			return nil, errors.Wrapf(err, "epoch %d, batch %d", f.epoch+1, b+1)
		}
		var logs Logs
		if len(f.callbacks) > 0 {
			logs = totals.logs("")
		}
		if err := f.tell(TrainBatchEnd, b, steps, logs); err != nil {
			return nil, err
		}
	}
	logs := totals.logs("")
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

// perPass is the number of batches that hold all samples once.
func (f *fitRun) perPass() int { return (f.data.Len()-1)/f.size + 1 }

// step trains on batch b of the epoch at hand.
func (f *fitRun) step(b int, totals *epochTotals) error {
	t := f.trainer
	if b == 0 || f.done(b)%f.perPass() == 0 {
		if err := t.ResetStates(); err != nil {
			return err
		}
	}
	if err := t.gather(f.data, f.rows(b), &f.batch); err != nil {
		return err
	}
	var err error
	if f.class, err = f.weights.of(f.batch.Targets, f.class); err != nil {
		return err
	}
	in := feed{Batch: &f.batch, classWeights: f.class}
	p, err := t.train(in)
	if err != nil {
		return err
	}
	return totals.add(p, in)
}

// done is how many batches came before batch b of the epoch at hand.
func (f *fitRun) done(b int) int { return (f.trainer.position.epoch-1)*f.steps() + b }

// rows are the samples of batch b of the epoch at hand. Epochs follow one
// another through passes over all samples, each in an order of its own, so what
// they hold depends on their numbers alone.
func (f *fitRun) rows(b int) []int {
	per, done := f.perPass(), f.done(b)
	if pass := done / per; pass != f.pass {
		f.pass, f.order = pass, f.trainer.order(f.data.Len(), pass, f.cfg.NoShuffle)
	}
	from := done % per * f.size
	return f.order[from:min(from+f.size, len(f.order))]
}

// order is the order of the samples in a pass over them.
func (t *Trainer) order(n, pass int, sorted bool) []int {
	if sorted {
		return inOrder(n)
	}
	return graph.Rand(t.model.Seed(), "shuffle", t.model.Name(), graph.Tick{Epoch: pass + 1}).Perm(n)
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
