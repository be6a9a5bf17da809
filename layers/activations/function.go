package activations

import (
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/kernels"
)

// FunctionOf returns an activation as a function of one element, which graph.Value.Apply
// and operations that apply an activation to their result compute. ok is false for
// activations that combine elements, such as Softmax and GLU, for those of users, and for
// fields that break a rule, which Apply reports.
func FunctionOf(a Activation) (f graph.Function, ok bool) {
	var err error
	switch a := a.(type) {
	case Name:
		f, err = a.find()
	case LeakyReLU:
		err = a.fill()
		f = kernels.LeakyReLU.With(a.NegativeSlope)
	case ELU:
		err = a.fill()
		f = kernels.ExpLinear.With(1, a.Alpha, 1)
	case CELU:
		err = a.fill()
		f = kernels.ExpLinear.With(1, a.Alpha, 1/a.Alpha)
	case GELU:
		f = kernels.GELU.With()
		if a.Approximate {
			f = kernels.GELUTanh.With()
		}
	case Squareplus:
		err = a.fill()
		f = kernels.Squareplus.With(a.B)
	case HardShrink:
		err = a.fill()
		f = kernels.HardShrink.With(a.Threshold)
	case SoftShrink:
		err = a.fill()
		f = kernels.SoftShrink.With(a.Threshold)
	case Threshold:
		err = a.check()
		f = kernels.Threshold.With(a.Threshold, a.DefaultValue)
	default:
		return graph.Function{}, false
	}
	return f, err == nil
}

// apply computes an activation that FunctionOf knows, if its fields are right: err is
// what is wrong with them.
func apply(a Activation, err error, x graph.Value) graph.Value {
	x.Scope().Fail(err)
	f, _ := FunctionOf(a)
	return x.Apply(f)
}
