package train

import (
	"fmt"

	"github.com/engram-go/engram/graph"
	"gorgonia.org/tensor"
)

// Names of inputs and outputs of a program.
const (
	weightsName      = "sample weights"
	classWeightsName = "class weights"
	lossName         = "loss"
)

func inputName(i int) string           { return fmt.Sprint("input ", i) }
func weightsInput(i int) string        { return fmt.Sprint(weightsName, " ", i) }
func outputName(i int) string          { return fmt.Sprint("output ", i) }
func goalLossName(i int) string        { return fmt.Sprint("loss ", i) }
func goalWeightsName(i int) string     { return fmt.Sprint("weights ", i) }
func gradientName(i int) string        { return fmt.Sprint("gradient ", i) }
func updateName(u graph.Update) string { return "update " + u.Path }

// compile builds the program for a purpose and a shape of batch.
func (t *Trainer) compile(sh shapes, why purpose) (*program, error) {
	var d described
	var updates []graph.Update
	var constrained []graph.Constrained
	states, err := t.statesOf(why, sh.inputs[0][0])
	if err != nil {
		return nil, err
	}
	cfg := graph.Config{Params: t.params, Training: why == training, Seed: t.model.Seed(), States: states}
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		d = t.describe(s, sh)
		for i, output := range d.outputs {
			s.Output(outputName(i), output)
		}
		if why != predicting {
			s.Output(lossName, d.loss)
		}
		for i, g := range d.goals {
			s.Output(goalLossName(i), g.loss)
			if g.masked {
				s.Output(goalWeightsName(i), g.weights)
			}
		}
		if why != training {
			return
		}
		for i, g := range s.Gradients(d.loss, valuesOf(s, t.trained)...) {
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
	for i := range d.outputs {
		p.outputs = append(p.outputs, read(outputName(i)))
	}
	if why != predicting {
		p.loss = read(lossName)
	}
	for i, g := range d.goals {
		r := result{output: p.outputs[t.goals[i].output], loss: read(goalLossName(i))}
		if g.masked {
			r.weights = read(goalWeightsName(i))
		}
		p.goals = append(p.goals, r)
	}
	if why == training {
		for i := range t.trained {
			p.grads = append(p.grads, read(gradientName(i)))
		}
	}
	for _, u := range updates {
		p.updates = append(p.updates, update{t.params.Get(u.Path), read(updateName(u))})
	}
	return p, err
}

// described is a model in a graph, with what it is trained for.
type described struct {
	outputs []graph.Value
	loss    graph.Value     // of all goals, and of the layers
	goals   []describedGoal // none where there are no targets
}

type describedGoal struct {
	loss    graph.Value
	masked  bool
	weights graph.Value // of its metrics, where it is masked
}

// describe writes the model into a graph, and its loss where there are targets.
func (t *Trainer) describe(s *graph.Scope, sh shapes) (d described) {
	inputs := make([]graph.Value, len(sh.inputs))
	for i, shape := range sh.inputs {
		inputs[i] = s.Input(t.inputs[i].name, shape)
	}
	s.Within(t.model.Name(), func() { d.outputs = t.model.Call(s, inputs...) })
	if len(sh.targets) == 0 || s.Err() != nil {
		return d
	}
	samples := make([]*graph.Value, len(sh.weights))
	for i, shape := range sh.weights {
		if shape != nil {
			v := s.Input(weightsInput(i), shape)
			samples[i] = &v
		}
	}
	var w weighing
	if sh.classWeights != nil {
		v := s.Input(classWeightsName, sh.classWeights)
		w.classes = &v
	}
	for i, g := range t.goals {
		target, output := s.Input(g.input, sh.targets[i]), d.outputs[g.output]
		w.samples = forGoal(samples, i)
		var one describedGoal
		s.Within(g.of(lossName), func() {
			one.loss = g.lossOf(s, target, output, w)
			one.weights, one.masked = metricWeights(output, w)
		})
		d.goals = append(d.goals, one)
		weighed := one.loss
		if g.weight != 1 {
			weighed = weighed.Scale(g.weight)
		}
		if i > 0 {
			weighed = d.loss.Add(weighed)
		}
		d.loss = weighed
	}
	for _, extra := range s.Losses() {
		d.loss = d.loss.Add(extra)
	}
	return d
}

// valuesOf are the values that stand for parameters in a graph. One that the
// model did not use gets a stand-in, and so a gradient of zeros. One that it
// uses beyond those would never be trained.
func valuesOf(s *graph.Scope, params []*graph.Param) []graph.Value {
	used := map[*graph.Param]graph.Value{}
	for _, b := range s.Bound() {
		used[b.Param] = b.Value
	}
	out := make([]graph.Value, len(params))
	for i, p := range params {
		v, ok := used[p]
		if !ok {
			v = s.Const(0, p.Shape)
		}
		out[i] = v
		delete(used, p)
	}
	for _, b := range s.Bound() {
		if _, left := used[b.Param]; left && b.Param.Trainable() {
			s.Failf("model", "must keep its layers after Compile", b.Param.Path)
		}
	}
	return out
}
