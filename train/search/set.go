package search

import (
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// Set returns a copy of a config with values in some of its fields, such as those of a
// Trial or of the best Row. The key is the path of a field:
//
//	Units                   a field of the config
//	Network.Units           a field of a struct in it, of the struct behind a pointer, or
//	                        of the struct in a field of an interface type
//	Layers[1].Dropout       a field of an element of a slice or an array
//
// The config itself is not changed: what lies on a path is copied, also behind pointers.
// A float64 fits fields of floating-point numbers, an int fields of all numbers that can hold
// it, a string fields of a type such as layers.Padding, and any value where Go assigns it.
// For a field that is a pointer, a new one is made. A path without a field, a nil on the way and
// a value that does not fit are errors that name the path. In most configs a field of zero means
// its default.
func Set[C any](config C, values map[string]any) (C, error) {
	out := config
	root := reflect.ValueOf(&out).Elem()
	for _, path := range slices.Sorted(maps.Keys(values)) {
		changed, err := with(root, path, values[path])
		if err != nil {
			return config, errs.At(err, place, fmt.Sprintf("%s.%s", class(root.Type()), path))
		}
		root.Set(changed)
	}
	return out, nil
}

// class is the name of a type without its package.
func class(t reflect.Type) string {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Name() == "" {
		return "config"
	}
	return t.Name()
}

// with is a copy of v with a value at a path.
func with(v reflect.Value, path string, x any) (reflect.Value, error) {
	out := reflect.New(v.Type()).Elem()
	if path == "" {
		return out, assign(out, x)
	}
	out.Set(v)
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return out, errs.Error{Rule: fmt.Sprintf("must be in a value of %s that is not nil; set it in the config", v.Type())}
		}
		inner, err := with(v.Elem(), path, x)
		if err != nil {
			return out, err
		}
		if v.Kind() == reflect.Pointer {
			out.Set(reflect.New(v.Type().Elem()))
			out.Elem().Set(inner)
		} else {
			out.Set(inner)
		}
		return out, nil
	case reflect.Slice:
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		reflect.Copy(out, v)
	}
	place, rest, err := step(out, path)
	if err != nil {
		return out, err
	}
	inner, err := with(place, rest, x)
	if err == nil {
		place.Set(inner)
	}
	return out, err
}

// step goes one step down a path: to a field of a struct or an element of a list.
func step(v reflect.Value, path string) (at reflect.Value, rest string, err error) {
	if index, ok := strings.CutPrefix(path, "["); ok {
		if v.Kind() != reflect.Slice && v.Kind() != reflect.Array {
			return at, "", errs.Error{Rule: fmt.Sprintf("must have an index only after a slice or an array, and not after a %s", v.Type())}
		}
		number, rest, closed := strings.Cut(index, "]")
		i, err := strconv.Atoi(number)
		if err != nil || !closed || i < 0 || i >= v.Len() {
			return at, "", errs.Error{Rule: fmt.Sprintf("must have an index below %d", v.Len()), Value: "[" + number + "]"}
		}
		return v.Index(i), strings.TrimPrefix(rest, "."), nil
	}
	end := strings.IndexAny(path, ".[")
	name := path
	if end >= 0 {
		name, rest = path[:end], strings.TrimPrefix(path[end:], ".")
	}
	if v.Kind() != reflect.Struct {
		return at, "", errs.Error{Rule: fmt.Sprintf("must be a field of a struct, and not of a %s", v.Type()), Value: name}
	}
	var fields []string
	for i := range v.NumField() {
		if f := v.Type().Field(i); f.IsExported() {
			if f.Name == name {
				return v.Field(i), rest, nil
			}
			fields = append(fields, f.Name)
		}
	}
	return at, "", errs.Error{Rule: fmt.Sprintf("must be a field of %s: %s", v.Type(), strings.Join(fields, ", ")), Value: fmt.Sprintf("%q", name)}
}

// assign puts a value into a place that it fits.
func assign(to reflect.Value, x any) error {
	v := reflect.ValueOf(x)
	misfit := errs.Error{Rule: fmt.Sprintf("must be of type %s", to.Type()), Value: fmt.Sprintf("%s of type %T", show(x), x)}
	if !v.IsValid() { // a nil
		switch to.Kind() {
		case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.Func:
			return nil
		}
		return misfit
	}
	switch {
	case v.Type().AssignableTo(to.Type()):
		to.Set(v)
	case to.Kind() == reflect.Pointer:
		to.Set(reflect.New(to.Type().Elem()))
		return assign(to.Elem(), x)
	case v.Kind() == reflect.String && to.Kind() == reflect.String, v.Kind() == reflect.Bool && to.Kind() == reflect.Bool:
		to.Set(v.Convert(to.Type()))
	case v.CanInt() && to.CanInt() && !to.OverflowInt(v.Int()):
		to.SetInt(v.Int())
	case v.CanInt() && to.CanUint() && v.Int() >= 0 && !to.OverflowUint(uint64(v.Int())):
		to.SetUint(uint64(v.Int()))
	case v.CanInt() && to.CanFloat() && math.Abs(float64(v.Int())) <= 1<<53:
		to.SetFloat(float64(v.Int()))
	case v.CanFloat() && to.CanFloat() && !to.OverflowFloat(v.Float()):
		to.SetFloat(v.Float())
	default:
		return misfit
	}
	return nil
}
