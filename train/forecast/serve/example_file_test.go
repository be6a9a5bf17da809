package serve_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/serve"
)

// From a file to a forecast in service.
func Example_file() {
	ctx := context.Background()
	series, err := datasets.LoadCSV("sales.csv", datasets.CSVConfig{})
	check(err)
	f, err := forecast.Fit(ctx, forecast.Config{Targets: []string{"sales"}, Horizon: 14, Progress: os.Stderr}, series)
	check(err)
	next, err := f.Forecast(ctx)
	check(err)
	fmt.Println(f.Verdict(), next[0].Times, next[0].Targets[0].Values)
	check(f.Save("sales.engram"))
	handler, err := serve.New(f, serve.Config{Model: serve.Describe(f)})
	check(err)
	check(serve.Server{Handler: handler}.Run(ctx)) // at http://127.0.0.1:8080
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
