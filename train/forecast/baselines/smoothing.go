package baselines

import "math"

// smoothing is one model of ETS, with its history and the states before it.
type smoothing struct {
	x              []float64
	name           string
	trend, damped  bool
	multiplicative bool
	initial        states
	season         []float64 // working memory of run
}

// states are the level, the slope and the effects of a season, that of the next value
// first; no effects without a season.
type states struct {
	level, slope float64
	season       []float64
}

// parameters are those of a smoothing. What a model does not have is 0; phi then is 1.
type parameters struct{ alpha, beta, gamma, phi float64 }

// squares are sums of squares of one-step errors.
type squares struct {
	sum      float64
	adjusted float64 // of the errors divided by a multiplicative season
}

func newSmoothing(x []float64, period int, trend, season string) *smoothing {
	s := &smoothing{x: x, trend: trend != "none", damped: trend == "damped", multiplicative: season == "multiplicative"}
	letters := map[string]string{"none": "N", "additive": "A", "damped": "Ad", "multiplicative": "M"}
	s.name = "ETS(A," + letters[trend] + "," + letters[season] + ")"
	start := x[:min(len(x), 10)]
	if season != "none" {
		effects := decompose(x[:min(len(x), 3*period)], period, s.multiplicative)
		s.initial.season = effects.effects
		start = effects.remove(x[:min(len(x), max(10, 2*period))])
	}
	if s.trend {
		s.initial.level, s.initial.slope = line(start)
	} else {
		s.initial.level = mean(start)
	}
	s.season = make([]float64, len(s.initial.season))
	return s
}

// run smooths x from the initial states on, as the equations of ETS say. Where a
// multiplicative season meets a level that is not positive, it ends with infinite sums.
func (s *smoothing) run(p parameters) (states, squares) {
	now := states{s.initial.level, s.initial.slope, s.season}
	copy(now.season, s.initial.season)
	var out squares
	at := 0
	for _, y := range s.x {
		base := now.level + p.phi*now.slope
		level := base
		switch {
		case len(now.season) == 0:
			e := y - base
			out.sum += e * e
			level += p.alpha * e
		case s.multiplicative:
			effect := &now.season[at]
			e := y - base**effect
			out.sum += e * e
			e /= *effect
			out.adjusted += e * e
			level += p.alpha * e
			if !(level > 0) {
				return now, squares{math.Inf(1), math.Inf(1)}
			}
			*effect += p.gamma * (y/level - *effect)
		default:
			effect := &now.season[at]
			e := y - base - *effect
			out.sum += e * e
			level += p.alpha * e
			*effect += p.gamma * (y - level - *effect)
		}
		now.slope = p.beta*(level-now.level) + (1-p.beta)*p.phi*now.slope
		now.level = level
		if at++; at >= len(now.season) {
			at = 0
		}
	}
	if !s.multiplicative {
		out.adjusted = out.sum
	}
	now.season = append(append([]float64{}, now.season[at:]...), now.season[:at]...)
	return now, out
}

// count is the number of parameters.
func (s *smoothing) count() int {
	n := 1
	for _, has := range []bool{s.trend, s.damped, len(s.season) > 0} {
		if has {
			n++
		}
	}
	return n
}

// parameters reads them from numbers without bounds, in the order α, φ, β, γ of those
// that the model has: u becomes the part (1 − cos u)/2 of the range, which reaches both
// ends.
func (s *smoothing) parameters(u []float64) parameters {
	next := func(low, high float64) float64 {
		v := low + (high-low)*(1-math.Cos(u[0]))/2
		u = u[1:]
		return v
	}
	p := parameters{alpha: next(0, 1), phi: 1}
	if s.damped {
		p.phi = next(0.8, 0.98)
	}
	if s.trend {
		p.beta = next(0, 1)
	}
	if len(s.season) > 0 {
		p.gamma = next(0, 1)
	}
	return p
}

// estimate returns the parameters with about the smallest sum of squares, by the method of
// Nelder and Mead from the best points of a coarse grid; false if all sums are infinite.
func (s *smoothing) estimate() (parameters, bool) {
	objective := func(u []float64) float64 {
		_, out := s.run(s.parameters(u))
		if math.IsNaN(out.sum) {
			return math.Inf(1)
		}
		return out.sum
	}
	// The grid: numbers at 2, 19, 56 and 93 % of the ranges.
	values := []float64{0.3, 0.9, 1.7, 2.6}
	dims := s.count()
	grid := make([]vertex, int(math.Pow(float64(len(values)), float64(dims))))
	for i := range grid {
		u := make([]float64, dims)
		for d, rest := 0, i; d < dims; d, rest = d+1, rest/len(values) {
			u[d] = values[rest%len(values)]
		}
		grid[i] = vertex{u, objective(u)}
	}
	rank(grid)
	if math.IsInf(grid[0].value, 1) {
		return parameters{}, false
	}
	// The sum may have several minima, so several points are starts. Each search is
	// followed by one with a new simplex, since a simplex can shrink too early.
	best := grid[0]
	for _, start := range grid[:3] {
		for range 2 {
			start = descend(objective, start.at, 0.3, 60*dims)
		}
		if start.value < best.value {
			best = start
		}
	}
	return s.parameters(best.at), true
}

// fit estimates the model; nil if the history is too short for it or its errors are not
// finite.
func (s *smoothing) fit() *Fitted {
	n := len(s.x)
	numbers := s.count() + 1 + len(s.season) // parameters, level, slope, season
	if s.trend {
		numbers++
	}
	if n < numbers+3 {
		return nil
	}
	p, ok := s.estimate()
	if !ok {
		return nil
	}
	end, out := s.run(p)
	if total := out.sum + out.adjusted; math.IsInf(total, 0) || math.IsNaN(total) {
		return nil
	}
	f := &Fitted{Method: s.name, Level: end.level, Slope: end.slope, Damping: p.phi, Season: end.season,
		Multiplicative: s.multiplicative, Alpha: p.alpha, Beta: p.beta, Gamma: p.gamma}
	f.Sigma = math.Sqrt(out.adjusted / float64(n-numbers))
	f.AICc = criterion(out.sum, n, numbers+1)
	return f
}
