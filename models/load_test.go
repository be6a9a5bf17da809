package models_test

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/models/safetensors"
	"gorgonia.org/tensor"
)

// grown is the layer offset after it got more fields.
type grown struct {
	Amount     float64
	Power      float64 // 1 where 0, as it was before there was a choice
	Activation activations.Activation
	Start      graph.Initializer
	Sizes      []int
	Limit      *float64 // none where nil
	Rates      map[string]float64
	Tags       []string
	After      layers.Layer // none where nil
	Name       string
}

func (l grown) Resolve() (layers.Layer, error) {
	if l.Power == 0 {
		l.Power = 1
	}
	return l, nil
}

func (l grown) Call(s *graph.Scope, inputs ...graph.Value) []graph.Value {
	shift := s.Param("shift", graph.Shape{2}, l.Start) // [2]
	y := inputs[0].Add(shift).AddConst(l.Amount * l.Rates["once"])
	if l.Power != 1 {
		y = y.Square().Pow(l.Power / 2)
	}
	y = l.Activation.Apply(y)
	if l.Limit != nil {
		y = y.Clip(-*l.Limit, *l.Limit)
	}
	if l.After != nil {
		return layers.Apply(s, "after", l.After, y)
	}
	return []graph.Value{y}
}

// A layer that got more fields reads a file without them: they are zero, then
// resolved, and the predictions stay the same.
func TestLayersMayGetMoreFields(t *testing.T) {
	cfg := models.LoadConfig{Custom: append([]any{grown{}}, savedConfig.Custom[1:]...)}
	for _, c := range savedCases(t) {
		if c.File != "custom_float64.safetensors" {
			continue
		}
		f, err := safetensors.ReadFile(filepath.Join(savedFiles, c.File))
		if err != nil {
			t.Fatal(err)
		}
		f.Metadata["engram_config"] = strings.ReplaceAll(f.Metadata["engram_config"], `"class_name":"offset"`, `"class_name":"grown"`)
		var b bytes.Buffer
		if err := safetensors.Write(&b, f); err != nil {
			t.Fatal(err)
		}
		m, err := models.Read(&b, cfg)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "prediction", predict(t, m, c.Inputs[0].tensor(t)), c.Outputs["go"][0].tensor(t))
		// What is saved now has the default that was filled in, and nothing that is zero.
		text, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if want := `{"class_name":"grown","config":{"amount":0.25,"power":1,"activation":"cube","start":{"class_name":"rising","config":{"step":0.125}},"sizes":[3,4],"rates":{"never":0,"once":1},"name":"mine"}}`; !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
		return
	}
	t.Fatal("the file is missing")
}

// A layer with its new fields in use goes through a file, which the version before
// refuses by the first of these fields.
func TestNewFieldsInUse(t *testing.T) {
	layer := func(l layers.Layer, custom ...any) *models.Sequential {
		return models.NewSequential(models.Config{Custom: custom}, layers.Input{Shape: graph.Shape{2}}, l)
	}
	m := layer(grown{Power: 2, Activation: activations.Tanh, Start: rising{Step: 0.5}, Limit: new(0.25), Tags: []string{"a"}, After: layers.Dense{Units: 3}}, grown{}, rising{})
	x := inputs(tensor.Float32, 3, 2)
	same(t, "prediction", predict(t, roundTrip(t, m, grown{}, rising{}), x), predict(t, m, x))

	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	_, err = models.FromJSON(bytes.ReplaceAll(text, []byte(`"class_name":"grown"`), []byte(`"class_name":"offset"`)), savedConfig)
	errtest.Check(t, err, errs.Error{Path: "config.layers[1].layer.config.power", Value: "2"})
	if err == nil || !strings.Contains(err.Error(), "newer version") {
		t.Errorf("%v must say that the file is newer", err)
	}
}

// A model that was read can be extended; what was read keeps its weights.
func TestExtendLoaded(t *testing.T) {
	read, err := models.Read(bytes.NewReader(small(t)), models.LoadConfig{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := read.Sequential()
	if err != nil {
		t.Fatal(err)
	}
	before, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	m.Add(layers.Dense{Units: 3, Name: "added"})
	after, err := m.Weights()
	if err != nil {
		t.Fatal(err)
	}
	if len(after) != len(before)+2 {
		t.Fatalf("got %d weights, had %d", len(after), len(before))
	}
	for i, w := range before {
		if after[i].Path != w.Path || !after[i].Value.Eq(w.Value) {
			t.Errorf("%s has changed", w.Path)
		}
	}
}
