package forecast

import (
	"context"
	"fmt"
	"math"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train/forecast/networks"
)

// predictor is a trained network with everything that turns its numbers into forecasts.
type predictor struct {
	model       *models.Model
	task        networks.Task // Horizon is the block
	horizon     int
	normalize   Normalize
	head        Head
	levels      []float64
	calibration calibration
}

// predicted is the forecast of one target, in the units of the series.
type predicted struct {
	values    []float64   // [horizon]
	quantiles [][]float64 // [level][horizon]
	factor    float64     // of Normalize in the newest window that is known
}

// chunk is how many windows are predicted at once, and numbersOfChunk about how many numbers they
// have at most, which bounds the memory.
const (
	chunk          = 1024
	numbersOfChunk = 1 << 22
)

// predict forecasts the rows after each place: the result is [place][target].
func (p *predictor) predict(ctx context.Context, places []place) ([][]predicted, error) {
	out := make([][]predicted, 0, len(places))
	for len(places) > 0 {
		n := min(chunk, len(places), max(1, numbersOfChunk/(p.task.Steps*p.task.Past)))
		part, err := p.predictChunk(ctx, places[:n])
		if err != nil {
			return nil, err
		}
		out, places = append(out, part...), places[n:]
	}
	return out, nil
}

func (p *predictor) predictChunk(ctx context.Context, places []place) ([][]predicted, error) {
	out := make([][]predicted, len(places))
	for i := range out {
		out[i] = make([]predicted, p.task.Targets)
		for j := range out[i] {
			out[i][j] = predicted{values: make([]float64, p.horizon), quantiles: make([][]float64, len(p.levels))}
			for l := range p.levels {
				out[i][j].quantiles[l] = make([]float64, p.horizon)
			}
		}
	}
	blocks := (p.horizon + p.task.Horizon - 1) / p.task.Horizon
	w := &windows{task: p.task, normalize: p.normalize, places: places}
	if blocks > 1 {
		w.places = make([]place, len(places))
		for i, at := range places {
			keep := p.task.Steps + at.track.layout.Lag
			from := max(0, at.row+1-keep)
			w.places[i] = place{at.track.extended(from, at.row, p.horizon, blocks*p.task.Horizon), at.row - from}
		}
	}
	for b := range blocks {
		if err := p.block(ctx, w, b*p.task.Horizon, out); err != nil {
			return nil, err
		}
		if b+1 < blocks {
			for i := range w.places {
				w.places[i].advance(out[i], b*p.task.Horizon, p.task.Horizon)
			}
		}
	}
	return out, nil
}

// block forecasts one block of rows, from step first of the horizon on.
func (p *predictor) block(ctx context.Context, w *windows, first int, out [][]predicted) error {
	var batch samples.Batch
	w.inputs(rows(w.Len()), &batch)
	y, err := p.model.Predict(ctx, batch.Inputs...)
	if err != nil {
		return err
	}
	t := p.task
	if err := dense.Check(y, t.Dtype, shapes.Shape{w.Len(), t.Horizon * t.Targets, t.Outputs}); err != nil {
		return errs.At(err, "forecast", "output of the network")
	}
	numbers := dense.ToFloat64(y)
	for i, at := range w.places {
		for j, name := range at.track.layout.Targets {
			shift, factor := w.scale(at, j)
			if first == 0 {
				out[i][j].factor = factor
			}
			for h := range min(t.Horizon, p.horizon-first) {
				k := (i*t.Horizon*t.Targets + h*t.Targets + j) * t.Outputs
				if err := p.read(numbers[k:k+t.Outputs], at, j, shift, factor, first, h, &out[i][j]); err != nil {
					return errs.At(err, fmt.Sprintf("forecast of %s", at.track.name), name)
				}
			}
		}
	}
	return nil
}

// read turns the numbers of one row and target into units of the series.
func (p *predictor) read(numbers []float64, at place, target int, shift, factor float64, first, h int, out *predicted) error {
	d, err := p.head.Read(numbers)
	if err != nil {
		return err
	}
	c, lag, step := at.track.columns[target], at.track.layout.Lag, first+h
	before := 0.0
	switch {
	case h >= lag && lag > 0:
		before = out.values[step-lag] // forecast in this block
	case lag > 0:
		before = c.filled[at.row+1+h-lag]
	}
	if math.IsNaN(before) {
		return errs.Error{Rule: fmt.Sprintf("must have a known value %d rows before the one to forecast, or a multiple of it, since Config.Transform takes changes", lag), Value: before}
	}
	undo := func(x float64) float64 { return c.fitted.Undo(before, x*factor+shift) }
	out.values[step] = undo(d.Center())
	finite := dense.Finite(out.values[step])
	for l, level := range p.levels {
		q := p.calibration.move(c.fitted, undo(d.Quantile(level)), out.factor, step, l)
		if counts(p.head) {
			q = max(q, 0) // a move may go below
		}
		out.quantiles[l][step] = q
		finite = finite && dense.Finite(q)
	}
	if !finite {
		return errs.Error{Rule: "must be finite in the units of the series; train with a smaller learning rate or another Config.Transform", Value: out.values[step], Kind: errs.ErrNotFinite}
	}
	// Calibration may make neighbours cross. The middle one stays, as the forecast lies there.
	middle, q := middleOf(p.levels), out.quantiles
	for l := middle + 1; l < len(q); l++ {
		q[l][step] = max(q[l][step], q[l-1][step])
	}
	for l := middle - 1; l >= 0; l-- {
		q[l][step] = min(q[l][step], q[l+1][step])
	}
	return nil
}

// advance moves a place of an extended track behind the block of rows that was forecast,
// whose values become those of the track.
func (at *place) advance(forecast []predicted, first, block int) {
	for j := range at.track.layout.Targets {
		c := at.track.columns[j]
		for h := range block {
			c.raw[at.row+1+h] = forecast[j].values[first+h]
			c.fillRow(at.row + 1 + h)
		}
	}
	at.row += block
}
