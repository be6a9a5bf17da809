package codec

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"
	"strconv"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// Decode reads what Encode wrote into the variable that dst points to: an
// interface, a registered struct or name, or a slice, array or map.
//
// A field that is absent is zero, so that a type may get more fields: their zero
// value must mean what the type did without them. Nothing else is assumed or
// ignored. A class, name or key that is not known, a key given twice, a value of
// another kind, a number that does not fit, null for a type without it, more than
// one value, more than 100 levels or 16 MiB are errors, and then dst stays as it
// was. Errors are errs.Error values, whose Path is the place in the JSON, such as
// "layers[2].config.units".
func (r *Registry) Decode(data []byte, dst any) error {
	p := reflect.ValueOf(dst)
	if p.Kind() != reflect.Pointer || p.IsNil() || p.Type().Elem().Kind() == reflect.Pointer {
		return errs.Error{Field: "destination", Rule: "must point to a value, and not to a pointer", Value: p.Kind()}
	}
	v := reflect.New(p.Type().Elem()).Elem()
	err := check(data)
	if err == nil {
		data = bytes.TrimSpace(data)
		d := decoder{Registry: r, author: "Engram"}
		if named(v.Type()) {
			err = d.named(data, v, "")
		} else {
			err = d.value(data, v, "")
		}
	}
	if err != nil {
		return errs.At(err, "JSON", "")
	}
	p.Elem().Set(v)
	return nil
}

type decoder struct {
	*Registry
	author string // of the type that is decoded: of Engram, or of the program
}

// value fills v, which is zero, from data, whose place is path.
func (d decoder) value(data []byte, v reflect.Value, path string) error {
	refuse := func(rule string) error {
		return errs.Error{Path: path, Rule: rule, Value: strictjson.Clip(data)}
	}
	if !writable(v.Type()) {
		return refuse(fmt.Sprintf("must be absent, as JSON cannot hold a %v", v.Type()))
	}
	if isNamed(v.Type()) {
		return d.named(data, v, path)
	}
	number := data[0] == '-' || data[0] >= '0' && data[0] <= '9'
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.Pointer, reflect.Interface:
		if data[0] == 'n' {
			return nil
		}
	}
	switch v.Kind() {
	case reflect.Bool:
		if data[0] != 't' && data[0] != 'f' {
			return refuse("must be true or false")
		}
		v.SetBool(data[0] == 't')
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(string(data), 10, v.Type().Bits())
		if err != nil || !number {
			return refuse(fmt.Sprintf("must be a whole number of %d bits", v.Type().Bits()))
		}
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, err := strconv.ParseUint(string(data), 10, v.Type().Bits())
		if err != nil || !number {
			return refuse(fmt.Sprintf("must be a whole number of %d bits that is not negative", v.Type().Bits()))
		}
		v.SetUint(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(string(data), v.Type().Bits())
		if err != nil || !number {
			return refuse(fmt.Sprintf("must be a number that fits %d bits", v.Type().Bits()))
		}
		v.SetFloat(f)
	case reflect.String:
		s, err := strictjson.String(data)
		if err != nil {
			return errs.At(err, path, "")
		}
		v.SetString(s)
	case reflect.Slice, reflect.Array:
		return d.list(data, v, path)
	case reflect.Map:
		return d.mapping(data, v, path)
	case reflect.Struct:
		return d.fields(data, v, path)
	case reflect.Pointer:
		p := reflect.New(v.Type().Elem())
		if err := d.value(data, p.Elem(), path); err != nil {
			return err
		}
		v.Set(p)
	default: // an interface: writable has refused the rest
		return d.named(data, v, path)
	}
	return nil
}

