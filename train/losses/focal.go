package losses

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/graph"
)

var (
	_ Loss = BinaryFocalCrossentropy{}
	_ Loss = CategoricalFocalCrossentropy{}
)

// BinaryFocalCrossentropy is BinaryCrossentropy in which answers that are already right
// count little, for answers of which one is rare (Lin et al. 2017, "Focal Loss for Dense
// Object Detection"). It is the mean over the features of
//
//	w·(1 − q)^Gamma·(−y·log p − (1 − y)·log(1 − p))    q = y·p + (1 − y)·(1 − p)
//
// with w = y·Alpha + (1 − y)·(1 − Alpha) where ClassBalancing is set, and 1 elsewhere. Behind
// a sigmoid or a softmax it is computed from the logits, and any other output is kept away
// from 0 and 1, as in BinaryCrossentropy. Outputs and targets outside [0, 1] are an error of
// the run.
type BinaryFocalCrossentropy struct {
	// ClassBalancing is Keras' apply_class_balancing: answers weigh by Alpha. Default
	// false.
	ClassBalancing bool
	// Alpha is the weight of the answer 1, and 1 − Alpha that of 0. In [0, 1]; nil means
	// 0.25.
	Alpha *float64
	// Gamma says how much less right answers count; 0 makes it BinaryCrossentropy. Finite
	// and not negative; nil means 2.
	Gamma *float64
	// FromLogits says that the model ends without a sigmoid: p = σ(output). Behind
	// a sigmoid or a softmax it is an error of Compile.
	FromLogits bool
	// LabelSmoothing moves the targets towards 1/2: y·(1 − s) + s/2. In [0, 1];
	// default 0.
	LabelSmoothing float64
}

// Loss maps [batch, ..., features] to [batch, ...].
func (b BinaryFocalCrossentropy) Loss(target, output graph.Value) graph.Value {
	if !fits(target, output) {
		return output
	}
	const class = "BinaryFocalCrossentropy"
	gamma := focus(class, output, b.Gamma)
	alpha := weightOf(output, class+".Alpha", b.Alpha)
	own, other := 1.0, 1.0
	if b.ClassBalancing {
		own, other = alpha, 1-alpha
	}
	y := unit(target, "target", "must lie in [0, 1]")
	y = smooth(class, y, b.LabelSmoothing, 2)
	yes, no := logOdds(class, output, b.FromLogits)
	return mean(ofElements("binary focal cross-entropy", func(x []float64) float64 {
		return focalOf(x, gamma).loss * (x[0]*own + (1-x[0])*other)
	}, func(x, dx []float64) {
		e, w := focalOf(x, gamma), x[0]*own+(1-x[0])*other
		dx[0] = w*e.dy + (own-other)*e.loss
		dx[1], dx[2] = w*e.dyes, w*e.dno
	}, y, yes, no))
}

// focalElement is (1 − q)^gamma·(−y·yes − (1 − y)·no) with its derivatives, from y,
// yes = log p and no = log(1 − p).
type focalElement struct{ loss, dy, dyes, dno float64 }

func focalOf(x []float64, gamma float64) focalElement {
	y, yes, no := min(max(x[0], 0), 1), x[1], x[2]
	entropy := -product(y, yes) - product(1-y, no)
	if gamma == 0 {
		return focalElement{entropy, no - yes, -y, y - 1}
	}
	// The logarithm of 1 − q = y·(1 − p) + (1 − y)·p does not round to −∞ where q is 1.
	a, b := math.Log(y)+no, math.Log1p(-y)+yes
	top := max(a, b)
	rest := top + math.Log(math.Exp(a-top)+math.Exp(b-top))
	factor := math.Exp(gamma * rest)
	// ∂ log(1 − q) is exp(no − rest) − exp(yes − rest) for y, exp(a − rest) for no and
	// exp(b − rest) for yes.
	slope := gamma * factor * entropy
	return focalElement{
		loss: factor * entropy,
		dy:   factor*(no-yes) + slope*(math.Exp(no-rest)-math.Exp(yes-rest)),
		dyes: slope*math.Exp(b-rest) - factor*y,
		dno:  slope*math.Exp(a-rest) - factor*(1-y),
	}
}

// product is a·b, and 0 where a is 0.
func product(a, b float64) float64 {
	if a == 0 && !math.IsNaN(b) {
		return 0
	}
	return a * b
}

