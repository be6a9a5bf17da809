package datasets

import (
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
)

// The data that training reads are in package samples. They have their names
// here too, so that most programs import this package alone.
type (
	// Data is what training reads; see samples.Data.
	Data = samples.Data
	// Batch is what Data gathers samples into; see samples.Batch.
	Batch = samples.Batch
	// Samples are inputs and targets in memory; see samples.Samples.
	Samples = samples.Samples
)

// FromTensors takes samples from tensors [samples, ...]; see samples.FromTensors.
func FromTensors(inputs, targets []*tensor.Dense) (*Samples, error) {
	return samples.FromTensors(inputs, targets)
}

// FromSlices takes samples from plain Go slices, x[sample][feature] and
// y[sample][target]; see samples.FromSlices.
func FromSlices(x, y [][]float64, dtype tensor.Dtype) (*Samples, error) {
	return samples.FromSlices(x, y, dtype)
}

// Matrix copies plain Go slices into a tensor [rows, columns]; see
// samples.Matrix.
func Matrix(rows [][]float64, dtype tensor.Dtype) (*tensor.Dense, error) {
	return samples.Matrix(rows, dtype)
}

// Rows copies a tensor [rows, ...] into plain Go slices; see samples.Rows.
func Rows(t *tensor.Dense) ([][]float64, error) { return samples.Rows(t) }

// Subset is the samples from, from+1, … to−1 of data; see samples.Subset.
func Subset(data Data, from, to int) (Data, error) { return samples.Subset(data, from, to) }

// Split divides data into two parts, the last fraction of the samples in tail;
// see samples.Split.
func Split(data Data, fraction float64) (head, tail Data, err error) {
	return samples.Split(data, fraction)
}

// Weigh adds weights to the samples of data; see samples.Weigh.
func Weigh(data Data, weights ...*tensor.Dense) (Data, error) {
	return samples.Weigh(data, weights...)
}
