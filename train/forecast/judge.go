package forecast

import (
	"context"
	"fmt"
	"math"

	"github.com/engram-go/engram/train/forecast/scores"
)

// These limit how many forecasts of the test parts are judged: of one series, and of all. Of more
// series than originsOfAll, some are judged, at equal distances. The simple methods are fitted
// again for each forecast, which would take longer than the training of thousands of series.
const (
	originsOfSeries = 50
	originsOfAll    = 400
)

// judge compares the networks with the simple methods on the test part.
func (f *Forecaster) judge(ctx context.Context, parts []part) (Verdict, error) {
	if f.config.Progress != nil {
		fmt.Fprintln(f.config.Progress, "Comparing with simple methods")
	}
	each := min(originsOfSeries, max(1, originsOfAll/len(parts)))
	var at []place
	for _, p := range parts {
		one := places([]part{p}, part.tested, 0)
		if len(one) > each {
			step := len(one) / each
			last := len(one) - 1
			thinned := make([]place, each) // at equal distances, the newest one last
			for i := range thinned {
				thinned[each-1-i] = one[last-i*step]
			}
			one = thinned
		}
		at = append(at, one...)
	}
	at = thin(at, originsOfAll)
	forecasts, err := f.predictor.predict(ctx, at)
	if err != nil {
		return Verdict{}, err
	}
	v, err := f.compare(ctx, at, forecasts, simpleMethods(f.config.Season))
	if err != nil {
		return v, err
	}
	v.Repeats, err = f.repeats(ctx, parts)
	return v, err
}

// compare makes the verdict from forecasts of the networks after the given places, and those
// of simple methods.
func (f *Forecaster) compare(ctx context.Context, at []place, model [][]predicted, methods []simple) (Verdict, error) {
	of, origins, distance := forecastsOf(at)
	v := Verdict{Origins: origins, Levels: f.predictor.levels, Best: modelName}
	losses := map[string][]float64{} // mean squared error of each forecast
	scales := naiveScales(at, f.config.Season)
	measureOf := func(name string, forecasts [][]predicted) {
		m := newMeasure(f.predictor.levels, f.config.Horizon, f.layout.Targets)
		sums, counts := make([]float64, origins), make([]float64, origins)
		for i, p := range at {
			loss, n := m.add(p, forecasts[i], scales[i])
			sums[of[i]], counts[of[i]] = sums[of[i]]+loss, counts[of[i]]+n
		}
		for i, n := range counts {
			if n > 0 {
				losses[name] = append(losses[name], sums[i]/n)
			}
		}
		v.Scores = append(v.Scores, m.scores(name))
	}
	measureOf(modelName, model)
	for _, m := range methods {
		most := func(string) int { return historyOf(f.config.Season) }
		forecasts, err := m.predict(ctx, at, f.config.Horizon, f.predictor.levels, most)
		switch {
		case ctx.Err() != nil:
			return v, ctx.Err()
		case err != nil: // such as a history that is too short for it
			v.Missing = append(v.Missing, m.name+": "+err.Error())
		default:
			measureOf(m.name, forecasts)
		}
	}
	v.decide(losses, f.config.Horizon, distance)
	return v, nil
}

// naiveScales are the units of MASE of the targets at each place, [place][target].
func naiveScales(at []place, season int) [][]float64 {
	out := make([][]float64, len(at))
	of := map[*track][][]float64{} // [target][row]
	for i, p := range at {
		scales, ok := of[p.track]
		if !ok {
			for j := range p.track.layout.Targets {
				scales = append(scales, p.track.naiveScales(j, season))
			}
			of[p.track] = scales
		}
		for _, s := range scales {
			out[i] = append(out[i], s[p.row])
		}
	}
	return out
}

// forecastsOf numbers the forecasts that places belong to: those of all tracks of a series
// at one row are one. The distance is the number of rows between two of them.
func forecastsOf(at []place) (of []int, n, distance int) {
	type origin struct {
		series string
		row    int
	}
	numbers, distance := map[origin]int{}, 1
	for _, p := range at {
		o := origin{p.track.name, p.row}
		if _, ok := numbers[o]; !ok {
			numbers[o] = len(numbers)
			if len(numbers) == 2 && o.series == at[0].track.name {
				distance = o.row - at[0].row
			}
		}
		of = append(of, numbers[o])
	}
	return of, len(numbers), distance
}

