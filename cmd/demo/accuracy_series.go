package main

import (
	"context"
	"math"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
)

// runAirline forecasts six months from each of 1958-12 to 1960-06.
func runAirline(ctx context.Context, _ accuracyOptions, t *scoreTable) error {
	const known, horizon, season = 120, 6, 12
	s := datasets.AirPassengers()
	log := forecast.Config{Horizon: horizon, Transform: datasets.Log{}, Head: forecast.Point{}, Members: 5}
	lstm := forecast.Config{Horizon: horizon, Transform: datasets.Log{}, Head: forecast.Point{}, Network: networks.LSTM{}}
	r := rolling{series: s, known: known, stride: 1, contestants: []contestant{
		{"DLinear, logarithms, mean of 5", log},
		{"LSTM, logarithms", lstm},
		{"DLinear, defaults", forecast.Config{Horizon: horizon}},
		{"LSTM, defaults", forecast.Config{Horizon: horizon, Network: networks.LSTM{}}},
	}}
	if err := r.run(ctx, t); err != nil {
		return err
	}
	// The value a year before, times the change of the newest month from a year before.
	x, sum, absolute, n := s.Values[0], 0.0, 0.0, 0.0
	for from := known - 1; from+horizon < len(x); from++ {
		for h := 1; h <= horizon; h++ {
			e := math.Abs(x[from+h-season]*x[from]/x[from-season] - x[from+h])
			sum, absolute, n = sum+e/x[from+h], absolute+e, n+1
		}
	}
	return t.line("seasonal naive × ratio", [][]float64{{100 * sum / n, absolute / n, math.NaN()}}, 0)
}

// runSunspots forecasts a year from every year of the last fifth.
func runSunspots(ctx context.Context, _ accuracyOptions, t *scoreTable) error {
	const horizon, cycle = 12, 132 // about 11 years
	s := datasets.Sunspots()
	return rolling{series: s, known: s.Len() * 4 / 5, stride: horizon, contestants: []contestant{
		{"DLinear, three cycles", forecast.Config{Horizon: horizon, Steps: 3 * cycle}},
		{"DLinear, defaults", forecast.Config{Horizon: horizon}},
		{"LSTM, one cycle", forecast.Config{Horizon: horizon, Steps: cycle, Network: networks.LSTM{}}},
		{"LSTM, defaults", forecast.Config{Horizon: horizon, Network: networks.LSTM{}}},
	}}.run(ctx, t)
}

// runDAX forecasts five days from every fifth day of the last fifth.
func runDAX(ctx context.Context, _ accuracyOptions, t *scoreTable) error {
	const horizon = 5
	s := datasets.EUStocks()
	config := func(transform datasets.Transform, network networks.Network) forecast.Config {
		return forecast.Config{Targets: []string{"DAX"}, Horizon: horizon, Transform: transform, Network: network}
	}
	return rolling{series: s, known: s.Len() * 4 / 5, stride: horizon, contestants: []contestant{
		{"DLinear, defaults", config(nil, nil)},
		{"LSTM, defaults", config(nil, networks.LSTM{})},
		{"LSTM, log returns", config(datasets.LogReturn{}, networks.LSTM{})},
	}}.run(ctx, t)
}
