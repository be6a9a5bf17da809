package metrics

import "github.com/engram-go/engram/graph"

var _ Metric = Accuracy{}

// Accuracy is, as Keras' "accuracy", the one of three that suits the shapes:
// BinaryAccuracy where an output is one number, SparseCategoricalAccuracy where
// the targets have no classes of their own, [batch, ...] or [batch, ..., 1],
// and CategoricalAccuracy otherwise.
//
// It is stricter than they are, since a wrong guess would look like a result:
// the one number must be a probability, and logits an error, for which there is
// BinaryAccuracy{Threshold: new(0.0)}; and targets with classes must be 1 for
// one of them and 0 for the others, for an output of several answers, each yes
// or no, is BinaryAccuracy's too.
type Accuracy struct{}

// Name is "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// Start begins an epoch.
func (Accuracy) Start() Accumulator { return &average{term: suited} }

func suited(target, output graph.Shape) (term, error) {
	switch last := len(output) - 1; {
	case last == 0 || output[last] == 1:
		return probable, same(target, output)
	case !target.Equal(output):
		return sparse(target, output)
	}
	return oneOfAll, nil
}

// slack is how far rounding may take a probability out of [0, 1].
const slack = 1e-6

// probable is yesOrNo for probabilities alone.
func probable(y, yhat []float64) (sum, count float64, err error) {
	for _, x := range yhat {
		if finite(x) && (x < -slack || x > 1+slack) {
			return 0, 0, graph.Error{Field: "output", Rule: "must be a probability, in [0, 1]; BinaryAccuracy with a Threshold takes others", Value: x}
		}
	}
	return yesOrNo(0.5)(y, yhat)
}

// oneOfAll is hitLargest for targets that name one class.
func oneOfAll(y, yhat []float64) (sum, count float64, err error) {
	ones, others := 0, 0
	for _, x := range y {
		switch x {
		case 1:
			ones++
		case 0:
		default:
			others++
		}
	}
	if (ones != 1 || others > 0) && allFinite(y) {
		return 0, 0, graph.Error{Field: "target", Rule: "must be 1 for one class and 0 for the others; CategoricalAccuracy and BinaryAccuracy take others", Value: y}
	}
	return hitLargest(y, yhat)
}
