package main

import (
	"fmt"
	"strconv"
	"strings"
	"text/template"
)

// program returns a complete Go program that does the same as the demo, as a
// starting point for readers. A test runs it and compares its output.
func (f *forecaster) program() (string, error) {
	var b strings.Builder
	err := programs.Execute(&b, map[string]any{
		"Series":    f.code,
		"Column":    strconv.Quote(f.column),
		"Steps":     f.steps,
		"Transform": fmt.Sprintf("%T{}", f.transform),
		"Test":      testPart,
		"Seed":      f.seed,
		"Units":     f.units,
		"Epochs":    f.epochs,
	})
	return b.String(), err
}

var programs = template.Must(template.New("program").Parse(`package main

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
)

func main() {
	ctx := context.Background()
	{{.Series}}
	config := datasets.WindowConfig{
		Columns: []string{ {{- .Column -}} }, Steps: {{.Steps}},
		Transform: {{.Transform}}, Test: {{.Test}},
	}
	data, err := datasets.Windows(series, config)
	check(err)

	model := models.NewSequential(models.Config{Seed: {{.Seed}}},
		layers.Input{Shape: data.InputShape()}, // {{"["}}{{.Steps}}, 1]
		layers.LSTM{Units: {{.Units}}},
		layers.Dense{Units: 1},
	)
	trainer, err := train.Compile(model, train.Config{
		Loss: losses.MSE{}, Optimizer: optimizers.Adam{},
	})
	check(err)
	_, err = trainer.Fit(ctx, data.Train, train.FitConfig{
		Epochs: {{.Epochs}}, Progress: os.Stderr,
	})
	check(err)

	yhat, err := model.Predict(ctx, data.Test.X()...)
	check(err)
	score, err := data.Score(yhat)
	check(err)
	fmt.Println(score)
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
`))
