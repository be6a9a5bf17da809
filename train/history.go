package train

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/train/metrics"
	"github.com/pkg/errors"
)

// validationPrefix begins the names of logs of the validation data.
const validationPrefix = "val_"

// Logs are the values reported for an epoch or a batch: the loss first, then the
// metrics, then those of the validation data, whose names begin with "val_".
type Logs []Log

// Log is one of them.
type Log struct {
	Name  string
	Value float64
}

// Get finds a value by its name.
func (l Logs) Get(name string) (value float64, ok bool) {
	i := slices.IndexFunc(l, func(e Log) bool { return e.Name == name })
	if i < 0 {
		return 0, false
	}
	return l[i].Value, true
}

// History holds the logs of the epochs that Fit has finished.
type History struct {
	Epochs []int                // numbers of the epochs, from 0
	Values map[string][]float64 // by the names of logs, one value an epoch
}

// clone is a deep copy.
func (h *History) clone() History {
	out := History{Epochs: slices.Clone(h.Epochs), Values: map[string][]float64{}}
	for name, values := range h.Values {
		out.Values[name] = slices.Clone(values)
	}
	return out
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

// epochTotals adds up losses and metrics over an epoch. A batch counts by its number
// of samples.
type epochTotals struct {
	loss, samples float64
	objectives    []objectiveTotals
}

// objectiveTotals are those of one objective.
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

// add adds the results of a program for a feed.
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
				return metricError{errors.Wrap(err, g.figure(g.metrics[j].Name()))}
			}
		}
	}
	return nil
}

// metricError is an error of a metric, and not of a program.
type metricError struct{ error }

// Unwrap returns the error without its type.
func (e metricError) Unwrap() error { return e.error }

// logs are the total loss, the losses of the outputs if there are several, and the
// metrics.
func (s *epochTotals) logs(prefix string) Logs { return s.report(prefix, true) }

// batchLogs are the logs in the middle of an epoch, without metrics that would take long.
func (s *epochTotals) batchLogs() Logs { return s.report("", false) }

func (s *epochTotals) report(prefix string, whole bool) Logs {
	out := Logs{{prefix + lossName, s.loss / s.samples}}
	if len(s.objectives) > 1 {
		for _, g := range s.objectives {
			out = append(out, Log{prefix + g.figure(lossName), g.loss / s.samples})
		}
	}
	for _, g := range s.objectives {
		for j, v := range g.values {
			if _, long := v.(metrics.EpochAccumulator); long && !whole {
				continue
			}
			out = append(out, Log{prefix + g.figure(g.objective.metrics[j].Name()), v.Result()})
		}
	}
	return out
}

// state is what was added up so far, by the names of logs. Metrics whose
// accumulators have no state are not part of it.
func (s *epochTotals) state() map[string][]float64 {
	out := map[string][]float64{lossName: {s.loss, s.samples}}
	for _, g := range s.objectives {
		if len(s.objectives) > 1 {
			out[g.figure(lossName)] = []float64{g.loss}
		}
		for j, v := range g.values {
			if a, ok := v.(metrics.StatefulAccumulator); ok {
				out[g.figure(g.metrics[j].Name())] = a.State()
			}
		}
	}
	return out
}

// restore is the inverse of state, on totals of no batch.
func (s *epochTotals) restore(state map[string][]float64) error {
	numbers := func(name string, n int) ([]float64, error) {
		x := state[name]
		if len(x) != n {
			return nil, graph.Error{Field: name, Rule: fmt.Sprintf("must be %d numbers", n), Value: x}
		}
		return x, nil
	}
	x, err := numbers(lossName, 2)
	if err != nil {
		return err
	}
	s.loss, s.samples = x[0], x[1]
	for i := range s.objectives {
		g := &s.objectives[i]
		g.loss = s.loss
		if len(s.objectives) > 1 {
			if x, err = numbers(g.figure(lossName), 1); err != nil {
				return err
			}
			g.loss = x[0]
		}
		for j, v := range g.values {
			name := g.figure(g.metrics[j].Name())
			a, ok := v.(metrics.StatefulAccumulator)
			if !ok {
				return graph.Error{Field: name, Rule: "must be a metric whose accumulator is a metrics.StatefulAccumulator, or the state be taken between epochs"}
			}
			if _, ok := state[name]; !ok {
				return graph.Error{Field: name, Rule: "must be part of the state"}
			}
			if err := a.Restore(state[name]); err != nil {
				return errors.Wrap(err, name)
			}
		}
	}
	return nil
}
