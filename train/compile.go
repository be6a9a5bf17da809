package train

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"gorgonia.org/tensor"
)

// Names of inputs and outputs of a program.
const (
	targetName  = "target"
	weightsName = "sample weights"
	outputName  = "output"
	lossName    = "loss"
)

func inputName(i int) string           { return fmt.Sprint("input ", i) }
func gradientName(i int) string        { return fmt.Sprint("gradient ", i) }
func updateName(u graph.Update) string { return "update " + u.Path }

// compile builds the program for a purpose and a shape of batch.
func (t *Trainer) compile(sh shapes, why purpose) (*program, error) {
	var updates []graph.Update
	var constrained []graph.Constrained
	cfg := graph.Config{Params: t.params, Training: why == training, Seed: t.model.Seed()}
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		output, loss := t.describe(s, sh)
		s.Output(outputName, output)
		if why != predicting {
			s.Output(lossName, loss)
		}
		if why != training {
			return
		}
		for i, g := range s.Gradients(loss, valuesOf(s, t.trained)...) {
			s.Output(gradientName(i), g)
		}
		updates, constrained = s.Updates(), s.Constrained()
		for _, u := range updates {
			s.Output(updateName(u), u.Value)
		}
	})
	if err != nil {
		return nil, err
	}
	p := &program{graph: prog, constrained: constrained}
	read := func(name string) *tensor.Dense {
		out, e := prog.Output(name)
		if err == nil {
			err = e
		}
		return out
	}
	p.output = read(outputName)
	if why != predicting {
		p.loss = read(lossName)
	}
	if why == training {
		for i := range t.trained {
			p.grads = append(p.grads, read(gradientName(i)))
		}
	}
	for _, u := range updates {
		p.updates = append(p.updates, update{t.params.Get(u.Path).Value(), read(updateName(u))})
	}
	return p, err
}

// describe writes the model into a graph, and its loss where there is a target.
func (t *Trainer) describe(s *graph.Scope, sh shapes) (output, loss graph.Value) {
	inputs := make([]graph.Value, len(sh.inputs))
	for i, shape := range sh.inputs {
		inputs[i] = s.Input(inputName(i), shape)
	}
	s.Within(t.model.Name(), func() { output = t.model.Call(s, inputs...)[0] })
	if sh.target == nil {
		return output, loss
	}
	loss = lossOf(s, t.cfg.Loss, output, sh)
	for _, extra := range s.Losses() {
		loss = loss.Add(extra)
	}
	return output, loss
}

// lossOf is the mean over all samples, and steps, of what the loss gives for
// each, times the weight of the sample.
func lossOf(s *graph.Scope, l losses.Loss, output graph.Value, sh shapes) (mean graph.Value) {
	target := s.Input(targetName, sh.target)
	s.Within("loss", func() {
		if _, masked := output.Mask(); masked {
			s.Failf("output", "must carry no mask, since losses do not take one into account", output.Shape())
		}
		each := l.Loss(target, output) // [batch, ...]
		if sh.weights != nil {
			weights := s.Input(weightsName, sh.weights) // [batch]
			for weights.Rank() < each.Rank() {
				weights = weights.Unsqueeze(-1) // [batch, 1, ...]
			}
			each = each.Times(weights)
		}
		mean = each.Mean()
	})
	return mean
}

// valuesOf are the values that stand for parameters in a graph. One that the
// model did not use gets a stand-in, and so a gradient of zeros. One that it
// uses beyond those would never be trained.
func valuesOf(s *graph.Scope, params []*graph.Param) []graph.Value {
	used := map[*graph.Param]graph.Value{}
	for _, b := range s.Bound() {
		used[b.Param] = b.Value
		if b.Param.Trainable && !slices.Contains(params, b.Param) {
			s.Failf("model", "must keep its layers after Compile", b.Param.Path)
		}
	}
	out := make([]graph.Value, len(params))
	for i, p := range params {
		v, ok := used[p]
		if !ok {
			v = s.Const(0, p.Shape)
		}
		out[i] = v
	}
	return out
}
