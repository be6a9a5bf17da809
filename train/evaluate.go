package train

import (
	"context"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// EvaluateConfig says how Evaluate and Predict go through the data.
type EvaluateConfig struct {
	BatchSize int // DefaultBatchSize
	Callbacks []Callback
}

// prepare checks the data and the config and gives the size of the batches.
func (c EvaluateConfig) prepare(ctx context.Context, t *Trainer, data samples.Data) (int, error) {
	if err := t.checkContext(ctx); err != nil {
		return 0, err
	}
	if err := t.checkData("data", data); err != nil {
		return 0, err
	}
	if err := t.checkCallbacks("EvaluateConfig", c.Callbacks); err != nil {
		return 0, err
	}
	switch {
	case c.BatchSize < 0:
		return 0, t.fail("EvaluateConfig.BatchSize", "must not be negative", c.BatchSize)
	case c.BatchSize == 0:
		c.BatchSize = DefaultBatchSize
	}
	return c.BatchSize, t.checkCarry("data", data, c.BatchSize)
}

// Evaluate returns the loss and the metrics on data, without training.
func (t *Trainer) Evaluate(ctx context.Context, data samples.Data, cfg EvaluateConfig) (Logs, error) {
	size, err := cfg.prepare(ctx, t, data)
	if err != nil {
		return nil, err
	}
	batches := chunks(inOrder(data.Len()), size)
	c := &callbackRun{trainer: t, callbacks: cfg.Callbacks}
	s, err := t.evaluate(ctx, c, data, batches)
	if err != nil {
		return nil, c.failed(err)
	}
	return s.logs(""), nil
}

func (t *Trainer) evaluate(ctx context.Context, c *callbackRun, data samples.Data, batches [][]int) (*epochTotals, error) {
	s, left := t.newTotals(), len(batches)
	err := t.forEachBatch(ctx, c, data, batches, evaluating, func(p *program, _ []int, batch *samples.Batch) (Logs, error) {
		if err := s.add(p, feed{Batch: batch}); err != nil {
			return nil, err
		}
		if left--; left > 0 {
			return s.batchLogs(), nil
		}
		return s.logs(""), nil // also those of TestEnd
	})
	return s, err
}

// Predict returns the output for the inputs of data, in its order; targets are
// ignored. It is models.Model.Predict with callbacks, over data that need not be in
// memory.
func (t *Trainer) Predict(ctx context.Context, data samples.Data, cfg EvaluateConfig) (*tensor.Dense, error) {
	out, err := t.PredictAll(ctx, data, cfg)
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, t.fail("Predict", "must be called on a model with one output; PredictAll returns several", len(out))
	}
	return out[0], nil
}

// PredictAll is Predict for a model with any number of outputs.
func (t *Trainer) PredictAll(ctx context.Context, data samples.Data, cfg EvaluateConfig) ([]*tensor.Dense, error) {
	size, err := cfg.prepare(ctx, t, data)
	if err != nil {
		return nil, err
	}
	var all []*tensor.Dense
	order := inOrder(data.Len())
	c := &callbackRun{trainer: t, callbacks: cfg.Callbacks}
	err = t.forEachBatch(ctx, c, data, chunks(order, size), predicting, func(p *program, rows []int, _ *samples.Batch) (Logs, error) {
		if all == nil {
			all = make([]*tensor.Dense, len(p.outputs))
		}
		for i, out := range p.outputs {
			shape := graph.Shape(out.Shape())
			if all[i] == nil && len(shape) > 0 {
				all[i] = dense.New(out.Dtype(), shape.With(0, len(order)))
			}
			if all[i] == nil || !shape.Equal(graph.Shape(all[i].Shape()).With(0, len(rows))) {
				return nil, t.fail("output", "must have the samples of the batch and one shape in all batches", shape)
			}
			dense.Copy(dense.Rows(all[i], rows[0], rows[0]+len(rows)), out)
		}
		return nil, nil
	})
	if err != nil {
		return nil, c.failed(err)
	}
	return all, nil
}

// forEachBatch runs the model on one batch of rows after another and sends the
// events to the callbacks; use turns the results of a batch into logs.
func (t *Trainer) forEachBatch(ctx context.Context, c *callbackRun, data samples.Data, batches [][]int, why purpose,
	use func(p *program, rows []int, batch *samples.Batch) (Logs, error)) error {
	begin, end, batchBegin, batchEnd := TestBegin, TestEnd, TestBatchBegin, TestBatchEnd
	if why == predicting {
		begin, end, batchBegin, batchEnd = PredictBegin, PredictEnd, PredictBatchBegin, PredictBatchEnd
	}
	if err := t.evaluated.reset(); err != nil {
		return err
	}
	if err := c.send(begin, 0, 0, nil); err != nil {
		return err
	}
	var batch samples.Batch
	var logs Logs
	for b, rows := range batches {
		if err := ctx.Err(); err != nil {
			return errors.Wrapf(err, "%s: stopped before batch %d", t.model.Name(), b+1)
		}
		if err := c.send(batchBegin, b, len(batches), nil); err != nil {
			return err
		}
		err := t.gather(data, rows, &batch)
		var p *program
		if err == nil {
			p, err = t.run(feed{Batch: &batch}, why, graph.Tick{Step: b})
		}
		if err == nil {
			logs, err = use(p, rows, &batch)
		}
		if err != nil {
			return errors.Wrapf(err, "batch %d", b+1)
		}
		if err := c.send(batchEnd, b, len(batches), logs); err != nil {
			return err
		}
	}
	return c.send(end, 0, 0, logs)
}
