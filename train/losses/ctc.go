package losses

import (
	"math"

	"github.com/engram-go/engram/graph"
)

var (
	_ Loss         = CTC{}
	_ TargetShaper = CTC{}
	_ MaskReader   = CTC{}
)

// CTC is for labels in an order but of unknown steps, such as the letters of recorded speech
// or handwriting (Graves et al. 2006, "Connectionist Temporal Classification"). Each step of
// the output chooses a class; equal classes in a row are one label, and the class Blank is no
// label. The loss of a sample is
//
//	−log Σ_π Π_t softmax(output_t)_{π_t}    over all π of one class a step that give its labels
//
// The model ends without an activation, or with a softmax, behind which the loss is computed
// from its logits. The mask of the output says which steps a sample has. A sample with fewer
// labels than the target has room for is filled up with Blank; so Blank cannot be a label.
//
// A sample needs a step for each label, and one more between two that are equal. Without
// them the loss would be infinite, which is an error of the run: leave such a sample out, or
// shorten its labels. Losses are averaged over samples, whatever the number of their labels.
type CTC struct {
	// Blank is the number of the class that is no label. Default 0, as in Keras and PyTorch;
	// TensorFlow's tf.nn.ctc_loss has the last class.
	Blank int
}

// TargetShape is [batch, labels], with any number of labels.
func (CTC) TargetShape(output graph.Shape) graph.Shape {
	return append(output[:min(len(output), 1)].Clone(), graph.Any)
}

// ReadsMask says that Loss leaves out masked steps.
func (CTC) ReadsMask() {}

// Loss maps an output [batch, steps, classes] and a target [batch, labels], numbers of
// classes, to [batch].
func (c CTC) Loss(target, output graph.Value) graph.Value {
	s := output.Scope()
	if c.Blank < 0 {
		s.Failf("CTC.Blank", "must be the number of a class, from 0", c.Blank)
		return output
	}
	if output.Rank() == 3 {
		if n := output.Dim(2); n != graph.Any && c.Blank >= n {
			s.Failf("CTC.Blank", "must be the number of a class of the output", c.Blank)
			return output
		}
	}
	if _, ok := output.SigmoidOf(); ok {
		s.Failf("output", "must be logits, or the result of a softmax, not of a sigmoid", output.Shape())
		return output
	}
	var mask *graph.Value
	if m, ok := output.Mask(); ok {
		mask = &m
	}
	z := output
	if logits, ok := output.SoftmaxOf(); ok {
		z = logits
	}
	return z.CTC(target, mask, c.Blank).Require("CTC", "must be finite: each sample needs a step for each label, and one more between equal labels",
		func(x float64) bool { return !math.IsInf(x, 1) })
}
