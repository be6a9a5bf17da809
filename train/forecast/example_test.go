package forecast_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
)

// Passengers of airlines for the next four months: train a network, compare it with simple methods,
// keep everything in a file, and forecast with what was best.
func Example() {
	ctx := context.Background()
	f, err := forecast.Fit(ctx, forecast.Config{
		Horizon: 4,
		Network: networks.GRU{Units: 8},
		Test:    0.1,
		Epochs:  5,
		Use:     forecast.Best,
	}, datasets.AirPassengers())
	if err != nil {
		log.Fatal(err)
	}
	v := f.Verdict()
	fmt.Println("best of", v.Origins, "forecasts:", v.Best) // fmt.Println(v) says more

	directory, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(directory)
	path := filepath.Join(directory, "passengers.engram")
	if err := f.Save(path); err != nil {
		log.Fatal(err)
	}
	loaded, err := forecast.Load(path, forecast.LoadConfig{})
	if err != nil {
		log.Fatal(err)
	}
	next, err := loaded.Forecast(ctx)
	if err != nil {
		log.Fatal(err)
	}
	passengers := next[0].Targets[0]
	for h, at := range next[0].Times {
		fmt.Printf("%s: %.0f, in 80 %% of cases from %.0f to %.0f\n", at, passengers.Values[h], passengers.Quantiles[0][h], passengers.Quantiles[2][h])
	}
	// Output:
	// best of 11 forecasts: ETS
	// 1961-01: 447, in 80 % of cases from 434 to 460
	// 1961-02: 420, in 80 % of cases from 407 to 433
	// 1961-03: 466, in 80 % of cases from 452 to 481
	// 1961-04: 496, in 80 % of cases from 480 to 512
}
