package metrics

var (
	_ Metric = AUC{}
	_ Metric = AveragePrecision{}
)

// AUC is the area under the ROC curve: the probability that a random element with the
// target 1 has a larger output than a random one with the target 0, where equal outputs
// count half. 0.5 is chance. It is exact, as in scikit-learn; Keras' is an estimate from
// 200 thresholds. It is NaN where all targets are equal.
//
// Targets are 1 or 0 for each element of the output, or, with ClassID, the numbers of
// classes, from 0, [batch, ...] or [batch, ..., 1] for outputs [batch, ..., classes]. Only
// the order of outputs counts, so they may be logits or probabilities.
//
// An exact result needs all outputs of an epoch: 16 bytes for each element with a weight
// above 0, and so does a State within an epoch. More than 2²⁶ of them, 1 GB, are an error.
// They are sorted once an epoch; the logs of batches have no value (EpochAccumulator).
type AUC struct {
	// ClassID is the class on the last axis whose elements count alone: its outputs, for
	// the samples of this class against those of all others. Nil means all elements.
	ClassID *int
}

// Name is "auc".
func (AUC) Name() string { return "auc" }

// HigherIsBetter is true.
func (AUC) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (a AUC) Start() Accumulator {
	return &ranking{class: "AUC", classID: a.ClassID, of: areaUnderROC}
}

// AveragePrecision is the area under the curve of precision and recall, as a sum over all
// thresholds that differ in recall R:
//
//	Σ (Rₙ − Rₙ₋₁)·Pₙ
//
// with P the precision, as in scikit-learn. There is no interpolation between thresholds,
// which would be too optimistic; Keras' AUC(curve="PR") interpolates between 200 of them.
// Chance is the share of elements with the target 1. It is 0 where no target is 1.
//
// Shapes, and what it costs, are those of AUC.
type AveragePrecision struct {
	// ClassID is the class on the last axis whose elements count alone: its outputs, for
	// the samples of this class against those of all others. Nil means all elements.
	ClassID *int
}

// Name is "average_precision".
func (AveragePrecision) Name() string { return "average_precision" }

// HigherIsBetter is true.
func (AveragePrecision) HigherIsBetter() bool { return true }

// Start begins an epoch.
func (a AveragePrecision) Start() Accumulator {
	return &ranking{class: "AveragePrecision", classID: a.ClassID, of: averagePrecision}
}

// areaUnderROC adds up, for the elements with the target 0, the share of the others that
// have larger outputs.
func areaUnderROC(groups []group) float64 {
	yes, no, area := 0.0, 0.0, 0.0
	for _, g := range groups {
		area += g.no * (yes + g.yes/2)
		yes += g.yes
		no += g.no
	}
	return area / (yes * no) // 0/0 where all targets are equal
}

func averagePrecision(groups []group) float64 {
	yes, no, sum := 0.0, 0.0, 0.0
	for _, g := range groups {
		yes += g.yes
		no += g.no
		sum += g.yes * (yes / (yes + no))
	}
	return share(sum, yes)
}
