package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// randomness is what a scope draws.
type randomness struct {
	randoms []random
	seeding *seeding // where a layer has a seed of its own
	draws   *draws   // where steps are written out
}

// Tick is the time of a run, on which its random draws depend.
type Tick struct {
	Epoch, Step int
	Part        int // of the step, where its batch is run in parts; 0 for the first
}

// Rand gives the random numbers for one purpose at one place and moment. They
// are a pure function of the arguments: there is no stream whose position
// matters, and nothing depends on the order of draws.
func Rand(seed uint64, purpose, path string, at Tick) *rand.Rand {
	key := fmt.Appendf(nil, "%d\x00%s\x00%s\x00%d\x00%d", seed, purpose, path, at.Epoch, at.Step)
	if at.Part != 0 { // so that the draws of a whole step do not depend on there being parts
		key = fmt.Appendf(key, "\x00%d", at.Part)
	}
	sum := sha256.Sum256(key)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
}

// random is a value that is drawn before every run.
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
