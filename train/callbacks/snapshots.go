package callbacks

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"gorgonia.org/tensor"
)

var _ train.StatefulCallback = (*Snapshots)(nil)

// Snapshots keeps copies of the weights after every Epochs epochs of one training, for a
// snapshot ensemble (Huang et al. 2017, "Snapshot Ensembles: Train 1, Get M for Free").
// Its learning rate falls along half a cosine and starts again after each snapshot, so
// that every snapshot is near another minimum:
//
//	schedules.CosineDecayRestarts{InitialLearningRate: 0.01, FirstDecaySteps: Epochs · batches, TMul: 1}
//
// with the batches of an epoch. Package models/ensemble makes one model of the snapshots.
type Snapshots struct {
	Epochs int // of a cycle; required

	model  model
	params *graph.Params // of the current Fit
	taken  []map[string]*tensor.Dense
}

// model is what a snapshot is taken of.
type model interface {
	CheckSave() error
	Clone() (*models.Model, error)
}

// Models are the snapshots of the last Fit, in their order, as models of their own.
func (c *Snapshots) Models() ([]*models.Model, error) {
	var out []*models.Model
	for _, weights := range c.taken {
		m, err := c.model.Clone()
		if err != nil {
			return nil, err
		}
		params, err := m.Params()
		if err != nil {
			return nil, err
		}
		if err := params.Set(weights); err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// On takes a snapshot after the last epoch of a cycle. A bad field, and a model that cannot
// be copied, see models.Model.Clone, are errors when Fit begins.
func (c *Snapshots) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin(e.Trainer)
	case train.EpochEnd:
		if (e.Epoch+1)%c.Epochs == 0 {
			c.taken = append(c.taken, c.params.Copy())
		}
	}
	return nil
}

func (c *Snapshots) begin(t *train.Trainer) error {
	if c.Epochs < 1 {
		return graph.Error{Field: "Snapshots.Epochs", Rule: "must be positive", Value: c.Epochs}
	}
	m, ok := t.Model().(model)
	if !ok {
		return graph.Error{Path: t.Model().Name(), Field: "Snapshots", Rule: "must be used with a model of package models, which can be copied", Value: fmt.Sprintf("%T", t.Model())}
	}
	if err := m.CheckSave(); err != nil {
		return err
	}
	c.model, c.params, c.taken = m, t.Params(), nil
	return nil
}

// State has the weights of all snapshots, each by the number of the snapshot and its path,
// such as "0/sequential/lstm/kernel".
func (c *Snapshots) State() train.CallbackState {
	s := train.CallbackState{Tensors: map[string]*tensor.Dense{}}
	for i, weights := range c.taken {
		for path, w := range weights {
			s.Tensors[fmt.Sprintf("%d/%s", i, path)] = w.Clone().(*tensor.Dense)
		}
	}
	return s
}

// Restore continues from a state, so that snapshots are those of a Fit that was not
// interrupted.
func (c *Snapshots) Restore(s train.CallbackState) error {
	if c.params == nil {
		return graph.Error{Field: "Snapshots", Rule: "must be restored after TrainBegin"}
	}
	if err := readNumbers("Snapshots", s.Numbers, nil, nil); err != nil {
		return err
	}
	parts := map[int]map[string]*tensor.Dense{}
	for key, t := range s.Tensors {
		number, path, _ := strings.Cut(key, "/")
		i, err := strconv.Atoi(number)
		if err != nil || strconv.Itoa(i) != number {
			return graph.Error{Path: key, Field: "tensor", Rule: "must begin with the number of a snapshot"}
		}
		if parts[i] == nil {
			parts[i] = map[string]*tensor.Dense{}
		}
		parts[i][path] = t
	}
	taken := make([]map[string]*tensor.Dense, len(parts))
	for i := range taken {
		weights, err := readWeights(c.params, parts[i])
		if err != nil {
			return err
		}
		if weights == nil {
			return graph.Error{Field: "tensors", Rule: fmt.Sprintf("must be those of all %d snapshots", len(parts)), Value: fmt.Sprintf("none of snapshot %d", i)}
		}
		taken[i] = weights
	}
	c.taken = taken
	return nil
}
