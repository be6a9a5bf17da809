package train

import (
	"context"
	"io"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// EvaluateConfig says how Evaluate and Predict go through the data.
type EvaluateConfig struct {
	BatchSize int // DefaultBatchSize
	Steps     int // number of batches, from the first; default all
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
	if err := c.check(t); err != nil {
		return 0, err
	}
	if c.BatchSize == 0 {
		c.BatchSize = DefaultBatchSize
	}
	return c.BatchSize, t.checkCarry("data", data, c.BatchSize)
}

// check checks the config alone.
func (c EvaluateConfig) check(t *Trainer) error {
	switch {
	case c.BatchSize < 0:
		return t.fail("EvaluateConfig.BatchSize", "must not be negative", c.BatchSize)
	case c.Steps < 0:
		return t.fail("EvaluateConfig.Steps", "must not be negative", c.Steps)
	}
	return t.checkCallbacks("EvaluateConfig", c.Callbacks)
}

// Evaluate returns the loss and the metrics on data, without training.
func (t *Trainer) Evaluate(ctx context.Context, data samples.Data, cfg EvaluateConfig) (Logs, error) {
	size, err := cfg.prepare(ctx, t, data)
	if err != nil {
		return nil, err
	}
	return t.evaluateOnce(ctx, t.newListed(data, size, cfg.Steps), cfg.Callbacks)
}

// EvaluateStream returns the loss and the metrics on the first pass of a stream, to its
// end or for cfg.Steps batches. cfg.BatchSize must be 0: batches are those of the stream.
func (t *Trainer) EvaluateStream(ctx context.Context, stream samples.Stream, cfg EvaluateConfig) (Logs, error) {
	if err := t.checkContext(ctx); err != nil {
		return nil, err
	}
	if isNil(stream) {
		return nil, t.fail("stream", "must not be nil", nil)
	}
	if cfg.BatchSize != 0 {
		return nil, t.fail("EvaluateConfig.BatchSize", "must be 0 for a stream, whose batches are as they are; see samples.Rebatch", cfg.BatchSize)
	}
	if err := cfg.check(t); err != nil {
		return nil, err
	}
	return t.evaluateOnce(ctx, &streamed{trainer: t, stream: stream, count: cfg.Steps, once: true}, cfg.Callbacks)
}

func (t *Trainer) evaluateOnce(ctx context.Context, from source, callbacks []Callback) (Logs, error) {
	c := &callbackRun{trainer: t, callbacks: callbacks}
	s, err := t.evaluate(ctx, c, from)
	if err != nil {
		return nil, c.failed(err)
	}
	return s.logs(""), nil
}

func (t *Trainer) evaluate(ctx context.Context, c *callbackRun, from source) (*epochTotals, error) {
	s := t.newTotals()
	logs := func() Logs { return s.logs("") }
	err := t.forEachBatch(ctx, c, from, evaluating, logs, func(p *program, r reading) (Logs, error) {
		if err := s.add(p, feed{Batch: r.Batch}); err != nil {
			return nil, err
		}
		return s.batchLogs(), nil
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
	from := t.newListed(data, size, cfg.Steps)
	n := min(data.Len(), from.count*size)
	c := &callbackRun{trainer: t, callbacks: cfg.Callbacks}
	none := func() Logs { return nil }
	err = t.forEachBatch(ctx, c, from, predicting, none, func(p *program, r reading) (Logs, error) {
		rows := r.rows
		if all == nil {
			all = make([]*tensor.Dense, len(p.outputs))
		}
		for i, out := range p.outputs {
			shape := graph.Shape(out.Shape())
			if all[i] == nil && len(shape) > 0 {
				all[i] = dense.New(out.Dtype(), shape.With(0, n))
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

// forEachBatch runs the model on one batch after another and sends the events to the
// callbacks; use turns the results of a batch into logs, and all those of all batches.
func (t *Trainer) forEachBatch(ctx context.Context, c *callbackRun, from source, why purpose, all func() Logs,
	use func(p *program, r reading) (Logs, error)) (err error) {
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
	defer func() {
		if e := from.close(); err == nil {
			err = e
		}
	}()
	steps := from.steps()
	for b := 0; steps == 0 || b < steps; b++ {
		if err := ctx.Err(); err != nil {
			return errors.Wrapf(err, "%s: stopped before batch %d", t.model.Name(), b+1)
		}
		r, err := from.read(ctx, b)
		if err == io.EOF {
			break
		}
		if err != nil {
			return errors.Wrapf(err, "batch %d", b+1)
		}
		if err := c.send(batchBegin, b, steps, nil); err != nil {
			return err
		}
		p, err := t.run(feed{Batch: r.Batch}, why, graph.Tick{Step: b})
		var logs Logs
		if err == nil {
			logs, err = use(p, r)
		}
		if err != nil {
			return errors.Wrapf(t.locate(err, r.Batch, why, nil, r.sample), "batch %d", b+1)
		}
		from.done()
		if err := c.send(batchEnd, b, steps, logs); err != nil {
			return err
		}
	}
	return c.send(end, 0, 0, all())
}
