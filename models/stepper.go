package models

import (
	"context"
	"fmt"
	"slices"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/programs"
	"github.com/engram-go/engram/layers"
	"github.com/pkg/errors"
	"gorgonia.org/tensor"
)

// StepperConfig is the config of a Stepper.
type StepperConfig struct {
	Batch int // number of samples; 0 means 1, at most 2²⁰

	// Sequences are the names of the inputs that are sequences. Their steps are
	// on the axis after the batch, and are given one at a time; the other inputs
	// are given as a whole, the same at every step. nil means the inputs whose
	// samples have two axes or more, or an open one, or that an Embedding reads.
	Sequences []string

	// Memory is the largest number of steps before a sample is reset, for layers
	// that use all earlier steps: attention keeps that many keys and values for
	// each sample. 0 means the number of steps of the sequences, if that is not
	// open. A model with open sequences and attention to its own steps needs it.
	// It is at most 2²⁴.
	Memory int
}

// Stepper runs a model one step of its sequences at a time, with the current
// weights of the model, and keeps the states of its layers between steps. After n
// steps its output is what Predict returns for these n steps: the last step of an
// output that is a sequence, and any other output as it is.
//
// The rows of the batch are independent samples, and each can be reset at any
// time. An open axis of an input that is not a sequence, such as the length of an
// encoder's source, may have any size: the same at every step, or larger with
// padding that is masked. A program is compiled for each size.
//
// What layers.RandomState draws depends on the number of steps that the stepper has
// done, also in a layer whose inputs are the same at every step. Several steppers
// may use one model. A stepper serves one goroutine at a time.
type Stepper struct {
	model    *Model
	cfg      graph.Config
	shapes   []graph.Shape // of the inputs of a step; open where each step may differ
	paces    []graph.Pace  // of the inputs
	programs programs.Set[*program]
	layers   int // of the model, when the stepper was made
	steps    int // done, on which random draws depend
}

// Stepper returns a stepper at the beginning of its sequences. A layer that needs
// other steps than the current and earlier ones is an error with its path. After
// the last output of a recurrent layer, which is not a sequence, any layer may
// follow.
func (m *Model) Stepper(cfg StepperConfig) (*Stepper, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	if cfg.Batch == 0 {
		cfg.Batch = 1
	}
	st := &Stepper{model: m, layers: len(m.body.layers())}
	var err error
	if st.paces, err = m.paces(cfg.Sequences); err != nil {
		return nil, err
	}
	states, err := graph.NewStates(m.Dtype(), cfg.Batch)
	if err != nil {
		return nil, errs.At(err, m.cfg.Name, "StepperConfig.Batch")
	}
	if cfg.Memory, err = st.shape(cfg); err != nil {
		return nil, err
	}
	st.cfg = graph.Config{Params: m.params, Seed: m.cfg.Seed, States: states, Stepping: true, Memory: cfg.Memory}
	if slices.ContainsFunc(st.shapes, func(s graph.Shape) bool { return !s.Known() }) {
		err = graph.Shapes(st.cfg, func(s *graph.Scope) {
			s.Within(m.cfg.Name, func() { st.call(s, declareInputs(s, st.shapes)) })
		})
	} else {
		_, err = st.programs.Get(func(*program) bool { return false }, func(w *graph.Workspace) (*program, error) { return st.compile(st.shapes, w) })
	}
	if err != nil {
		return nil, err
	}
	return st, nil
}

// checkMade refuses the zero value.
func (st *Stepper) checkMade() error {
	if st.model == nil {
		return graph.Error{Field: "stepper", Rule: "must be made by Model.Stepper"}
	}
	return nil
}

// paces tells of each input whether it is a sequence.
func (m *Model) paces(sequences []string) ([]graph.Pace, error) {
	inputs, err := m.inputs()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(inputs))
	out := make([]graph.Pace, len(inputs))
	for i, u := range inputs {
		names[i] = u.name
		shape := u.layer.(layers.Input).Shape
		out[i] = graph.Still
		named := slices.Contains(sequences, u.name)
		if len(shape) == 0 {
			if named {
				return nil, graph.Error{Path: m.cfg.Name + "/" + u.name, Field: "Input.Shape", Rule: "must have an axis of steps for a sequence", Value: shape}
			}
			continue
		}
		if named || sequences == nil && (len(shape) > 1 || shape[0] == graph.Any || m.embeds(i)) {
			out[i] = graph.Stepped
		}
	}
	for _, name := range sequences {
		if !slices.Contains(names, name) {
			return nil, graph.Error{Path: m.cfg.Name, Field: "StepperConfig.Sequences", Rule: fmt.Sprintf("must be names of inputs, %q", names), Value: fmt.Sprintf("%q", name)}
		}
	}
	if !slices.Contains(out, graph.Stepped) {
		rule := "must name an input"
		if sequences == nil {
			rule += ": none of the model's is a sequence by itself"
		}
		return nil, graph.Error{Path: m.cfg.Name, Field: "StepperConfig.Sequences", Rule: rule}
	}
	return out, nil
}

