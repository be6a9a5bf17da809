package layers

import (
	"slices"

	"github.com/engram-go/engram/graph"
)

// TimeDistributed applies a layer to every step of a sequence separately, with the
// same weights.
//
//	y[:, t] = layer(x[:, t])
//
//	in:      [batch, steps, ...], of at least three axes
//	out:     [batch, steps, ...], for each output of the layer
//	weights: those of the layer, under its name
//
// The layer is called once, on the steps of all samples as one batch
// [batch·steps, ...]. So random draws differ from step to step, and a
// BatchNormalization takes the mean over the steps of all samples at once, whereas
// Keras calls it on one step after the other.
//
// The output has the mask of the input, even if the layer ends it. Inside, where
// a step is a vector, the mask is [batch·steps]: a BatchNormalization leaves
// padding out.
//
// A mask that the layer itself makes, [batch·steps, inner steps], such as that of
// Masking or of an Embedding with MaskZero, ends here as in Keras, since the mask of
// a sequence is [batch, steps]; Summary says so. To use it, distribute one layer
// that contains both the layer that makes the mask and those that need it.
type TimeDistributed struct {
	Layer Layer  // a layer with one input, not a model; required
	Name  string // "time_distributed", numbered, where empty
}

var _ Resolver = TimeDistributed{}

// Resolve fills in the defaults of the layer.
func (l TimeDistributed) Resolve() (Layer, error) {
	err := inner("TimeDistributed.Layer", &l.Layer)
	return l, err
}

// Call computes the layer.
func (l TimeDistributed) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	x, ok := one(s, "TimeDistributed", inputs, 3)
	if !ok || !checkStepMask(s, "TimeDistributed", x) {
		return inputs
	}
	all := x.Shape()[:2].Size()                                       // batch·steps
	steps := x.Reshape(append(graph.Shape{all}, x.Shape()[2:]...)...) // [batch·steps, ...]
	if mask, masked := x.Mask(); masked && steps.Rank() == 2 {
		steps = steps.WithMask(mask.Reshape(all))
	}
	var out []graph.Value
	s.Alone(func() { out = slices.Clone(Apply(s, innerName(l.Layer), l.Layer, steps)) })
	for i, y := range out {
		if s.Err() != nil {
			return inputs
		}
		if y.Rank() == 0 || y.Dim(0) != all {
			s.Failf("TimeDistributed.Layer", "must keep the batch as its first axis", y.Shape())
			return inputs
		}
		if mask, masked := y.Mask(); masked && mask.Rank() > 1 {
			s.Note("ends the mask that its layer makes")
		}
		out[i] = keepMask(x, y.Reshape(append(x.Shape()[:2], y.Shape()[1:]...)...)) // [batch, steps, ...]
	}
	return out
}

// Stepwise allows every layer, since each step is computed separately.
func (l TimeDistributed) Stepwise(in []graph.Value) ([]graph.Pace, error) { return stepByStep(l, in) }
