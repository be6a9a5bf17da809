package train

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// classWeights turns FitConfig.ClassWeight into the weights of batches, for the targets of
// one objective.
type classWeights struct {
	trainer *Trainer
	field   string // of the config
	target  string // name of the targets in messages
	weights map[int]float64
	classes int           // number of classes; 2 if the output is one number
	output  graph.Shape   // of the output
	batch   *tensor.Dense // weights of the last batch, whose memory is used again
}

// newClassWeights checks the weights of a config. It returns one for each objective, nil
// for those without weights, or nothing where there are none at all.
func (t *Trainer) newClassWeights(cfg FitConfig) ([]*classWeights, error) {
	if cfg.ClassWeight == nil && cfg.ClassWeightOf == nil {
		return nil, nil
	}
	const one, each = "FitConfig.ClassWeight", "FitConfig.ClassWeightOf"
	switch {
	case cfg.ClassWeight != nil && len(t.objectives) != 1:
		return nil, t.fail(one, "must be nil where several outputs are trained; ClassWeightOf takes the name of an output", nil)
	case cfg.ClassWeight != nil && cfg.ClassWeightOf != nil:
		return nil, t.fail(each, "must be nil where ClassWeight is set", nil)
	}
	outputs, err := t.model.OutputShapes()
	if err != nil {
		return nil, err
	}
	all, names := make([]*classWeights, len(t.objectives)), make([]string, len(t.objectives))
	for i, g := range t.objectives {
		names[i] = t.names[g.output]
		field, weights := one, cfg.ClassWeight
		if cfg.ClassWeightOf != nil {
			field, weights = fmt.Sprintf("%s[%q]", each, names[i]), cfg.ClassWeightOf[names[i]]
		}
		if weights == nil {
			continue
		}
		if all[i], err = t.classWeightsOf(g, field, weights, outputs[g.output]); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(cfg.ClassWeightOf)) {
		if !slices.Contains(names, name) {
			return nil, t.fail(each, fmt.Sprintf("must be of outputs that are trained, of %q", names), name)
		}
	}
	return all, nil
}

func (t *Trainer) classWeightsOf(g objective, field string, weights map[int]float64, output graph.Shape) (*classWeights, error) {
	if _, ok := g.loss.(losses.MaskReader); ok {
		return nil, t.fail(field, fmt.Sprintf("must be nil with %T, since a sample has no single class; weights of samples are possible", g.loss), weights)
	}
	c := &classWeights{trainer: t, field: field, target: g.target, weights: weights, classes: 2, output: output}
	if last := len(output) - 1; last > 0 && output[last] > 1 {
		c.classes = output[last]
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

// weighClasses are the weights of the classes of a batch's targets, one tensor for each
// objective, as in feed.
func weighClasses(all []*classWeights, targets []*tensor.Dense) ([]*tensor.Dense, error) {
	if len(all) == 0 || len(targets) != len(all) {
		return nil, nil // check reports what is wrong with the targets
	}
	out := make([]*tensor.Dense, len(all))
	for i, c := range all {
		if c == nil || targets[i] == nil || targets[i].Dims() == 0 {
			continue
		}
		var err error
		if out[i], err = c.of(targets[i]); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// of are the weights of the classes of targets, one for each sample or step.
func (c *classWeights) of(target *tensor.Dense) (*tensor.Dense, error) {
	target = dense.Contiguous(target)
	shape, width := graph.Shape(target.Shape()), 1
	if len(shape) == len(c.output) && len(shape) > 1 { // [batch, ..., classes] or [batch, ..., 1]
		width = shape[len(shape)-1]
		shape = shape[:len(shape)-1]
	}
	c.batch = dense.Reuse(c.batch, target.Dtype(), shape)
	switch target.Dtype() {
	case tensor.Float32:
		return c.batch, weigh(c, c.batch.Float32s(), target.Float32s(), width)
	case tensor.Float64:
		return c.batch, weigh(c, c.batch.Float64s(), target.Float64s(), width)
	}
	return nil, nil
}

func weigh[T float32 | float64](c *classWeights, out, target []T, width int) error {
	for i := range out {
		class, ok := classOf(target[i*width:(i+1)*width], c.classes)
		if !ok {
			return c.trainer.fail(c.target, fmt.Sprintf("must be one of %d classes where %s is set", c.classes, c.field), target[i*width:(i+1)*width])
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