// repeats tells whether forecasts of one row ahead follow an earlier value more closely than
// the one that they forecast, in most series.
func (f *Forecaster) repeats(ctx context.Context, parts []part) (bool, error) {
	const mostSeries, mostRows = 10, 500
	yes, no := 0, 0
	for _, p := range parts[:min(mostSeries, len(parts))] {
		from, to := p.tested()
		var at []place
		for row := max(from, to-mostRows); row <= to; row++ {
			at = append(at, place{p.track, row})
		}
		forecasts, err := f.predictor.predict(ctx, at)
		if err != nil {
			return false, err
		}
		for j := range p.track.layout.Targets {
			var truth, first []float64
			for i, q := range at {
				if v := p.track.columns[j].raw[q.row+1]; !math.IsNaN(v) {
					truth, first = append(truth, v), append(first, forecasts[i][j].values[0])
				}
			}
			lags, err := scores.Lag(truth, first, min(5, len(truth)/4))
			switch {
			case err != nil: // too few, or they do not vary: nothing can be said
			case lags.Repeats():
				yes++
			default:
				no++
			}
		}
	}
	return yes > no, nil
}

// measure collects forecasts with their true values.
type measure struct {
	levels  []float64
	steps   []*collected // by row of the horizon
	targets map[string]*collected
	all     *collected
}

// collected are true values, forecasts and quantiles that belong together.
type collected struct {
	truth, forecast []float64
	quantiles       [][]float64 // [level]
	scaled          []float64   // absolute errors, over that of the naive method within the history
}

func newMeasure(levels []float64, horizon int, targets []string) *measure {
	empty := func() *collected { return &collected{quantiles: make([][]float64, len(levels))} }
	m := &measure{levels: levels, targets: map[string]*collected{}, all: empty()}
	for range horizon {
		m.steps = append(m.steps, empty())
	}
	for _, name := range targets {
		m.targets[name] = empty()
	}
	return m
}

// add adds the forecasts after a place, and returns the sum of the squared errors, scaled
// where the naive method has errors, and their number.
func (m *measure) add(at place, forecasts []predicted, scales []float64) (loss, n float64) {
	for j, name := range at.track.layout.Targets {
		raw, scale := at.track.columns[j].raw, scales[j]
		for h := range m.steps {
			y := raw[at.row+1+h]
			if math.IsNaN(y) {
				continue
			}
			for _, c := range []*collected{m.steps[h], m.targets[name], m.all} {
				c.add(y, forecasts[j], h, scale)
			}
			e := y - forecasts[j].values[h]
			if scale > 0 {
				e /= scale
			}
			loss, n = loss+e*e, n+1
		}
	}
	return loss, n
}

func (c *collected) add(y float64, f predicted, h int, scale float64) {
	c.truth, c.forecast = append(c.truth, y), append(c.forecast, f.values[h])
	for l := range f.quantiles {
		c.quantiles[l] = append(c.quantiles[l], f.quantiles[l][h])
	}
	if scale > 0 {
		c.scaled = append(c.scaled, math.Abs(y-f.values[h])/scale)
	}
}

// scores are those of all forecasts, of each row of the horizon and of each target.
func (m *measure) scores(method string) Scores {
	s := Scores{Method: method, Values: m.all.values(m.levels)}
	for h := range m.steps {
		s.Steps = append(s.Steps, m.steps[h].values(m.levels))
	}
	if len(m.targets) > 1 {
		s.Targets = map[string]Values{}
		for name, c := range m.targets {
			s.Targets[name] = c.values(m.levels)
		}
	}
	return s
}

// values computes the scores. Those that are not defined stay nil.
func (c *collected) values(levels []float64) Values {
	var v Values
	defined := func(x float64, err error) *float64 {
		if err != nil {
			return nil
		}
		return &x
	}
	v.Count = len(c.truth)
	v.MAE = defined(scores.MAE(c.truth, c.forecast))
	v.RMSE = defined(scores.RMSE(c.truth, c.forecast))
	v.MAPE = defined(scores.MAPE(c.truth, c.forecast))
	v.SMAPE = defined(scores.SMAPE(c.truth, c.forecast))
	if len(c.scaled) > 0 {
		sum := 0.0
		for _, e := range c.scaled {
			sum += e / float64(len(c.scaled))
		}
		v.MASE = &sum
	}
	pinball := 0.0
	for l, p := range levels {
		x, err := scores.Pinball(p, c.truth, c.quantiles[l])
		if err != nil {
			return v
		}
		pinball += x / float64(len(levels))
	}
	v.Pinball = &pinball
	if n := len(levels); n > 1 {
		v.Coverage = defined(scores.Coverage(c.truth, c.quantiles[0], c.quantiles[n-1]))
	}
	return v
}
