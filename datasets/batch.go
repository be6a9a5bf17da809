package datasets

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Data is what training reads: so many samples, and any of them gathered into
// a batch in any order, repeated or left out. Gather fits into to hold exactly
// these rows and may overwrite the tensors in it.
type Data interface {
	Len() int
	Gather(rows []int, into *Batch) error
}

// Batch is what Gather fills. The zero value is ready to use; filled again, it
// keeps its tensors where their dtype and shape fit.
type Batch struct {
	Inputs  []*tensor.Dense // in the model's order, each [batch, ...]
	Targets []*tensor.Dense // in the order of the outputs that are trained, each [batch, ...]

	// Weights are those of the samples, [batch], or of their steps, [batch, steps],
	// in losses and metrics: one tensor for all targets, or one for each, nil for a
	// target whose samples all weigh the same; empty where all do. They are finite
	// and not negative. train.Config says how they enter the loss: weights of 2
	// double it.
	Weights []*tensor.Dense
}

// maxElements bounds one tensor, as it does in graph.
const maxElements = 1 << 31

// source is where one tensor of a batch comes from: sample i is the run of
// numbers that starts at first + i·step. Overlapping runs are windows on one
// series; runs side by side are the samples of a tensor.
type source struct {
	data        numbers
	first, step int
	shape       shapes.Shape // of one sample
}

// gather copies the samples at rows into a tensor, into where it fits.
func (s source) gather(rows []int, into *tensor.Dense) *tensor.Dense {
	shape := append([]int{len(rows)}, s.shape...)
	size := s.shape.Size()
	if !reusable(into, s.data.dtype(), shape) {
		into = makeNumbers(s.data.dtype(), len(rows)*size).tensor(shape)
	}
	out := raw(into)
	for i, row := range rows {
		out.copy(i*size, s.data, s.first+row*s.step, size)
	}
	return into
}

// Samples are inputs and their targets in memory: the windows of a part of a
// series, or the rows of tensors. Reading is safe from several goroutines. The
// zero value has no samples.
type Samples struct {
	n       int
	inputs  []source
	targets []source
}

var _ Data = (*Samples)(nil)

// Len is the number of samples.
func (s *Samples) Len() int { return s.n }

// Gather copies the samples at rows, in that order, into a batch. No rows, a
// row that does not exist, and more than 2³¹ numbers in a tensor are errors,
// and leave the batch as it was.
func (s *Samples) Gather(rows []int, into *Batch) error {
	if into == nil {
		return errs.Error{Field: "into", Rule: "must not be nil"}
	}
	if err := checkRows(rows, s.n); err != nil {
		return err
	}
	if !s.fit(len(rows)) {
		return errs.Error{Field: "rows", Rule: fmt.Sprintf("must be few enough for a tensor of %d numbers", maxElements), Value: len(rows)}
	}
	into.Inputs = gatherAll(s.inputs, rows, into.Inputs)
	into.Targets = gatherAll(s.targets, rows, into.Targets)
	into.Weights = nil
	return nil
}

// fit tells whether n samples of each source can be one tensor.
func (s *Samples) fit(n int) bool {
	tooLarge := func(one source) bool { return n > maxElements/one.shape.Size() }
	return !slices.ContainsFunc(s.inputs, tooLarge) && !slices.ContainsFunc(s.targets, tooLarge)
}

func checkRows(rows []int, n int) error {
	if len(rows) == 0 {
		return errs.Error{Field: "rows", Rule: "must not be empty"}
	}
	for i, row := range rows {
		if row < 0 || row >= n {
			return errs.Error{Field: fmt.Sprintf("rows[%d]", i), Rule: fmt.Sprintf("must be at least 0 and below %d", n), Value: row}
		}
	}
	return nil
}

func gatherAll(sources []source, rows []int, into []*tensor.Dense) []*tensor.Dense {
	out := make([]*tensor.Dense, len(sources))
	copy(out, into)
	for i, s := range sources {
		out[i] = s.gather(rows, out[i])
	}
	return out
}

// X returns all inputs, each a new tensor [samples, ...]. It is nil where
// there are no samples, or more numbers than the 2³¹ of one tensor; those are
// read in batches with Gather.
func (s *Samples) X() []*tensor.Dense { return s.all(s.inputs) }

// Y returns all targets, each a new tensor [samples, ...]; it is nil where X is.
func (s *Samples) Y() []*tensor.Dense { return s.all(s.targets) }

func (s *Samples) all(sources []source) []*tensor.Dense {
	if s.n == 0 || !s.fit(s.n) {
		return nil
	}
	rows := make([]int, s.n)
	for i := range rows {
		rows[i] = i
	}
	return gatherAll(sources, rows, nil)
}
