package train

import (
	"context"
	"fmt"
	"io"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/metrics"
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
// ends. The history holds the epochs that were finished, also beside an error.
func (t *Trainer) Fit(ctx context.Context, data datasets.Data, cfg FitConfig) (*History, error) {
	history := &History{}
	data, err := t.prepare(data, &cfg)
	if err != nil {
		return history, err
	}
	c := &course{trainer: t, callbacks: cfg.Callbacks, epochs: cfg.Epochs}
	if cfg.Progress != nil {
		c.callbacks = append([]Callback{newProgress(cfg.Progress)}, c.callbacks...)
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
	fail := func(field, rule string, value any) (datasets.Data, error) {
		return nil, graph.Error{Path: t.model.Name(), Field: field, Rule: rule, Value: value}
	}
	switch {
	case data == nil:
		return fail("data", "must not be nil", nil)
	case data.Len() <= 0:
		return fail("data", "must have samples", data.Len())
	case cfg.Epochs < 0:
		return fail("FitConfig.Epochs", "must not be negative", cfg.Epochs)
	case cfg.BatchSize < 0:
		return fail("FitConfig.BatchSize", "must not be negative", cfg.BatchSize)
	case !(cfg.ValidationSplit >= 0 && cfg.ValidationSplit < 1):
		return fail("FitConfig.ValidationSplit", "must be at least 0 and less than 1", cfg.ValidationSplit)
	case cfg.ValidationSplit > 0 && cfg.Validation != nil:
		return fail("FitConfig.ValidationSplit", "must be 0 where Validation is set", cfg.ValidationSplit)
	case cfg.Validation != nil && cfg.Validation.Len() <= 0:
		return fail("FitConfig.Validation", "must have samples", cfg.Validation.Len())
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
			return nil, errors.Wrap(err, "FitConfig.ValidationSplit")
		}
		data, cfg.Validation = head, tail
	}
	return data, nil
}

// fitEpoch trains on all samples once and evaluates the validation data.
func (t *Trainer) fitEpoch(ctx context.Context, c *course, data datasets.Data, cfg FitConfig) (Logs, error) {
	t.epoch, t.step = t.epoch+1, 0
	if err := c.tell(EpochBegin, 0, 0, nil); err != nil {
		return nil, err
	}
	order := t.order(data.Len(), cfg.NoShuffle)
	batches := (len(order) + cfg.BatchSize - 1) / cfg.BatchSize
	sum := t.startSum()
	var batch datasets.Batch
	for b := range batches {
		if err := ctx.Err(); err != nil {
			return nil, errors.Wrapf(err, "%s: stopped in epoch %d before batch %d", t.model.Name(), c.epoch+1, b+1)
		}
		if err := c.tell(TrainBatchBegin, b, batches, nil); err != nil {
			return nil, err
		}
		rows := order[b*cfg.BatchSize : min((b+1)*cfg.BatchSize, len(order))]
		if err := data.Gather(rows, &batch); err != nil {
			return nil, err
		}
		p, err := t.train(&batch)
		if err == nil {
			err = sum.add(p, &batch)
		}
		if err != nil {
			return nil, errors.Wrapf(err, "epoch %d, batch %d", c.epoch+1, b+1)
		}
		if len(c.callbacks) > 0 {
			if err := c.tell(TrainBatchEnd, b, batches, sum.logs("")); err != nil {
				return nil, err
			}
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
		logs = append(logs, val.logs("val_")...)
	}
	return logs, nil
}

// order is the order of the samples in the epoch at hand.
func (t *Trainer) order(n int, sorted bool) []int {
	if !sorted {
		return graph.Rand(t.model.Seed(), "shuffle", t.model.Name(), graph.Tick{Epoch: t.epoch}).Perm(n)
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

// sum adds up loss and metrics over an epoch, exactly: a smaller batch counts
// by its samples.
type sum struct {
	loss, samples float64
	metrics       []metrics.Metric
	values        []metrics.Accumulator
}

func (t *Trainer) startSum() *sum {
	s := &sum{metrics: t.cfg.Metrics}
	for _, m := range s.metrics {
		s.values = append(s.values, m.Start())
	}
	return s
}

func (s *sum) add(p *program, batch *datasets.Batch) error {
	n := float64(batch.Inputs[0].Shape()[0])
	s.loss += p.value() * n
	s.samples += n
	for i, v := range s.values {
		if err := v.Add(batch.Targets[0], p.output, batch.Weights); err != nil {
			return errors.Wrap(err, s.metrics[i].Name())
		}
	}
	return nil
}

func (s *sum) logs(prefix string) Logs {
	out := Logs{{prefix + "loss", s.loss / s.samples}}
	for i, v := range s.values {
		out = append(out, Log{fmt.Sprint(prefix, s.metrics[i].Name()), v.Result()})
	}
	return out
}
