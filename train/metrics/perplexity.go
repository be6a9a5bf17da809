package metrics

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var _ Metric = Perplexity{}

// Perplexity is e to the mean cross-entropy, over all samples or steps that count:
//
//	exp(mean(−log p))
//
// with the natural logarithm, and p the probability of the target's class. A model that
// finds n classes equally likely has a perplexity of n; the best one is 1.
//
// Outputs are [batch, ..., classes]. Targets are the numbers of classes, [batch, ...] or
// [batch, ..., 1], or 1 for one class and 0 for the others, [batch, ..., classes]. Masked
// steps do not count.
type Perplexity struct {
	// FromLogits says that outputs are logits: p is their softmax. Without it outputs are
	// probabilities, divided by their sum over the classes and kept above 1e-7, so that a
	// single one of 0 does not make the result infinite. A negative one is an error.
	FromLogits bool
}

// Name is "perplexity".
func (Perplexity) Name() string { return "perplexity" }

// HigherIsBetter is false.
func (Perplexity) HigherIsBetter() bool { return false }

// Start begins an epoch.
func (p Perplexity) Start() Accumulator {
	of := measure{kind: ofShares}
	if p.FromLogits {
		of.kind = ofLogits
	}
	return &average{finish: math.Exp, term: func(target, output graph.Shape) (term, error) {
		if target.Equal(output) {
			return term{class: onlyOne("perplexity is not defined for other targets"), of: of}, severalClasses(output)
		}
		return term{class: number, of: of}, numbersOfClasses(target, output)
	}}
}
