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

// Reset puts the samples at the given rows at the beginning of a sequence, or
// all where none is given. The others keep their states to the bit.
func (st *Stepper) Reset(rows ...int) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	return errs.At(st.cfg.States.Reset(rows...), st.model.cfg.Name, "")
}

// stepsPath is where the number of steps is among the states.
const stepsPath = "steps"

// States returns copies of all states by their paths, such as
// "sequential/lstm/state_0" for h of an LSTM; under "fresh" which samples are at a
// beginning, [batch]: 1 for those and 0 for the others; and under "steps" how many
// steps the stepper has done, [1], in float64 whatever the model's dtype.
func (st *Stepper) States() map[string]*tensor.Dense {
	if st.checkMade() != nil {
		return nil
	}
	out := st.cfg.States.Copy()
	out[stepsPath] = dense.Of([]float64{float64(st.steps)}, 1)
	return out
}

// SetStates goes on from states that States returned, of this or of another
// stepper for such a model and batch, as if it had done their steps itself. Paths,
// dtypes and shapes must be equal and all elements finite; otherwise nothing is
// changed.
func (st *Stepper) SetStates(states map[string]*tensor.Dense) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	given, ok := states[stepsPath]
	if !ok {
		return graph.Error{Path: stepsPath, Field: "state", Rule: "must be given"}
	}
	if err := dense.Check(given, tensor.Float64, graph.Shape{1}); err != nil {
		return errors.Wrap(err, stepsPath)
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

// SaveStates writes the states to a file in the safetensors format, which
// appears whole or not at all. States that are not finite are an error, as
// LoadStates would refuse them, and nothing is written.
func (st *Stepper) SaveStates(path string) error {
	if err := st.checkMade(); err != nil {
		return err
	}
	states := st.States()
	for _, place := range slices.Sorted(maps.Keys(states)) {
		if err := finite(place, states[place]); err != nil {
			return err
		}
	}
	return safetensors.WriteFile(path, safetensors.File{Tensors: states})
}

// LoadStates goes on from the states of a file, as SetStates does. One that does
// not fit is refused before its numbers are read.
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

// fits holds what a file says of its states against those that are there.
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
