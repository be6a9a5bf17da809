package params

import (
	"fmt"
	"maps"
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// Stored returns a set for parameters that a file holds under the given paths,
// with the given shapes. It refuses to declare any other, so that what does not
// fit is found before it takes memory. They have no values until Fill.
func Stored(dtype tensor.Dtype, seed uint64, stored map[string]shapes.Shape) (*Params, error) {
	p, err := New(dtype, seed)
	if err != nil {
		return nil, err
	}
	p.stored = map[string]shapes.Shape{}
	maps.Copy(p.stored, stored)
	return p, nil
}

// checkStored compares a parameter that is declared with what is stored.
func (p *Params) checkStored(path string, shape shapes.Shape) error {
	got, ok := p.stored[path]
	if !ok {
		return errs.Error{Path: path, Field: "weight", Rule: "must be stored"}
	}
	if want := physical(shape); !want.Equal(got) && !shape.Equal(got) {
		return errs.Error{Path: path, Field: "weight", Rule: fmt.Sprintf("must have the shape %v", want), Value: got}
	}
	return nil
}

// Unused are the stored paths that no parameter has, sorted.
func Unused(p *Params) []string {
	defer RLock(p).RUnlock()
	var out []string
	for path := range p.stored {
		if p.byPath[path] == nil {
			out = append(out, path)
		}
	}
	slices.Sort(out)
	return out
}

// Fill gives the parameters of a set from Stored the values of their paths.
// Parameters that are declared afterwards are initialised. Dtypes and shapes must
// be equal and all elements finite; otherwise nothing is changed. The parameters
// keep the memory of the tensors, unless it has gaps.
func Fill(p *Params, values map[string]*tensor.Dense) error {
	return p.Update(func() error {
		if p.stored == nil {
			return errs.Error{Field: "parameters", Rule: "must come from Stored, and be filled once"}
		}
		for _, q := range p.list {
			if err := dense.Check(values[q.Path], p.dtype, p.stored[q.Path]); err != nil {
				return errs.At(err, q.Path, "")
			}
		}
		for _, q := range p.list {
			h := q.holder()
			h.value = dense.View(dense.Contiguous(values[q.Path]), 0, q.Shape)
			h.used.Store(true)
		}
		p.stored = nil
		return nil
	})
}
