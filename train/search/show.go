package search

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// show is a value as text, the same in every process: a struct as its type with the
// exported fields that are not zero, a pointer as what it points to, a function as its type.
func show(x any) string { return text(reflect.ValueOf(x), 0) }

func text(v reflect.Value, depth int) string {
	const deepest = 10 // a pointer may lead back
	if !v.IsValid() {
		return "nil"
	}
	if depth > deepest {
		return v.Type().String()
	}
	switch v.Kind() {
	case reflect.Bool:
		return strconv.FormatBool(v.Bool())
	case reflect.String:
		if depth == 0 {
			return strings.ToValidUTF8(v.String(), "\uFFFD")
		}
		return strconv.Quote(v.String())
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.FormatInt(v.Int(), 10)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.FormatUint(v.Uint(), 10)
	case reflect.Float32:
		return strconv.FormatFloat(v.Float(), 'g', -1, 32)
	case reflect.Float64:
		return strconv.FormatFloat(v.Float(), 'g', -1, 64)
	case reflect.Pointer, reflect.Interface:
		return text(v.Elem(), depth+1)
	case reflect.Struct:
		var fields []string
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !v.Field(i).IsZero() {
				fields = append(fields, f.Name+": "+text(v.Field(i), depth+1))
			}
		}
		return v.Type().String() + "{" + strings.Join(fields, ", ") + "}"
	case reflect.Slice, reflect.Array:
		list := make([]string, v.Len())
		for i := range list {
			list[i] = text(v.Index(i), depth+1)
		}
		return "[" + strings.Join(list, " ") + "]"
	case reflect.Map:
		return fmt.Sprintf("%s of %d", v.Type(), v.Len())
	}
	return v.Type().String()
}
