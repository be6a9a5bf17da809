// Package resolve fills in the defaults of values that the config of a layer
// holds, and of layers.
package resolve

import (
	"fmt"
	"reflect"

	"github.com/engram-go/engram/internal/errs"
)

// Of returns a value with every default filled in, by its method Resolve where
// it has one. Kind is what a T is called in messages, such as "a layer".
//
// What Resolve returns takes the place of the value, and so must be of its type
// or the one that it points to. A type that embeds another has the method
// Resolve of that: it would be replaced by what it embeds, and its own methods
// would never run.
func Of[T any](kind string, value T) (T, error) {
	r, ok := any(value).(interface{ Resolve() (T, error) })
	if !ok {
		return value, nil
	}
	resolved, err := r.Resolve()
	if err != nil {
		return resolved, err
	}
	if want, got := typeOf(value), typeOf(resolved); got != want {
		return resolved, errs.Error{
			Field: want.Name() + ".Resolve",
			Rule:  fmt.Sprintf("must return %s of the type %v, as that of an embedded type does not", kind, want),
			Value: fmt.Sprintf("%T", resolved),
		}
	}
	return resolved, nil
}

// typeOf is the type of a value, or of what it points to.
func typeOf(value any) reflect.Type {
	t := reflect.TypeOf(value)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}
