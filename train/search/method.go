package search

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
)

// Method says which values are tried: Random, Grid or a user's own.
type Method interface {
	// Len is the number of trials in a space, whose ranges were checked.
	Len(space Space) (int, error)
	// Values are those of a trial by name, its number from 0. They depend on the arguments
	// alone, and are called by several goroutines at once.
	Values(space Space, seed uint64, trial int) map[string]any
}

// Random draws every value of every trial independently (Bergstra & Bengio 2012). What a
// parameter is in a trial does not depend on the other parameters of the space.
type Random struct {
	Trials int // default 50
}

var _ Method = Random{}

// Len is Trials.
func (m Random) Len(Space) (int, error) {
	if m.Trials == 0 {
		return 50, nil
	}
	if m.Trials < 0 || m.Trials > mostTrials {
		return 0, errs.Error{Field: "Random.Trials", Rule: fmt.Sprintf("must be from 1 to %d", mostTrials), Value: m.Trials}
	}
	return m.Trials, nil
}

// Values draws the values of a trial.
func (Random) Values(space Space, seed uint64, trial int) map[string]any {
	out := make(map[string]any, len(space))
	for name, r := range space {
		out[name] = r.Draw(graph.Rand(seed, "search", name, graph.Tick{Step: trial}))
	}
	return out
}

// Grid tries all combinations of values that are spread evenly over the ranges. A choice
// of numbers is a range whose points are given. The last parameter by name changes with
// every trial, the first one seldom.
type Grid struct {
	Points int // of each Float and Int; default 3
}

var _ Method = Grid{}

func (m Grid) points() int {
	if m.Points == 0 {
		return 3
	}
	return m.Points
}

// Len is the number of combinations.
func (m Grid) Len(space Space) (int, error) {
	if m.Points < 0 || m.Points > mostTrials {
		return 0, errs.Error{Field: "Grid.Points", Rule: fmt.Sprintf("must be from 1 to %d", mostTrials), Value: m.Points}
	}
	n := 1
	for _, name := range space.names() {
		points := len(space[name].Points(m.points()))
		if points > mostTrials/n {
			return 0, errs.Error{Field: "Grid", Rule: fmt.Sprintf("must have at most %d combinations; take fewer Points or Random", mostTrials)}
		}
		n *= points
	}
	return n, nil
}

// Values are a combination.
func (m Grid) Values(space Space, _ uint64, trial int) map[string]any {
	out := make(map[string]any, len(space))
	names := space.names()
	for i := len(names) - 1; i >= 0; i-- {
		points := space[names[i]].Points(m.points())
		out[names[i]] = points[trial%len(points)]
		trial /= len(points)
	}
	return out
}

// trialSeed is the seed of a trial.
func trialSeed(seed uint64, trial int) uint64 {
	return graph.Rand(seed, "trial", "", graph.Tick{Step: trial}).Uint64()
}
