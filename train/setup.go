package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"gorgonia.org/tensor"
)

// setup is what a run that continues to the same bits must have in common with this
// one, for FitState.Setup. It is computed once.
func (f *fitRun) setup() string {
	if f.described != "" {
		return f.described
	}
	t, cfg := f.trainer, f.cfg
	cfg.Epochs, cfg.InitialEpoch, cfg.Callbacks, cfg.Progress, cfg.Resume = 0, 0, nil, nil, nil // may differ
	cfg.Validation, cfg.ValidationStream = nil, nil                                             // are described below
	var model any = map[string]any{"Name": t.model.Name(), "Seed": t.model.Seed(), "Dtype": t.model.Dtype().String()}
	if m, ok := t.model.(interface{ JSON() ([]byte, error) }); ok {
		if text, err := m.JSON(); err == nil && json.Valid(text) { // an error means that a layer cannot be written
			model = json.RawMessage(text)
		}
	}
	all := map[string]any{"Model": model, "Config": describe(reflect.ValueOf(t.config), 0, true), "FitConfig": describe(reflect.ValueOf(cfg), 0, true), "Data": f.source.describe()}
	if validation := f.validation(); validation != nil {
		all["Validation"] = validation.describe()
	}
	text, _ := json.Marshal(all) // which refuses nothing of this
	f.described = string(text)
	return f.described
}

// describeData is the number of samples, and a hash of the first and the last, or why
// there is none: reading all could take as long as training on them.
func describeData(data samples.Data) map[string]any {
	h := sha256.New()
	for _, row := range []int{0, data.Len() - 1} {
		if err := hashSample(h, data, row); err != nil {
			return map[string]any{"Samples": data.Len(), "Error": err.Error()}
		}
	}
	return map[string]any{"Samples": data.Len(), "FirstAndLast": hex.EncodeToString(h.Sum(nil))}
}

// hashSample writes all tensors of a sample to a hash.
func hashSample(h io.Writer, data samples.Data, row int) error {
	var b samples.Batch
	if err := data.Gather([]int{row}, &b); err != nil {
		return err
	}
	for i, list := range [][]*tensor.Dense{b.Inputs, b.Targets, b.Weights} {
		for j, d := range list {
			if d == nil {
				continue
			}
			fmt.Fprintf(h, "%d %d %v %v\n", i, j, d.Dtype(), d.Shape())
			if err := binary.Write(h, binary.LittleEndian, dense.Contiguous(d).Data()); err != nil {
				return err
			}
		}
	}
	return nil
}

// describe is a stream by its type and exported fields, without the elements of lists,
// which may be as large as the data.
func (s *streamed) describe() any {
	return describe(reflect.ValueOf(&s.stream).Elem(), 0, false)
}

// describe is a config as a tree for JSON: a struct by its exported fields that are
// not zero, with its type where it is in an interface. What cannot be compared, such
// as a function, is its type alone. Without lists, of a list or a map there is the length.
func describe(v reflect.Value, depth int, lists bool) any {
	const deepest = 10 // a pointer may lead back
	if !v.IsValid() {
		return nil
	}
	if depth > deepest {
		return v.Type().String()
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return v.Uint()
	case reflect.Float32, reflect.Float64:
		if x := v.Float(); math.IsNaN(x) || math.IsInf(x, 0) {
			return fmt.Sprint(x) // which is no number in JSON
		}
		return v.Float()
	case reflect.Pointer:
		return describe(v.Elem(), depth+1, lists)
	case reflect.Interface:
		if v.IsNil() {
			return nil
		}
		in := v.Elem()
		return map[string]any{"Type": in.Type().String(), "Value": describe(in, depth+1, lists)}
	case reflect.Struct:
		out := map[string]any{}
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && !v.Field(i).IsZero() {
				out[f.Name] = describe(v.Field(i), depth+1, lists)
			}
		}
		return out
	case reflect.Slice, reflect.Array:
		if !lists {
			return v.Len()
		}
		out := make([]any, v.Len())
		for i := range out {
			out[i] = describe(v.Index(i), depth+1, lists)
		}
		return out
	case reflect.Map:
		if !lists {
			return v.Len()
		}
		out := map[string]any{}
		for _, key := range v.MapKeys() {
			out[fmt.Sprint(key.Interface())] = describe(v.MapIndex(key), depth+1, lists)
		}
		return out
	}
	return v.Type().String()
}

// checkSetup refuses a state of a run that was set up otherwise, and lists what
// differs.
func (f *fitRun) checkSetup(saved string) error {
	if saved == "" { // from a version without it
		return nil
	}
	const field = "FitConfig.Resume"
	before, err := parse(saved)
	if err != nil {
		return f.trainer.fail(field+".Fit.Setup", "must be JSON", err)
	}
	after, err := parse(f.setup())
	if err != nil {
		return err
	}
	found := differences("", before, after)
	if len(found) == 0 {
		return nil
	}
	const most = 20
	if n := len(found); n > most {
		found = append(found[:most], fmt.Sprintf("and %d more", n-most))
	}
	return f.trainer.fail(field, "must come from a run with the same model, data and config (Trainer.Restore starts a new run from a state); different: "+strings.Join(found, "; "), nil)
}

func parse(text string) (tree any, err error) {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber() // a seed may not fit a float64
	err = d.Decode(&tree)
	return tree, err
}

// differences lists the places at which two trees of JSON differ. An absent value is
// zero, as in a file from a version that did not have the field.
func differences(at string, before, after any) []string {
	switch b := before.(type) {
	case map[string]any:
		a, ok := after.(map[string]any)
		if !ok {
			break
		}
		var out []string
		for _, key := range slices.Sorted(maps.Keys(union(a, b))) {
			out = append(out, differences(strings.TrimPrefix(at+"."+key, "."), b[key], a[key])...)
		}
		return out
	case []any:
		a, ok := after.([]any)
		if !ok || len(a) != len(b) {
			break
		}
		var out []string
		for i := range b {
			out = append(out, differences(fmt.Sprintf("%s[%d]", at, i), b[i], a[i])...)
		}
		return out
	}
	if reflect.DeepEqual(before, after) {
		return nil
	}
	return []string{fmt.Sprintf("%s is %s in the state and %s now", at, short(before), short(after))}
}

func union(a, b map[string]any) map[string]any {
	out := maps.Clone(a)
	maps.Copy(out, b)
	return out
}

// short is a part of a tree in a message.
func short(tree any) string {
	const most = 80
	if tree == nil {
		return "unset"
	}
	text, err := json.Marshal(tree)
	if err != nil {
		return fmt.Sprint(err)
	}
	if runes := []rune(string(text)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(text)
}
