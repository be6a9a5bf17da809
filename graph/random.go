package graph

import (
	"math/rand/v2"
	"slices"
	"strings"
)

// Seeded runs build with a separate seed for Random. The draws depend on that seed, the
// tick and the path relative to the current layer, but not on Config.Seed or the path
// of the layer. So two layers with the same seed have the same draws.
func (s *Scope) Seeded(seed uint64, build func()) {
	outer := s.seeding
	s.seeding = &seeding{seed, s.path}
	defer func() { s.seeding = outer }()
	build()
}

// Random is a value whose elements draw generates, one by one, before every run. Equal
// seeds, paths, names and ticks give equal draws. A name that is repeated in a layer
// gets the suffix "_1", "_2" and so on, and different draws. In a step of a Scan, all
// steps share the draws.
func (s *Scope) Random(name string, shape Shape, draw func(r *rand.Rand) float64) Value {
	return s.draws.share(func() Value { return s.random(name, shape, draw) })
}

// DropoutMask is a value whose elements are 0 with the probability rate, from 0 to less
// than 1, and otherwise 1/(1 − rate). The probability is rounded to a multiple of 2⁻³².
// The elements are drawn before every run, as those of Random but much faster, and are
// the same in float32 and float64.
func (s *Scope) DropoutMask(name string, shape Shape, rate float64) Value {
	if !(rate >= 0 && rate < 1) {
		s.Failf(name, "must have a rate of at least 0 and less than 1", rate)
	}
	return s.draws.share(func() Value { return s.drawn(name, shape, random{keep: 1 - rate}) })
}

// StepRandom is Random with different draws for every step of a Scan.
func (s *Scope) StepRandom(name string, shape Shape, draw func(r *rand.Rand) float64) Value {
	all := func(steps int) Value {
		return s.random(name, slices.Insert(shape.Clone(), 0, steps), draw) // [steps, ...]
	}
	switch {
	case s.level != nil && s.draws != s.level.draws: // unrolled steps
		return s.draws.share(func() Value { return all(s.draws.steps) }).At(0, s.draws.step)
	case s.inStep():
		return s.cut(cut{from: s.draws.share(func() Value { return all(s.level.steps) }), drawn: true})
	}
	return s.random(name, shape, draw)
}

func (s *Scope) random(name string, shape Shape, draw func(r *rand.Rand) float64) Value {
	return s.drawn(name, shape, random{draw: draw})
}

// drawn is a value that r draws, of which the path, the seed and the memory are set here.
func (s *Scope) drawn(name string, shape Shape, r random) Value {
	r.path = s.unique(name)
	v := s.leafOf(s.program(), name, shape)
	if v.node != nil {
		r.seed, r.key, r.value = s.cfg.Seed, r.path, s.builder.BindScratch(v.node)
		if own := s.seeding; own != nil {
			r.seed, r.key = own.seed, strings.TrimPrefix(r.path, own.root)
		}
		s.randoms = append(s.randoms, r)
	}
	return v
}

// draw fills all random values for a run.
func (s *Scope) draw(at Tick) error {
	for _, r := range s.randoms {
		if err := r.fill(at); err != nil {
			return err
		}
	}
	return nil
}
