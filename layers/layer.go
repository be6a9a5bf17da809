package layers

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/resolve"
)

// Layer turns values into values. Call is pure: it is run once for every
// purpose, batch size and length, and once with open axes to find shapes and
// parameters. It reports what is wrong through the scope.
//
// A layer that has defaults or rules for its fields also has Resolve, and its
// Call is run only on what that returned.
type Layer interface {
	Call(s *graph.Scope, inputs ...graph.Value) []graph.Value
}

// Resolver is a layer that replaces the zero fields of its config by their
// defaults and checks all of them. The errors name fields ("LSTM.Units").
//
// What Resolve returns takes the layer's place, and so must be of its type. A
// type that embeds a layer has that layer's Resolve, which returns the embedded
// one; it is refused until it has a Resolve of its own:
//
//	type Doubled struct{ layers.Dense }
//
//	func (l Doubled) Resolve() (layers.Layer, error) {
//		dense, err := layers.Resolve(l.Dense)
//		if err != nil {
//			return nil, err
//		}
//		return Doubled{dense.(layers.Dense)}, nil
//	}
type Resolver interface {
	Resolve() (Layer, error)
}

// Resolve returns the layer with every default filled in; one that is no
// Resolver is returned as it is. A config may hold values of a user's own, so a
// panic on the way is an error, as it is in Call.
func Resolve(l Layer) (_ Layer, err error) {
	if l == nil {
		return nil, graph.Error{Field: "layer", Rule: "must not be nil"}
	}
	defer func() {
		if p := recover(); p != nil {
			err = graph.Error{Field: Class(l) + ".Resolve", Rule: "must not panic", Value: p}
		}
	}()
	return resolve.Of("a layer", l)
}

// Apply resolves a layer and calls it one level deeper in the scope, under the
// given name. It is how a layer uses other layers.
func Apply(s *graph.Scope, name string, l Layer, inputs ...graph.Value) []graph.Value {
	var out []graph.Value
	s.Within(name, func() {
		resolved, err := Resolve(l)
		if err != nil {
			s.Fail(err)
			return
		}
		out = resolved.Call(s, inputs...)
	})
	return out
}

// Class is the name of a layer's type, such as "LSTM", or of the type that it
// points to.
func Class(l Layer) string {
	t := reflect.TypeOf(l)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	return t.Name()
}

// Name is the name that the layer's field Name gives it, or "".
func Name(l Layer) string {
	v := reflect.Indirect(reflect.ValueOf(l))
	if v.Kind() != reflect.Struct {
		return ""
	}
	f := v.FieldByName("Name")
	if !f.IsValid() || f.Kind() != reflect.String {
		return ""
	}
	return f.String()
}

// CheckName refuses a name of a layer or model that could not be a part of a
// path, be saved, or be printed as it is. The error names the field that it is
// in.
func CheckName(field, name string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || !utf8.ValidString(name) || strings.Contains(name, "/") || strings.ContainsFunc(name, unprintable) {
		return graph.Error{Field: field, Rule: "must be one line of text without /", Value: fmt.Sprintf("%q", name)}
	}
	return nil
}

// DefaultName is what a layer without a name is called, before it is numbered:
// its class in lower case with underscores, such as "layer_normalization".
func DefaultName(l Layer) string {
	var b strings.Builder
	class := []rune(Class(l))
	for i, r := range class {
		next := i+1 < len(class) && unicode.IsLower(class[i+1])
		if i > 0 && unicode.IsUpper(r) && (next || unicode.IsLower(class[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}
