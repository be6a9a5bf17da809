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
// An input is [batch, steps, columns]; a target is [batch, horizon·targets],
// the targets of the first row to forecast, then those of the second, so that
// layers.Dense{Units: horizon·targets} fits.
type Windowed struct {
	Train      *Samples // before the other two; has none of their targets
	Validation *Samples // empty if WindowConfig.Validation is 0
	Test       *Samples // last; its inputs may look back before the border

	name    string
	config  WindowConfig
	layout  layout
	newest  *Samples    // the last rows as a window
	truth   [][]float64 // the target columns as they are
	undoing []Fitted    // their transforms
}

// Windows makes samples of a series: windows of config.Steps rows, with the
// config.Horizon rows after each as targets. The windows are views: the series is
// transformed once and never copied for a window. The transform learns from
// the rows up to the last training target only.
//
// Errors name the setting, or the row and the column: a missing column, more
// steps than rows, a part without a window, a number that is not finite or that the transform refuses, a column
// that does not vary in the training part.
func Windows(s *Series, config WindowConfig) (*Windowed, error) {
	if err := s.check(); err != nil {
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
	x, undoing, err := transformed(s, c, c.Columns, l.fitted)
	if err != nil {
		return nil, err
	}
	y := x
	if !slices.Equal(c.Columns, c.Targets) {
		if y, undoing, err = transformed(s, c, c.Targets, l.fitted); err != nil {
			return nil, err
		}
	}
	w.undoing = undoing
	for _, name := range c.Targets {
		column, err := s.Column(name)
		if err != nil {
			return nil, err
		}
		w.truth = append(w.truth, slices.Clone(column)) // the caller may change the series afterwards
	}

	// Row r of the tables is row r + lag of the series: window i begins at row
	// i·stride of x, and its targets begin steps rows later in y.
	nx, ny := len(c.Columns), len(c.Targets)
	part := func(from, n int) *Samples {
		if n == 0 || err != nil {
			return new(Samples)
		}
		var s *Samples
		s, err = samples.FromViews(n,
			[]samples.View{{Data: x, First: from * c.Stride * nx, Step: c.Stride * nx, Shape: w.InputShape()}},
			[]samples.View{{Data: y, First: (from*c.Stride + c.Steps) * ny, Step: c.Stride * ny, Shape: shapes.Shape{c.Horizon * ny}}})
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

// transformed makes the table [rows − lag, columns] that windows look at.
func transformed(s *Series, c WindowConfig, names []string, fitted int) (*tensor.Dense, []Fitted, error) {
	lag, width := c.Transform.Lag(), len(names)
	table := make([]float64, (s.Len()-lag)*width)
	undoing := make([]Fitted, width)
	for j, name := range names {
		column, err := s.Column(name)
		if err != nil {
			return nil, nil, err
		}
		for i, v := range column {
			if !dense.Finite(v) {
				return nil, nil, errs.Error{Path: s.row(i), Field: shorten(name), Rule: "must be finite", Value: v, Kind: errs.ErrNotFinite}
			}
			if err := c.Transform.Check(v); err != nil {
				return nil, nil, errs.At(err, s.row(i), shorten(name))
			}
		}
		fit, err := c.Transform.Fit(slices.Clone(column[:fitted]))
		if err != nil {
			return nil, nil, errs.At(err, s.name(), shorten(name))
		}
		if fit == nil {
			return nil, nil, errs.Error{Path: s.name(), Field: "WindowConfig.Transform", Rule: "must return what it fitted"}
		}
		for i, v := range column[lag:] {
			y := fit.Do(column[max(0, i+lag-1)], v)
			if !dense.Finite(dense.Round(c.Dtype, y)) {
				return nil, nil, errs.Error{Path: s.row(i + lag), Field: shorten(name),
					Rule: fmt.Sprintf("must be finite in %v once it is transformed", c.Dtype), Value: y, Kind: errs.ErrNotFinite}
			}
			table[i*width+j] = y
		}
		undoing[j] = fit
	}
	return dense.FromFloat64(c.Dtype, shapes.Shape{s.Len() - lag, width}, table), undoing, nil
}

// InputShape is the shape of one input, [steps, columns], for layers.Input.
func (w *Windowed) InputShape() shapes.Shape {
	return shapes.Shape{w.config.Steps, len(w.config.Columns)}
}

// Newest is the window that ends with the last row of the series and has no
// target yet, as the model's inputs: one tensor [1, steps, columns]. Next turns
// the model's output for it into original units.
func (w *Windowed) Newest() []*tensor.Dense { return w.newest.X() }
