package graph

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/kernels"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// randomness holds the random values of a scope.
type randomness struct {
	randoms []random
	seeding *seeding // of the current layer, if it has its own seed
	draws   *draws   // of the enclosing unrolled steps
}

// Tick identifies a run. Random draws depend on it.
type Tick struct {
	Epoch, Step int
	Part        int // index of the part, if a step consists of several runs
}

// Rand returns a generator whose numbers are a pure function of the arguments. There
// is no global stream, so nothing depends on the order of draws.
func Rand(seed uint64, purpose, path string, at Tick) *rand.Rand {
	sum := digest(seed, purpose, path, at)
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:8]), binary.LittleEndian.Uint64(sum[8:16])))
}

// digest is a hash of the arguments, which numbers are drawn from.
func digest(seed uint64, purpose, path string, at Tick) [sha256.Size]byte {
	key := fmt.Appendf(nil, "%d\x00%s\x00%s\x00%d\x00%d", seed, purpose, path, at.Epoch, at.Step)
	if at.Part != 0 { // the first part has the draws of a step without parts
		key = fmt.Appendf(key, "\x00%d", at.Part)
	}
	return sha256.Sum256(key)
}

// stream is the stream of random numbers of the arguments.
func stream(seed uint64, purpose, path string, at Tick) (s kernels.Stream) {
	sum := digest(seed, purpose, path, at)
	for i, word := range []*uint32{&s.Key[0], &s.Key[1], &s.Counter[0], &s.Counter[1]} {
		*word = binary.LittleEndian.Uint32(sum[4*i:])
	}
	return s
}

// random is a value that is drawn before every run.
type random struct {
	path  string
	seed  uint64
	key   string // the path, or its end inside Seeded; draws depend on it, on seed and tick
	value *tensor.Dense
	draw  func(r *rand.Rand) float64
	keep  float64 // the share that a mask for dropout keeps, which is drawn in place of draw; 0 for none
}

// seeding is a separate seed for a part of a graph.
type seeding struct {
	seed uint64
	root string // the path at which the part begins
}

// draws are the random values of unrolled steps. All steps share the draws of the
// first one. Every step makes them in the same order.
type draws struct {
	outer       *draws // of the steps around
	steps, step int
	values      []Value
	next        int // index of the next draw of this step
}

// begin begins a step.
func (d *draws) begin(step int) { d.step, d.next = step, 0 }

// share returns the next draw. The first step creates it.
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

// fill draws the elements for a run. The user may have written draw, so it recovers
// panics.
func (r random) fill(at Tick) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errs.At(errors.Errorf("drawing panicked: %v", p), r.path, "")
		}
	}()
	if r.keep > 0 {
		numbers := stream(r.seed, "mask", r.key, at)
		if r.value.Dtype() == tensor.Float32 {
			kernels.Float32().Mask(numbers, r.keep, r.value.Float32s())
		} else {
			kernels.Float64().Mask(numbers, r.keep, r.value.Float64s())
		}
		return nil
	}
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
