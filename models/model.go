package models

import (
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
	"gorgonia.org/tensor"
)

// Config is what a model is made with.
type Config struct {
	Name  string       // the first part of every path; "sequential" where empty
	Seed  uint64       // of initial weights, dropout and shuffling
	Dtype tensor.Dtype // tensor.Float32 (the default) or tensor.Float64

	// Custom are values of layers, activations, initializers and the like that
	// are not Engram's own. Save and Load know them by the names of their types.
	Custom []any
}

// Model is layers with weights. It is made by NewSequential, Load or Read.
//
// Predict may be called from several goroutines at once, also while a trainer
// changes the weights: each batch then sees the weights of one moment.
type Model struct {
	cfg  Config
	body body
	pool pool

	mu     sync.Mutex
	params *graph.Params
	rows   []row // of the summary; nil until built
	output []graph.Shape
}

// body is how the layers of a model are put together.
type body interface {
	// inputs are the shapes of one sample of each input.
	inputs() ([]graph.Shape, error)
	// call runs the layers, and shows visit what each of them returned.
	call(s *graph.Scope, in []graph.Value, visit func(name string, l layers.Layer, out []graph.Value)) []graph.Value
	// config are the layers as Save writes them.
	config() []saved.Layer
}

// row is one line of the summary.
type row struct {
	name, class string
	shapes      []graph.Shape
	params      int
}

// Name is the first part of the paths of all layers and weights.
func (m *Model) Name() string { return m.cfg.Name }

// Seed is the seed of everything random.
func (m *Model) Seed() uint64 { return m.cfg.Seed }

// Dtype is the type of weights, inputs and outputs.
func (m *Model) Dtype() tensor.Dtype {
	if m.cfg.Dtype == (tensor.Dtype{}) {
		return tensor.Float32
	}
	return m.cfg.Dtype
}

// Call describes what the layers compute in a scope, whose parameters they
// use. What is wrong with them is reported through the scope.
func (m *Model) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	return m.body.call(s, inputs, func(string, layers.Layer, []graph.Value) {})
}

// InputShapes are the shapes of the inputs, the open batch axis first.
func (m *Model) InputShapes() ([]graph.Shape, error) {
	samples, err := m.body.inputs()
	if err != nil {
		return nil, err
	}
	out := make([]graph.Shape, len(samples))
	for i, s := range samples {
		out[i] = append(graph.Shape{graph.Any}, s...)
	}
	return out, nil
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

// Build follows the shapes through all layers and initialises the parameters.
// Everything that needs it calls it; it is only worth calling to see errors
// early. It compiles nothing.
func (m *Model) Build() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.rows != nil {
		return nil
	}
	if err := checkName("", "Config.Name", m.cfg.Name); err != nil {
		return err
	}
	if m.params == nil {
		p, err := graph.NewParams(m.cfg.Dtype, m.cfg.Seed)
		if err != nil {
			return err
		}
		m.params = p
	}
	shapes, err := m.InputShapes()
	if err != nil {
		return err
	}
	rows := []row{}
	var output []graph.Shape
	err = graph.Shapes(graph.Config{Params: m.params, Seed: m.cfg.Seed}, func(s *graph.Scope) {
		s.Within(m.cfg.Name, func() {
			out := m.body.call(s, declare(s, shapes), func(name string, l layers.Layer, out []graph.Value) {
				rows = append(rows, row{name: name, class: layers.Class(l), shapes: shapesOf(out)})
			})
			output = shapesOf(out)
			if len(output) == 0 {
				s.Failf("model", "must have an output", nil)
			}
			for i, shape := range output {
				if len(shape) == 0 || shape[0] != graph.Any {
					s.Failf(fmt.Sprintf("output %d", i), "must have the batch as its first axis", shape)
				}
			}
		})
	})
	if err != nil {
		return err
	}
	sizes := m.sizes()
	for i := range rows {
		rows[i].params = sizes[rows[i].name]
	}
	m.rows, m.output = rows, output
	return nil
}

// sizes are the numbers of parameters of each layer, by its name.
func (m *Model) sizes() map[string]int {
	sizes := map[string]int{}
	for _, p := range m.params.All() {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.Path, m.cfg.Name+"/"), "/")
		sizes[name] += p.Shape.Size()
	}
	return sizes
}

// checkName refuses a name that could not be a part of a path, be saved, or be
// printed as it is.
func checkName(path, field, name string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || !utf8.ValidString(name) || strings.Contains(name, "/") || strings.ContainsFunc(name, unprintable) {
		return graph.Error{Path: path, Field: field, Rule: "must be one line of text without /", Value: fmt.Sprintf("%q", name)}
	}
	return nil
}

// inputName is what a program calls input i of a model.
func inputName(i int) string { return fmt.Sprintf("input %d", i) }

func declare(s *graph.Scope, shapes []graph.Shape) []graph.Value {
	in := make([]graph.Value, len(shapes))
	for i, shape := range shapes {
		in[i] = s.Input(inputName(i), shape)
	}
	return in
}

func shapesOf(values []graph.Value) []graph.Shape {
	out := make([]graph.Shape, len(values))
	for i, v := range values {
		out[i] = v.Shape()
	}
	return out
}

func count(params []*graph.Param) int {
	n := 0
	for _, p := range params {
		n += p.Shape.Size()
	}
	return n
}
