// Package metrics has the metrics that are reported with the loss. They are
// exact over an epoch: sums over all elements in float64, never an average of
// batch values. A metric is a plain config value; its Accumulator is given the
// batches of one epoch.
//
//   - Numbers: MSE, RMSE, MAE, R2Score; MAPE, SMAPE, MSLE, LogCosh, Poisson;
//     MASE, which compares with the naive forecast; CosineSimilarity.
//   - One answer, yes or no: BinaryAccuracy, Precision, Recall, F1Score, AUC,
//     AveragePrecision, Hinge, SquaredHinge.
//   - One class of several: CategoricalAccuracy, TopKCategoricalAccuracy and both for
//     numbers of classes, SparseCategoricalAccuracy and SparseTopKCategoricalAccuracy;
//     Precision, Recall and F1Score with an Average; CategoricalHinge, KLDivergence;
//     Perplexity of the next word. ConfusionMatrix is filled from predictions.
//
// Package textscore scores generated text.
package metrics

import (
	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// Metric measures outputs against their targets.
type Metric interface {
	// Name is what logs, histories and callbacks call the metric, such as "rmse".
	Name() string
	// HigherIsBetter tells callbacks which way is an improvement. They can be told
	// otherwise, for a metric of which neither is true.
	HigherIsBetter() bool
	// Start begins an epoch. Compile refuses a metric whose accumulator is nil.
	Start() Accumulator
}

// Accumulator adds up a metric over batches. It serves one goroutine at a time.
type Accumulator interface {
	// Add adds one batch: target and output, [batch, ...], of one dtype,
	// float32 or float64, and of one shape, unless the metric says otherwise; and
	// the weights of the samples, [batch], or of their steps, [batch, steps],
	// finite, not negative and of the same dtype; nil means weights of 1. Masked
	// steps have weight 0. Every element counts with the weight of its sample or
	// step. An error changes nothing.
	Add(target, output, weights *tensor.Dense) error
	// Result is the value over all batches that were added. It is NaN where there
	// are none, or all weights are 0; a NaN or an infinity in a batch, with any
	// weight, gives a result that is not finite.
	Result() float64
}

// StatefulAccumulator is an accumulator whose sums can be saved in the middle of an
// epoch. Restore is given what State returned; an error changes nothing.
type StatefulAccumulator interface {
	Accumulator
	State() []float64
	Restore(state []float64) error
}

// EpochAccumulator is an accumulator whose Result takes the longer the more was added,
// such as a sort of all outputs. Logs of batches leave it out; those of epochs, of
// validation and of Evaluate have it.
type EpochAccumulator interface {
	Accumulator
	EpochOnly()
}

// average is the weighted mean of a term over all batches.
type average struct {
	// term chooses what to average for the shapes of targets and outputs, or
	// refuses them.
	term   func(target, output graph.Shape) (term, error)
	finish func(mean float64) float64 // nil where the mean is the result

	sum, weight float64
	lines       lines
	classes     []int // buffers for all lines
	values      []float64
}

// term is what is averaged, line by line along the last axis. The target's line is as
// long as the output's, or one element. Either line is set, or class and of.
type term struct {
	// line is a sum over the elements of a line, and the number that they count for.
	line func(target, output []float64) (sum, count float64, err error)
	// class is the class of a line's target, of n classes, or unknown where the target
	// is not finite. The line counts once.
	class func(target []float64, n int) (int, error)
	of    measure // the outputs of a line and its class
}

func (a *average) Add(target, output, weights *tensor.Dense) error {
	if err := check(target, output, weights); err != nil {
		return err
	}
	t, err := a.term(graph.Shape(target.Shape()), graph.Shape(output.Shape()))
	if err != nil {
		return err
	}
	sum, total := 0.0, 0.0
	if t.class != nil {
		sum, total, err = a.addClasses(t, target, output, weights)
	} else {
		err = a.lines.each(target, output, weights, func(y, yhat []float64, weight float64) error {
			s, count, err := t.line(y, yhat)
			sum += weight * s
			total += weight * count
			return err
		})
	}
	if err != nil {
		return err
	}
	a.sum += sum
	a.weight += total
	return nil
}

func (a *average) Result() float64 {
	mean := a.sum / a.weight // 0/0 where there is nothing
	if a.finish != nil {
		return a.finish(mean)
	}
	return mean
}

// State is the sum and the weight.
func (a *average) State() []float64 { return []float64{a.sum, a.weight} }

// Restore takes what State returned.
func (a *average) Restore(state []float64) error {
	if len(state) != 2 || !(state[1] >= 0) {
		return graph.Error{Field: "state", Rule: "must be a sum and a weight, which is not negative", Value: state}
	}
	a.sum, a.weight = state[0], state[1]
	return nil
}