// embeds tells whether an Embedding reads an input; the model is built.
func (m *Model) embeds(input int) bool {
	inputs, f := m.body.inputs()
	if f != nil {
		return false
	}
	for _, c := range m.calls {
		for k, r := range c.from {
			if m.calls[r.call].name != inputs[input].name {
				continue
			}
			if _, ok := c.layer.(layers.Embedding); ok || c.model != nil && c.model.Build() == nil && c.model.embeds(k) {
				return true
			}
		}
	}
	return false
}

// shape finds the shapes of a step, and the memory if the config has none.
func (st *Stepper) shape(cfg StepperConfig) (memory int, err error) {
	if cfg.Memory < 0 || cfg.Memory > graph.MaxMemory {
		return 0, graph.Error{Path: st.model.cfg.Name, Field: "StepperConfig.Memory", Rule: fmt.Sprintf("must be from 0 to %d", graph.MaxMemory), Value: cfg.Memory}
	}
	if st.shapes, err = st.model.InputShapes(); err != nil {
		return 0, err
	}
	for i, shape := range st.shapes {
		shape[0] = cfg.Batch
		if st.paces[i] != graph.Stepped {
			continue
		}
		memory = min(max(memory, shape[1]), graph.MaxMemory)
		shape[1] = 1
		if !shape.Known() {
			names, _ := st.model.InputNames()
			return 0, graph.Error{Path: st.model.cfg.Name + "/" + names[i], Field: "Input.Shape", Rule: "must have no open axis except that of the steps", Value: shape[1:]}
		}
	}
	if cfg.Memory > 0 {
		memory = cfg.Memory
	}
	return memory, nil
}

// Step computes the output of the next step. The inputs are as for Predict, but
// sequences have one step, [batch, 1, ...] or, of tokens, [batch, 1]. So has an
// output that is a sequence. The caller owns the output. After an error the stepper is
// at the same step as before.
func (st *Stepper) Step(ctx context.Context, inputs ...*tensor.Dense) (*tensor.Dense, error) {
	out, err := st.StepAll(ctx, inputs...)
	if err != nil {
		return nil, err
	}
	if len(out) != 1 {
		return nil, graph.Error{Path: st.model.cfg.Name, Field: "Step", Rule: "must be called on a model with one output; StepAll returns several", Value: len(out)}
	}
	return out[0], nil
}

// StepAll is Step for a model with any number of outputs.
func (st *Stepper) StepAll(ctx context.Context, inputs ...*tensor.Dense) ([]*tensor.Dense, error) {
	if err := st.checkMade(); err != nil {
		return nil, err
	}
	name := st.model.cfg.Name
	if ctx == nil {
		return nil, graph.Error{Path: name, Field: "ctx", Rule: "must not be nil"}
	}
	if err := ctx.Err(); err != nil {
		return nil, errors.Wrapf(err, "%s: stopped before a step", name)
	}
	if st.layers != len(st.model.body.layers()) {
		return nil, graph.Error{Path: name, Field: "model", Rule: "must keep its layers while a stepper uses it", Value: st.layers}
	}
	if len(inputs) != len(st.shapes) {
		return nil, graph.Error{Path: name, Field: "inputs", Rule: fmt.Sprintf("must be %d", len(st.shapes)), Value: len(inputs)}
	}
	for i, x := range inputs {
		if err := dense.Check(x, st.model.Dtype(), st.shapes[i]); err != nil {
			return nil, errs.At(err, fmt.Sprintf("%s: input %d of a step", name, i), "")
		}
	}
	p, err := st.programs.Get(func(p *program) bool { return p.fits(inputs) }, func(w *graph.Workspace) (*program, error) {
		return st.compile(shapesOfTensors(inputs), w)
	})
	if err != nil {
		return nil, err
	}
	outputs, err := p.run(inputs, graph.Tick{Step: st.steps})
	if err != nil {
		return nil, err
	}
	out := make([]*tensor.Dense, len(outputs))
	for i, y := range outputs {
		out[i] = y.Clone().(*tensor.Dense)
	}
	p.Advance()
	st.steps++
	return out, nil
}

// compile makes the program of a step for inputs of the given shapes.
func (st *Stepper) compile(shapes []graph.Shape, w *graph.Workspace) (*program, error) {
	cfg := st.cfg
	cfg.Workspace = w
	return st.model.compile(cfg, shapes, st.call)
}

// call computes a step.
func (st *Stepper) call(s *graph.Scope, in []graph.Value) []graph.Value {
	for i, p := range st.paces {
		in[i] = in[i].WithPace(p)
	}
	return st.model.Call(s, in...)
}
