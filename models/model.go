// Package models composes layers: Sequential and Functional models, their
// summaries, drawings, weights, predictions and files. A model knows its shapes
// and parameters without compiling anything, and holds no states of sequences.
package models

import (
	"fmt"
	"sync"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/params"
	"github.com/engram-go/engram/internal/programs"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
	"gorgonia.org/tensor"
)

// Config is the config of a model as a whole.
type Config struct {
	Name  string       // the first part of every path; "sequential" where empty
	Seed  uint64       // of initial weights, dropout and shuffling
	Dtype tensor.Dtype // tensor.Float32 (the default) or tensor.Float64

	// Custom are values of the layers, activations, initializers and so on that
	// are not Engram's own. Save and Load identify them by the names of their
	// types; types that one field can hold need different names.
	Custom []any
}

// named returns the config with a name.
func (c Config) named(name string) Config {
	if c.Name == "" {
		c.Name = name
	}
	return c
}

// Model is layers with weights. It is made by NewSequential, NewFunctional, Load
// or Read. A model is a layer too, which other models can have.
//
// Predict may be called from several goroutines at once, also while a trainer
// changes the weights: each batch is computed with weights as they are between two
// steps.
type Model struct {
	cfg      Config
	unnamed  bool // the name is a default
	body     body
	programs programs.Pool[*program]
	batches  batchSizes
	owner    owner

	mu      sync.Mutex
	nested  bool // it is a layer of another model
	redrawn bool // a model around it was built, see shareLayer
	params  *graph.Params
	shared  int    // how many layers are ready in params, see prepareParams
	calls   []call // nil until built
	output  []graph.Shape
	notes   []graph.Note
}

// body is how the layers of a model are connected: a chain or a network.
type body interface {
	// class is the type of the model.
	class() string
	// layers are the layers, in order.
	layers() []namedLayer
	// size is the number of uses of layers, those in models included.
	size() int
	// inputs are the layers.Input of each input, unless the layers have a fault.
	inputs() ([]namedLayer, *fault)
	// call runs the layers, and calls visit after each use of one.
	call(s *graph.Scope, in []graph.Value, visit func(call)) []graph.Value
	// outputs are the outputs of the model, among those of all calls.
	outputs(calls []call) []ref
	// config is what Save writes.
	config(m *Model) saved.Model
}

// call is one use of a layer.
type call struct {
	namedLayer
	from   []ref         // its inputs
	shapes []graph.Shape // of its outputs
}

func callOf(l namedLayer, from []ref, outputs []graph.Value) call {
	return call{l, from, shapesOf(outputs)}
}

// Sequential is the model as NewSequential made it, to add layers to it.
func (m *Model) Sequential() (*Sequential, error) {
	if c, ok := m.body.(*chain); ok {
		return c.model, nil
	}
	if err := m.checkMade(); err != nil {
		return nil, err
	}
	return nil, graph.Error{Path: m.cfg.Name, Field: "model", Rule: "must be a Sequential", Value: m.body.class()}
}

// Name is the first part of the paths of all layers and weights.
func (m *Model) Name() string { return m.cfg.Name }

// Seed is the seed of initial weights, dropout and shuffling.
func (m *Model) Seed() uint64 { return m.cfg.Seed }

// Dtype is the type of weights, inputs and outputs.
func (m *Model) Dtype() tensor.Dtype {
	if m.cfg.Dtype == (tensor.Dtype{}) {
		return tensor.Float32
	}
	return m.cfg.Dtype
}

// Call computes the outputs of the model in a program of the caller, whose
// graph.Config.Params are Params of this model, or of a model that has it as a
// layer. The layers use the weights of the model. Errors are reported through the
// scope.
//
// The model enters the path of its weights itself: a program calls it outside of
// all layers, or within graph.Scope.Within of that path, such as Name.
func (m *Model) Call(s *graph.Scope, inputs ...graph.Value) (outputs []graph.Value) {
	if err := m.checkMade(); err != nil {
		s.Fail(err)
		return inputs
	}
	if _, err := m.inputs(); err != nil {
		s.Fail(err)
		return inputs
	}
	path, ok := m.owner.pathIn(s.Params())
	switch {
	case !ok:
		s.Fail(graph.Error{Path: m.cfg.Name, Field: "Config.Params", Rule: "must come from Model.Params of the model that is called, or of one that has it as a layer"})
	case s.Path() == path:
		return m.call(s, inputs, func(call) {})
	case s.Path() == "":
		s.Within(path, func() { outputs = m.call(s, inputs, func(call) {}) })
		return outputs
	default:
		s.Fail(graph.Error{Path: m.cfg.Name, Field: "Call", Rule: fmt.Sprintf("must come outside of all layers or within %q, where the weights are", path), Value: fmt.Sprintf("%q", s.Path())})
	}
	return inputs
}

