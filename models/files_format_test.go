package models

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/google/go-cmp/cmp"
	"github.com/pkg/errors"
)

// changeConfigs gives a version of a config in which change has edited the configs of
// a class, at any depth.
func changeConfigs(data []byte, class string, change func(config map[string]any)) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber() // seeds of 64 bits
	var whole any
	if err := decoder.Decode(&whole); err != nil {
		return nil, err
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			if config, ok := v["config"].(map[string]any); ok && v["class_name"] == class {
				change(config)
			}
			for _, e := range v {
				walk(e)
			}
		}
	}
	walk(whole)
	return json.Marshal(whole)
}

// A file of version 1 is lifted to version 3 in two steps: in version 2 the units of
// a Dense are counted in pairs, and in version 3 an LSTM says what it does without a
// bias.
func TestFilesOfEarlierVersionsAreLifted(t *testing.T) {
	var steps []string
	later := format{version: 3, lift: map[int]func([]byte) ([]byte, error){
		1: func(config []byte) ([]byte, error) {
			steps = append(steps, "1")
			return changeConfigs(config, "Dense", func(c map[string]any) {
				if c["units"] == json.Number("1") {
					c["units"] = 2
				}
			})
		},
		2: func(config []byte) ([]byte, error) {
			steps = append(steps, "2")
			return changeConfigs(config, "LSTM", func(c map[string]any) { c["no_bias"] = true })
		},
	}}
	text, err := os.ReadFile("testdata/saved/forecaster_float32.json")
	if err != nil {
		t.Fatal(err)
	}
	// Its frozen weights include the bias, which goes.
	text = bytes.Replace(text, []byte(`"lstm/bias",`), nil, 1)
	m, err := fromJSON(text, LoadConfig{}, later)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"1", "2"}, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	units := m.body.layers()
	if lstm := units[1].layer.(layers.LSTM); !lstm.NoBias || lstm.Units != 9 || !lstm.ReturnSequences {
		t.Errorf("got %+v", lstm)
	}
	if dense := units[3].layer.(layers.Dense); dense.Units != 2 || dense.Activation != activations.Linear {
		t.Errorf("got %+v", dense)
	}

	// The file with the weights goes the same way: these no longer fit.
	f, err := safetensors.Open("testdata/saved/forecaster_float32.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	steps = nil
	_, err = restore(f, LoadConfig{}, later)
	errtest.Check(t, err, errs.Error{Path: "sequential/dense/kernel", Field: "weight", Value: "[5, 1]"})
	if len(steps) != 2 {
		t.Errorf("took the steps %v", steps)
	}
}

func TestFormatRefuses(t *testing.T) {
	broken := errors.New("broken")
	known := format{version: 3, lift: map[int]func([]byte) ([]byte, error){
		1: func(config []byte) ([]byte, error) { return config, nil },
		2: func([]byte) ([]byte, error) { return nil, broken },
	}}
	for version, want := range map[string]errs.Error{
		"":                     {Field: formatKey, Value: `""`},
		"0":                    {Field: formatKey, Value: `"0"`},
		"-1":                   {Field: formatKey, Value: `"-1"`},
		"1.0":                  {Field: formatKey, Value: `"1.0"`},
		"+1":                   {Field: formatKey, Value: `"+1"`},
		"99999999999999999999": {Field: formatKey, Value: `"99999999999999999999"`},
		"4":                    {Field: formatKey, Value: "4"},
	} {
		_, err := known.config(map[string]string{formatKey: version, configKey: "{}"})
		errtest.Check(t, err, want)
	}
	for _, version := range []string{"1", "2"} {
		if _, err := known.config(map[string]string{formatKey: version, configKey: "{}"}); !errors.Is(err, broken) {
			t.Errorf("version %s: got %v", version, err)
		}
		_, err := known.config(map[string]string{formatKey: version, configKey: "{"})
		errtest.Check(t, err, errs.Error{Path: configKey})
	}
	if config, err := known.config(map[string]string{formatKey: "3", configKey: "{"}); err != nil || string(config) != "{" {
		t.Errorf("got %s, %v", config, err)
	}
	_, err := known.config(map[string]string{formatKey: "4"})
	if err == nil || !strings.Contains(err.Error(), "newer version of Engram") {
		t.Errorf("%v must say that the file is newer", err)
	}
}

// Every earlier version can be read.
func TestCurrentFormatLiftsEveryVersion(t *testing.T) {
	known := currentFormat()
	for v := 1; v < known.version; v++ {
		if known.lift[v] == nil {
			t.Errorf("files of version %d cannot be read", v)
		}
	}
	if len(known.lift) != known.version-1 {
		t.Errorf("%d versions are lifted to version %d", len(known.lift), known.version)
	}
}
