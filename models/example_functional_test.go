package models_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/layers/activations"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// A series, a text of any length and some numbers that do not change, in one
// model with two outputs.
func ExampleNewFunctional() {
	series := models.NewInput(layers.Input{Name: "series", Shape: graph.Shape{30, 1}})
	text := models.NewInput(layers.Input{Name: "text", Shape: graph.Shape{graph.Any}})
	static := models.NewInput(layers.Input{Name: "static", Shape: graph.Shape{4}})

	past := models.Use(layers.LSTM{Units: 16}).Call(series)
	words := models.Use(layers.Embedding{InputDim: 1000, OutputDim: 8, MaskZero: true}).Call(text)
	words = models.Use(layers.GRU{Units: 8}).Call(words)
	all := models.Use(layers.Concatenate{}).Call(past, words, static)
	price := models.Use(layers.Dense{Name: "price", Units: 1}).Call(all)
	rises := models.Use(layers.Dense{Name: "rises", Units: 1, Activation: activations.Sigmoid}).Call(all)

	model := models.NewFunctional(models.Config{Name: "market", Seed: 1},
		models.Inputs{series, text, static}, models.Outputs{price, rises})
	if err := model.Summary(os.Stdout); err != nil {
		log.Fatal(err)
	}
	// Output:
	// Model: "market"
	// ┏━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━┓
	// ┃ Layer (type)         ┃ Output Shape     ┃    Param # ┃ Connected to          ┃
	// ┡━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━┩
	// │ series (Input)       │ [any, 30, 1]     │          0 │                       │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ lstm (LSTM)          │ [any, 16]        │      1,152 │ series[0][0]          │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ text (Input)         │ [any, any]       │          0 │                       │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ embedding            │ [any, any, 8]    │      8,000 │ text[0][0]            │
	// │ (Embedding)          │                  │            │                       │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ gru (GRU)            │ [any, 8]         │        432 │ embedding[0][0]       │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ static (Input)       │ [any, 4]         │          0 │                       │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ concatenate          │ [any, 28]        │          0 │ lstm[0][0],           │
	// │ (Concatenate)        │                  │            │ gru[0][0],            │
	// │                      │                  │            │ static[0][0]          │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ price (Dense)        │ [any, 1]         │         29 │ concatenate[0][0]     │
	// ├──────────────────────┼──────────────────┼────────────┼───────────────────────┤
	// │ rises (Dense)        │ [any, 1]         │         29 │ concatenate[0][0]     │
	// └──────────────────────┴──────────────────┴────────────┴───────────────────────┘
	//  Total params: 9,642 (37.66 KB)
	//  Trainable params: 9,642 (37.66 KB)
	//  Non-trainable params: 0 (0.00 B)
	//  lstm runs as one operation for all steps
	//  gru runs as one operation for all steps
}

// The encoder's last states are where the decoder starts. The model that is
// trained, and the encoder alone, have the same weights.
func ExampleTensor_Output() {
	source := models.NewInput(layers.Input{Name: "source", Shape: graph.Shape{graph.Any, 2}})
	target := models.NewInput(layers.Input{Name: "target", Shape: graph.Shape{graph.Any, 2}})
	encoded := models.Use(layers.LSTM{Name: "encoder", Units: 3, ReturnState: true}).Call(source)
	h, c := encoded.Output(1), encoded.Output(2)
	decoded := models.Use(layers.LSTM{Name: "decoder", Units: 3, ReturnSequences: true}).Call(target, h, c)

	translator := models.NewFunctional(models.Config{Name: "translator"}, models.Inputs{source, target}, models.Outputs{decoded})
	encoder := models.NewFunctional(models.Config{Name: "encoding"}, models.Inputs{source}, models.Outputs{h, c})
	for _, m := range []*models.Functional{translator, encoder} {
		in, err := m.InputShapes()
		if err != nil {
			log.Fatal(err)
		}
		out, err := m.OutputShapes()
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(m.Name(), in, out)
	}
	// Output:
	// translator [[any, any, 2] [any, any, 2]] [[any, any, 3]]
	// encoding [[any, any, 2]] [[any, 3] [any, 3]]
}

// A layer that is called twice has one set of weights.
func ExampleHandle_Call() {
	a := models.NewInput(layers.Input{Name: "a", Shape: graph.Shape{2}})
	b := models.NewInput(layers.Input{Name: "b", Shape: graph.Shape{2}})
	same := models.Use(layers.Dense{Units: 3, NoBias: true})
	difference := models.Use(layers.Subtract{}).Call(same.Call(a), same.Call(b))
	model := models.NewFunctional(models.Config{}, models.Inputs{a, b}, models.Outputs{difference})

	weights, err := model.Weights()
	if err != nil {
		log.Fatal(err)
	}
	for _, w := range weights {
		fmt.Println(w.Path, w.Value.Shape())
	}
	x := tensor.New(tensor.WithShape(1, 2), tensor.WithBacking([]float32{1, 2}))
	y, err := model.Predict(context.Background(), x, x)
	fmt.Println(y.Float32s(), err)
	// Output:
	// functional/dense/kernel (2, 3)
	// [0 0 0] <nil>
}

// A trained model is a layer of another, which trains only what is new.
func ExampleModel_Freeze() {
	base := sum() // with the weights that it has learned
	model := models.NewSequential(models.Config{Name: "fine"},
		layers.Input{Shape: graph.Shape{2}},
		base,
		layers.Dense{Units: 4},
	)
	if err := model.Freeze("sequential"); err != nil {
		log.Fatal(err)
	}
	params, err := model.Params()
	if err != nil {
		log.Fatal(err)
	}
	for _, p := range params.All() {
		fmt.Println(p.Path, p.Trainable())
	}
	// Output:
	// fine/sequential/dense/kernel false
	// fine/sequential/dense/bias false
	// fine/dense/kernel true
	// fine/dense/bias true
}

// A layer of a model that was read becomes a part of a new one, with its weights.
func ExampleModel_Handle() {
	var file bytes.Buffer
	if _, err := sum().WriteTo(&file); err != nil {
		log.Fatal(err)
	}
	read, err := models.Read(&file, models.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	dense, err := read.Handle("dense")
	if err != nil {
		log.Fatal(err)
	}
	x := models.NewInput(layers.Input{Shape: graph.Shape{graph.Any, 2}})
	everyStep := models.NewFunctional(models.Config{}, models.Inputs{x}, models.Outputs{dense.Call(x)})
	y, err := everyStep.Predict(context.Background(), tensor.New(tensor.WithShape(1, 2, 2), tensor.WithBacking([]float32{1, 2, 3, 4})))
	fmt.Println(y.Shape(), y.Float32s(), err)
	// Output: (1, 2, 1) [21.5 43.5] <nil>
}

// The drawing is one file for a browser or a page.
func ExampleModel_WriteSVG() {
	var drawing strings.Builder
	if err := sum().WriteSVG(&drawing); err != nil {
		log.Fatal(err)
	}
	fmt.Println(strings.HasPrefix(drawing.String(), "<svg"), strings.Count(drawing.String(), "<rect class="), "boxes")
	// Output: true 2 boxes
}
