package train

import (
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/metrics"
	"github.com/pkg/errors"
)

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
		out = append(out, Log{prefix + s.metrics[i].Name(), v.Result()})
	}
	return out
}
