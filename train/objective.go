package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/metrics"
)

// Output says how one of several outputs of a model is trained.
type Output struct {
	// Loss of the output. If it is nil the output is not trained: it has no target
	// and no metrics.
	Loss losses.Loss
	// Weight of the loss in the total, finite and not negative; nil means 1.
	Weight *float64
	// Metrics are reported as "<output>_<metric>".
	Metrics []metrics.Metric
}

// objective is an output that is trained.
type objective struct {
	output  int    // index among the model's outputs
	name    string // of the output; empty if it is the only one
	loss    losses.Loss
	weight  float64
	metrics []metrics.Metric
	target  string // name of its target in messages
	input   string // name of its target in a program
	field   string // of the config that has its metrics
}

// resolve turns a config into objectives.
func (t *Trainer) resolve(cfg Config) ([]objective, error) {
	shapes, err := t.model.OutputShapes()
	if err != nil {
		return nil, err
	}
	names, err := t.model.OutputNames()
	if err != nil {
		return nil, err
	}
	t.names = slices.Clone(names)
	if len(names) != len(shapes) {
		return nil, t.fail("OutputNames", fmt.Sprintf("must be one for each of the %d outputs", len(shapes)), len(names))
	}
	const field = "Config.Outputs"
	outputs := cfg.Outputs
	switch {
	case outputs == nil:
		if isNil(cfg.Loss) {
			return nil, t.fail("Config.Loss", "must be set", nil)
		}
		outputs = slices.Repeat([]Output{{Loss: cfg.Loss, Metrics: cfg.Metrics}}, len(shapes))
	case !isNil(cfg.Loss) || cfg.Metrics != nil:
		return nil, t.fail(field, "must not be set together with Loss or Metrics", nil)
	case len(outputs) != len(shapes):
		return nil, t.fail(field, fmt.Sprintf("must be one for each of the %d outputs", len(shapes)), len(outputs))
	}
	var objectives []objective
	for i, o := range outputs {
		at := fmt.Sprintf("%s[%d].", field, i)
		g := objective{output: i, loss: o.Loss, weight: 1, metrics: o.Metrics, field: "Config."}
		if len(outputs) > 1 {
			g.name = names[i]
		}
		if cfg.Outputs != nil {
			g.field = at
		}
		g.target = g.of("target")
		if o.Weight != nil {
			g.weight = *o.Weight
		}
		switch {
		case !(g.weight >= 0 && g.weight <= math.MaxFloat64):
			return nil, t.fail(at+"Weight", "must be finite and not negative", g.weight)
		case !isNil(o.Loss):
			objectives = append(objectives, g)
		case len(o.Metrics) > 0 || o.Weight != nil:
			return nil, t.fail(at+"Loss", "must be set where there are Metrics or a Weight", nil)
		}
	}
	for i := range objectives {
		objectives[i].input = fmt.Sprint("target ", i)
	}
	if len(objectives) == 0 {
		return nil, t.fail(field, "must have a Loss for an output", nil)
	}
	return objectives, nil
}

// checkNames checks that the names of logs are distinct.
func (t *Trainer) checkNames() error {
	seen := map[string]bool{lossName: true}
	if len(t.objectives) > 1 {
		for _, g := range t.objectives {
			name := g.figure(lossName)
			if strings.HasPrefix(name, validationPrefix) || seen[name] {
				return t.fail("output", "must be unique and must not start with "+validationPrefix, fmt.Sprintf("%q", g.name))
			}
			seen[name] = true
		}
	}
	for _, g := range t.objectives {
		for i, m := range g.metrics {
			field := fmt.Sprintf("%sMetrics[%d]", g.field, i)
			if isNil(m) {
				return t.fail(field, "must not be nil", nil)
			}
			if isNil(m.Start()) {
				return t.fail(field+".Start()", "must not be nil", nil)
			}
			name := g.figure(m.Name())
			switch {
			case m.Name() == "" || strings.HasPrefix(name, validationPrefix):
				return t.fail(field, "must have a name that does not start with "+validationPrefix, fmt.Sprintf("%q", name))
			case seen[name]:
				return t.fail(field, "must have a unique name; metrics.Named gives it another", fmt.Sprintf("%q", name))
			}
			seen[name] = true
		}
	}
	return nil
}

// figure is the name of a loss or metric of the objective in logs.
func (g objective) figure(name string) string {
	if g.name == "" {
		return name
	}
	return g.name + "_" + name
}

