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
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// A model as text, and a model of that text: its weights start anew.
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
	//               ],
	//               "name": ""
	//             }
	//           }
	//         },
	//         {
	//           "name": "dropout",
	//           "layer": {
	//             "class_name": "Dropout",
	//             "config": {
	//               "rate": 0.5,
	//               "noise_shape": null,
	//               "seed": null,
	//               "name": ""
	//             }
	//           }
	//         }
	//       ]
	//     }
	//   }
	// }
}

// What comes back is equal: in its text, its summary, its first weights, and in
// what is frozen, also where models hold models and layers of one's own.
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
	for _, c := range []struct{ text, want string }{
		{"", "JSON must be one complete value"},
		{"[]", "JSON must be an object"},
		{string(text[:len(text)-1]), "JSON must be one complete value"},
		{string(text) + "{}", "JSON must be one complete value"},
		{"{}", `engram_format must be "1", as Save writes it, got ""`},
		{change(`"1"`, `"2"`), `engram_format must be "1", as Save writes it, got "2"`},
		{change(`"1"`, `1`), "engram_format must be a string, got 1"},
		{change(`"engram_config"`, `"config"`), "config must be engram_format, engram_config or engram_frozen"},
		{change(`"LSTM"`, `"Lstm"`), "engram_config: config.layers[1].layer.class_name: must name a registered layers.Layer, or one in Custom, got Lstm"},
		{change(`"units":3`, `"units":-3`), "sequential/lstm: LSTM.Units must be positive, got -3"},
		{change(`"shape":[-1,2]`, `"shape":[2]`), "sequential/lstm"},
		{string(text[:len(text)-1]) + `,"engram_frozen":["dense/kern"]}`, "sequential/dense/kern: engram_frozen must name a weight of the model"},
	} {
		m, err := models.FromJSON([]byte(c.text), models.LoadConfig{})
		refused(t, err, c.want)
		if m != nil {
			t.Error("got a model beside the error")
		}
	}
	unknown := models.NewSequential(models.Config{}, layers.Input{Shape: graph.Shape{2}}, scaled{})
	_, err = unknown.JSON()
	refused(t, err, "sequential/scaled")
	_, err = models.NewSequential(models.Config{}).JSON()
	refused(t, err, "must have layers")
}
