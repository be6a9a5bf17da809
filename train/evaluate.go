package train

import (
	"context"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// EvaluateConfig says how Evaluate and Predict go through the data.
type EvaluateConfig struct {
	BatchSize int // DefaultBatchSize
	Callbacks []Callback
}

// batchSize checks the config and the data.
func (c EvaluateConfig) batchSize(t *Trainer, data datasets.Data) (int, error) {
	switch {
	case data == nil:
		return 0, graph.Error{Path: t.model.Name(), Field: "data", Rule: "must not be nil"}
	case data.Len() <= 0:
		return 0, graph.Error{Path: t.model.Name(), Field: "data", Rule: "must have samples", Value: data.Len()}
	case c.BatchSize < 0:
		return 0, graph.Error{Path: t.model.Name(), Field: "EvaluateConfig.BatchSize", Rule: "must not be negative", Value: c.BatchSize}
	case c.BatchSize == 0:
		return DefaultBatchSize, nil
	}
	return c.BatchSize, nil
}

// Evaluate returns the loss and the metrics on data, without training.
func (t *Trainer) Evaluate(ctx context.Context, data datasets.Data, cfg EvaluateConfig) (Logs, error) {
	size, err := cfg.batchSize(t, data)
	if err != nil {
		return nil, err
	}
	s, err := t.evaluate(ctx, &course{trainer: t, callbacks: cfg.Callbacks}, data, size)
	if err != nil {
		return nil, err
	}
	return s.logs(""), nil
}

func (t *Trainer) evaluate(ctx context.Context, c *course, data datasets.Data, size int) (*sum, error) {
	s := t.startSum()
	err := t.forEachBatch(ctx, c, data, size, TestBegin, func(p *program, batch *datasets.Batch, _ int) (Logs, error) {
		if err := s.add(p, batch); err != nil {
			return nil, err
		}
		return s.logs(""), nil
	})
	return s, err
}

// Predict returns the output for the inputs of data, in its order. It is
// models.Predict with callbacks, over data that need not be in memory.
func (t *Trainer) Predict(ctx context.Context, data datasets.Data, cfg EvaluateConfig) (*tensor.Dense, error) {
	size, err := cfg.batchSize(t, data)
	if err != nil {
		return nil, err
	}
	var out *tensor.Dense
	c := &course{trainer: t, callbacks: cfg.Callbacks}
	err = t.forEachBatch(ctx, c, data, size, PredictBegin, func(p *program, _ *datasets.Batch, from int) (Logs, error) {
		if out == nil {
			shape := append([]int{data.Len()}, p.output.Shape()[1:]...)
			out = tensor.New(tensor.Of(p.output.Dtype()), tensor.WithShape(shape...))
		}
		at := from * out.Shape().TotalSize() / data.Len()
		if out.Dtype() == tensor.Float32 {
			copy(out.Float32s()[at:], p.output.Float32s())
		} else {
			copy(out.Float64s()[at:], p.output.Float64s())
		}
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// forEachBatch runs the model on all samples in order, and tells the callbacks
// of the four moments from begin on: begin, end, batch begin, batch end.
func (t *Trainer) forEachBatch(ctx context.Context, c *course, data datasets.Data, size int, begin Moment,
	use func(p *program, batch *datasets.Batch, from int) (Logs, error)) error {
	end, batchBegin, batchEnd := begin+1, begin+2, begin+3
	if err := c.tell(begin, 0, 0, nil); err != nil {
		return err
	}
	order := t.order(data.Len(), true)
	batches := (len(order) + size - 1) / size
	var batch datasets.Batch
	var logs Logs
	for b := range batches {
		if err := ctx.Err(); err != nil {
			return errors.Wrapf(err, "%s: stopped before batch %d", t.model.Name(), b+1)
		}
		if err := c.tell(batchBegin, b, batches, nil); err != nil {
			return err
		}
		from := b * size
		if err := data.Gather(order[from:min(from+size, len(order))], &batch); err != nil {
			return err
		}
		p, err := t.run(&batch, false)
		if err == nil {
			logs, err = use(p, &batch, from)
		}
		if err != nil {
			return errors.Wrapf(err, "batch %d", b+1)
		}
		if err := c.tell(batchEnd, b, batches, logs); err != nil {
			return err
		}
	}
	return c.tell(end, 0, 0, logs)
}
