package train

import (
	"fmt"

	"github.com/engram-go/engram/graph"
)

// Names of inputs of a program and of logs.
const (
	weightsName = "sample weights"
	lossName    = "loss"
)

func inputName(i int) string    { return fmt.Sprint("input ", i) }
func weightsInput(i int) string { return fmt.Sprint(weightsName, " ", i) }

func classWeightsInput(i int) string { return fmt.Sprint("class weights ", i) }

// results are handles to what a program computes.
type results struct {
	outputs    []graph.Result
	loss       graph.Result
	objectives []objectiveResults
	gradients  []graph.Result
	updates    []graph.Result
}

type objectiveResults struct {
	loss    graph.Result
	weights graph.Result // none where the output has no mask
}

// compile builds the program for a purpose and the shapes of a batch.
func (t *Trainer) compile(sh shapes, why purpose, w *graph.Workspace) (*program, error) {
	states, err := t.statesOf(why, sh.inputs[0][0])
	if err != nil {
		return nil, err
	}
	var r results
	var updates []graph.Update
	cfg := graph.Config{Params: t.params, Training: why == training, Seed: t.model.Seed(), States: states, Workspace: w}
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		r = results{} // it may be built several times
		d := t.describe(s, sh)
		for _, output := range d.outputs {
			r.outputs = append(r.outputs, s.Result(output))
		}
		if why != predicting {
			r.loss = s.Result(d.loss)
		}
		for _, o := range d.objectives {
			one := objectiveResults{loss: s.Result(o.loss)}
			if o.masked {
				one.weights = s.Result(o.weights)
			}
			r.objectives = append(r.objectives, one)
		}
		if why != training {
			return
		}
		for _, g := range s.Gradients(d.loss, valuesOf(s, t.trained)...) {
			r.gradients = append(r.gradients, s.Result(g))
		}
		updates = s.Updates()
		for _, u := range updates {
			r.updates = append(r.updates, s.Result(u.Value))
		}
	})
	if err != nil {
		return nil, err
	}
	p := &program{why: why, shapes: sh, graph: prog, loss: prog.Result(r.loss)}
	for _, output := range r.outputs {
		p.outputs = append(p.outputs, prog.Result(output))
	}
	for i, o := range r.objectives {
		p.objectives = append(p.objectives, result{
			output: p.outputs[t.objectives[i].output], loss: prog.Result(o.loss), weights: prog.Result(o.weights),
		})
	}
	for _, g := range r.gradients {
		p.grads = append(p.grads, prog.Result(g))
	}
	p.handles, p.gradRows = r.gradients, make([][]int, len(r.gradients))
	for i, u := range updates {
		p.updates = append(p.updates, update{t.params.Get(u.Path), prog.Result(r.updates[i])})
	}
	return p, nil
}

// described is a model in a graph, with its losses.
type described struct {
	outputs    []graph.Value
	loss       graph.Value          // the total, with penalties of the layers
	objectives []describedObjective // none where there are no targets
}

type describedObjective struct {
	loss    graph.Value
	masked  bool
	weights graph.Value // of its metrics, where it is masked
}

// describe builds the model in a graph, and its loss if there are targets.
func (t *Trainer) describe(s *graph.Scope, sh shapes) (d described) {
	inputs := make([]graph.Value, len(sh.inputs))
	for i, shape := range sh.inputs {
		inputs[i] = s.Input(t.inputs[i].name, shape)
	}
	s.Within(t.model.Name(), func() { d.outputs = t.model.Call(s, inputs...) })
	if len(sh.targets) == 0 || s.Err() != nil {
		return d
	}
	samples := weightsIn(s, weightsInput, sh.weights)
	classes := weightsIn(s, classWeightsInput, sh.classWeights)
	for i, g := range t.objectives {
		target, output := s.Input(g.input, sh.targets[i]), d.outputs[g.output]
		w := batchWeights{samples: perObjective(samples, i), classes: perObjective(classes, i)}
		var one describedObjective
		s.Within(g.of(lossName), func() {
			one.loss = g.lossOf(s, target, output, w)
			one.weights, one.masked = metricWeights(output, w)
		})
		d.objectives = append(d.objectives, one)
		weighted := one.loss
		if g.weight != 1 {
			weighted = weighted.Scale(g.weight)
		}
		if i > 0 {
			weighted = d.loss.Add(weighted)
		}
		d.loss = weighted
	}
	for _, extra := range s.Losses() {
		d.loss = d.loss.Add(extra)
	}
	return d
}

// weightsIn are inputs for weights of the given shapes, nil where there are none.
func weightsIn(s *graph.Scope, name func(i int) string, shapes []graph.Shape) []*graph.Value {
	out := make([]*graph.Value, len(shapes))
	for i, shape := range shapes {
		if shape != nil {
			v := s.Input(name(i), shape)
			out[i] = &v
		}
	}
	return out
}

// valuesOf are the values of parameters in a graph. A parameter that the model did
// not use gets a constant, and so a gradient of zeros. A trainable parameter that
// is not in the list is an error, since it would never be trained.
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
