package layers

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers/initializers"
)

// BatchNormalization normalises every feature to mean 0 and variance 1 over the batch
// in training, and then applies a learned scale and shift (Ioffe & Szegedy 2015, "Batch
// Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
// Shift"):
//
//	y = γ ⊙ (x − mean) / √(variance + ε) + β
//
// In training, mean and variance are those of x over all axes but that of the
// features; the variance is divided by the number of elements, and gradients
// flow through both. After each step, moving averages follow them:
//
//	moving = momentum · moving + (1 − momentum) · that of the batch
//
// Otherwise, and if the layer is frozen, mean and variance are the moving averages, so
// that the output of a sample does not depend on the batch.
//
//	in, out: [batch, ..., features], of at least two axes
//	weights: gamma, beta, moving_mean, moving_variance [features]; the last two
//	         are not trained
//
// The output has the mask of the input. In training the steps that it leaves out
// count in neither mean nor variance, which are then divided by the number of those
// that count plus 1e-7, as in Keras.
//
// The moving averages give every batch the same weight, whatever its size, as in Keras.
// A last batch of one sample without steps has the variance 0: with 33 samples in
// batches of 32, every second update takes the moving variance towards 0, and it
// ends at about half of the variance of the data. train.FitConfig.DropRemainder
// leaves such a batch out.
type BatchNormalization struct {
	Axis                      int               // the axis of the features, not the batch; a negative one counts from the end; −1 where 0
	Momentum                  *float64          // fraction of the moving averages kept at each step, in [0, 1); 0.99 where nil
	Epsilon                   float64           // ε, positive; 1e-3 where 0
	NoCenter                  bool              // leave β out
	NoScale                   bool              // leave γ out
	GammaInitializer          graph.Initializer // initializers.Ones
	BetaInitializer           graph.Initializer // initializers.Zeros
	MovingMeanInitializer     graph.Initializer // initializers.Zeros
	MovingVarianceInitializer graph.Initializer // initializers.Ones
	GammaRegularizer          graph.Regularizer // nil: none
	BetaRegularizer           graph.Regularizer // nil: none
	GammaConstraint           graph.Constraint  // nil: none
	BetaConstraint            graph.Constraint  // nil: none
	Name                      string            // "batch_normalization", numbered, where empty
}

var _ Resolver = BatchNormalization{}

// Resolve fills in the defaults.
func (l BatchNormalization) Resolve() (Layer, error) {
	if l.Axis == 0 {
		l.Axis = -1
	}
	momentum := 0.99
	if l.Momentum != nil {
		momentum = *l.Momentum
	}
	l.Momentum = &momentum // a copy, which the caller cannot change
	err := first(
		rate("BatchNormalization.Momentum", momentum),
		epsilon("BatchNormalization.Epsilon", &l.Epsilon, 1e-3),
		weightFields("BatchNormalization", "Gamma", &l.GammaInitializer, initializers.Ones, &l.GammaRegularizer, &l.GammaConstraint),
		weightFields("BatchNormalization", "Beta", &l.BetaInitializer, initializers.Zeros, &l.BetaRegularizer, &l.BetaConstraint),
		initializer("BatchNormalization.MovingMeanInitializer", &l.MovingMeanInitializer, initializers.Zeros),
		initializer("BatchNormalization.MovingVarianceInitializer", &l.MovingVarianceInitializer, initializers.Ones),
	)
	return l, err
}

