package metrics

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// ConfusionMatrix counts how often outputs of each class come for targets of each class.
// It is no Metric, because logs and histories hold one number for each. Give it the
// outputs of Model.Predict, all at once or batch by batch.
//
// Outputs are [batch, ..., classes], logits or probabilities, of which the largest is
// taken, the first of equal ones. Targets are the numbers of classes, from 0,
// [batch, ...] or [batch, ..., 1], or 1 for one class and 0 for the others,
// [batch, ..., classes]. An output of one number, [batch] or [batch, ..., 1], says class
// 1 if it is above Threshold and class 0 otherwise.
//
// The zero value is ready to use. It serves one goroutine at a time.
type ConfusionMatrix struct {
	// Threshold for outputs of one number. Nil means 0.5, for probabilities; use new(0.0)
	// for logits. It must be finite.
	Threshold *float64

	lines  lines
	counts [][]float64
}

// maxClasses limits a matrix to 128 MB.
const maxClasses = 1 << 12

// Add counts a batch. Weights are those of an Accumulator; a sample or step counts with
// its weight, and not at all where it is masked. There may be at most 4096 classes, as
// many in every batch. Numbers that are not finite are an error, which changes nothing.
func (c *ConfusionMatrix) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	classes, classOf, err := c.prepare(graph.Shape(target.Shape()), graph.Shape(output.Shape()))
	if err != nil {
		return err
	}
	type cell struct {
		row, column int
		weight      float64
	}
	var cells []cell
	err = c.lines.each(target, output, weights, func(y, yhat []float64, weight float64) error {
		if !allFinite(yhat) {
			return graph.Error{Field: "output", Rule: "must be finite", Value: yhat, Kind: graph.ErrNotFinite}
		}
		row, err := classOf(y, classes)
		if err != nil {
			return err
		}
		if row == unknown {
			return graph.Error{Field: "target", Rule: "must be finite", Value: y, Kind: graph.ErrNotFinite}
		}
		column := slices.Index(yhat, slices.Max(yhat))
		if len(yhat) == 1 {
			column = 0
			if yhat[0] > c.threshold() {
				column = 1
			}
		}
		cells = append(cells, cell{row, column, weight})
		return nil
	})
	if err != nil {
		return err
	}
	if c.counts == nil {
		c.counts = make([][]float64, classes)
		for i := range c.counts {
			c.counts[i] = make([]float64, classes)
		}
	}
	for _, at := range cells {
		c.counts[at.row][at.column] += at.weight
	}
	return nil
}

// prepare checks the config for the shapes of a batch, and chooses what finds the class of
// a target.
func (c *ConfusionMatrix) prepare(target, output graph.Shape) (classes int, classOf func(y []float64, n int) (int, error), err error) {
	if !dense.Finite(c.threshold()) {
		return 0, nil, graph.Error{Field: "ConfusionMatrix.Threshold", Rule: "must be finite", Value: c.threshold()}
	}
	classes, classOf = 2, number
	switch n := output[len(output)-1]; {
	case len(output) == 1 || n == 1:
		err = same(target, output)
	case n > maxClasses:
		err = graph.Error{Field: "output", Rule: fmt.Sprintf("must have at most %d classes", maxClasses), Value: output}
	case target.Equal(output):
		classes, classOf = n, onlyOne("a confusion matrix has no others")
	default:
		classes, err = n, numbersOfClasses(target, output)
	}
	if err == nil && c.counts != nil && len(c.counts) != classes {
		err = graph.Error{Field: "output", Rule: fmt.Sprintf("must have the %d classes of the batches before", len(c.counts)), Value: output}
	}
	return classes, classOf, err
}

func (c *ConfusionMatrix) threshold() float64 {
	if c.Threshold == nil {
		return 0.5
	}
	return *c.Threshold
}

// Counts are the sums of weights so far, [class of the target][class of the output], as
// a copy; nil before the first batch.
func (c *ConfusionMatrix) Counts() [][]float64 {
	out := slices.Clone(c.counts)
	for i := range out {
		out[i] = slices.Clone(out[i])
	}
	return out
}

// String is a table with a row for each class of targets and a column for each class of
// outputs.
func (c *ConfusionMatrix) String() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(w, "target\\output\t")
	for j := range c.counts {
		fmt.Fprintf(w, "%d\t", j)
	}
	for i, row := range c.counts {
		fmt.Fprintf(w, "\n%d\t", i)
		for _, n := range row {
			fmt.Fprintf(w, "%.6g\t", n)
		}
	}
	fmt.Fprintln(w)
	w.Flush() // strings.Builder has no errors
	return b.String()
}
