package graph

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// States are what layers carry from one run of a program to the next, such as h
// and c of an LSTM, for a batch of samples that go on side by side. All programs
// that are built over one set share it. At first every sample is fresh: it
// starts from whatever the layer starts from, as if there had been no run before.
//
// A set serves one goroutine at a time.
type States struct {
	dtype  tensor.Dtype
	batch  int
	fresh  *tensor.Dense // [batch], 1 where a sample is fresh and 0 elsewhere
	byPath map[string]*held
}

// held is one state.
type held struct {
	shape Shape // [batch, ...]
	now   *tensor.Dense
	limit int // of a count; 0 where it is none
}

// maxBatch bounds the number of samples, so that a mistaken one is an error and does
// not exhaust memory.
const maxBatch = 1 << 20

// freshPath is where the flags of fresh samples are among the states.
const freshPath = "fresh"

// NewStates returns a set for a batch of samples, all fresh. The zero dtype means
// tensor.Float32; it must be that of the parameters.
func NewStates(dtype tensor.Dtype, batch int) (*States, error) {
	switch dtype {
	case tensor.Dtype{}:
		dtype = tensor.Float32
	case tensor.Float32, tensor.Float64:
	default:
		return nil, Error{Field: "dtype", Rule: "must be float32 or float64", Value: dtype}
	}
	if batch <= 0 || batch > maxBatch {
		return nil, Error{Field: "batch", Rule: fmt.Sprintf("must be from 1 to %d", maxBatch), Value: batch}
	}
	s := &States{dtype: dtype, batch: batch, fresh: dense.New(dtype, Shape{batch}), byPath: map[string]*held{}}
	return s, s.Reset()
}

// declare returns the state of that path, made on first sight.
func (t *States) declare(path string, shape Shape, limit int) (*held, error) {
	if len(shape) == 0 || shape[0] != t.batch {
		return nil, Error{Field: "state", Rule: fmt.Sprintf("must have the batch of %d samples as its first axis", t.batch), Value: shape}
	}
	if path == freshPath {
		return nil, Error{Field: "state", Rule: "must have another name", Value: path}
	}
	if h, ok := t.byPath[path]; ok {
		if !h.shape.Equal(shape) || h.limit != limit {
			return nil, Error{Path: path, Field: "state", Rule: fmt.Sprintf("must keep its shape %v and limit %d", h.shape, h.limit), Value: fmt.Sprint(shape, " and ", limit)}
		}
		return h, nil
	}
	if err := shapes.Check(shape); err != nil {
		return nil, err
	}
	h := &held{shape.Clone(), dense.New(t.dtype, shape), limit}
	t.byPath[path] = h
	return h, nil
}

// Reset makes the samples at the given rows fresh, or all where none is given.
// The states of the others keep their bits.
func (t *States) Reset(rows ...int) error {
	for _, r := range rows {
		if r < 0 || r >= t.batch {
			return Error{Field: "row", Rule: fmt.Sprintf("must be from 0 to %d", t.batch-1), Value: r}
		}
	}
	if len(rows) == 0 {
		rows = make([]int, t.batch)
		for i := range rows {
			rows[i] = i
		}
	}
	for _, r := range rows {
		setRow(t.fresh, r, 1, 1)
		for _, h := range t.byPath {
			setRow(h.now, r, h.shape[1:].Size(), 0)
		}
	}
	return nil
}

// setRow fills row r, which has size elements.
func setRow(t *tensor.Dense, r, size int, x float64) {
	if t.Dtype() == tensor.Float32 {
		fillWith(t.Float32s()[r*size:(r+1)*size], float32(x))
	} else {
		fillWith(t.Float64s()[r*size:(r+1)*size], x)
	}
}

func fillWith[T dense.Float](out []T, x T) {
	for i := range out {
		out[i] = x
	}
}

// Copy returns copies of all states by their paths, and under "fresh" the flags
// of the samples that are: [batch], 1 or 0. What is under the path of a sample
// that is fresh means nothing; after Reset it is zeros.
func (t *States) Copy() map[string]*tensor.Dense {
	out := map[string]*tensor.Dense{freshPath: t.fresh.Clone().(*tensor.Dense)}
	for path, h := range t.byPath {
		out[path] = h.now.Clone().(*tensor.Dense)
	}
	return out
}

// Set takes what Copy returned. Paths, dtypes and shapes must be equal and all
// elements finite; otherwise nothing is changed.
func (t *States) Set(values map[string]*tensor.Dense) error {
	for path := range values {
		if _, ok := t.byPath[path]; !ok && path != freshPath {
			return Error{Path: path, Field: "state", Rule: "must belong to the model"}
		}
	}
	if err := t.fits(freshPath, values, &held{Shape{t.batch}, t.fresh, 1}); err != nil {
		return err
	}
	for path, h := range t.byPath {
		if err := t.fits(path, values, h); err != nil {
			return err
		}
	}
	dense.Copy(t.fresh, dense.Contiguous(values[freshPath]))
	for path, h := range t.byPath {
		dense.Copy(h.now, dense.Contiguous(values[path]))
	}
	return nil
}

// fits holds a value against a state.
func (t *States) fits(path string, values map[string]*tensor.Dense, h *held) error {
	v, ok := values[path]
	if !ok {
		return Error{Path: path, Field: "state", Rule: "must be given"}
	}
	if err := dense.Check(v, t.dtype, h.shape); err != nil {
		return errs.At(err, path, "")
	}
	if h.limit == 0 {
		return nil
	}
	for i := range t.batch {
		if n := dense.At(dense.Contiguous(v), i); n < 0 || n > float64(h.limit) || n != math.Trunc(n) {
			return Error{Path: path, Field: "state", Rule: fmt.Sprintf("must be whole numbers from 0 to %d", h.limit), Value: n}
		}
	}
	return nil
}

// carrying is what a scope carries from run to run.
type carrying struct {
	alone   bool // see Alone
	carried []*carried
	fresh   Value // States.fresh, shared by all that is carried
}

// carried is a state in a graph, and its value after the run.
type carried struct {
	path  string // of the layer
	state *held
	next  Value
}
