package train

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// DefaultBatchSize is how many samples a batch has where nothing is said.
const DefaultBatchSize = 32

// FitConfig says how Fit goes through the data.
type FitConfig struct {
	Epochs          int           // 1
	BatchSize       int           // DefaultBatchSize; the last batch of an epoch may be smaller
	NoShuffle       bool          // keeps the samples in their order; otherwise every epoch has its own
	Validation      datasets.Data // evaluated after every epoch
	ValidationSplit float64       // or so much of the data, its last samples
	Callbacks       []Callback
	Progress        io.Writer // where Keras' progress line goes; nowhere if nil
}

// Fit trains on data, epoch after epoch. It stops between batches when ctx
// ends. The history holds the epochs that were finished, also beside an error;
// the weights are then those of the last step that was done. Called again, it
// goes on: with the weights, with the optimizer's memory, and with other orders
// and random draws than before.
func (t *Trainer) Fit(ctx context.Context, data datasets.Data, cfg FitConfig) (*History, error) {
	history := &History{}
	data, err := t.prepare(data, &cfg)
	if err != nil {
		return history, err
	}
	c := &course{trainer: t, callbacks: cfg.Callbacks, epochs: cfg.Epochs}
	if cfg.Progress != nil {
		p := newProgress(cfg.Progress)
		defer p.close()
		c.callbacks = append([]Callback{p}, c.callbacks...)
	}
	if err := c.tell(TrainBegin, 0, 0, nil); err != nil {
		return history, err
	}
	for c.epoch = 0; c.epoch < cfg.Epochs && !c.stopped; c.epoch++ {
		logs, err := t.fitEpoch(ctx, c, data, cfg)
		if err != nil {
			return history, err
		}
		history.add(c.epoch, logs)
		if err := c.tell(EpochEnd, 0, 0, logs); err != nil {
			return history, err
		}
	}
	return history, c.tell(TrainEnd, 0, 0, nil)
}

// prepare checks the config, fills in its defaults, and splits the validation
// data off.
func (t *Trainer) prepare(data datasets.Data, cfg *FitConfig) (datasets.Data, error) {
	if err := t.checkData("data", data); err != nil {
		return nil, err
	}
	if cfg.Validation != nil {
		if err := t.checkData("FitConfig.Validation", cfg.Validation); err != nil {
			return nil, err
		}
	}
	if err := t.checkCallbacks("FitConfig", cfg.Callbacks); err != nil {
		return nil, err
	}
	switch {
	case cfg.Epochs < 0:
		return nil, t.fail("FitConfig.Epochs", "must not be negative", cfg.Epochs)
	case cfg.BatchSize < 0:
		return nil, t.fail("FitConfig.BatchSize", "must not be negative", cfg.BatchSize)
	case !(cfg.ValidationSplit >= 0 && cfg.ValidationSplit < 1):
		return nil, t.fail("FitConfig.ValidationSplit", "must be at least 0 and less than 1", cfg.ValidationSplit)
	case cfg.ValidationSplit > 0 && cfg.Validation != nil:
		return nil, t.fail("FitConfig.ValidationSplit", "must be 0 where Validation is set", cfg.ValidationSplit)
	}
	if cfg.Epochs == 0 {
		cfg.Epochs = 1
	}
	if cfg.BatchSize == 0 {
		cfg.BatchSize = DefaultBatchSize
	}
	if cfg.ValidationSplit > 0 {
		head, tail, err := datasets.Split(data, cfg.ValidationSplit)
		if err != nil {
			return nil, errors.Wrapf(err, "%s: FitConfig.ValidationSplit", t.model.Name())
		}
		data, cfg.Validation = head, tail
	}
	return data, nil
}

func (t *Trainer) checkData(field string, data datasets.Data) error {
	if data == nil {
		return t.fail(field, "must not be nil", nil)
	}
	if data.Len() <= 0 {
		return t.fail(field, "must have samples", data.Len())
	}
	return nil
}

func (t *Trainer) checkCallbacks(config string, callbacks []Callback) error {
	for i, cb := range callbacks {
		if cb == nil {
			return t.fail(fmt.Sprintf("%s.Callbacks[%d]", config, i), "must not be nil", nil)
		}
	}
	return nil
}

// fitEpoch trains on all samples once and evaluates the validation data.
func (t *Trainer) fitEpoch(ctx context.Context, c *course, data datasets.Data, cfg FitConfig) (Logs, error) {
	t.epoch, t.step = t.epoch+1, 0
	if err := c.tell(EpochBegin, 0, 0, nil); err != nil {
		return nil, err
	}
	batches := chunks(t.order(data.Len(), cfg.NoShuffle), cfg.BatchSize)
	sum := t.startSum()
	var batch datasets.Batch
	for b, rows := range batches {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: stopped in epoch %d before batch %d", t.model.Name(), c.epoch+1, b+1)
		}
		if err := c.tell(TrainBatchBegin, b, len(batches), nil); err != nil {
			return nil, err
		}
		if err := t.fitBatch(data, rows, &batch, sum); err != nil {
			return nil, errors.Wrapf(err, "epoch %d, batch %d", c.epoch+1, b+1)
		}
		if err := c.tell(TrainBatchEnd, b, len(batches), sum.logs("")); err != nil {
			return nil, err
		}
		if c.stopped {
			break
		}
	}
	logs := sum.logs("")
	if cfg.Validation != nil {
		val, err := t.evaluate(ctx, c, cfg.Validation, cfg.BatchSize)
		if err != nil {
			return nil, errors.Wrapf(err, "validation of epoch %d", c.epoch+1)
		}
		logs = append(logs, val.logs(validationPrefix)...)
	}
	return logs, nil
}

// fitBatch trains on the samples at rows; batch is room for them.
func (t *Trainer) fitBatch(data datasets.Data, rows []int, batch *datasets.Batch, sum *sum) error {
	if err := t.gather(data, rows, batch); err != nil {
		return err
	}
	p, err := t.train(batch)
	if err != nil {
		return err
	}
	return sum.add(p, batch)
}

// order is the order of the samples in the epoch at hand.
func (t *Trainer) order(n int, sorted bool) []int {
	if sorted {
		return inOrder(n)
	}
	return graph.Rand(t.model.Seed(), "shuffle", t.model.Name(), graph.Tick{Epoch: t.epoch}).Perm(n)
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
