package train

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/losses"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// program is the compiled graph of a model with its loss, for one shape of
// batch, and for training with its gradients.
type program struct {
	key     string
	graph   *graph.Program
	loss    *tensor.Dense
	output  *tensor.Dense
	grads   []*tensor.Dense // of the trainable parameters, in their order
	updates []update
}

// update is a parameter that takes a value after each step.
type update struct{ to, from *tensor.Dense }

// value is the loss of the last run.
func (p *program) value() float64 {
	if p.loss.Dtype() == tensor.Float32 {
		return float64(p.loss.Float32s()[0])
	}
	return p.loss.Float64s()[0]
}

// update gives the parameters that no gradient changes their new values.
func (p *program) update() {
	for _, u := range p.updates {
		if u.to.Dtype() == tensor.Float32 {
			copy(u.to.Float32s(), u.from.Float32s())
		} else {
			copy(u.to.Float64s(), u.from.Float64s())
		}
	}
}

// maxPrograms bounds how many shapes of batch a trainer keeps programs for.
const maxPrograms = 8

// programs are those that a trainer has compiled, the last used at the end.
type programs []*program

func (ps *programs) get(key string, compile func() (*program, error)) (*program, error) {
	i := slices.IndexFunc(*ps, func(p *program) bool { return p.key == key })
	if i >= 0 {
		p := (*ps)[i]
		*ps = append(slices.Delete(*ps, i, i+1), p)
		return p, nil
	}
	p, err := compile()
	if err != nil {
		return nil, err
	}
	p.key = key
	*ps = append(*ps, p)
	if len(*ps) > maxPrograms {
		(*ps)[0].graph.Close()
		*ps = slices.Delete(*ps, 0, 1)
	}
	return p, nil
}

// run computes the loss of a batch, and with training the gradients.
func (t *Trainer) run(batch *datasets.Batch, training bool) (*program, error) {
	tensors, err := t.check(batch)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprint(training)
	for _, in := range tensors {
		key += fmt.Sprint(in.name, []int(in.t.Shape()))
	}
	p, err := t.programs.get(key, func() (*program, error) { return t.compile(tensors, training) })
	if err != nil {
		return nil, err
	}
	for _, in := range tensors {
		if err := p.graph.SetInput(in.name, in.t); err != nil {
			return nil, errors.Wrap(err, t.model.Name())
		}
	}
	return p, p.graph.Run(graph.Tick{Epoch: t.epoch, Step: t.step})
}

// named is a tensor of a batch under the name of the program's input.
type named struct {
	name string
	t    *tensor.Dense
}

const weightsName = "sample weights"

// check holds a batch against the model and names its tensors.
func (t *Trainer) check(batch *datasets.Batch) ([]named, error) {
	fail := func(field, rule string, value any) ([]named, error) {
		return nil, graph.Error{Path: t.model.Name(), Field: field, Rule: rule, Value: value}
	}
	shapes, err := t.model.InputShapes()
	if err != nil {
		return nil, err
	}
	if len(batch.Inputs) != len(shapes) {
		return fail("batch inputs", fmt.Sprintf("must be %d", len(shapes)), len(batch.Inputs))
	}
	if len(batch.Targets) != 1 {
		return fail("batch targets", "must be 1", len(batch.Targets))
	}
	var out []named
	for i, x := range batch.Inputs {
		if x != nil && !shapes[i].Accepts(graph.Shape(x.Shape())) {
			return fail(fmt.Sprintf("input %d", i), fmt.Sprintf("must have the shape %v", shapes[i]), graph.Shape(x.Shape()))
		}
		out = append(out, named{fmt.Sprint("input ", i), x})
	}
	out = append(out, named{"target", batch.Targets[0]})
	if batch.Weights != nil {
		out = append(out, named{weightsName, batch.Weights})
	}
	for _, in := range out {
		switch {
		case in.t == nil:
			return fail(in.name, "must not be nil", nil)
		case in.t.Dtype() != t.model.Dtype():
			return fail(in.name, fmt.Sprintf("must be of dtype %v", t.model.Dtype()), in.t.Dtype())
		case len(in.t.Shape()) == 0 || in.t.Shape()[0] != batch.Inputs[0].Shape()[0]:
			return fail(in.name, fmt.Sprintf("must have %d samples like the first input", batch.Inputs[0].Shape()[0]), graph.Shape(in.t.Shape()))
		}
	}
	return out, nil
}

