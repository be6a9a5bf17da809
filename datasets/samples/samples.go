package samples

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/engram-go/engram/internal/shapes"
)

// Samples are inputs and targets in memory: the rows of tensors, or windows on
// a series. Reading is safe from several goroutines. The zero value has no
// samples.
type Samples struct {
	n       int
	inputs  []source
	targets []source
	weights []source
}

var _ Data = (*Samples)(nil)

// source describes one tensor of a batch: sample i is the elements
// from first + i·step on.
type source struct {
	data        *tensor.Dense // [elements]
	first, step int
	shape       shapes.Shape // of one sample
}

// View describes one input or target of samples that are parts of a larger tensor:
// sample i is the elements of Data, in row-major order, from First + i·Step on.
// If Step is less than the size of Shape, the samples overlap, as the windows
// on a series do.
type View struct {
	Data        *tensor.Dense // of any shape; not copied if it is in row-major order
	First, Step int           // in elements
	Shape       shapes.Shape  // of one sample, without the batch
}

// FromViews returns n samples that are views of tensors. All tensors must be
// float32 or all float64, finite, and as long as the samples need.
//
// Weights are those of Batch.Weights: none, one view for all targets, or one for each. Their
// Shape is [] for a weight of each sample, or [steps] for one of each step of a target, such as
// of a target [steps, features]. They must not be negative.
func FromViews(n int, inputs, targets []View, weights ...View) (*Samples, error) {
	if n < 1 {
		return nil, errs.Error{Field: "samples", Rule: "must be positive", Value: n}
	}
	if len(inputs) == 0 {
		return nil, errs.Error{Field: "inputs", Rule: "must not be empty"}
	}
	if len(weights) > 1 && len(weights) != len(targets) {
		return nil, errs.Error{Field: "weights", Rule: fmt.Sprintf("must be one, or as many as the %d targets", len(targets)), Value: len(weights)}
	}
	s := &Samples{n: n}
	for i, v := range inputs {
		if err := s.addView(&s.inputs, fmt.Sprintf("inputs[%d]", i), v); err != nil {
			return nil, err
		}
	}
	for i, v := range targets {
		if err := s.addView(&s.targets, fmt.Sprintf("targets[%d]", i), v); err != nil {
			return nil, err
		}
	}
	for i, v := range weights {
		path := fmt.Sprintf("weights[%d]", i)
		if len(v.Shape) > 1 {
			return nil, errs.Error{Path: path, Field: "View.Shape", Rule: "must be [] or [steps]", Value: v.Shape}
		}
		if err := s.addView(&s.weights, path, v); err != nil {
			return nil, err
		}
		if least := dense.Min(s.weights[i].data); least < 0 {
			return nil, errs.Error{Path: path, Field: "weights", Rule: "must not be negative", Value: least}
		}
	}
	return s, nil
}

func (s *Samples) addView(to *[]source, path string, v View) error {
	data, err := readFinite(v.Data)
	if err != nil {
		return errs.At(err, path, "")
	}
	if err := shapes.Check(v.Shape); err != nil {
		return errs.At(err, path, "")
	}
	size, length := v.Shape.Size(), data.DataSize()
	switch {
	case !v.Shape.Known():
		return errs.Error{Path: path, Field: "View.Shape", Rule: "must have no open axis", Value: v.Shape}
	case v.First < 0 || v.First > length-size:
		return errs.Error{Path: path, Field: "View.First", Rule: fmt.Sprintf("must leave the %d elements of a sample within the %d of the tensor", size, length), Value: v.First}
	case v.Step < 0 || s.n > 1 && v.Step > (length-size-v.First)/(s.n-1):
		return errs.Error{Path: path, Field: "View.Step", Rule: fmt.Sprintf("must leave %d samples within the %d elements of the tensor", s.n, length), Value: v.Step}
	}
	return s.add(to, path, source{data, v.First, v.Step, v.Shape.Clone()})
}

// add keeps a source; the first one determines the dtype of the others.
func (s *Samples) add(to *[]source, path string, one source) error {
	if len(s.inputs) > 0 {
		if want, got := s.inputs[0].data.Dtype(), one.data.Dtype(); got != want {
			return errs.Error{Path: path, Field: "dtype", Rule: fmt.Sprintf("must be %v, as inputs[0]", want), Value: got}
		}
	}
	*to = append(*to, one)
	return nil
}

// Len is the number of samples.
func (s *Samples) Len() int { return s.n }

// Gather copies the samples at rows, in that order, into a batch. No rows, a
// row that does not exist, and more than 2³¹ elements in a tensor are errors,
// which leave the batch as it was.
func (s *Samples) Gather(rows []int, into *Batch) error {
	if into == nil {
		return errs.Error{Field: "into", Rule: "must not be nil"}
	}
	if err := CheckRows(rows, s.n); err != nil {
		return err
	}
	if !s.fit(len(rows)) {
		return errs.Error{Field: "rows", Rule: fmt.Sprintf("must be few enough for a tensor of %d numbers", shapes.MaxElements), Value: len(rows)}
	}
	into.Inputs = gatherAll(s.inputs, rows, into.Inputs)
	into.Targets = gatherAll(s.targets, rows, into.Targets)
	if len(s.weights) == 0 {
		into.Weights = nil
	} else {
		into.Weights = gatherAll(s.weights, rows, into.Weights)
	}
	return nil
}

// fit reports whether n samples of each source can be one tensor.
func (s *Samples) fit(n int) bool {
	tooLarge := func(one source) bool { return n > shapes.MaxElements/one.shape.Size() }
	return !slices.ContainsFunc(s.inputs, tooLarge) && !slices.ContainsFunc(s.targets, tooLarge) && !slices.ContainsFunc(s.weights, tooLarge)
}

// X returns all inputs, each a new tensor [samples, ...]. It is nil if
// there are no samples, or more than the 2³¹ elements of one tensor; those are
// read in batches with Gather.
func (s *Samples) X() []*tensor.Dense { return s.all(s.inputs) }

// Y returns all targets, each a new tensor [samples, ...]; it is nil if X is.
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

func gatherAll(sources []source, rows []int, into []*tensor.Dense) []*tensor.Dense {
	out := make([]*tensor.Dense, len(sources))
	copy(out, into)
	for i, s := range sources {
		out[i] = s.gather(rows, out[i])
	}
	return out
}

// gather copies the samples at rows into a tensor [rows, ...], which is into
// if that fits.
func (s source) gather(rows []int, into *tensor.Dense) *tensor.Dense {
	into = dense.Reuse(into, s.data.Dtype(), append(shapes.Shape{len(rows)}, s.shape...))
	if into.Dtype() == tensor.Float32 {
		gather(into.Float32s(), s.data.Float32s(), s, rows)
	} else {
		gather(into.Float64s(), s.data.Float64s(), s, rows)
	}
	return into
}

func gather[T dense.Float](to, from []T, s source, rows []int) {
	if len(to) < gatheredAtOnce {
		gatherSome(to, from, s, rows)
		return
	}
	size := s.shape.Size()
	kernels.Parallel(len(rows), 1, func(first, end int) { gatherSome(to[first*size:], from, s, rows[first:end]) })
}

// gatheredAtOnce is how many elements one core copies in about 50 µs.
const gatheredAtOnce = 1 << 17

func gatherSome[T dense.Float](to, from []T, s source, rows []int) {
	size := s.shape.Size()
	for i, row := range rows {
		at := s.first + row*s.step
		copy(to[i*size:(i+1)*size], from[at:at+size])
	}
}
