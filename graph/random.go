package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// Tick is the time of a run, on which its random draws depend.
type Tick struct {
	Epoch, Step int
	Part        int // of the step, where its batch is run in parts; 0 for the first
}

// Rand gives the random numbers for one purpose at one place and moment. They
// are a pure function of the arguments: there is no stream to carry along, and
// nothing depends on the order in which things are drawn.
func Rand(seed uint64, purpose, path string, at Tick) *rand.Rand {
	key := fmt.Appendf(nil, "%d\x00%s\x00%s\x00%d\x00%d", seed, purpose, path, at.Epoch, at.Step)
	if at.Part != 0 { // so that the draws of a whole step do not depend on there being parts
		key = fmt.Appendf(key, "\x00%d", at.Part)
	}
	sum := sha256.Sum256(key)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
}

// random is a value that is drawn anew before every run.
type random struct {
	path  string
	seed  uint64
	key   string // what the draws depend on besides seed and tick: the path, or its end
	value *tensor.Dense
	draw  func(r *rand.Rand) float64
}

// seeding is a seed of its own for a part of a graph.
type seeding struct {
	seed uint64
	root string // the path at which the part begins
}

// Seeded runs build with another seed for Random: the draws depend on it, on
// the tick, and on the path from here on, and no longer on Config.Seed or on
// the place of the layer at work. So two layers of one seed draw the same.
func (s *Scope) Seeded(seed uint64, build func()) {
	outer := s.seeding
	s.seeding = &seeding{seed, s.path}
	defer func() { s.seeding = outer }()
	build()
}

// Random is a value whose elements are drawn anew, one by one, before every
// run. Equal seeds, paths, names and ticks give equal draws; a name that was
// used before in the layer at work gets "_1", "_2" and so on, and other draws.
// Within a step of a Scan it draws once for all steps.
func (s *Scope) Random(name string, shape Shape, draw func(r *rand.Rand) float64) Value {
	return s.draws.share(func() Value { return s.random(name, shape, draw) })
}

// StepRandom is Random that draws anew for every step of a Scan.
func (s *Scope) StepRandom(name string, shape Shape, draw func(r *rand.Rand) float64) Value {
	all := func(steps int) Value {
		return s.random(name, slices.Insert(shape.Clone(), 0, steps), draw) // [steps, ...]
	}
	switch {
	case s.level != nil && s.draws != s.level.draws: // the steps are written out
		return s.draws.share(func() Value { return all(s.draws.steps) }).At(0, s.draws.step)
	case s.inStep():
		return s.cut(s.draws.share(func() Value { return all(s.level.steps) }), 0)
	}
	return s.random(name, shape, draw)
}

// draws are the random values of steps that are written out: each draw of the
// first step serves the same draw of all others. A step makes its draws in the
// same order every time.
type draws struct {
	outer       *draws // of the steps around
	steps, step int
	values      []Value
	next        int // place of the next draw of this step
}

// begin begins a step.
func (d *draws) begin(step int) { d.step, d.next = step, 0 }

// share gives the next draw, which the first step makes.
func (d *draws) share(draw func() Value) Value {
	if d == nil {
		return draw()
	}
	if d.next == len(d.values) {
		d.values = append(d.values, d.outer.share(draw))
	}
	d.next++
	return d.values[d.next-1]
}

func (s *Scope) random(name string, shape Shape, draw func(r *rand.Rand) float64) Value {
	path := s.unique(name)
	v := s.leafOf(s.program(), name, shape)
	if v.node != nil {
		r := random{path, s.cfg.Seed, path, s.builder.BindScratch(v.node), draw}
		if own := s.seeding; own != nil {
			r.seed, r.key = own.seed, strings.TrimPrefix(path, own.root)
		}
		s.randoms = append(s.randoms, r)
	}
	return v
}

// fill draws the elements for a run. What draws them may be a user's own.
func (r random) fill(at Tick) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.At(errors.Errorf("drawing panicked: %v", p), r.path, "")
		}
	}()
	rnd := Rand(r.seed, "draw", r.key, at)
	if r.value.Dtype() == tensor.Float32 {
		fill(r.value.Float32s(), rnd, r.draw)
	} else {
		fill(r.value.Float64s(), rnd, r.draw)
	}
	return nil
}

func fill[T dense.Float](out []T, rnd *rand.Rand, draw func(*rand.Rand) float64) {
	for i := range out {
		out[i] = T(draw(rnd))
	}
}
