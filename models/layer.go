package models

import (
	"fmt"
	"reflect"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/layername"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
)

// namedLayer is a layer, or a model used as one, under its name in a model. It has
// one set of weights, however often it is called.
type namedLayer struct {
	name   string
	layer  layers.Layer // resolved; a model's itself
	model  *Model       // nil for a layer
	handle *Handle      // of a Functional
}

// newNamedLayer names and resolves a layer; place says which one it is in errors
// without a name. An empty name is the layer's own, or the next free one.
func newNamedLayer(n names, place, name string, l layers.Layer) (namedLayer, *fault) {
	m := modelOf(l)
	if m == nil && (l == nil || reflect.TypeOf(l).Name() == "") {
		return namedLayer{}, &fault{place, graph.Error{
			Field: "layer",
			Rule:  "must be a value of a named type, such as layers.Dense{Units: 1}, and not a pointer, or a model",
			Value: fmt.Sprintf("%T", l),
		}}
	}
	if m != nil {
		if err := m.checkMade(); err != nil {
			return namedLayer{}, &fault{place, err}
		}
	}
	switch {
	case name != "":
	case m != nil && !m.unnamed:
		name = m.cfg.Name
	case m != nil:
		name = n.free(m.cfg.Name)
	case layername.Given(l) != "":
		name = layername.Given(l)
	default:
		name = n.free(layername.Default(l))
	}
	if err := n.take(name); err != nil {
		return namedLayer{}, &fault{"", err}
	}
	if m != nil {
		return namedLayer{name: name, layer: l, model: m}, nil
	}
	resolved, err := layers.Resolve(l)
	if err != nil {
		return namedLayer{}, &fault{name, err}
	}
	if holdsModel(reflect.ValueOf(resolved), 0) {
		return namedLayer{}, &fault{name, graph.Error{Field: layername.Class(l), Rule: "must not hold a model in a field, where its weights would not be found; a model can be used as a layer"}}
	}
	return namedLayer{name: name, layer: resolved}, nil
}

// modelOf is the model that a layer is, or nil.
func modelOf(l layers.Layer) *Model {
	switch m := l.(type) {
	case *Model:
		return m
	case *Sequential:
		if m != nil {
			return &m.Model
		}
	case *Functional:
		if m != nil {
			return &m.Model
		}
	}
	return nil
}

// holdsModel tells whether a config has a model in its fields, at any depth.
func holdsModel(v reflect.Value, depth int) bool {
	if depth > 16 { // deeper than any config that can be saved
		return false
	}
	switch v.Kind() {
	case reflect.Interface:
		return !v.IsNil() && holdsModel(v.Elem(), depth+1)
	case reflect.Pointer:
		t := v.Type()
		return t == reflect.TypeFor[*Model]() || t == reflect.TypeFor[*Sequential]() || t == reflect.TypeFor[*Functional]()
	case reflect.Struct:
		for i := range v.NumField() {
			if holdsModel(v.Field(i), depth+1) {
				return true
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			switch v.Type().Elem().Kind() {
			case reflect.Interface, reflect.Pointer, reflect.Struct, reflect.Slice, reflect.Array:
				if holdsModel(v.Index(i), depth+1) {
					return true
				}
			}
		}
	}
	return false
}

// call computes the layer one level deeper in the scope.
func (l namedLayer) call(s *graph.Scope, in []graph.Value) (out []graph.Value) {
	s.Within(l.name, func() {
		if l.model != nil {
			out = l.model.call(s, in, func(call) {})
		} else {
			out = layers.Call(s, l.layer, in...)
		}
	})
	return out
}

// class is the name of the layer's type.
func (l namedLayer) class() string {
	if l.model != nil {
		return l.model.body.class()
	}
	return layername.Class(l.layer)
}

// isInput tells whether the layer is an Input.
func (l namedLayer) isInput() bool {
	_, ok := l.layer.(layers.Input)
	return ok
}

// maxUses bounds the uses of layers in a model, those in its models included:
// a few models that call each other several times would be too many to build.
const maxUses = 1 << 17

func tooManyUses() *fault {
	return modelFault("model", fmt.Sprintf("must use layers at most %d times, those in its models included", maxUses))
}

// countUse adds one use of the layer to a number of uses.
func (l namedLayer) countUse(uses int) (int, *fault) {
	more := 1
	if l.model != nil {
		more += l.model.body.size()
	}
	if more > maxUses-uses {
		return uses, tooManyUses()
	}
	return uses + more, nil
}

// addTo marks a layer that is a model as a layer of another.
func (l namedLayer) addTo(outer *Model) *fault {
	if l.model == nil {
		return nil
	}
	if inner := l.model.Dtype(); inner != outer.Dtype() {
		return &fault{l.name, graph.Error{Field: "Config.Dtype", Rule: fmt.Sprintf("must be %v like that of the outer model", outer.Dtype()), Value: inner}}
	}
	l.model.mu.Lock()
	defer l.model.mu.Unlock()
	l.model.nested = true
	return nil
}

func (l namedLayer) config() saved.Layer {
	if l.model != nil {
		return saved.Layer{Name: l.name, Layer: l.model.body.config(l.model)}
	}
	return saved.Layer{Name: l.name, Layer: l.layer}
}

// outputNames are the names of the outputs of a model, by the layers that they
// come from: further outputs of one layer are numbered.
func outputNames(from []string) []string {
	n := newNames()
	for _, name := range from {
		n.taken[name] = true // a number must not make the name of another
	}
	out := make([]string, len(from))
	first := map[string]bool{}
	for i, name := range from {
		if first[name] {
			name = n.free(name)
			n.taken[name] = true
		}
		first[name] = true
		out[i] = name
	}
	return out
}

// names are the names of the layers of a model, each used once.
type names struct {
	taken   map[string]bool
	numbers map[string]int // the last number that free gave, by the name before it
}

func newNames() names { return names{map[string]bool{}, map[string]int{}} }

// take makes a name taken.
func (n names) take(name string) error {
	if err := checkName("", "layer name", name); err != nil {
		return err
	}
	if n.taken[name] {
		return graph.Error{Field: "layer name", Rule: "must be used once", Value: fmt.Sprintf("%q", name)}
	}
	n.taken[name] = true
	return nil
}

// free is the next name that is not taken: lstm, lstm_1, lstm_2 …
func (n names) free(base string) string {
	name := base
	for n.taken[name] {
		n.numbers[base]++
		name = fmt.Sprintf("%s_%d", base, n.numbers[base])
	}
	return name
}

// checkName refuses a name that could not be a part of a path.
func checkName(path, field, name string) error {
	if err := layername.Check(field, name); err != nil {
		return errs.At(err, path, "")
	}
	return nil
}

// fault is an error in the layers of a model, and where it is.
type fault struct {
	place string // the name of a layer, or "" for the model itself
	err   error
}

// in is the error of a fault in the model at a path.
func (f *fault) in(path string) error {
	if f.place != "" {
		path += "/" + f.place
	}
	return errs.At(f.err, path, "")
}
