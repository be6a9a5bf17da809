package train

import (
	"fmt"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// sample names a sample of the batch: by its index in the data, or by its number in the
// pass of a stream.
func (r reading) sample(i int) string {
	switch {
	case r.rows != nil:
		return fmt.Sprintf("sample %d", r.rows[i])
	case i < len(r.Numbers):
		return fmt.Sprintf("sample %d of the pass", r.Numbers[i])
	}
	return fmt.Sprintf("sample %d of the pass", r.first+i)
}

// sampleOfBatch names a sample of a batch of the user.
func sampleOfBatch(i int) string { return fmt.Sprintf("sample %d of the batch", i) }

// locate names the sample at which an error of a batch lies; see errs.Sample.
func (t *Trainer) locate(err error, b *samples.Batch, why purpose, weights []*classWeights, name func(i int) string) error {
	if t.enter() != nil {
		return err // that another goroutine uses the trainer
	}
	defer t.leave()
	ofMetric := errors.As(err, new(metricError))
	i, err := errs.Sample(err, countSamples(b), func(i int) error {
		return t.tryAlone(sampleOf(b, i), why, weights, ofMetric)
	})
	if i < 0 {
		return err
	}
	return errors.Wrap(err, name(i))
}

// tryAlone evaluates one sample, with its metrics or without, or predicts its outputs. It
// changes no state of a run.
func (t *Trainer) tryAlone(b *samples.Batch, why purpose, weights []*classWeights, withMetrics bool) error {
	if why == training {
		why = evaluating
	}
	if err := t.evaluated.reset(); err != nil {
		return err
	}
	classes, err := weighClasses(weights, b.Targets)
	if err != nil {
		return err
	}
	f := feed{Batch: b, classWeights: classes}
	p, err := t.runEntered(f, why, graph.Tick{})
	if err != nil || !withMetrics {
		return err
	}
	return t.newTotals().add(p, f)
}

// countSamples is the number of samples of a batch; 0 if its tensors do not agree on it.
func countSamples(b *samples.Batch) int {
	if b == nil {
		return 0
	}
	n := 0
	for _, list := range [][]*tensor.Dense{b.Inputs, b.Targets, b.Weights} {
		for _, x := range list {
			if x == nil {
				continue
			}
			if !dense.IsFloat(x.Dtype()) || x.Dims() == 0 || n > 0 && x.Shape()[0] != n {
				return 0
			}
			n = x.Shape()[0]
		}
	}
	return n
}

// sampleOf is a batch of sample i alone, or of a sample of zeros for −1.
func sampleOf(b *samples.Batch, i int) *samples.Batch {
	rows := func(list []*tensor.Dense) []*tensor.Dense {
		out := make([]*tensor.Dense, len(list))
		for k, x := range list {
			if x != nil && i < 0 {
				out[k] = dense.New(x.Dtype(), graph.Shape(x.Shape()).With(0, 1))
			} else if x != nil {
				out[k] = dense.Rows(dense.Contiguous(x), i, i+1)
			}
		}
		return out
	}
	return &samples.Batch{Inputs: rows(b.Inputs), Targets: rows(b.Targets), Weights: rows(b.Weights)}
}