// Call computes the layer.
func (l BatchNormalization) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "BatchNormalization", inputs, 2)
	if !ok {
		return inputs
	}
	b, ok := l.features(s, x)
	if !ok {
		return inputs
	}
	var gamma, beta graph.Value
	if !l.NoScale {
		gamma = weight(s, "gamma", b.size, l.GammaInitializer, l.GammaRegularizer, l.GammaConstraint)
	}
	if !l.NoCenter {
		beta = weight(s, "beta", b.size, l.BetaInitializer, l.BetaRegularizer, l.BetaConstraint)
	}
	mean := s.State("moving_mean", b.size, l.MovingMeanInitializer)
	variance := s.State("moving_variance", b.size, l.MovingVarianceInitializer)
	trained := s.Training() && !s.Frozen("moving_mean")
	scale, shift := &gamma, &beta
	if l.NoScale {
		scale = nil
	}
	if l.NoCenter {
		shift = nil
	}
	rows, whole := (*graph.Value)(nil), false
	if trained {
		rows, whole = b.rows(s)
	}
	if whole {
		y, batchMean, batchVariance := x.BatchNorm(scale, shift, rows, l.Epsilon)
		l.follow(s, "moving_mean", mean, batchMean)
		l.follow(s, "moving_variance", variance, batchVariance)
		return []graph.Value{keepMask(x, y)}
	}
	var centred graph.Value // the shape of x
	if trained {
		movingMean, movingVariance := mean, variance
		mean, variance, centred = b.moments(s)
		l.follow(s, "moving_mean", movingMean, mean)
		l.follow(s, "moving_variance", movingVariance, variance)
	}
	factor := variance.AddConst(l.Epsilon).Pow(-0.5) // [features]
	if scale != nil {
		factor = factor.Times(gamma)
	}
	if !trained && b.last {
		return []graph.Value{keepMask(x, x.ScaleAround(mean, factor, shift))}
	}
	if !trained {
		centred = x.Sub(mean.Reshape(b.wide...))
	}
	y := centred.Times(factor.Reshape(b.wide...))
	if shift != nil {
		y = y.Add(beta.Reshape(b.wide...))
	}
	return []graph.Value{keepMask(x, y)}
}

// follow moves an average towards that of the batch. If a model uses the layer twice,
// both uses update it, one after the other.
func (l BatchNormalization) follow(s *graph.Scope, name string, moving, batch graph.Value) {
	m := *l.Momentum
	s.AddUpdate(name, s.Updated(name, moving).Scale(m).Add(batch.Scale(1-m)))
}

// batchFeatures is a batch and the axis of its features.
type batchFeatures struct {
	x      graph.Value
	size   graph.Shape // [features]
	wide   graph.Shape // the same with an axis of size 1 for each of the others
	others []int       // the axes that a mean goes over
	last   bool        // whether the features are the last axis
}

// features finds the axis of the features in a batch.
func (l BatchNormalization) features(s *graph.Scope, x graph.Value) (batchFeatures, bool) {
	axis, ok := sampleAxis(s, "BatchNormalization.Axis", x, l.Axis)
	if !ok {
		return batchFeatures{}, false
	}
	n := x.Dim(axis)
	if n == graph.Any {
		s.Failf("BatchNormalization.Axis", "must be an axis whose size is known", x.Shape())
		return batchFeatures{}, false
	}
	b := batchFeatures{x: x, size: graph.Shape{n}, last: axis == x.Rank()-1}
	for a := range x.Rank() {
		if a == axis {
			b.wide = append(b.wide, n)
			continue
		}
		b.wide, b.others = append(b.wide, 1), append(b.others, a)
	}
	return b, true
}

// rows is the mask of whole rows along the last axis, [batch, steps, 1, ...], nil where
// there is none. ok is false if the features are not the last axis, or masked one by one.
func (b batchFeatures) rows(s *graph.Scope) (mask *graph.Value, ok bool) {
	m, masked := broadcastMask(s, "BatchNormalization", b.x)
	if !masked {
		return nil, b.last
	}
	return &m, b.last && m.Shape()[m.Rank()-1] == 1
}

// keepFinite is what Keras adds to the number of steps that a mask counts,
// which may be 0.
const keepFinite = 1e-7

// moments are mean and variance of every feature over the batch, and the batch
// minus its mean.
func (b batchFeatures) moments(s *graph.Scope) (mean, variance, centred graph.Value) {
	mask, masked := broadcastMask(s, "BatchNormalization", b.x) // [batch, steps, 1, ...]
	if !masked {
		mean = b.x.Mean(b.others...)               // [features]
		centred = b.x.Sub(mean.Reshape(b.wide...)) // the shape of x
		return mean, centred.Square().Mean(b.others...), centred
	}
	zero := s.Const(0, graph.Shape{})
	part := mask.BroadcastTo(b.x.Shape()...).Sum(b.others...).AddConst(keepFinite).Reciprocal() // [features]
	mean = graph.Where(mask, b.x, zero).Sum(b.others...).Times(part)                            // [features]
	centred = b.x.Sub(mean.Reshape(b.wide...))                                                  // the shape of x
	return mean, graph.Where(mask, centred, zero).Square().Sum(b.others...).Times(part), centred
}

// Stepwise normalises every step separately, if the axis is not that of the steps.
func (l BatchNormalization) Stepwise(in []graph.Value) ([]graph.Pace, error) {
	return stepByStep(l, in, l.Axis)
}