// CategoricalFocalCrossentropy is CategoricalCrossentropy in which samples that are already
// right count little (Lin et al. 2017):
//
//	−Σ Alpha·(1 − p)^Gamma·y·log p
//
// Behind a softmax or a sigmoid it is computed from the logits, and any other output is
// divided by its sum and kept away from 0 and 1, as in CategoricalCrossentropy. Negative
// outputs that are not logits and targets outside [0, 1] are an error of the run.
type CategoricalFocalCrossentropy struct {
	// Alpha are the weights of the classes, one for each or one for all, finite and not
	// negative; nil means 0.25 for all.
	Alpha []float64
	// Gamma says how much less right samples count; with 0 they all count the same. Finite
	// and not negative; nil means 2.
	Gamma *float64
	// FromLogits says that the model ends without a softmax: p = softmax(output).
	// Behind a softmax or a sigmoid it is an error of Compile.
	FromLogits bool
	// LabelSmoothing moves the targets towards all classes equally:
	// y·(1 − s) + s/classes. In [0, 1]; default 0.
	LabelSmoothing float64
}

// Loss maps [batch, ..., classes] to [batch, ...].
func (c CategoricalFocalCrossentropy) Loss(target, output graph.Value) graph.Value {
	const class = "CategoricalFocalCrossentropy"
	n := classes(output)
	if !fitsClasses(target, output) {
		return output
	}
	gamma := focus(class, output, c.Gamma)
	alpha := c.alpha(output, n)
	y := unit(target, "target", "must lie in [0, 1]")
	y = smooth(class, y, c.LabelSmoothing, n)
	const name = "categorical focal cross-entropy"
	// The loss of a class and its derivatives, from y, log p and log(1 − p).
	term := func(y, log, rest float64) float64 {
		return -product(y, log) * math.Exp(product(gamma, rest))
	}
	slopes := func(y, log, rest float64) (dy, dlog, drest float64) {
		factor := math.Exp(product(gamma, rest))
		return -log * factor, -y * factor, -gamma * product(y, log) * factor
	}
	var each graph.Value // [batch, ..., classes]
	if z, ok := logits(class, output, c.FromLogits); ok {
		each = ofElements(name, func(x []float64) float64 { return term(x[0], x[1], x[2]) },
			func(x, dx []float64) { dx[0], dx[1], dx[2] = slopes(x[0], x[1], x[2]) },
			y, z.LogSoftmax(-1), logComplement(z))
	} else {
		complement := func(log float64) float64 { return math.Log(-math.Expm1(log)) }
		each = ofElements(name, func(x []float64) float64 { return term(x[0], x[1], complement(x[1])) },
			func(x, dx []float64) {
				dy, dlog, drest := slopes(x[0], x[1], complement(x[1]))
				dx[0], dx[1] = dy, dlog-drest/math.Expm1(-x[1])
			}, y, logProbabilities(output))
	}
	return each.Times(alpha).Sum(-1)
}

// alpha are the weights of the classes, [classes].
func (c CategoricalFocalCrossentropy) alpha(output graph.Value, classes int) graph.Value {
	s, weights := output.Scope(), c.Alpha
	const field = "CategoricalFocalCrossentropy.Alpha"
	switch len(weights) {
	case 0:
		return s.Const(0.25, graph.Shape{})
	case 1, classes:
	default:
		s.Failf(field, fmt.Sprintf("must have one weight, or one for each of %d classes", classes), len(weights))
		return s.Const(1, graph.Shape{})
	}
	for i, w := range weights {
		if !(w >= 0 && w <= math.MaxFloat64) {
			s.Failf(fmt.Sprintf("%s[%d]", field, i), "must be finite and not negative", w)
		}
	}
	return s.Values(weights, graph.Shape{len(weights)})
}

// focus is gamma, 2 by default.
func focus(class string, output graph.Value, gamma *float64) float64 {
	if gamma == nil {
		return 2
	}
	if !(*gamma >= 0 && *gamma <= math.MaxFloat64) {
		output.Scope().Failf(class+".Gamma", "must be finite and not negative", *gamma)
	}
	return *gamma
}

// weightOf is alpha, 0.25 by default.
func weightOf(output graph.Value, field string, alpha *float64) float64 {
	if alpha == nil {
		return 0.25
	}
	if !(*alpha >= 0 && *alpha <= 1) {
		output.Scope().Failf(field, "must lie in [0, 1]", *alpha)
	}
	return *alpha
}
