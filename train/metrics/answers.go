package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
)

// answers reads targets that say yes or no for each element of the output: 1 or 0, or the
// numbers of classes, of which a line says yes to one.
type answers struct {
	numbers bool  // of classes
	class   *int  // the only one that counts; nil where all do
	yes     []int // the elements of a line that are a yes, in order
}

// answersOf chooses by the shapes. Class is the name of the metric, for errors.
func answersOf(class string, classID *int, target, output graph.Shape) (answers, error) {
	a := answers{class: classID}
	if classID != nil {
		if n := output[len(output)-1]; len(output) < 2 || *classID < 0 || *classID >= n {
			return a, graph.Error{Field: class + ".ClassID", Rule: fmt.Sprintf("must be a class on the last axis of the output, %v", output), Value: *classID}
		}
	}
	if len(output) == 1 || output[len(output)-1] == 1 || target.Equal(output) {
		return a, same(target, output)
	}
	a.numbers = true
	return a, numbersOfClasses(target, output)
}

// read finds which of m elements a target says yes to. ok is false where it is not finite.
func (a *answers) read(y []float64, m int) (ok bool, err error) {
	a.yes = a.yes[:0]
	if a.numbers {
		class, err := number(y, m)
		if err != nil || class == unknown {
			return false, err
		}
		if a.class == nil || *a.class == class {
			a.yes = append(a.yes, class)
		}
		return true, nil
	}
	ok = true
	for j, x := range y {
		switch {
		case !dense.Finite(x):
			ok = false
		case x != 0 && x != 1:
			return false, graph.Error{Field: "target", Rule: "must be 0 or 1", Value: x}
		case x == 1 && (a.class == nil || *a.class == j):
			a.yes = append(a.yes, j)
		}
	}
	return ok, nil
}

// elements are the first and the one behind the last of m elements that count.
func (a *answers) elements(m int) (from, end int) {
	if a.class != nil {
		return *a.class, *a.class + 1
	}
	return 0, m
}

// chooser says which outputs of a line are a yes: those above a threshold, and among the
// k largest; of equal ones the first.
type chooser struct {
	threshold     float64
	k             int   // 0 for all
	class         *int  // the only one that counts; nil where all do
	probabilities bool  // others are refused
	yes           []int // the elements of a line that are a yes, in order
}

// everything is a threshold that every output exceeds.
var everything = math.Inf(-1)

// read finds the outputs that say yes. ok is false where one is not finite.
func (c *chooser) read(yhat []float64) (ok bool, err error) {
	c.yes = c.yes[:0]
	if !allFinite(yhat) {
		return false, nil
	}
	if c.probabilities {
		for _, x := range yhat {
			if x < -slack || x > 1+slack {
				return false, graph.Error{Field: "output", Rule: "must be a probability, in [0, 1]; set Threshold for logits", Value: x}
			}
		}
	}
	if c.k == 0 || c.k >= len(yhat) {
		for j := range yhat {
			c.yes = append(c.yes, j)
		}
	} else {
		c.largest(yhat)
	}
	c.yes = slices.DeleteFunc(c.yes, func(j int) bool {
		return !(yhat[j] > c.threshold) || c.class != nil && *c.class != j
	})
	return true, nil
}

// largest finds the k largest of finite outputs. Those so far are kept in order, so that most
// of the others are compared with the last of them alone.
func (c *chooser) largest(yhat []float64) {
	for j, x := range yhat {
		if len(c.yes) == c.k {
			last := c.k - 1
			if !(x > yhat[c.yes[last]]) {
				continue
			}
			c.yes = c.yes[:last]
		}
		at, _ := slices.BinarySearchFunc(c.yes, x, func(i int, x float64) int {
			if yhat[i] >= x {
				return -1 // of equal ones the first stays before
			}
			return 1
		})
		c.yes = slices.Insert(c.yes, at, j)
	}
	slices.Sort(c.yes)
}
