// Package codec turns config values into JSON and back, in Keras' form: a
// struct behind an interface becomes {"class_name": ..., "config": {...}} and a
// named constant becomes its name. It works by reflection over exported fields,
// knows types only through the Registry it is given, and writes nothing that
// it could not read again.
package codec

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// MaxDepth is how many levels of arrays and objects a value may have.
const MaxDepth = 100

const maxBytes = 16 << 20 // of JSON; a config takes a few thousand

// Registry knows the structs and named constants that a field of an interface type
// may hold. The zero value knows none. It does not change once it is made, so many
// goroutines may share one.
type Registry struct {
	structs, names table
	types          reached
	custom         map[reflect.Type]bool     // structs that With has added
	retired        map[reflect.Type][]string // keys of fields that a struct had once
}

// Named is a value that JSON cannot hold, such as a function, and that has a name.
// It is written as that name, and read as the registered value of its type and
// name. Encode refuses another value with the name of a registered one.
type Named interface{ RegisteredName() string }

// isNamed tells whether values of type t are Named themselves.
func isNamed(t reflect.Type) bool {
	return t.Kind() != reflect.Interface && t.Kind() != reflect.Pointer && t.Implements(reflect.TypeFor[Named]())
}

// A table holds the prototypes of each name; several may share one as long as
// no interface accepts two of them.
type table map[string][]reflect.Value

// NewRegistry makes a registry of prototypes: values of named struct types, of
// which only the type counts, and, each for itself, constants of named string
// types, such as activations.Tanh, and Named values. One that is given twice
// counts once. It refuses anything else, pointers included, two prototypes of
// one name where some field of a prototype accepts both, and structs with two
// fields of one key.
func NewRegistry(prototypes ...any) (*Registry, error) {
	r := &Registry{structs: table{}, names: table{}}
	if err := r.addAll("prototypes", prototypes); err != nil {
		return nil, err
	}
	return r, r.unique()
}

// With returns the registry with more prototypes, those of the program that uses
// Engram. Errors name the field that holds them.
func (r *Registry) With(field string, prototypes ...any) (*Registry, error) {
	more := &Registry{structs: r.structs.clone(), names: r.names.clone(), types: slices.Clone(r.types), custom: map[reflect.Type]bool{}, retired: r.retired}
	maps.Copy(more.custom, r.custom)
	if err := more.addAll(field, prototypes); err != nil {
		return nil, err
	}
	if err := more.unique(); err != nil {
		return nil, errs.At(err, field, "")
	}
	for _, p := range prototypes {
		t := reflect.TypeOf(p)
		if !slices.ContainsFunc(r.structs[t.Name()], func(q reflect.Value) bool { return q.Type() == t }) {
			more.custom[t] = true
		}
	}
	return more, nil
}

// Retire returns the registry with keys that files may have in the config of a
// struct of the prototype's type, though the type has no such fields any more:
// earlier versions wrote them. Their values must be zero, as others would be lost.
func (r *Registry) Retire(prototype any, keys ...string) *Registry {
	more := *r
	more.retired = maps.Clone(r.retired)
	if more.retired == nil {
		more.retired = map[reflect.Type][]string{}
	}
	t := reflect.TypeOf(prototype)
	more.retired[t] = append(slices.Clone(r.retired[t]), keys...)
	return &more
}

func (r *Registry) addAll(field string, prototypes []any) error {
	for i, p := range prototypes {
		err := r.add(reflect.ValueOf(p))
		if err == nil {
			err = r.types.add(reflect.TypeOf(p))
		}
		if err != nil {
			return errs.At(err, fmt.Sprintf("%s[%d]", field, i), "")
		}
	}
	return nil
}

// unique refuses two prototypes of one name that a field could hold.
func (r *Registry) unique() error {
	for _, known := range []table{r.structs, r.names} {
		for _, name := range slices.Sorted(maps.Keys(known)) {
			for _, want := range r.types {
				if want.Kind() == reflect.Interface && len(known.assignable(name, want)) > 1 {
					_, err := known.find(name, want)
					return err
				}
			}
		}
	}
	return nil
}

func (r *Registry) add(p reflect.Value) error {
	switch {
	case !p.IsValid():
		return errs.Error{Field: "value", Rule: "must not be nil"}
	case p.Type().PkgPath() == "" || p.Kind() != reflect.Struct && p.Kind() != reflect.String:
		return errs.Error{Field: "value", Rule: "must be of a named struct or string type", Value: p.Type()}
	case isNamed(p.Type()):
		return r.addNamed(p)
	case p.Kind() == reflect.Struct:
		r.structs.add(p.Type().Name(), reflect.Zero(p.Type()))
	case p.String() == "":
		return errs.Error{Field: p.Type().String(), Rule: "must not be empty"}
	default:
		r.names.add(p.String(), p)
	}
	return nil
}

func (r *Registry) addNamed(p reflect.Value) error {
	name := p.Interface().(Named).RegisteredName()
	switch {
	case name == "":
		return errs.Error{Field: p.Type().String(), Rule: "must have a name"}
	case !p.Comparable():
		return errs.Error{Field: p.Type().String(), Rule: "must be comparable, as it is found by its name"}
	}
	for _, q := range r.names[name] {
		if q.Type() == p.Type() && !q.Equal(p) {
			return errs.Error{Field: strictjson.Label(name), Rule: fmt.Sprintf("must name a single %v", p.Type())}
		}
	}
	r.names.add(name, p)
	return nil
}

func (t table) clone() table {
	out := table{}
	for name, prototypes := range t {
		out[name] = slices.Clone(prototypes)
	}
	return out
}

func (t table) add(name string, p reflect.Value) {
	same := func(q reflect.Value) bool { return q.Type() == p.Type() }
	if !slices.ContainsFunc(t[name], same) {
		t[name] = append(t[name], p)
	}
}

func (t table) assignable(name string, want reflect.Type) []reflect.Value {
	var out []reflect.Value
	for _, p := range t[name] {
		if p.Type().AssignableTo(want) {
			out = append(out, p)
		}
	}
	return out
}

// find returns the one prototype of that name which a variable of type want
// can hold.
func (t table) find(name string, want reflect.Type) (reflect.Value, error) {
	switch found := t.assignable(name, want); len(found) {
	case 0:
		return reflect.Value{}, errs.Error{Rule: fmt.Sprintf("must name a %v of Engram, or one in Custom", want), Value: strictjson.Label(name)}
	case 1:
		return found[0], nil
	default:
		var types []string
		for _, p := range found {
			types = append(types, p.Type().PkgPath()+"."+p.Type().Name())
		}
		return reflect.Value{}, errs.Error{Field: strictjson.Label(name),
			Rule: fmt.Sprintf("must name a single %v", want), Value: types}
	}
}

// reached lists the types that values of the prototypes may hold, except those behind
// an interface.
type reached []reflect.Type

// add adds t and the types that it holds, and checks the keys of its structs.
func (r *reached) add(t reflect.Type) error {
	if slices.Contains(*r, t) {
		return nil
	}
	*r = append(*r, t)
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return r.add(t.Elem())
	case reflect.Struct:
		fields, err := fieldsOf(t)
		if err != nil {
			return err
		}
		for _, f := range fields {
			if err := r.add(f.Type); err != nil {
				return err
			}
		}
	}
	return nil
}
