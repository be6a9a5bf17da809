package models_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// A model as text, and a model made from that text, with newly initialized weights.
func ExampleModel_JSON() {
	model := models.NewSequential(models.Config{Seed: 1},
		layers.Input{Shape: graph.Shape{4}},
		layers.Dropout{Rate: 0.5},
	)
	text, err := model.JSON()
	if err != nil {
		log.Fatal(err)
	}
	again, err := models.FromJSON(text, models.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(again.Name(), again.Seed(), again.Dtype())
	var lines bytes.Buffer
	if err := json.Indent(&lines, text, "", "  "); err != nil {
		log.Fatal(err)
	}
	lines.WriteTo(os.Stdout)
	// Output:
	// sequential 1 float32
	// {
	//   "engram_format": "1",
	//   "engram_config": {
	//     "class_name": "Sequential",
	//     "config": {
	//       "name": "sequential",
	//       "seed": 1,
	//       "dtype": "float32",
	//       "layers": [
	//         {
	//           "name": "input",
	//           "layer": {
	//             "class_name": "Input",
	//             "config": {
	//               "shape": [
	//                 4
	//               ]
	//             }
	//           }
	//         },
	//         {
	//           "name": "dropout",
	//           "layer": {
	//             "class_name": "Dropout",
	//             "config": {
	//               "rate": 0.5
	//             }
	//           }
	//         }
	//       ]
	//     }
	//   }
	// }
}

// A model from JSON is equal: in its text, its summary, its initial weights, and in
// what is frozen, also with nested models and custom layers.
func TestJSON(t *testing.T) {
	frozen := forecaster(models.Config{Seed: 3, Dtype: tensor.Float64})
	if err := frozen.Freeze("lstm/kernel", "dense"); err != nil {
		t.Fatal(err)
	}
	custom := []any{scaled{}, plusOne{}}
	own := models.NewSequential(models.Config{Name: "own", Custom: custom}, layers.Input{Shape: graph.Shape{2}}, scaled{})
	for _, m := range []interface {
		model
		JSON() ([]byte, error)
	}{frozen, own, translator(models.Config{Seed: 4}), towers(false, models.Config{Seed: 5})} {
		text, err := m.JSON()
		if err != nil {
			t.Fatal(err)
		}
		back, err := models.FromJSON(text, models.LoadConfig{Custom: custom})
		if err != nil {
			t.Fatal(err)
		}
		again, err := back.JSON()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(text), string(again)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(summary(t, m), summary(t, back)); diff != "" {
			t.Errorf("the summaries differ (-want +got):\n%s", diff)
		}
		if hash(t, back) != hash(t, m) || back.Dtype() != m.Dtype() || back.Seed() != m.Seed() {
			t.Errorf("%s starts with other weights", m.Name())
		}
	}
}

func TestJSONRefuses(t *testing.T) {
	m := forecaster(models.Config{})
	text, err := m.JSON()
	if err != nil {
		t.Fatal(err)
	}
	change := func(from, to string) string { return strings.Replace(string(text), from, to, 1) }
	for _, c := range []struct {
		text string
		want errs.Error
	}{
		{"", errs.Error{Path: "JSON"}},
		{"[]", errs.Error{Path: "JSON", Value: "[]"}},
		{string(text[:len(text)-1]), errs.Error{Path: "JSON"}},
		{string(text) + "{}", errs.Error{Path: "JSON"}},
		{"{}", errs.Error{Field: "engram_format", Value: `""`}},
		{change(`"1"`, `"2"`), errs.Error{Field: "engram_format", Value: "2"}},
		{change(`"1"`, `1`), errs.Error{Path: "JSON", Field: "engram_format", Value: "1"}},
		{change(`"engram_config"`, `"config"`), errs.Error{Path: "JSON", Field: "config"}},
		{change(`"engram_config"`, `"engram_format":"1","engram_config"`), errs.Error{Path: "JSON", Value: `"engram_format"`}},
		{change(`"LSTM"`, `"Lstm"`), errs.Error{Path: "config.layers[1].layer.class_name", Value: "Lstm"}},
		{change(`"units":3`, `"units":-3`), errs.Error{Path: "sequential/lstm", Field: "LSTM.Units", Value: "-3"}},
		{change(`"shape":[-1,2]`, `"shape":[2]`), errs.Error{Path: "sequential/lstm", Field: "LSTM"}},
		{string(text[:len(text)-1]) + `,"engram_frozen":["dense/kern"]}`, errs.Error{Path: "sequential/dense/kern", Field: "engram_frozen"}},
	} {
		m, err := models.FromJSON([]byte(c.text), models.LoadConfig{})
		errtest.Check(t, err, c.want)
		if m != nil {
			t.Error("got a model and an error")
		}
	}
	unknown := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, scaled{})
	_, err = unknown.JSON()
	errtest.Check(t, err, errs.Error{Path: "sequential/scaled", Field: "scaled", Value: "models_test.scaled"})
	_, err = models.NewSequential(models.Config{}).JSON()
	errtest.Check(t, err, errs.Error{Path: "sequential", Field: "model"})
}
