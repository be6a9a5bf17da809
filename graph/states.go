package graph

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"gorgonia.org/tensor"
)

// States are what layers carry from one run of a program to the next, such as h and c
// of an LSTM, for each sample of a batch. Programs that are built with the same States
// share them. Initially every sample is fresh, which means that it starts from the
// initial states of the layers.
//
// States serve one goroutine at a time.
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
	limit int // of Scope.Count; 0 for other states
}

// maxBatch bounds the number of samples, so that a mistaken one is an error and does
// not exhaust memory.
const maxBatch = 1 << 20

// freshPath is the key of the flags of fresh samples in Copy and Set.
const freshPath = "fresh"

// NewStates returns the states of a batch of fresh samples. The zero dtype means
// tensor.Float32. It must be the dtype of the parameters.
func NewStates(dtype tensor.Dtype, batch int) (*States, error) {
	dtype, err := dense.FloatType(dtype)
	if err != nil {
		return nil, err
	}
	if batch <= 0 || batch > maxBatch {
		return nil, Error{Field: "batch", Rule: fmt.Sprintf("must be from 1 to %d", maxBatch), Value: batch}
	}
	s := &States{dtype: dtype, batch: batch, fresh: dense.New(dtype, Shape{batch}), byPath: map[string]*held{}}
	return s, s.Reset()
}

// declare returns the state of the path. The first call makes it.
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

// Reset makes the samples of the given rows fresh, or all samples without rows. The
// other samples do not change.
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

// setRow fills row r of size elements with x.
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

// Copy returns copies of all states by path, and under "fresh" the flags of the fresh
// samples: [batch], 1 or 0. The states of fresh samples have no meaning.
func (t *States) Copy() map[string]*tensor.Dense {
	out := map[string]*tensor.Dense{freshPath: t.fresh.Clone().(*tensor.Dense)}
	for path, h := range t.byPath {
		out[path] = h.now.Clone().(*tensor.Dense)
	}
	return out
}

// Set restores the result of Copy. Paths, dtypes and shapes must be equal and all
// elements finite; otherwise Set returns an error and changes nothing.
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

// fits checks the new value of a state.
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

// carrying holds the carried states of a scope.
type carrying struct {
	alone   bool // see Alone
	carried []*carried
	fresh   Value // States.fresh, which all carried states use
}

// carried is a state in a graph, and its value after the run.
type carried struct {
	path  string // of the layer
	state *held
	next  Value
}
