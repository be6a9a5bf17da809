package forecast

import (
	"math"
	"slices"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/train/forecast/networks"
	"gorgonia.org/tensor"
)

// place is a window: that which ends with a row of a track, the newest one that the network
// knows.
type place struct {
	track *track
	row   int
}

// windows are samples of the network, one for each place. They implement samples.Data. The
// targets are [batch, Horizon·Targets, 1] in the order of networks.Task, with the weight 0
// where they are missing.
type windows struct {
	task      networks.Task
	normalize Normalize
	places    []place
}

var _ samples.Data = (*windows)(nil)

// Len is the number of windows.
func (w *windows) Len() int { return len(w.places) }

// Gather fills a batch with windows and their targets.
func (w *windows) Gather(rows []int, into *samples.Batch) error {
	if err := samples.CheckRows(rows, w.Len()); err != nil {
		return err
	}
	t := w.task
	b, width := len(rows), t.Horizon*t.Targets
	w.inputs(rows, into)
	into.Targets = reuse(into.Targets, 0, t.Dtype, b, width, 1)
	into.Targets = into.Targets[:1]
	into.Weights = reuse(into.Weights, 0, t.Dtype, b, width)
	into.Weights = into.Weights[:1]
	targets, weights := make([]float64, b*width), make([]float64, b*width)
	for i, r := range rows {
		p := w.places[r]
		for j, c := range p.track.columns[:t.Targets] {
			shift, factor := w.scale(p, j)
			for h := range t.Horizon {
				at := i*width + h*t.Targets + j
				if v, known := c.target(p.row + 1 + h); known {
					targets[at], weights[at] = (v-shift)/factor, 1
				}
			}
		}
	}
	dense.SetFloat64(into.Targets[0], targets)
	dense.SetFloat64(into.Weights[0], weights)
	return nil
}

// inputs fills in the inputs of a batch alone.
func (w *windows) inputs(rows []int, into *samples.Batch) {
	t := w.task
	b := len(rows)
	n := 0
	next := func(width int, shape ...int) []float64 {
		into.Inputs = reuse(into.Inputs, n, t.Dtype, append([]int{b}, shape...)...)
		n++
		return make([]float64, b*width)
	}
	past := next(t.Steps*t.Past, t.Steps, t.Past)
	for i, r := range rows {
		w.fillPast(w.places[r], past[i*t.Steps*t.Past:])
	}
	dense.SetFloat64(into.Inputs[0], past)
	if t.Future > 0 {
		future := next(t.Horizon*t.Future, t.Horizon, t.Future)
		for i, r := range rows {
			p := w.places[r]
			columns := p.track.columns
			for j, c := range columns[len(columns)-t.Future:] {
				for h := range t.Horizon {
					future[(i*t.Horizon+h)*t.Future+j] = c.scaled[p.row+1+h]
				}
			}
		}
		dense.SetFloat64(into.Inputs[n-1], future)
	}
	if t.Static > 0 {
		static := next(t.Static, t.Static)
		for i, r := range rows {
			copy(static[i*t.Static:], w.places[r].track.static)
		}
		dense.SetFloat64(into.Inputs[n-1], static)
	}
	into.Inputs = into.Inputs[:n]
}

// fillPast writes the window of a place, [Steps, Past]: targets, covariates, indicators.
func (w *windows) fillPast(p place, to []float64) {
	t := w.task
	first := p.row + 1 - t.Steps
	for j, c := range p.track.columns {
		shift, factor := 0.0, 1.0
		if j < t.Targets {
			shift, factor = w.scale(p, j)
		}
		for s := range t.Steps {
			to[s*t.Past+j] = (c.scaled[first+s] - shift) / factor
		}
	}
	for j, at := range p.track.layout.Gaps {
		raw := p.track.columns[at].raw
		for s := range t.Steps {
			if math.IsNaN(raw[first+s]) {
				to[s*t.Past+len(p.track.columns)+j] = 1
			}
		}
	}
}

// scale is how Normalize scales a target in a window.
func (w *windows) scale(p place, target int) (shift, factor float64) {
	if w.normalize == NormalizeNone {
		return 0, 1
	}
	c := p.track.columns[target]
	first := p.row + 1 - w.task.Steps
	sum, squares, size, last, n := 0.0, 0.0, 0.0, 0.0, 0.0
	for r := first; r <= p.row; r++ {
		v, known := c.target(r)
		if !known {
			continue
		}
		sum, size, last, n = sum+v, size+math.Abs(v), v, n+1
	}
	if n == 0 {
		return 0, 1
	}
	switch w.normalize {
	case NormalizeLast:
		return last, 1
	case NormalizeMean:
		factor = size / n
	case NormalizeStandard:
		shift = sum / n
		for r := first; r <= p.row; r++ {
			if v, known := c.target(r); known {
				squares += (v - shift) * (v - shift)
			}
		}
		factor = math.Sqrt(squares / n)
	}
	if least := 1e-8 * (size/n + 1); factor < least {
		factor = 1 // a window that does not vary
	}
	return shift, factor
}

// reuse makes place i of tensors one of the shape, with the memory of the one that is there
// where it fits.
func reuse(tensors []*tensor.Dense, i int, dtype tensor.Dtype, shape ...int) []*tensor.Dense {
	for len(tensors) <= i {
		tensors = append(tensors, nil)
	}
	tensors[i] = dense.Reuse(tensors[i], dtype, shapes.Shape(shape))
	return tensors
}

// rows are 0, 1, … n−1.
func rows(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// learnable leaves out the windows of which no target is known.
func (w *windows) learnable() {
	w.places = slices.DeleteFunc(w.places, func(p place) bool {
		for _, c := range p.track.columns[:w.task.Targets] {
			for h := range w.task.Horizon {
				if _, known := c.target(p.row + 1 + h); known {
					return false
				}
			}
		}
		return true
	})
}
