package forecast

import (
	"context"
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
)

// calibration moves quantiles so that on the validation part as many values lie below each
// as its level says, and further out where there are few values: conformalized quantile regression
// (Romano, Patterson and Candès 2019), each quantile on its own where there are enough values.
// Moves are in units of the transform and the window's scale, so they hold for all series and
// levels.
type calibration struct {
	Moves [][]float64 // [level][horizon]; empty before calibration
}

// move moves a quantile of a step of the horizon.
func (c calibration) move(fitted datasets.Fitted, quantile, factor float64, step, level int) float64 {
	if len(c.Moves) == 0 || c.Moves[level][step] == 0 {
		return quantile
	}
	return fitted.Undo(quantile, fitted.Do(quantile, quantile)+factor*c.Moves[level][step])
}

// distance is how far a value lies from a forecast, in the units of the moves. With the
// forecast as the value before it, this is also right for changes.
func distance(fitted datasets.Fitted, forecast, value, factor float64) float64 {
	return (fitted.Do(forecast, value) - fitted.Do(forecast, forecast)) / factor
}

// residualsWanted is how many residuals a move is made of. A step of the horizon that has fewer
// also takes those of the steps around it.
const residualsWanted = 100

// calibrate fits the moves on windows whose whole horizon is known.
func (p *predictor) calibrate(ctx context.Context, places []place) error {
	p.calibration = calibration{}
	if len(places) == 0 {
		return nil
	}
	forecasts, err := p.predict(ctx, places)
	if err != nil {
		return err
	}
	p.calibration = calibration{Moves: p.moves(places, forecasts)}
	return nil
}

// moves are those of all levels, [level][step].
func (p *predictor) moves(places []place, forecasts [][]predicted) [][]float64 {
	independent := independentErrors(places, p.horizon)
	residuals := p.distances(places, forecasts)
	moves := make([][]float64, len(p.levels))
	for l, level := range p.levels {
		moves[l] = make([]float64, p.horizon)
		opposite := slices.IndexFunc(p.levels, func(q float64) bool { return math.Abs(level+q-1) < 1e-9 })
		few := independent < enoughErrors
		if level == 0.5 && (few || medians(forecasts, l)) {
			continue // the median stays the point forecast
		}
		outwards, of, share := 1.0, residuals[l], level // from the median
		if few && opposite >= 0 {
			of, share = outsideOf(residuals[min(l, opposite)], residuals[max(l, opposite)]), math.Abs(2*level-1)
		}
		if level < 0.5 {
			outwards = -1
		}
		for h := range moves[l] {
			move := conformal(around100(of, h), share, independent)
			switch {
			case few && opposite >= 0:
				move = outwards * max(0, move)
			case few:
				move = outwards * max(0, outwards*move)
			}
			moves[l][h] = move
		}
	}
	return moves
}

// distances are how far the true values lie from each quantile, [level][step], of all places in
// their order.
func (p *predictor) distances(places []place, forecasts [][]predicted) [][][]float64 {
	out := make([][][]float64, len(p.levels))
	for l := range p.levels {
		out[l] = make([][]float64, p.horizon)
		for i, at := range places {
			for j := range at.track.layout.Targets {
				c, f := at.track.columns[j], forecasts[i][j]
				for h := range p.horizon {
					if value := c.raw[at.row+1+h]; !math.IsNaN(value) {
						out[l][h] = append(out[l][h], distance(c.fitted, f.quantiles[l][h], value, f.factor))
					}
				}
			}
		}
	}
	return out
}

// enoughErrors is how many independent errors tell the two tails apart, and that an interval is too
// wide. Of fewer, most may lie on one side or be small by chance, so both ends of an interval get
// the same move, and none moves inwards.
const enoughErrors = 50

// outsideOf is how far values lie outside of an interval, by their distances from its ends;
// negative inside.
func outsideOf(low, high [][]float64) [][]float64 {
	out := make([][]float64, len(low))
	for h := range low {
		for i := range low[h] {
			out[h] = append(out[h], max(-low[h][i], high[h][i]))
		}
	}
	return out
}

// medians tells whether the quantiles of a level are the point forecasts, as those of 0.5 are
// of a symmetric distribution.
func medians(forecasts [][]predicted, level int) bool {
	for _, targets := range forecasts {
		for _, f := range targets {
			for h, v := range f.values {
				if d := math.Abs(v - f.quantiles[level][h]); d > 1e-9*math.Abs(v) {
					return false
				}
			}
		}
	}
	return true
}

// around100 are the residuals of a step, with those of as many steps around it as needed.
func around100(residuals [][]float64, h int) []float64 {
	var out []float64
	for far := 0; far < len(residuals) && len(out) < residualsWanted; far++ {
		if h-far >= 0 {
			out = append(out, residuals[h-far]...)
		}
		if far > 0 && h+far < len(residuals) {
			out = append(out, residuals[h+far]...)
		}
	}
	return out
}

// independentErrors is how many independent errors tell as much as those of windows that
// overlap. Errors of a horizon of h rows that begin k rows apart have the correlation 1 − k/h
// if the series is a random walk, so the variance of the mean of n of them is
// (2h² + 1) / 3h times that of n independent ones (Hansen and Hodrick, Forward Exchange
// Rates as Optimal Predictors of Future Spot Rates, 1980, have the errors).
//
// The places of a track follow each other, in the order of their rows.
func independentErrors(places []place, horizon int) float64 {
	h, sum := float64(horizon), 0.0
	for first := 0; first < len(places); {
		last := first
		for last+1 < len(places) && places[last+1].track == places[first].track {
			last++
		}
		n := float64(places[last].row - places[first].row + 1)
		sum += max(1, n*3*h/(2*h*h+1))
		first = last + 1
	}
	return sum
}

// conformal estimates from residuals the number that the next one stays below with
// probability p. Of n independent residuals it is the one in place p·(n+1), the share
// p + (p−½)/n of them, interpolated. Residuals that depend on each other count for fewer,
// so that few windows give wide intervals; where that is outside of them, it is the outermost.
func conformal(residuals []float64, p, independent float64) float64 {
	n := len(residuals)
	if n == 0 {
		return 0
	}
	slices.Sort(residuals)
	share := p + (p-0.5)/min(independent, float64(n))
	at := min(max(share*float64(n)-0.5, 0), float64(n-1))
	low := int(at)
	high := min(low+1, n-1)
	return residuals[low] + (at-float64(low))*(residuals[high]-residuals[low])
}
