package train

import (
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/train/metrics"
	"github.com/pkg/errors"
)

// validationPrefix begins the names of figures of the validation data.
const validationPrefix = "val_"

// Logs are the figures of an epoch or a batch: the loss first, then the
// metrics, then those of the validation data, whose names begin with "val_".
type Logs []Log

// Log is one figure.
type Log struct {
	Name  string
	Value float64
}

// Get finds a figure by its name.
func (l Logs) Get(name string) (value float64, ok bool) {
	i := slices.IndexFunc(l, func(e Log) bool { return e.Name == name })
	if i < 0 {
		return 0, false
	}
	return l[i].Value, true
}

// History is what Fit did: the figures of every epoch that was finished.
type History struct {
	Epochs []int                // numbers of the epochs, from 0
	Values map[string][]float64 // by name of the figure, one value an epoch
}

func (h *History) add(epoch int, logs Logs) {
	if h.Values == nil {
		h.Values = map[string][]float64{}
	}
	h.Epochs = append(h.Epochs, epoch)
	for _, l := range logs {
		h.Values[l.Name] = append(h.Values[l.Name], l.Value)
	}
}

// epochTotals adds up losses and metrics over an epoch, exactly: a smaller batch counts
// by its samples.
type epochTotals struct {
	loss, samples float64
	objectives    []objectiveTotals
}

// objectiveTotals adds up what belongs to one output.
type objectiveTotals struct {
	objective
	loss   float64
	values []metrics.Accumulator
}

func (t *Trainer) newTotals() *epochTotals {
	s := &epochTotals{}
	for _, g := range t.objectives {
		one := objectiveTotals{objective: g}
		for _, m := range g.metrics {
			one.values = append(one.values, m.Start())
		}
		s.objectives = append(s.objectives, one)
	}
	return s
}

// add takes in a feed and what a program made of it.
func (s *epochTotals) add(p *program, f feed) error {
	n := float64(f.Inputs[0].Shape()[0])
	s.loss += dense.At(p.loss, 0) * n
	s.samples += n
	for i := range s.objectives {
		g, r := &s.objectives[i], p.objectives[i]
		g.loss += dense.At(r.loss, 0) * n
		weights := r.weights
		if weights == nil {
			weights = perObjective(f.Weights, i)
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
func (s *epochTotals) logs(prefix string) Logs {
	out := Logs{{prefix + lossName, s.loss / s.samples}}
	if len(s.objectives) > 1 {
		for _, g := range s.objectives {
			out = append(out, Log{prefix + g.figure(lossName), g.loss / s.samples})
		}
	}
	for _, g := range s.objectives {
		for j, v := range g.values {
			out = append(out, Log{prefix + g.figure(g.objective.metrics[j].Name()), v.Result()})
		}
	}
	return out
}
