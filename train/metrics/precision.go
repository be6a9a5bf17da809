package metrics

var (
	_ Metric = Precision{}
	_ Metric = Recall{}
	_ Metric = F1Score{}
)

// Average says how a metric of each class becomes one number, in scikit-learn's terms.
type Average string

const (
	// Micro counts the answers to all classes together.
	Micro Average = "micro"
	// Macro is the mean over the classes. Classes that are in no target and no output are
	// left out where targets are the numbers of classes, and count as 0 otherwise, as in
	// scikit-learn.
	Macro Average = "macro"
	// Weighted is the mean over the classes, each with the weight of its samples: those
	// whose target says yes to it.
	Weighted Average = "weighted"
)

// Precision is the share of right answers among those where the output says yes:
//
//	tp / (tp + fp)
//
// with tp the weight of the elements where output and target say yes, fp where only the
// output does, and fn where only the target does. It is 0 where the output never says
// yes, as in Keras and scikit-learn.
//
// Targets are 1 or 0 for each element of the output, or the numbers of classes, from 0,
// [batch, ...] or [batch, ..., 1] for outputs [batch, ..., classes]. An element of the
// output says yes if it is above Threshold and among the TopK largest. The zero value is
// Keras' Precision: over all elements, above 0.5. For an output of two or more classes,
// of which one is right, set Average or ClassID, and TopK: 1 if targets have an axis of
// classes.
type Precision struct {
	// Threshold is in units of the output. Nil means 0.5, for probabilities; others are an
	// error then. Use new(0.0) for logits. With TopK, and where targets are the numbers of
	// classes, nil means none.
	Threshold *float64
	// TopK is how many outputs of a sample or step may say yes: the largest, the first of
	// equal ones. 0 means all, or 1 where targets are the numbers of classes and there is
	// no Threshold.
	TopK int
	// ClassID is the class on the last axis whose elements count alone. Nil means all
	// classes, by Average.
	ClassID *int
	// Average makes one number of all classes. Empty means Micro; where targets are the
	// numbers of classes it must be set, or ClassID.
	Average Average
}

// Name is "precision".
func (Precision) Name() string { return "precision" }

// HigherIsBetter is true.
func (Precision) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (p Precision) Start() Accumulator {
	return &classified{class: "Precision", config: p, of: func(c counts) float64 { return share(c.tp, c.tp+c.fp) }}
}

// Recall is the share of elements where the output says yes among those where the target
// does:
//
//	tp / (tp + fn)
//
// It is 0 where no target says yes. Elements, fields and shapes are those of Precision.
type Recall Precision

// Name is "recall".
func (Recall) Name() string { return "recall" }

// HigherIsBetter is true.
func (Recall) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (r Recall) Start() Accumulator {
	return &classified{class: "Recall", config: Precision(r), of: func(c counts) float64 { return share(c.tp, c.tp+c.fn) }}
}

// F1Score is the harmonic mean of Precision and Recall, of each class before Average:
//
//	2·tp / (2·tp + fp + fn)
//
// It is 0 where neither output nor target says yes. Elements, fields and shapes are those
// of Precision. Keras' F1Score without a threshold takes the largest output of a sample;
// here that is TopK: 1.
type F1Score Precision

// Name is "f1_score".
func (F1Score) Name() string { return "f1_score" }

// HigherIsBetter is true.
func (F1Score) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (f F1Score) Start() Accumulator {
	return &classified{class: "F1Score", config: Precision(f), of: func(c counts) float64 { return share(2*c.tp, 2*c.tp+c.fp+c.fn) }}
}

// share is part of a whole, 0 where that is 0.
func share(part, whole float64) float64 {
	if whole == 0 {
		return 0
	}
	return part / whole
}