// named fills v with the registered struct or name that data names.
func (d decoder) named(data []byte, v reflect.Value, path string) error {
	switch data[0] {
	case '"':
		name, err := strictjson.String(data)
		if err != nil {
			return errs.At(err, path, "")
		}
		p, err := d.names.find(name, v.Type())
		if err != nil {
			return errs.At(err, path, "")
		}
		v.Set(p)
		return nil
	case '{':
		return d.class(data, v, path)
	}
	return errs.Error{Path: path, Rule: fmt.Sprintf("must be the name or the class_name and config of a %v", v.Type()), Value: strictjson.Clip(data)}
}

func (d decoder) class(data []byte, v reflect.Value, path string) error {
	parts := map[string][]byte{}
	err := strictjson.Object(data, func(key string, value []byte) error {
		if key != "class_name" && key != "config" {
			return errs.Error{Path: join(path, key), Rule: "must be class_name or config"}
		}
		parts[key] = value
		return nil
	})
	if err != nil {
		return errs.At(err, path, "")
	}
	if len(parts) != 2 {
		return errs.Error{Path: path, Rule: "must have class_name and config", Value: strictjson.Clip(data)}
	}
	name, err := strictjson.String(parts["class_name"])
	if err != nil {
		return errs.At(err, join(path, "class_name"), "")
	}
	p, err := d.structs.find(name, v.Type())
	if err != nil {
		return errs.At(err, join(path, "class_name"), "")
	}
	d.author = "Engram"
	if d.custom[p.Type()] {
		d.author = "the program"
	}
	config := reflect.New(p.Type()).Elem()
	if err := d.fields(parts["config"], config, join(path, "config")); err != nil {
		return err
	}
	v.Set(config)
	return nil
}

func (d decoder) fields(data []byte, v reflect.Value, path string) error {
	fields, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	err = strictjson.Object(data, func(key string, value []byte) error {
		for _, f := range fields {
			if f.key == key {
				return d.value(value, v.FieldByIndex(f.Index), join(path, key))
			}
		}
		if slices.Contains(d.retired[v.Type()], key) {
			if !zeroJSON(value) {
				return errs.Error{Path: join(path, key), Rule: fmt.Sprintf("must be zero, as %v does not have this field any more", v.Type()), Value: strictjson.Clip(value)}
			}
			return nil
		}
		return errs.Error{Path: join(path, key), Rule: fmt.Sprintf("must be a field of %v, unless the file comes from a newer version of %s", v.Type(), d.author), Value: strictjson.Clip(value)}
	})
	return errs.At(err, path, "")
}

// zeroJSON tells whether a value is the zero one of its kind.
func zeroJSON(value []byte) bool {
	switch string(value) {
	case "null", "false", `""`, "0":
		return true
	}
	return false
}

func (d decoder) list(data []byte, v reflect.Value, path string) error {
	n := 0
	err := strictjson.Array(data, func(i int, value []byte) error {
		n++
		here := fmt.Sprintf("%s[%d]", path, i)
		if v.Kind() == reflect.Slice {
			elem := reflect.New(v.Type().Elem()).Elem()
			err := d.value(value, elem, here)
			v.Set(reflect.Append(v, elem))
			return err
		}
		if i >= v.Len() {
			return nil
		}
		return d.value(value, v.Index(i), here)
	})
	switch {
	case err != nil:
		return errs.At(err, path, "")
	case v.Kind() == reflect.Array && n != v.Len():
		return errs.Error{Path: path, Rule: fmt.Sprintf("must have %d elements", v.Len()), Value: n}
	case v.Kind() == reflect.Slice && n == 0:
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return nil
}

func (d decoder) mapping(data []byte, v reflect.Value, path string) error {
	v.Set(reflect.MakeMap(v.Type()))
	err := strictjson.Object(data, func(key string, value []byte) error {
		elem := reflect.New(v.Type().Elem()).Elem()
		if err := d.value(value, elem, join(path, key)); err != nil {
			return err
		}
		v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), elem)
		return nil
	})
	return errs.At(err, path, "")
}

func join(path, key string) string {
	key = strictjson.Label(key)
	if path == "" {
		return key
	}
	return path + "." + key
}
