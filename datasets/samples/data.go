// Package samples has the data that a model is trained on: samples in memory,
// and any other Data, gathered into batches.
//
// Samples come from tensors (FromTensors), plain Go slices (FromSlices) or views
// of a longer tensor (FromViews). Subset, Split, TimeSeriesSplit and Weigh make new
// Data of others. The names are available in package datasets too, which makes samples
// of time series.
//
// A Stream is data that are read in order, larger than memory or without an end:
// StreamFunc makes one of a function, Rebatch makes batches of its samples and shuffles
// them, Prefetch reads ahead.
package samples

import (
	"fmt"
	"math"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
)

// Data is what training reads: a number of samples, any of which can be
// gathered into a batch, in any order and more than once. Gather fills into
// with exactly these rows and may overwrite the tensors in it.
type Data interface {
	Len() int
	Gather(rows []int, into *Batch) error
}

// Ordered are Data that choose which samples share a batch, such as those of similar
// lengths. Fit calls Order for each pass over shuffled data: with the samples in their
// random order, and the batch size. It returns the same samples, in the order in which
// they are cut into batches. The result must depend on nothing but the arguments, so that
// a resumed run repeats it.
type Ordered interface {
	Data
	Order(order []int, batch int) []int
}

// Order arranges samples as data choose if they are Ordered; otherwise it returns order as
// it is. A subset and weighted data choose as the data that they are made of. An order
// without all of the samples is an error.
func Order(data Data, order []int, batch int) ([]int, error) {
	o, ok := data.(Ordered)
	if !ok {
		return order, nil
	}
	got := o.Order(slices.Clone(order), batch)
	a, b := slices.Clone(order), slices.Clone(got)
	slices.Sort(a)
	slices.Sort(b)
	if !slices.Equal(a, b) {
		return nil, errs.Error{Field: "Order", Rule: fmt.Sprintf("must return the %d samples that it got, each once", len(order)), Value: fmt.Sprintf("%d samples", len(got))}
	}
	return got, nil
}

// Batch is what Gather fills. The zero value is ready to use. A batch that is
// reused keeps its tensors if their dtype and shape fit.
type Batch struct {
	Inputs  []*tensor.Dense // in the model's order, each [batch, ...]
	Targets []*tensor.Dense // in the order of the trained outputs, each [batch, ...]

	// Weights are the weights of the samples, [batch], or of their steps,
	// [batch, steps], in losses and metrics: one tensor for all targets, or one
	// for each target, nil for a target without weights; empty if no target
	// has weights. They are finite and not negative. A weight of 2 doubles a
	// sample's part of the loss; see train.Config.
	Weights []*tensor.Dense

	// Numbers are those of the samples in errors that name one, for a batch of a Stream:
	// such as the lines of a file, or the places that the samples had before they were
	// shuffled. Empty means that they are counted from 0 in the pass. For Data, a sample
	// has its index.
	Numbers []int
}

// Subset is the samples from, from+1, … to−1 of data. It copies nothing.
// Bounds outside data, or a range without a sample, are errors.
func Subset(data Data, from, to int) (Data, error) {
	if data == nil {
		return nil, errs.Error{Field: "data", Rule: "must not be nil"}
	}
	if n := data.Len(); from < 0 || to > n || from >= to {
		return nil, errs.Error{Field: "range", Rule: fmt.Sprintf("must hold a sample and lie within the %d of the data", n), Value: fmt.Sprintf("%d to %d", from, to)}
	}
	return subset{data, from, to - from}, nil
}

type subset struct {
	data    Data
	from, n int
}

func (s subset) Len() int { return s.n }

func (s subset) Gather(rows []int, into *Batch) error {
	if err := CheckRows(rows, s.n); err != nil {
		return err
	}
	shifted := make([]int, len(rows))
	for i, row := range rows {
		shifted[i] = s.from + row
	}
	return s.data.Gather(shifted, into)
}

// Order keeps order as it is if the data do not choose one.
func (s subset) Order(order []int, batch int) []int {
	o, ok := s.data.(Ordered)
	if !ok {
		return order
	}
	shifted := make([]int, len(order))
	for i, row := range order {
		shifted[i] = s.from + row
	}
	shifted = o.Order(shifted, batch)
	for i := range shifted {
		shifted[i] -= s.from
	}
	return shifted
}

// Split divides data into two parts, the last fraction of the samples in tail,
// as Keras' validation_split does; see Border. A fraction outside (0, 1) and a
// part without a sample are errors.
func Split(data Data, fraction float64) (head, tail Data, err error) {
	if data == nil {
		return nil, nil, errs.Error{Field: "data", Rule: "must not be nil"}
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, errs.Error{Field: "fraction", Rule: "must be above 0 and below 1", Value: fraction}
	}
	n := data.Len()
	at := Border(n, fraction)
	if at <= 0 || at >= n {
		return nil, nil, errs.Error{Field: "fraction", Rule: fmt.Sprintf("must leave a sample on both sides of %d", n), Value: fraction}
	}
	if head, err = Subset(data, 0, at); err != nil {
		return nil, nil, err
	}
	tail, err = Subset(data, at, n)
	return head, tail, err
}

// Border is the index at which the last fraction of n rows begins: the whole
// part of n·(1 − fraction). Rounding errors of float64 do not count: the last
// 0.9 of 10 rows begin at 1, although 10·(1 − 0.9) is 0.9999999999999998.
func Border(n int, fraction float64) int {
	return int(math.Floor(float64(n)*(1-fraction) + 1e-6))
}

// CheckRows refuses no rows, and a row that data of n samples do not have: what Gather of
// every Data must check first.
func CheckRows(rows []int, n int) error {
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
