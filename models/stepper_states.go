package models

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Reset puts the samples of the given rows at the beginning of a sequence, or all
// samples without rows. The states of the others do not change.
func (st *Stepper) Reset(rows ...int) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	return errs.At(st.cfg.States.Reset(rows...), st.model.cfg.Name, "")
}

// stepsPath is the path of the number of steps among the states.
const stepsPath = "steps"

// States returns copies of all states by their paths, such as
// "sequential/lstm/state_0" for h of an LSTM. "fresh", [batch], is 1 for samples at
// the beginning of a sequence and 0 for the others. "steps", [1], is the number of
// steps that the stepper has done, in float64 whatever the model's dtype.
func (st *Stepper) States() map[string]*tensor.Dense {
	if st.checkMade() != nil {
		return nil
	}
	out := st.cfg.States.Copy()
	out[stepsPath] = dense.Of([]float64{float64(st.steps)}, 1)
	return out
}

// SetStates continues from states that States returned, of this stepper or of
// another for an equal model and batch. Paths, dtypes and shapes must be equal and
// all elements finite; otherwise nothing is changed.
func (st *Stepper) SetStates(states map[string]*tensor.Dense) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	given, ok := states[stepsPath]
	if !ok {
		return graph.Error{Path: stepsPath, Field: "state", Rule: "must be given"}
	}
	if err := dense.Check(given, tensor.Float64, graph.Shape{1}); err != nil {
		return errs.At(err, stepsPath, "")
	}
	const most = min(1<<53, math.MaxInt) // float64 holds every integer up to 2⁵³
	steps := given.Float64s()[0]
	if steps < 0 || steps > most || steps != math.Trunc(steps) {
		return graph.Error{Path: stepsPath, Field: "state", Rule: fmt.Sprintf("must be a whole number from 0 to %d", most), Value: steps}
	}
	others := maps.Clone(states)
	delete(others, stepsPath)
	if err := st.cfg.States.Set(others); err != nil {
		return errs.At(err, st.model.cfg.Name, "")
	}
	st.steps = int(steps)
	return nil
}

// SaveStates writes the states to a file in the safetensors format, completely or
// not at all. States that are not finite, which LoadStates would refuse, are an
// error.
func (st *Stepper) SaveStates(path string) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	states := st.States()
	for _, place := range slices.Sorted(maps.Keys(states)) {
		if err := errs.At(dense.CheckFinite(states[place]), place, ""); err != nil {
			return err
		}
	}
	return safetensors.WriteFile(path, safetensors.File{Tensors: states})
}

// LoadStates continues from the states of a file, as SetStates does. A file that
// does not fit is refused before its numbers are read.
func (st *Stepper) LoadStates(path string) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := st.fits(f.Infos); err != nil {
		return errors.Wrap(err, path)
	}
	states, err := f.Tensors()
	if err != nil {
		return errors.Wrap(err, path)
	}
	return errors.Wrap(st.SetStates(states), path)
}

// fits compares the states of a file with those of the stepper.
func (st *Stepper) fits(infos map[string]safetensors.Info) error {
	states := st.States()
	for _, place := range slices.Sorted(maps.Keys(infos)) {
		want, got := states[place], infos[place]
		if want == nil {
			return graph.Error{Path: place, Field: "state", Rule: "must belong to the model"}
		}
		if shape := graph.Shape(want.Shape()); got.Dtype != want.Dtype() || !shape.Equal(got.Shape) {
			return graph.Error{Path: place, Field: "state", Rule: fmt.Sprintf("must be %v of shape %v", want.Dtype(), shape), Value: fmt.Sprintf("%v of shape %v", got.Dtype, got.Shape)}
		}
	}
	for _, place := range slices.Sorted(maps.Keys(states)) {
		if _, ok := infos[place]; !ok {
			return graph.Error{Path: place, Field: "state", Rule: "must be given"}
		}
	}
	return nil
}