// call computes the outputs at the current path of the scope.
func (m *Model) call(s *graph.Scope, in []graph.Value, visit func(call)) []graph.Value {
	if _, f := m.body.inputs(); f != nil {
		s.Fail(f.in(s.Path()))
		return in
	}
	return m.body.call(s, in, visit)
}

// checkMade refuses the zero value.
func (m *Model) checkMade() error {
	if m.body == nil {
		return graph.Error{Path: m.cfg.Name, Field: "model", Rule: "must be made by NewSequential, NewFunctional, Load or Read"}
	}
	return nil
}

// inputs are the layers.Input of the model.
func (m *Model) inputs() ([]namedLayer, error) {
	if err := m.checkMade(); err != nil {
		return nil, err
	}
	inputs, f := m.body.inputs()
	if f != nil {
		return nil, f.in(m.cfg.Name)
	}
	return inputs, nil
}

// InputShapes are the shapes of the inputs, the open batch axis first.
func (m *Model) InputShapes() ([]graph.Shape, error) {
	inputs, err := m.inputs()
	if err != nil {
		return nil, err
	}
	out := make([]graph.Shape, len(inputs))
	for i, l := range inputs {
		out[i] = append(graph.Shape{graph.Any}, l.layer.(layers.Input).Shape...)
	}
	return out, nil
}

// InputNames are the names of the inputs, all different.
func (m *Model) InputNames() ([]string, error) {
	inputs, err := m.inputs()
	if err != nil {
		return nil, err
	}
	out := make([]string, len(inputs))
	for i, l := range inputs {
		out[i] = l.name
	}
	return out, nil
}

// OutputNames are the names of the outputs, all different: those of the layers
// that they come from, numbered where several come from one layer.
func (m *Model) OutputNames() ([]string, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	var from []string
	for _, r := range m.body.outputs(m.calls) {
		from = append(from, m.calls[r.call].name)
	}
	return outputNames(from), nil
}

// OutputShapes are the shapes of the outputs, the open batch axis first.
func (m *Model) OutputShapes() ([]graph.Shape, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	out := make([]graph.Shape, len(m.output))
	for i, s := range m.output {
		out[i] = s.Clone()
	}
	return out, nil
}

// Params are the parameters, initialised.
func (m *Model) Params() (*graph.Params, error) {
	if err := m.Build(); err != nil {
		return nil, err
	}
	return m.params, nil
}

// Build computes the shapes of all layers and initialises the parameters. The
// other methods call it where they need it; call it to find errors early. It
// compiles nothing. Weights of models in the model that were not used are drawn
// again, see Use.
func (m *Model) Build() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.calls != nil {
		return nil
	}
	if err := m.checkMade(); err != nil {
		return err
	}
	if err := checkName("", "Config.Name", m.cfg.Name); err != nil {
		return err
	}
	if len(m.cfg.Custom) > 0 {
		if _, err := m.registry(); err != nil {
			return err
		}
	}
	shapes, err := m.InputShapes()
	if err != nil {
		return err
	}
	if err := m.prepareParams(); err != nil {
		return err
	}
	var calls []call
	var output []graph.Shape
	var notes []graph.Note
	err = graph.Shapes(graph.Config{Params: m.params, Seed: m.cfg.Seed}, func(s *graph.Scope) {
		s.Within(m.cfg.Name, func() {
			output = shapesOf(m.call(s, declareInputs(s, shapes), func(c call) { calls = append(calls, c) }))
			if len(output) == 0 {
				s.Failf("model", "must have an output", nil)
			}
			for i, shape := range output {
				if len(shape) == 0 || shape[0] != graph.Any {
					s.Failf(fmt.Sprintf("output %d", i), "must have the batch as its first axis", shape)
				}
			}
		})
		notes = s.Notes()
	})
	if err != nil {
		return err
	}
	params.Complete(m.params, true)
	m.calls, m.output, m.notes = calls, output, notes
	return nil
}

func count(params []*graph.Param) int {
	n := 0
	for _, p := range params {
		n += p.Shape.Size()
	}
	return n
}
