// Package layername has the names of layers: of their types, those that their configs
// give them, and those that they get otherwise.
package layername

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/errs"
)

// Class is the name of a layer's type, such as "LSTM", or of the type that it points
// to.
func Class(layer any) string {
	t := reflect.TypeOf(layer)
	if t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil {
		return ""
	}
	return t.Name()
}

// Given is the name in the layer's field Name, or "".
func Given(layer any) string {
	v := reflect.Indirect(reflect.ValueOf(layer))
	if v.Kind() != reflect.Struct {
		return ""
	}
	f, ok := v.Type().FieldByName("Name")
	if !ok || f.Type.Kind() != reflect.String {
		return ""
	}
	name, err := v.FieldByIndexErr(f.Index)
	if err != nil { // it is in an embedded pointer that is nil
		return ""
	}
	return name.String()
}

// Default is the name of a layer without a given one, before it is numbered: its class
// in lower case with underscores, such as "layer_normalization".
func Default(layer any) string {
	var b strings.Builder
	class := []rune(Class(layer))
	for i, r := range class {
		next := i+1 < len(class) && unicode.IsLower(class[i+1])
		if i > 0 && unicode.IsUpper(r) && (next || unicode.IsLower(class[i-1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// Check refuses a name of a layer or model that could not be a part of a path, be
// saved, or be printed as it is. The error names the field that it is in.
func Check(field, name string) error {
	unprintable := func(r rune) bool { return !unicode.IsPrint(r) }
	if name == "" || !utf8.ValidString(name) || strings.Contains(name, "/") || strings.ContainsFunc(name, unprintable) {
		return errs.Error{Field: field, Rule: "must be one line of text without /", Value: fmt.Sprintf("%q", name)}
	}
	return nil
}
