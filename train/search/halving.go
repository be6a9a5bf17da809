package search

import (
	"context"
	"math"
	"sync"

	"github.com/engram-go/engram/internal/errs"
)

// Halving stops a trial whose score after some epochs is not among the best of those with
// lower numbers that were trained as long: asynchronous successive halving in its stopping form (Li et al.
// 2020, "A System for Massively Parallel Hyperparameter Tuning").
//
// Trials report scores with Trial.Report or Trial.Watch. They are compared on rungs: after
// First, First·Factor, First·Factor² … epochs. Of the n trials with a number up to its own that
// reach the rung, a trial goes on if fewer than ⌊n/Factor⌋ of the others have a better score,
// and the best one always.
//
// Which trials are compared depends on their numbers and not on the time at which they reach
// a rung, so that any number of workers stops the same trials: those that one worker, which
// runs one trial after the other, would stop. For this a trial waits on a rung until the
// trials with lower numbers have reached it or have ended. Trials whose epochs take very
// different times keep workers waiting.
type Halving struct {
	First  int // epochs, or whatever is reported, before the first rung; default 1
	Factor int // default 4; at least 2
}

// resolve fills in the defaults; nil stays nil.
func (h *Halving) resolve() (*Halving, error) {
	if h == nil {
		return nil, nil
	}
	out := *h
	if out.First == 0 {
		out.First = 1
	}
	if out.Factor == 0 {
		out.Factor = 4
	}
	switch {
	case out.First < 0:
		return nil, errs.Error{Path: place, Field: "Halving.First", Rule: "must be positive", Value: out.First}
	case out.Factor < 2:
		return nil, errs.Error{Path: place, Field: "Halving.Factor", Rule: "must be at least 2", Value: out.Factor}
	}
	return &out, nil
}

// rung is what must be reported to reach rung k; ok is false where no int is as large.
func (h *Halving) rung(k int) (resource int, ok bool) {
	resource = h.First
	for range k {
		if resource > math.MaxInt/h.Factor {
			return 0, false
		}
		resource *= h.Factor
	}
	return resource, true
}

// rungs are the scores on all rungs.
type rungs struct {
	*Halving // nil for none
	maximize bool

	mu     sync.Mutex
	change *sync.Cond
	scores [][]float64 // of each trial on the rungs that it has reached
	ended  []bool
}

func newRungs(h *Halving, maximize bool, trials int) *rungs {
	r := &rungs{Halving: h, maximize: maximize, scores: make([][]float64, trials), ended: make([]bool, trials)}
	r.change = sync.NewCond(&r.mu)
	return r
}

// report gives the score of a trial after some epochs, and tells whether it goes on.
func (r *rungs) report(ctx context.Context, trial, resource int, score float64) bool {
	if r.Halving == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended[trial] { // a goroutine that the objective has left behind
		return false
	}
	for {
		k := len(r.scores[trial])
		if needed, ok := r.rung(k); !ok || resource < needed {
			return true
		}
		r.scores[trial] = append(r.scores[trial], score)
		r.change.Broadcast()
		for m := 0; m < trial; {
			switch {
			case ctx.Err() != nil:
				return false
			case r.ended[m] || len(r.scores[m]) > k:
				m++
			default:
				r.change.Wait()
			}
		}
		if !r.passes(trial, k) {
			return false
		}
	}
}

// passes tells whether a trial goes on from a rung.
func (r *rungs) passes(trial, k int) bool {
	reached, ahead := 1, 0
	for _, scores := range r.scores[:trial] {
		if len(scores) > k {
			reached++
			if better(scores[k], r.scores[trial][k], r.maximize) {
				ahead++
			}
		}
	}
	return ahead < max(1, reached/r.Factor)
}

// of are the scores of a trial.
func (r *rungs) of(trial int) []float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.scores[trial]
}

// restore sets the scores of a trial that has ended.
func (r *rungs) restore(trial int, scores []float64) {
	r.scores[trial], r.ended[trial] = scores, true
}

func (r *rungs) end(trial int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended[trial] = true
	r.change.Broadcast()
}

// wake lets trials that wait see that the context has ended.
func (r *rungs) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.change.Broadcast()
}
