package metrics

import "github.com/engram-go/engram/graph"

var (
	_ Metric = TopKCategoricalAccuracy{}
	_ Metric = SparseTopKCategoricalAccuracy{}
)

// TopKCategoricalAccuracy is the share of samples, or steps, for which the class with
// the largest target is among the K largest outputs: fewer than K outputs are larger.
// Classes with equal outputs at the limit are all among them, as in Keras. Targets and
// outputs are [batch, ..., classes]; outputs are logits or probabilities.
type TopKCategoricalAccuracy struct {
	// K is how many outputs count. Default 5. With as many as there are classes, every
	// answer is right.
	K int
}

// Name is "top_k_categorical_accuracy".
func (TopKCategoricalAccuracy) Name() string { return "top_k_categorical_accuracy" }

// HigherIsBetter is true.
func (TopKCategoricalAccuracy) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (t TopKCategoricalAccuracy) Start() Accumulator {
	return topK("TopKCategoricalAccuracy", t.K, categorical)
}

// SparseTopKCategoricalAccuracy is TopKCategoricalAccuracy for targets that are the
// numbers of classes, from 0, [batch, ...] or [batch, ..., 1]. Other targets are an error.
type SparseTopKCategoricalAccuracy struct {
	// K is how many outputs count. Default 5. With as many as there are classes, every
	// answer is right.
	K int
}

// Name is "sparse_top_k_categorical_accuracy".
func (SparseTopKCategoricalAccuracy) Name() string { return "sparse_top_k_categorical_accuracy" }

// HigherIsBetter is true.
func (SparseTopKCategoricalAccuracy) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (t SparseTopKCategoricalAccuracy) Start() Accumulator {
	return topK("SparseTopKCategoricalAccuracy", t.K, sparse)
}

// topK counts more outputs than the largest one.
func topK(class string, k int, largest func(target, output graph.Shape) (term, error)) Accumulator {
	return &average{term: func(target, output graph.Shape) (term, error) {
		if k < 0 {
			return term{}, graph.Error{Field: class + ".K", Rule: "must not be negative", Value: k}
		}
		t, err := largest(target, output)
		t.of = measure{kind: amongLargest, k: k}
		if k == 0 {
			t.of.k = 5
		}
		return t, err
	}}
}
