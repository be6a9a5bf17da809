package train

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// classWeights turns FitConfig.ClassWeight into the weights of batches.
type classWeights struct {
	trainer *Trainer
	weights map[int]float64
	classes int         // number of classes; 2 if the output is one number
	output  graph.Shape // of the output
}

// newClassWeights checks the weights; without any it returns nil.
func (t *Trainer) newClassWeights(weights map[int]float64) (*classWeights, error) {
	if weights == nil {
		return nil, nil
	}
	const field = "FitConfig.ClassWeight"
	if len(t.objectives) != 1 {
		return nil, t.fail(field, "must be nil where several outputs are trained; datasets.Weigh takes weights of samples for each output", nil)
	}
	outputs, err := t.model.OutputShapes()
	if err != nil {
		return nil, err
	}
	c := &classWeights{trainer: t, weights: weights, classes: 2, output: outputs[t.objectives[0].output]}
	if last := len(c.output) - 1; last > 0 && c.output[last] > 1 {
		c.classes = c.output[last]
	}
	for _, class := range slices.Sorted(maps.Keys(weights)) {
		if class < 0 || class >= c.classes {
			return nil, t.fail(field, fmt.Sprintf("must be of classes from 0 to %d", c.classes-1), class)
		}
		if w := weights[class]; !(w >= 0 && w <= math.MaxFloat64) {
			return nil, t.fail(fmt.Sprintf("%s[%d]", field, class), "must be finite and not negative", w)
		}
	}
	return c, nil
}

// of are the weights of the classes of a batch's targets, one for each sample or
// step. The memory of into is reused if it fits.
func (c *classWeights) of(targets []*tensor.Dense, into *tensor.Dense) (*tensor.Dense, error) {
	if c == nil || len(targets) != 1 || targets[0] == nil || targets[0].Dims() == 0 {
		return nil, nil // check reports what is wrong with the targets
	}
	target := dense.Contiguous(targets[0])
	shape, width := graph.Shape(target.Shape()), 1
	if len(shape) == len(c.output) && len(shape) > 1 { // [batch, ..., classes] or [batch, ..., 1]
		width = shape[len(shape)-1]
		shape = shape[:len(shape)-1]
	}
	into = dense.Reuse(into, target.Dtype(), shape)
	switch target.Dtype() {
	case tensor.Float32:
		return into, weigh(c, into.Float32s(), target.Float32s(), width)
	case tensor.Float64:
		return into, weigh(c, into.Float64s(), target.Float64s(), width)
	}
	return nil, nil
}

func weigh[T float32 | float64](c *classWeights, out, target []T, width int) error {
	for i := range out {
		class, ok := classOf(target[i*width:(i+1)*width], c.classes)
		if !ok {
			return c.trainer.fail("target", fmt.Sprintf("must be one of %d classes where FitConfig.ClassWeight is set", c.classes), target[i*width:(i+1)*width])
		}
		out[i] = 1
		if w, ok := c.weights[class]; ok {
			out[i] = T(w)
		}
	}
	return nil
}

// classOf is the class of a target, which is its number or a 1 among zeros.
func classOf[T float32 | float64](target []T, classes int) (class int, ok bool) {
	if len(target) == 1 {
		class = int(target[0])
		return class, T(class) == target[0] && class >= 0 && class < classes
	}
	class = slices.Index(target, 1)
	for i, x := range target {
		if x != 0 && i != class {
			return 0, false
		}
	}
	return class, class >= 0
}