// of is the name of a part of the objective in messages.
func (g objective) of(thing string) string {
	if g.name == "" {
		return thing
	}
	return thing + " of " + g.name
}

// LogNames are the names of the values that an epoch reports, in the order of Logs,
// without those of validation data, which begin with "val_".
func (t *Trainer) LogNames() []string {
	names := []string{lossName}
	if len(t.objectives) > 1 {
		for _, g := range t.objectives {
			names = append(names, g.figure(lossName))
		}
	}
	for _, g := range t.objectives {
		for _, m := range g.metrics {
			names = append(names, g.figure(m.Name()))
		}
	}
	return names
}

// HigherIsBetter tells whether a higher value is better of what logs report
// under a name, such as "val_accuracy": for a metric, what the metric says; for
// losses, false. ok is false where no log has that name.
func (t *Trainer) HigherIsBetter(log string) (higher, ok bool) {
	name := strings.TrimPrefix(log, validationPrefix)
	if name == lossName {
		return false, true
	}
	for _, g := range t.objectives {
		if len(t.objectives) > 1 && name == g.figure(lossName) {
			return false, true
		}
		for _, m := range g.metrics {
			if name == g.figure(m.Name()) {
				return m.HigherIsBetter(), true
			}
		}
	}
	return false, false
}

// refuseConstant reports an output that no training can change.
func (g objective) refuseConstant(s *graph.Scope, output graph.Value) {
	if _, ok := output.SoftmaxOf(); ok && output.Dim(-1) == 1 {
		s.Failf(g.of("output"), "must not be a softmax over one unit, which is always 1; use a sigmoid", output.Shape())
	}
}

// targetShape is the shape of the targets for an output.
func (g objective) targetShape(output graph.Shape) graph.Shape {
	if l, ok := g.loss.(losses.TargetShaper); ok {
		return l.TargetShape(output)
	}
	return output
}

// batchWeights are the weights of a batch in a graph, [batch] or [batch, steps];
// nil if there are none.
type batchWeights struct {
	samples *graph.Value // of the data
	classes *graph.Value // from FitConfig.ClassWeight or ClassWeightOf
}

// lossOf is the loss of one output, by the formula at Config.
func (g objective) lossOf(s *graph.Scope, target, output graph.Value, w batchWeights) graph.Value {
	mask, masked := output.Mask()
	if _, ok := g.loss.(losses.MaskReader); ok {
		masked = false // for what follows
	} else {
		output = output.WithoutMask()
	}
	each := g.loss.Loss(target, output) // [batch, ...]
	if each.Rank() == 0 || s.Err() == nil && each.Dim(0) != output.Dim(0) {
		s.Failf("loss", "must be one number for each sample, or for each step", each.Shape())
		return each
	}
	if masked {
		if !along(mask, each) || mask.Rank() != 2 {
			s.Failf(g.of("output"), "must carry a mask of as many steps as its loss has, "+each.Shape().String(), mask.Shape())
			return each
		}
		each = graph.Where(lift(mask, each.Rank()), each, s.Const(0, graph.Shape{}))
	}
	for _, weights := range []*graph.Value{w.samples, w.classes} {
		if weights == nil {
			continue
		}
		if !along(*weights, each) {
			s.Failf(weightsName, fmt.Sprintf("must be those of samples, or of steps, of a loss of the shape %v", each.Shape()), weights.Shape())
			return each
		}
		each = each.Times(lift(*weights, each.Rank()))
	}
	if !masked {
		return each.Mean()
	}
	for each.Rank() > 2 {
		each = each.Mean(-1) // [batch, steps]
	}
	counted := mask.Sum().Maximum(s.Const(1, graph.Shape{}))
	return each.Sum().Div(counted)
}

// metricWeights are the weights of the output's elements in its metrics: its mask
// times the weights of the samples. ok is false if the output has no mask; then
// they are those of the samples.
func metricWeights(output graph.Value, w batchWeights) (weights graph.Value, ok bool) {
	mask, ok := output.Mask()
	if ok && w.samples != nil {
		mask = mask.Times(lift(*w.samples, 2)) // [batch, steps]
	}
	return mask, ok
}

// along tells whether weights have the first axes of each.
func along(weights, each graph.Value) bool {
	n := weights.Rank()
	return n <= each.Rank() && weights.Shape().Matches(each.Shape()[:n])
}

// lift adds axes of size 1 to weights, up to a rank: [batch, 1, ...].
func lift(weights graph.Value, rank int) graph.Value {
	for weights.Rank() < rank {
		weights = weights.Unsqueeze(-1)
	}
	return weights
}
