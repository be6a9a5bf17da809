package codec

import (
	"reflect"
	"strings"
	"unicode"

	"github.com/engram-go/engram/internal/errs"
)

// A field of a struct that is written, and its key.
type field struct {
	reflect.StructField
	key string
}

// fieldsOf lists the fields of a struct that are written, in their order. The
// others must be zero: those that JSON cannot hold, and those with the tag json:"-".
func fieldsOf(t reflect.Type) ([]field, error) {
	var out []field
	byKey := map[string]string{}
	for i := range t.NumField() {
		f := field{StructField: t.Field(i)}
		if !f.IsExported() || !writable(f.Type) || f.Tag.Get("json") == "-" {
			continue
		}
		f.key = snake(f.Name)
		if other, ok := byKey[f.key]; ok {
			return nil, errs.Error{Field: t.Name() + "." + f.Name, Rule: "must not have the same key as " + other, Value: f.key}
		}
		byKey[f.key] = f.Name
		out = append(out, f)
	}
	return out, nil
}

// writable tells whether JSON can hold a value of type t, as far as its kind
// says. It cannot hold a pointer to a type that itself has null, which would mean two
// things.
func writable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Func, reflect.Chan, reflect.Complex64, reflect.Complex128, reflect.Uintptr, reflect.UnsafePointer:
		return false
	case reflect.Map:
		return t.Key().Kind() == reflect.String
	case reflect.Pointer:
		switch t.Elem().Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map:
			return false
		}
		return writable(t.Elem())
	}
	return true
}

// named tells whether a value at the top is written by its name in the registry,
// as behind an interface.
func named(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.String && t.PkgPath() != ""
}

// snake turns a field's name into its key: NoBias into no_bias, RNNUnits into
// rnn_units, L2Norm into l2_norm.
func snake(name string) string {
	var b strings.Builder
	r := []rune(name)
	for i, c := range r {
		if unicode.IsUpper(c) && i > 0 && r[i-1] != '_' {
			startsWord := i+1 < len(r) && unicode.IsLower(r[i+1])
			if !unicode.IsUpper(r[i-1]) || startsWord {
				b.WriteByte('_')
			}
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}
