// Package ensemble makes one model of several that have the same inputs and outputs:
// its outputs are the means of theirs.
//
// What a mean of outputs is depends on what the outputs are:
//
//   - Point forecasts: their mean has at most the mean of the members' squared errors.
//   - Probabilities of classes: the mixture of the members' distributions, also called
//     the linear opinion pool (Stone 1961). A mean of logits is another one.
//   - Quantiles: the distribution whose quantiles are the means of the members' quantiles
//     (Lichtendahl, Grushka-Cockayne & Winkler 2013, "Is It Better to Average Probabilities
//     or Quantiles?"). It has the mean of the members' means and is at most as wide as
//     their mixture. Quantiles that do not cross in any member do not cross in it.
//   - Parameters of a distribution, such as a mean and a scale: the distribution with the
//     means of the parameters, which is not the mixture.
//
// Members that differ only in the seeds of their weights and batches are a deep ensemble
// (Lakshminarayanan, Pritzel & Blundell 2017). Those of one training at the ends of the
// cycles of its learning rate are a snapshot ensemble, see callbacks.Snapshots.
package ensemble

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// Mean is a model whose outputs are the means of the members' outputs, element by
// element:
//
//	in:  the inputs of a member, under the names that they have in the first
//	out: the outputs of a member, likewise
//
// Members are models of any kind, such as &m.Model of a Sequential m, or read from files.
// All have the same dtype and the same shapes of inputs and outputs, in the same order. An
// output has a mask if it has one in every member; masked steps count in the mean.
//
// The name is "ensemble" and the dtype that of the members, where cfg has none. Members
// are layers of the ensemble under their own names, numbered where one is taken:
// "lstm", "lstm_1". They share their weights with it, see models.Use: it predicts with
// what they are trained to later, and saves copies. To save it, cfg.Custom has what all
// members need.
func Mean(cfg models.Config, members ...*models.Model) (*models.Functional, error) {
	return mean(cfg, nil, members)
}

// Weighted is Mean with a weight for each member: not negative, with a sum of 1.
func Weighted(cfg models.Config, weights []float64, members ...*models.Model) (*models.Functional, error) {
	if len(weights) != len(members) {
		return nil, graph.Error{Path: path(cfg), Field: "weights", Rule: fmt.Sprintf("must be one for each of the %d members", len(members)), Value: len(weights)}
	}
	return mean(cfg, weights, members)
}

// path is the name of the ensemble.
func path(cfg models.Config) string {
	if cfg.Name == "" {
		return "ensemble"
	}
	return cfg.Name
}

func mean(cfg models.Config, weights []float64, members []*models.Model) (*models.Functional, error) {
	cfg.Name = path(cfg)
	if err := check(cfg, members); err != nil {
		return nil, err
	}
	if cfg.Dtype == (tensor.Dtype{}) {
		cfg.Dtype = members[0].Dtype()
	}
	first, err := describe(members[0])
	if err != nil {
		return nil, err
	}
	names := names{}
	var in models.Inputs
	for i, shape := range first.inputs {
		in = append(in, models.NewInput(layers.Input{Name: names.free(first.inputNames[i]), Shape: shape[1:]}))
	}
	for i, name := range first.outputNames {
		first.outputNames[i] = names.free(name)
	}
	outputs := make([][]models.Tensor, len(first.outputs)) // of the members, by output
	for i, m := range members {
		if err := first.compare(cfg, i, m); err != nil {
			return nil, err
		}
		y := models.UseAs(names.free(m.Name()), m).Call(in...)
		for k := range outputs {
			outputs[k] = append(outputs[k], y.Output(k))
		}
	}
	var out models.Outputs
	for k, ys := range outputs {
		out = append(out, models.Use(layers.Average{Name: first.outputNames[k], Weights: weights}).Call(ys...))
	}
	e := models.NewFunctional(cfg, in, out)
	if err := e.Build(); err != nil {
		return nil, err
	}
	return e, nil
}

// check refuses members that cannot be layers of one model.
func check(cfg models.Config, members []*models.Model) error {
	if len(members) == 0 {
		return graph.Error{Path: cfg.Name, Field: "members", Rule: "must be at least one"}
	}
	for i, m := range members {
		if m == nil {
			return fault(cfg, i, "must not be nil", nil)
		}
		if k := slices.Index(members, m); k < i {
			return fault(cfg, i, fmt.Sprintf("must be another model than member %d; Weighted gives a member more weight", k), nil)
		}
	}
	return nil
}

func fault(cfg models.Config, member int, rule string, value any) error {
	return graph.Error{Path: cfg.Name, Field: fmt.Sprintf("member %d", member), Rule: rule, Value: value}
}

// sides are the inputs and outputs of a model.
type sides struct {
	dtype                   tensor.Dtype
	inputNames, outputNames []string
	inputs, outputs         []graph.Shape // with the batch
}

func describe(m *models.Model) (s sides, err error) {
	s.dtype = m.Dtype()
	if s.inputNames, err = m.InputNames(); err != nil {
		return s, err
	}
	if s.inputs, err = m.InputShapes(); err != nil {
		return s, err
	}
	if s.outputNames, err = m.OutputNames(); err != nil {
		return s, err
	}
	s.outputs, err = m.OutputShapes()
	return s, err
}

// compare refuses a member that differs from the first one.
func (s sides) compare(cfg models.Config, i int, m *models.Model) error {
	got, err := describe(m)
	switch equal := func(a, b []graph.Shape) bool { return slices.EqualFunc(a, b, graph.Shape.Equal) }; {
	case err != nil:
		return err
	case got.dtype != s.dtype:
		return fault(cfg, i, fmt.Sprintf("must have the dtype %v of member 0", s.dtype), got.dtype)
	case !equal(got.inputs, s.inputs):
		return fault(cfg, i, fmt.Sprintf("must have inputs of the shapes %v of member 0", s.inputs), got.inputs)
	case !equal(got.outputs, s.outputs):
		return fault(cfg, i, fmt.Sprintf("must have outputs of the shapes %v of member 0", s.outputs), got.outputs)
	}
	return nil
}

// names are the names of the layers of the ensemble.
type names map[string]bool

// free is a name that is not taken: lstm, lstm_1, lstm_2 …
func (n names) free(base string) string {
	name := base
	for i := 1; n[name]; i++ {
		name = fmt.Sprintf("%s_%d", base, i)
	}
	n[name] = true
	return name
}
