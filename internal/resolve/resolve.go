// Package resolve fills in the defaults of layers and of the values in their configs.
package resolve

import (
	"fmt"
	"reflect"

	"github.com/engram-go/engram/internal/errs"
)

// Of returns a value with its defaults filled in by its method Resolve, or the value
// itself where it has none. Kind names a T in messages, such as "a layer".
//
// Resolve must return the type of the value, or the type that it points to. A type
// that embeds another inherits its Resolve, which returns the embedded value: the
// outer value would be lost.
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
			Rule:  fmt.Sprintf("must return %s of the type %v, and not of a type that it embeds", kind, want),
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
