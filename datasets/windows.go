package datasets

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

// Windowed is the sliding windows of a series, split in time order.
// Reading is safe from several goroutines.
//
// An input is [batch, steps, inputs]: the columns, then for each column with a missing value
// anywhere one that is 1 where it is missing and 0 elsewhere. A target is
// [batch, horizon·targets], the targets of the first row to forecast, then those of the
// second, so that layers.Dense{Units: horizon·targets} fits.
//
// A missing value of a column is filled with the last one before it, in original units; where
// the transform is a change, with that of Lag rows before, so that nothing changes. What is
// missing before the first value becomes the mean of the transformed training part. If a
// target is missing, or the value that its change is from, the weight of its windows is 0, and
// that of the others 1 (Batch.Weights); a loss has one weight for all outputs of a sample. For
// a long horizon with many missing values, Series.Fill leaves more to train on.
type Windowed struct {
	Train      *Samples // before the other two; has none of their targets
	Validation *Samples // empty if WindowConfig.Validation is 0
	Test       *Samples // last; its inputs may look back before the border

	name    string
	config  WindowConfig
	layout  layout
	inputs  int         // numbers of a row
	newest  *Samples    // the last rows as a window
	truth   [][]float64 // the target columns as they are
	targets []prepared  // and what became of them
}

// Windows makes samples of a series: windows of config.Steps rows, with the
// config.Horizon rows after each as targets. The windows are views: the series is
// transformed once and never copied for a window. The transform learns from
// the rows up to the last training target only.
//
// Errors name the setting, or the row and the column: a missing column, more
// steps than rows, a part without a window or without a target that is known, a number that
// the transform refuses, a column that does not vary in the training part.
func Windows(s *Series, config WindowConfig) (*Windowed, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	c, err := config.complete(s)
	if err != nil {
		return nil, err
	}
	l, err := c.arrange(s)
	if err != nil {
		return nil, err
	}
	w := &Windowed{name: s.name(), config: c, layout: l}
	columns := map[string]prepared{}
	for _, name := range slices.Concat(c.Columns, c.Targets) {
		if _, done := columns[name]; done {
			continue
		}
		if columns[name], err = prepare(s, c, name, l.fitted); err != nil {
			return nil, err
		}
	}
	var inputs, outputs [][]float64
	for _, name := range c.Columns {
		inputs = append(inputs, columns[name].transformed)
	}
	for _, name := range c.Columns {
		if columns[name].gaps > 0 {
			inputs = append(inputs, columns[name].missing())
		}
	}
	for _, name := range c.Targets {
		outputs = append(outputs, columns[name].transformed)
		w.targets, w.truth = append(w.targets, columns[name]), append(w.truth, columns[name].truth)
	}
	if w.inputs = len(inputs); s.Len() > maxCells/w.inputs {
		return nil, errs.Error{Path: s.name(), Field: "inputs", Rule: fmt.Sprintf("must have at most %d numbers, with a column for what is missing in each", maxCells)}
	}
	x := c.table(inputs)
	y := x
	if !slices.Equal(c.Columns, c.Targets) || w.inputs > len(c.Columns) {
		y = c.table(outputs)
	}
	for i := range w.targets {
		w.targets[i].transformed = nil // is in the table
	}

	// Row r of the tables is row r + lag of the series: window i begins at row
	// i·stride of x, and its targets begin steps rows later in y.
	nx, ny := w.inputs, len(c.Targets)
	weights := w.weights()
	if weights != nil && (!slices.Contains(weights[:l.train], 1) || l.nv > 0 && !slices.Contains(weights[l.validation:l.validation+l.nv], 1)) {
		return nil, errs.Error{Path: s.name(), Field: "training and validation", Rule: "must each have a window whose targets are all known: fill in missing values with Series.Fill"}
	}
	part := func(from, n int) *Samples {
		if n == 0 || err != nil {
			return new(Samples)
		}
		var of []samples.View
		if weights != nil {
			of = []samples.View{{Data: dense.FromFloat64(c.Dtype, shapes.Shape{n}, weights[from:from+n]), Step: 1, Shape: shapes.Shape{}}}
		}
		var s *Samples
		s, err = samples.FromViews(n,
			[]samples.View{{Data: x, First: from * c.Stride * nx, Step: c.Stride * nx, Shape: w.InputShape()}},
			[]samples.View{{Data: y, First: (from*c.Stride + c.Steps) * ny, Step: c.Stride * ny, Shape: shapes.Shape{c.Horizon * ny}}}, of...)
		return s
	}
	w.Train, w.Validation, w.Test = part(0, l.train), part(l.validation, l.nv), part(l.test, l.nt)
	if err == nil {
		w.newest, err = samples.FromViews(1, []samples.View{{Data: x, First: x.DataSize() - c.Steps*nx, Shape: w.InputShape()}}, nil)
	}
	if err != nil {
		return nil, errs.At(err, w.name, "")
	}
	return w, nil
}

// table makes [rows − lag, columns] of columns of rows − lag values.
func (c WindowConfig) table(columns [][]float64) *tensor.Dense {
	width, rows := len(columns), len(columns[0])
	elements := make([]float64, rows*width)
	for j, column := range columns {
		for i, v := range column {
			elements[i*width+j] = v
		}
	}
	return dense.FromFloat64(c.Dtype, shapes.Shape{rows, width}, elements)
}

// weights are those of all windows: 0 where a target is missing; nil if none is.
func (w *Windowed) weights() []float64 {
	if !slices.ContainsFunc(w.targets, func(f prepared) bool { return f.gaps > 0 }) {
		return nil
	}
	c := w.config
	weights := make([]float64, (len(w.truth[0])-1-c.Horizon-w.layout.origin)/c.Stride+1)
	for i := range weights {
		weights[i] = 1
		for row := w.row(i) + 1; row <= w.row(i)+c.Horizon; row++ {
			if slices.ContainsFunc(w.targets, func(f prepared) bool { return f.unknown(row, c.Transform.Lag()) }) {
				weights[i] = 0
			}
		}
	}
	return weights
}

// InputShape is the shape of one input, [steps, inputs], for layers.Input.
func (w *Windowed) InputShape() shapes.Shape { return shapes.Shape{w.config.Steps, w.inputs} }

// Newest is the window that ends with the last row of the series and has no
// target yet, as the model's inputs: one tensor [1, steps, inputs]. Next turns
// the model's output for it into original units.
func (w *Windowed) Newest() []*tensor.Dense { return w.newest.X() }
