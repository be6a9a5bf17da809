package metrics

import (
	"fmt"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// classified counts right and wrong answers by class, for Precision, Recall and F1Score.
type classified struct {
	class  string // name of the metric, for errors
	config Precision
	of     func(counts) float64

	lines   lines
	answers answers
	chooser chooser

	weight  float64  // of all elements; NaN once one was not finite
	numbers bool     // targets are the numbers of classes
	counts  []counts // of each class, or of all together
	next    []counts // those after the current batch
}

// counts are weights of elements.
type counts struct{ tp, fp, fn float64 }

func (c *classified) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	if err := c.prepare(graph.Shape(target.Shape()), graph.Shape(output.Shape())); err != nil {
		return err
	}
	total := 0.0
	err := c.lines.each(target, output, weights, func(y, yhat []float64, weight float64) error {
		known, err := c.answers.read(y, len(yhat))
		if err != nil {
			return err
		}
		finite, err := c.chooser.read(yhat)
		if err != nil {
			return err
		}
		if !known || !finite {
			total = math.NaN()
			return nil
		}
		from, end := c.answers.elements(len(yhat))
		total += weight * float64(end-from)
		c.compare(weight)
		return nil
	})
	if err != nil {
		return err
	}
	c.counts, c.next = c.next, c.counts
	c.weight += total
	c.numbers = c.answers.numbers
	return nil
}

// compare counts the elements of a line where target or output says yes.
func (c *classified) compare(weight float64) {
	of := func(j int) *counts {
		if len(c.next) == 1 {
			j = 0
		}
		return &c.next[j]
	}
	want, got := c.answers.yes, c.chooser.yes
	for len(want) > 0 || len(got) > 0 {
		switch {
		case len(got) == 0 || len(want) > 0 && want[0] < got[0]:
			of(want[0]).fn += weight
			want = want[1:]
		case len(want) == 0 || got[0] < want[0]:
			of(got[0]).fp += weight
			got = got[1:]
		default:
			of(want[0]).tp += weight
			want, got = want[1:], got[1:]
		}
	}
}

// prepare checks the config for the shapes of a batch and copies the counts.
func (c *classified) prepare(target, output graph.Shape) error {
	bad := func(field, rule string, value any) error {
		return graph.Error{Field: c.class + "." + field, Rule: rule, Value: value}
	}
	cfg := c.config
	switch {
	case cfg.Threshold != nil && !dense.Finite(*cfg.Threshold):
		return bad("Threshold", "must be finite", *cfg.Threshold)
	case cfg.TopK < 0:
		return bad("TopK", "must not be negative", cfg.TopK)
	case !slices.Contains([]Average{"", Micro, Macro, Weighted}, cfg.Average):
		return bad("Average", "must be Micro, Macro, Weighted or empty", cfg.Average)
	case cfg.Average != "" && cfg.ClassID != nil:
		return bad("Average", "must be empty where ClassID is set", cfg.Average)
	}
	a, err := answersOf(c.class, cfg.ClassID, target, output)
	if err != nil {
		return err
	}
	if a.numbers && cfg.Average == "" && cfg.ClassID == nil {
		return bad("Average", "must be set, or ClassID, where targets are the numbers of classes", target)
	}
	a.yes, c.answers = c.answers.yes, a
	c.chooser = chooser{k: cfg.TopK, threshold: everything, class: cfg.ClassID, yes: c.chooser.yes}
	switch {
	case cfg.Threshold != nil:
		c.chooser.threshold = *cfg.Threshold
	case a.numbers && cfg.TopK == 0:
		c.chooser.k = 1
	case cfg.TopK == 0:
		c.chooser.threshold, c.chooser.probabilities = 0.5, true
	}
	classes := 1
	if (cfg.Average == Macro || cfg.Average == Weighted) && len(output) > 1 {
		classes = output[len(output)-1]
	}
	if c.counts != nil && len(c.counts) != classes {
		return graph.Error{Field: "output", Rule: fmt.Sprintf("must have the %d classes of the batches before", len(c.counts)), Value: output}
	}
	c.next = append(c.next[:0], c.counts...)
	if c.counts == nil {
		c.next = make([]counts, classes)
	}
	return nil
}

func (c *classified) Result() float64 {
	if !(c.weight > 0) {
		return math.NaN()
	}
	if len(c.counts) == 1 {
		return c.of(c.counts[0])
	}
	sum, total := 0.0, 0.0
	for _, n := range c.counts {
		weight := 1.0
		switch {
		case c.config.Average == Weighted:
			weight = n.tp + n.fn
		case c.numbers && n == counts{}:
			weight = 0
		}
		sum += weight * c.of(n)
		total += weight
	}
	return share(sum, total)
}

// State is the weight, 1 if targets are the numbers of classes and 0 otherwise, and the
// three counts of each class.
func (c *classified) State() []float64 {
	state := []float64{c.weight, 0}
	if c.numbers {
		state[1] = 1
	}
	for _, n := range c.counts {
		state = append(state, n.tp, n.fp, n.fn)
	}
	return state
}

// Restore takes what State returned.
func (c *classified) Restore(state []float64) error {
	if len(state) < 2 || len(state)%3 != 2 || slices.ContainsFunc(state[1:], func(x float64) bool { return !(x >= 0) }) || state[0] < 0 || len(state) == 2 && state[0] != 0 {
		return graph.Error{Field: "state", Rule: "must be a weight, a flag and three counts of each class, none negative", Value: state}
	}
	c.weight, c.numbers, c.counts = state[0], state[1] == 1, nil
	for n := range slices.Chunk(state[2:], 3) {
		c.counts = append(c.counts, counts{n[0], n[1], n[2]})
	}
	return nil
}
