package codec

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// Encode writes a value as JSON that Decode reads back into an equal one.
//
// A struct at the top or behind an interface becomes {"class_name", "config"},
// a named string there becomes its name, as a Named value does anywhere; all
// must be in the registry. The config of a struct, and a struct in a field of
// its own type, is an object with a key for each exported field that is not zero,
// in order and in snake_case. Numbers, booleans, strings, slices, arrays and maps
// by string become their counterparts in JSON; nil slices, maps, pointers and interfaces
// become null. A pointer may point to anything that is not null itself.
//
// Zero fields are left out, as Decode reads an absent field as zero: so an earlier
// version, whose type has fewer fields, reads all files that do not use the new
// ones.
//
// Refused, with an errs.Error whose Field says where ("LSTM.Activation"), are
// values that would be lost: NaN and infinities, functions, channels, complex
// numbers and unexported fields unless zero, types and names that are not in the
// registry, text that is not UTF-8, more than 100 levels or 16 MiB of JSON.
func (r *Registry) Encode(v any) ([]byte, error) {
	rv := reflect.ValueOf(v)
	if !rv.IsValid() {
		return []byte("null"), nil
	}
	if rv.Kind() == reflect.Pointer {
		return nil, errs.Error{Field: rv.Type().String(), Rule: "must be a value and not a pointer"}
	}
	e, name := encoder{r}, rv.Type().Name()
	encode := e.value
	if named(rv.Type()) {
		encode = func(b []byte, v reflect.Value, path string, depth int) ([]byte, error) {
			return e.named(b, v, v.Type(), path, depth)
		}
	}
	b, err := encode(nil, rv, name, 0)
	if err != nil {
		return nil, err
	}
	if err := check(b); err != nil {
		return nil, errs.At(err, "", name)
	}
	return b, nil
}

// check refuses JSON that is too deep, too large or not valid.
func check(b []byte) error {
	if len(b) > maxBytes {
		return errs.Error{Rule: fmt.Sprintf("must be within %d bytes of JSON", maxBytes), Value: len(b)}
	}
	return strictjson.Check(b, MaxDepth)
}

type encoder struct{ *Registry }

// value appends v. The path is its place, as in Go; the depth is the number of
// arrays and objects around it.
func (e encoder) value(b []byte, v reflect.Value, path string, depth int) ([]byte, error) {
	if depth > MaxDepth || len(b) > maxBytes { // it may contain itself
		return nil, errs.Error{Field: strictjson.Clip([]byte(path)), Rule: fmt.Sprintf("must be within %d levels and %d bytes of JSON", MaxDepth, maxBytes)}
	}
	if !writable(v.Type()) {
		return nil, errs.Error{Field: path, Rule: "must be of a type that JSON can hold", Value: v.Type()}
	}
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return append(b, "null"...), nil
		}
	}
	if isNamed(v.Type()) {
		return e.named(b, v, v.Type(), path, depth)
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.AppendBool(b, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(b, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(b, v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		if f := v.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, errs.Error{Field: path, Rule: "must be finite", Value: f}
		}
		return strconv.AppendFloat(b, v.Float(), 'g', -1, v.Type().Bits()), nil
	case reflect.String:
		return text(b, v.String(), path)
	case reflect.Slice, reflect.Array:
		return e.list(b, v, path, depth+1)
	case reflect.Map:
		return e.mapping(b, v, path, depth+1)
	case reflect.Struct:
		return e.fields(b, v, path, depth+1)
	case reflect.Pointer:
		return e.value(b, v.Elem(), path, depth)
	default: // an interface: writable has refused the rest
		return e.named(b, v.Elem(), v.Type(), path, depth)
	}
}

// named appends a value by the name that the registry has for it where a
// variable of type want holds it.
func (e encoder) named(b []byte, v reflect.Value, want reflect.Type, path string, depth int) ([]byte, error) {
	known, name, own := e.structs, v.Type().Name(), isNamed(v.Type())
	switch {
	case own:
		known, name = e.names, v.Interface().(Named).RegisteredName()
	case v.Kind() == reflect.Struct:
	case v.Kind() == reflect.String:
		known, name = e.names, v.String()
	default:
		return nil, errs.Error{Field: path, Rule: fmt.Sprintf("must be a %v that is a struct or a string", want), Value: v.Type()}
	}
	p, err := known.find(name, want)
	switch {
	case err == nil && (p.Type() != v.Type() || own && !p.Equal(v)),
		err != nil && want == v.Type() && !own && v.Kind() == reflect.Struct: // of no interface, so only its type counts
		err = errs.Error{Rule: "must be a type of Engram, or in Custom", Value: v.Type()}
	}
	if err != nil {
		return nil, errs.At(err, "", path)
	}
	if own || v.Kind() == reflect.String {
		return text(b, name, path)
	}
	b = append(b, `{"class_name":`...)
	if b, err = text(b, name, path); err != nil {
		return nil, err
	}
	b = append(b, `,"config":`...)
	if b, err = e.value(b, v, path, depth+1); err != nil {
		return nil, err
	}
	return append(b, '}'), nil
}

func (e encoder) fields(b []byte, v reflect.Value, path string, depth int) ([]byte, error) {
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return nil, err
	}
	b = append(b, '{')
	written := 0
	for i := range v.NumField() {
		if isZero(v.Field(i)) {
			continue
		}
		f := v.Type().Field(i)
		here := strings.TrimPrefix(path+"."+f.Name, ".")
		at := slices.IndexFunc(fields, func(known field) bool { return known.Name == f.Name })
		if at < 0 {
			return nil, errs.Error{Field: here, Rule: "must be zero, as it cannot be written", Value: f.Type}
		}
		b = comma(b, written)
		b = append(append(append(b, '"'), fields[at].key...), `":`...)
		if b, err = e.value(b, v.Field(i), here, depth); err != nil {
			return nil, err
		}
		written++
	}
	return append(b, '}'), nil
}

// isZero tells whether a value is zero to the bit: −0 is not.
func isZero(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Float32, reflect.Float64:
		return math.Float64bits(v.Float()) == 0
	case reflect.Array:
		for i := range v.Len() {
			if !isZero(v.Index(i)) {
				return false
			}
		}
		return true
	case reflect.Struct:
		for i := range v.NumField() {
			if !isZero(v.Field(i)) {
				return false
			}
		}
		return true
	}
	return v.IsZero()
}

func (e encoder) list(b []byte, v reflect.Value, path string, depth int) ([]byte, error) {
	b = append(b, '[')
	for i := range v.Len() {
		b = comma(b, i)
		var err error
		if b, err = e.value(b, v.Index(i), fmt.Sprintf("%s[%d]", path, i), depth); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (e encoder) mapping(b []byte, v reflect.Value, path string, depth int) ([]byte, error) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(x, y reflect.Value) int { return strings.Compare(x.String(), y.String()) })
	b = append(b, '{')
	for i, key := range keys {
		here := fmt.Sprintf("%s[%q]", path, key.String())
		var err error
		if b, err = text(comma(b, i), key.String(), here); err != nil {
			return nil, err
		}
		if b, err = e.value(append(b, ':'), v.MapIndex(key), here, depth); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func text(b []byte, s, path string) ([]byte, error) {
	b, err := strictjson.AppendString(b, s)
	return b, errs.At(err, "", path)
}

func comma(b []byte, before int) []byte {
	if before > 0 {
		b = append(b, ',')
	}
	return b
}
