package graph

import (
	"fmt"
	"maps"
	"slices"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// RestoreParams returns a set for parameters that are stored somewhere, of which
// the paths and shapes are known. It refuses any other, so that what does not fit
// is found before it takes memory. They have no values until Restored gives them
// theirs.
func RestoreParams(dtype tensor.Dtype, seed uint64, stored map[string]Shape) (*Params, error) {
	p, err := NewParams(dtype, seed)
	if err != nil {
		return nil, err
	}
	p.stored = map[string]Shape{}
	maps.Copy(p.stored, stored)
	return p, nil
}

// expect holds a parameter that is declared against what is stored.
func (p *Params) expect(path string, shape Shape) error {
	got, ok := p.stored[path]
	if !ok {
		return Error{Path: path, Field: "weight", Rule: "must be stored"}
	}
	if want := physicalShape(shape); !want.Equal(got) && !shape.Equal(got) {
		return Error{Path: path, Field: "weight", Rule: fmt.Sprintf("must have the shape %v", want), Value: got}
	}
	return nil
}

// Unused are the stored paths that no parameter has, sorted.
func (p *Params) Unused() []string {
	defer p.guard.rlock().mu.RUnlock()
	var out []string
	for path := range p.stored {
		if p.find(path) == nil {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// Restored gives the parameters what is stored under their paths, and ends what
// RestoreParams began: those that are declared from now on are initialised.
// Dtypes and shapes must be equal and all elements finite; otherwise nothing is
// changed. The memory of the tensors, each given once, is that of the parameters
// from then on, unless it has gaps.
func (p *Params) Restored(values map[string]*tensor.Dense) error {
	return p.Update(func() error {
		if p.stored == nil {
			return Error{Field: "parameters", Rule: "must come from RestoreParams, and be restored once"}
		}
		for _, q := range p.list {
			if err := CheckTensor(values[q.Path], p.dtype, p.stored[q.Path]); err != nil {
				return errors.Wrap(err, q.Path)
			}
		}
		for _, q := range p.list {
			q.root().value = viewOf(Contiguous(values[q.Path]), 0, q.Shape)
			q.root().seen.Store(true)
		}
		p.stored = nil
		return nil
	})
}
