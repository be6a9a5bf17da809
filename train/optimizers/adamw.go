package optimizers

import "gorgonia.org/tensor"

var _ Optimizer = AdamW{}

// AdamW is Adam with a decay of the weights by default (Loshchilov & Hutter 2019): each
// step takes LearningRate·WeightDecay of every weight off before Adam's update. Biases and
// the scales of normalization are mostly left out; see NoWeightDecay.
//
// A zero field takes its default. Negative, NaN and infinite values are errors,
// and so are values that are zero or infinite in float32 where the parameters are.
type AdamW struct {
	LearningRate float64  // default 0.001
	Schedule     Schedule // of learning rates, in the place of LearningRate; default none
	WeightDecay  *float64 // share of a weight, times the learning rate, that each step takes off; nil means 0.004
	Beta1        *float64 // decay of m, in [0, 1); nil means 0.9
	Beta2        *float64 // decay of v, in [0, 1); nil means 0.999
	Epsilon      float64  // default 1e-7
	AMSGrad      bool     // divides by the root of the largest v so far (Reddi et al. 2018)

	// At most one of these; zero means none.
	ClipValue      float64 // limits every element of a gradient to ±ClipValue
	ClipNorm       float64 // scales each parameter's gradient down to this L2 norm
	GlobalClipNorm float64 // scales all gradients down to this L2 norm together
}

// Rule has the slots of Adam.
func (o AdamW) Rule(dtype tensor.Dtype) (Rule, error) {
	decay := 0.004
	if o.WeightDecay != nil {
		decay = *o.WeightDecay
	}
	return Adam{
		LearningRate: o.LearningRate, Schedule: o.Schedule, WeightDecay: decay,
		Beta1: o.Beta1, Beta2: o.Beta2, Epsilon: o.Epsilon, AMSGrad: o.AMSGrad,
		ClipValue: o.ClipValue, ClipNorm: o.ClipNorm, GlobalClipNorm: o.GlobalClipNorm,
	}.rule("AdamW", dtype)
}