func (t *Trainer) compile(tensors []named, training bool) (*program, error) {
	p := &program{}
	var updates []graph.Update
	cfg := graph.Config{Params: t.params, Training: training, Seed: t.model.Seed()}
	params := trainable(t.params)
	prog, err := graph.NewProgram(cfg, func(s *graph.Scope) {
		values := map[string]graph.Value{}
		var inputs []graph.Value
		for i, in := range tensors {
			values[in.name] = s.Input(in.name, graph.Shape(in.t.Shape()))
			if i < len(tensors) && in.name != "target" && in.name != weightsName {
				inputs = append(inputs, values[in.name])
			}
		}
		var outputs []graph.Value
		s.Within(t.model.Name(), func() { outputs = t.model.Call(s, inputs...) })
		weights, weighted := values[weightsName]
		loss := lossOf(s, t.cfg.Loss, outputs[0], values["target"], weights, weighted)
		for _, extra := range s.Losses() {
			loss = loss.Add(extra)
		}
		s.Output("loss", loss)
		s.Output("output", outputs[0])
		if !training {
			return
		}
		for i, g := range s.Gradients(loss, valuesOf(s, params)...) {
			s.Output(gradientName(i), g)
		}
		updates = s.Updates()
		for _, u := range updates {
			s.Output(updateName(u), u.Value)
		}
	})
	if err != nil {
		return nil, err
	}
	p.graph = prog
	read := func(name string) *tensor.Dense {
		out, e := prog.Output(name)
		if err == nil {
			err = e
		}
		return out
	}
	p.loss, p.output = read("loss"), read("output")
	if training {
		for i := range params {
			p.grads = append(p.grads, read(gradientName(i)))
		}
	}
	for _, u := range updates {
		to := t.params.Get(u.Path)
		if to == nil {
			return nil, graph.Error{Path: u.Path, Field: "update", Rule: "must be of a parameter of the model"}
		}
		p.updates = append(p.updates, update{to.Value(), read(updateName(u))})
	}
	return p, err
}

func gradientName(i int) string        { return fmt.Sprint("gradient ", i) }
func updateName(u graph.Update) string { return "update " + u.Path }

// valuesOf are the values that stand for parameters in a graph. One that the
// model did not use gets a stand-in, and so a gradient of zeros.
func valuesOf(s *graph.Scope, params []*graph.Param) []graph.Value {
	out := make([]graph.Value, len(params))
	for i, p := range params {
		out[i] = s.Const(0, p.Shape)
		for _, b := range s.Bound() {
			if b.Param == p {
				out[i] = b.Value
			}
		}
	}
	return out
}

// lossOf is the mean over all samples, and steps, of what the loss gives for
// each, times the weight of the sample.
func lossOf(s *graph.Scope, l losses.Loss, output, target, weights graph.Value, weighted bool) graph.Value {
	var mean graph.Value
	s.Within("loss", func() {
		if _, masked := output.Mask(); masked {
			s.Failf("output", "must carry no mask, since losses do not take one into account", output.Shape())
		}
		each := l.Loss(target, output) // [batch, ...]
		if weighted {
			if weights.Rank() != 1 {
				s.Failf("weights", "must have the shape [batch]", weights.Shape())
			}
			for weights.Rank() < each.Rank() {
				weights = weights.Unsqueeze(-1) // [batch, 1, ...]
			}
			each = each.Times(weights)
		}
		mean = each.Mean()
	})
	return mean
}
