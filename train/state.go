package train

import (
	"fmt"
	"maps"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/metrics"
	"gorgonia.org/tensor"
)

// State is everything that a training needs to continue to the same bits, as plain
// data: tensors by name and a few numbers. Trainer.State takes it; Trainer.Restore
// and FitConfig.Resume continue from it, in a trainer that was compiled from an
// equal model with an equal config. Which weights are frozen is not part of it.
//
// Package train/checkpoint keeps States in files. Package encoding/gob writes one anywhere
// else, with all bits; encoding/json does not know tensors and leaves out their elements.
type State struct {
	Weights   map[string]*tensor.Dense // of the model by path, moving averages included
	Optimizer map[string]*tensor.Dense // as optimizers.State.Tensors
	Carried   map[string]*tensor.Dense // states of Config.CarryState, as graph.States.Copy; nil between sequences

	// Random draws depend on both.
	Epoch int // epochs begun over all calls of Fit
	Step  int // steps done in that epoch

	Fit *FitState // progress of Fit; nil if the state was not taken by a callback of Fit
}

// FitState is how far a run of Fit had come when a callback took the state.
type FitState struct {
	Epoch   int  // epochs finished, those before InitialEpoch included
	InEpoch bool // whether the next epoch had begun
	Batch   int  // batches done in it
	Batches int  // batches of an epoch; 0 where it ends with a pass over a stream
	Stopped bool // whether a callback had stopped the run

	Stream *StreamPosition // of FitStream; nil for Fit

	// Setup describes the model, the data and the config of the run, as JSON. Resume
	// refuses a state whose Setup differs from its own; empty means that it is not
	// compared. It has no unexported fields of configs, no functions, and no config of a
	// model with a layer that models.Model.Save refuses. Data are described by the number
	// of samples and a hash of the first and the last, streams by their exported fields.
	Setup string

	Totals    map[string][]float64 // of that epoch, by the names of logs; nil between epochs
	History   History
	Callbacks map[int]CallbackState // of every StatefulCallback, by its place in FitConfig.Callbacks
}

// State copies the state of the trainer. In a callback of Fit it includes the state
// of that run. Callbacks later in the list have not yet received the event, so the
// callback that takes the state should be the last. The state of a zero Trainer is
// nil.
func (t *Trainer) State() *State {
	if t.model == nil {
		return nil
	}
	s := &State{Weights: t.params.Copy(), Optimizer: t.optimizer.Tensors(), Epoch: t.position.epoch, Step: t.position.step}
	if n := t.carried.batch; n != 0 {
		s.Carried = t.carried.sets[n].Copy()
	}
	if t.fit != nil {
		s.Fit = t.fit.state()
	}
	return s
}

// CheckResume reports a metric without which a state of the middle of an epoch could not
// be resumed: its accumulator must be a metrics.StatefulAccumulator, as those of Engram
// are. Call it before a long training whose states are to be kept.
func (t *Trainer) CheckResume() error {
	if err := t.checkCompiled(); err != nil {
		return err
	}
	for _, g := range t.objectives {
		for _, m := range g.metrics {
			if _, ok := m.Start().(metrics.StatefulAccumulator); !ok {
				return t.fail(g.figure(m.Name()), "must be a metric whose accumulator is a metrics.StatefulAccumulator, to be resumed within an epoch", nil)
			}
		}
	}
	return nil
}

// Restore sets the trainer to a state, whose tensors it copies. State.Fit is ignored;
// it is for FitConfig.Resume. The state must have all weights and no others, of
// their shapes and dtype and finite, and likewise the optimizer's tensors and the
// carried states. An error changes nothing.
func (t *Trainer) Restore(s *State) error {
	if err := t.checkCompiled(); err != nil {
		return err
	}
	if s == nil {
		return t.fail("state", "must not be nil", nil)
	}
	if err := t.checkLayers(); err != nil {
		return err
	}
	if err := t.checkFrozen(); err != nil {
		return err
	}
	if err := t.checkState(s); err != nil {
		return err
	}
	commit := t.carried.reset
	if len(s.Carried) > 0 {
		var err error
		if commit, err = t.prepareCarried("State.Carried", s.Carried); err != nil {
			return err
		}
	}
	if err := t.optimizer.Restore(s.Optimizer); err != nil { // which changes nothing then
		return errs.At(err, t.model.Name(), "")
	}
	if err := t.params.Set(s.Weights); err != nil { // not after checkState
		return errs.At(err, t.model.Name(), "")
	}
	t.position = position{epoch: s.Epoch, step: s.Step, resets: t.position.resets + 1}
	return commit()
}

// checkState checks the weights and the numbers of a state.
func (t *Trainer) checkState(s *State) error {
	for _, n := range []struct {
		field string
		value int
	}{{"State.Epoch", s.Epoch}, {"State.Step", s.Step}} {
		if n.value < 0 || n.value > maxCount {
			return t.fail(n.field, fmt.Sprintf("must be from 0 to %d", maxCount), n.value)
		}
	}
	known := map[string]bool{}
	for _, p := range t.params.All() {
		known[p.Path] = true
		w := s.Weights[p.Path]
		if w == nil {
			return graph.Error{Path: p.Path, Field: "weight", Rule: "must be part of the state"}
		}
		if err := dense.Check(w, t.model.Dtype(), graph.Shape(p.Value().Shape())); err != nil {
			return errs.At(err, p.Path, "")
		}
	}
	for _, path := range slices.Sorted(maps.Keys(s.Weights)) {
		if !known[path] {
			return graph.Error{Path: path, Field: "weight", Rule: "must belong to the model"}
		}
	}
	return nil
}
