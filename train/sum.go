package train

import (
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/train/metrics"
	"github.com/pkg/errors"
)

// sum adds up losses and metrics over an epoch, exactly: a smaller batch counts
// by its samples.
type sum struct {
	loss, samples float64
	goals         []goalSum
}

// goalSum adds up what belongs to one output.
type goalSum struct {
	goal
	loss   float64
	values []metrics.Accumulator
}

func (t *Trainer) startSum() *sum {
	s := &sum{}
	for _, g := range t.goals {
		one := goalSum{goal: g}
		for _, m := range g.metrics {
			one.values = append(one.values, m.Start())
		}
		s.goals = append(s.goals, one)
	}
	return s
}

// add takes in a feed and what a program made of it.
func (s *sum) add(p *program, f feed) error {
	n := float64(f.Inputs[0].Shape()[0])
	s.loss += dense.At(p.loss, 0) * n
	s.samples += n
	for i := range s.goals {
		g, r := &s.goals[i], p.goals[i]
		g.loss += dense.At(r.loss, 0) * n
		weights := r.weights
		if weights == nil {
			weights = forGoal(f.Weights, i)
		}
		for j, v := range g.values {
			if err := v.Add(f.Targets[i], r.output, weights); err != nil {
				return errors.Wrap(err, g.figure(g.metrics[j].Name()))
			}
		}
	}
	return nil
}

// logs are the figures: the total loss, those of the outputs where there are
// several, and the metrics.
func (s *sum) logs(prefix string) Logs {
	out := Logs{{prefix + lossName, s.loss / s.samples}}
	if len(s.goals) > 1 {
		for _, g := range s.goals {
			out = append(out, Log{prefix + g.figure(lossName), g.loss / s.samples})
		}
	}
	for _, g := range s.goals {
		for j, v := range g.values {
			out = append(out, Log{prefix + g.figure(g.goal.metrics[j].Name()), v.Result()})
		}
	}
	return out
}
