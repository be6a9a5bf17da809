package models

import (
	"fmt"
	"reflect"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models/internal/saved"
)

// unit is a layer, or a model used as one, under the name that it has in a
// model. It stands for one set of weights, however often it is called.
type unit struct {
	name   string
	layer  layers.Layer // resolved; a model's itself
	model  *Model       // nil for a layer
	handle *Handle      // that it came with, in a Functional
}

// newUnit names and resolves a layer, at the given place in its model. An empty
// name is the layer's own, or the next free one.
func newUnit(n names, place, name string, l layers.Layer) (unit, *fault) {
	m := modelOf(l)
	if m == nil && (l == nil || reflect.TypeOf(l).Name() == "") {
		return unit{}, &fault{place, graph.Error{
			Field: "layer",
			Rule:  "must be a value of a named type, such as layers.Dense{Units: 1}, and not a pointer, or a model",
			Value: fmt.Sprintf("%T", l),
		}}
	}
	if m != nil {
		if err := m.made(); err != nil {
			return unit{}, &fault{place, err}
		}
	}
	switch {
	case name != "":
	case m != nil && !m.unnamed:
		name = m.cfg.Name
	case m != nil:
		name = n.free(m.cfg.Name)
	case layers.Name(l) != "":
		name = layers.Name(l)
	default:
		name = n.free(layers.DefaultName(l))
	}
	if err := n.take(name); err != nil {
		return unit{}, &fault{"", err}
	}
	if m != nil {
		return unit{name: name, layer: l, model: m}, nil
	}
	resolved, err := layers.Resolve(l)
	if err != nil {
		return unit{}, &fault{name, err}
	}
	if holdsModel(reflect.ValueOf(resolved), 0) {
		return unit{}, &fault{name, graph.Error{Field: layers.Class(l), Rule: "must not hold a model in a field, where its weights would not be found; a model can stand in place of a layer"}}
	}
	return unit{name: name, layer: resolved}, nil
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

// holdsModel tells whether a config has a model somewhere in its fields.
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

// call computes the unit one level deeper in the scope.
func (u unit) call(s *graph.Scope, in []graph.Value) (out []graph.Value) {
	s.Within(u.name, func() {
		if u.model != nil {
			out = u.model.call(s, in, func(call) {}) // its layers are asked one by one
		} else {
			out = layers.Call(s, u.layer, in...)
		}
	})
	return out
}

// class is the name of the layer's type.
func (u unit) class() string {
	if u.model != nil {
		return u.model.body.class()
	}
	return layers.Class(u.layer)
}

// isInput tells whether the unit is where a model begins.
func (u unit) isInput() bool {
	_, ok := u.layer.(layers.Input)
	return ok
}

// maxUses bounds the uses of layers in a model, those in the models that it uses
// included: models that call models many times over would soon be more than any
// machine can follow.
const maxUses = 1 << 17

func tooMany() *fault {
	return wrong("model", fmt.Sprintf("must use layers at most %d times, those in its models included", maxUses))
}

// count adds one use of the unit to a number of uses.
func (u unit) count(uses int) (int, *fault) {
	more := 1
	if u.model != nil {
		more += u.model.body.size()
	}
	if more > maxUses-uses {
		return uses, tooMany()
	}
	return uses + more, nil
}

// join makes a unit that is a model a part of another.
func (u unit) join(outer *Model) *fault {
	if u.model == nil {
		return nil
	}
	if inner := u.model.Dtype(); inner != outer.Dtype() {
		return &fault{u.name, graph.Error{Field: "Config.Dtype", Rule: fmt.Sprintf("must be %v like that of the model around it", outer.Dtype()), Value: inner}}
	}
	u.model.mu.Lock()
	defer u.model.mu.Unlock()
	u.model.used = true
	return nil
}

func (u unit) config() saved.Layer {
	if u.model != nil {
		return saved.Layer{Name: u.name, Layer: u.model.body.config(u.model)}
	}
	return saved.Layer{Name: u.name, Layer: u.layer}
}

// outputNames are the names of n outputs by the units that they come from: a
// second output of a unit is numbered.
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
