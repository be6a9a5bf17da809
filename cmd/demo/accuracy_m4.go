package main

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/baselines"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/forecast/scores"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
)

// The protocol of M4 hourly (Makridakis et al. 2020).
const (
	m4Horizon = 48
	m4Season  = 24
)

// runM4 trains one network on all series of M4 hourly, and scores the 48 hours after them.
func runM4(ctx context.Context, o accuracyOptions, t *scoreTable) error {
	history, err := readM4(o.file)
	if err != nil {
		return errors.Wrap(err, "--file")
	}
	truth, err := readM4(o.test)
	if err != nil {
		return errors.Wrap(err, "--test")
	}
	if len(truth) != len(history) || len(history) == 0 {
		return wrongFlag("test", fmt.Sprintf("must have as many series as --file, %d", len(history)), o.test)
	}
	if err := t.header("sMAPE", "MASE", "OWA"); err != nil {
		return err
	}
	var reference []float64
	for _, m := range []struct {
		name string
		fit  func([]float64) (*baselines.Fitted, error)
	}{
		{"Naive2", baselines.Naive2{Period: m4Season}.Fit},
		{"naive", baselines.Naive{}.Fit},
		{"seasonal naive", baselines.SeasonalNaive{Period: m4Season}.Fit},
		{"Theta", baselines.Theta{Period: m4Season}.Fit},
	} {
		s, err := m4Scores(history, truth, func(i int) ([]float64, error) {
			fitted, err := m.fit(history[i].Values[0])
			if err != nil {
				return nil, err
			}
			f, err := fitted.Forecast(m4Horizon)
			return f.Mean, err
		})
		if err != nil {
			return errors.Wrap(err, m.name)
		}
		if reference == nil {
			reference = s
		}
		if err := t.line(m.name, [][]float64{append(s, owa(s, reference))}, 0); err != nil {
			return err
		}
	}
	for _, c := range m4Contestants() {
		err := t.measure(c, func(config forecast.Config) ([]float64, error) {
			f, err := forecast.Fit(ctx, config, history...)
			if err != nil {
				return nil, err
			}
			next, err := f.Forecast(ctx, history...)
			if err != nil {
				return nil, err
			}
			s, err := m4Scores(history, truth, func(i int) ([]float64, error) { return next[i].Targets[0].Values, nil })
			return append(s, owa(s, reference)), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func m4Contestants() []contestant {
	const epoch = 200
	config := func(network networks.Network, rate float64, epochs int) forecast.Config {
		return forecast.Config{
			Network: network, Optimizer: optimizers.Adam{Schedule: schedules.CosineDecay{InitialLearningRate: rate, DecaySteps: epochs * epoch}},
			Head: forecast.Point{Of: losses.MAE{}}, Transform: datasets.Log{}, Normalize: forecast.NormalizeStandard, Refit: true,
			Horizon: m4Horizon, Steps: 336, Season: m4Season, Validation: 1, Test: 1, BatchSize: 128, MaxSteps: epoch, Epochs: epochs, Patience: epochs,
		}
	}
	return []contestant{
		{"NHITS", config(networks.NHITS{}, 0.001, 14)},
		{"DLinear", config(networks.DLinear{}, 0.005, 14)},
	}
}

// m4Scores are sMAPE and MASE, the mean over the series.
func m4Scores(history, truth []*datasets.Series, forecast func(i int) ([]float64, error)) ([]float64, error) {
	sums := []float64{0, 0}
	for i, h := range history {
		y, err := forecast(i)
		if err != nil {
			return nil, errors.Wrap(err, h.Name)
		}
		smape, err := scores.SMAPE(truth[i].Values[0], y)
		if err != nil {
			return nil, errors.Wrap(err, h.Name)
		}
		mase, err := scores.MASE(h.Values[0], m4Season, truth[i].Values[0], y)
		if err != nil {
			return nil, errors.Wrap(err, h.Name)
		}
		sums[0], sums[1] = sums[0]+smape/float64(len(history)), sums[1]+mase/float64(len(history))
	}
	return sums, nil
}

// owa is the mean of both scores relative to those of Naive2.
func owa(s, reference []float64) float64 { return (s[0]/reference[0] + s[1]/reference[1]) / 2 }

// readM4 reads a file with a series in each row, behind its name.
func readM4(path string) ([]*datasets.Series, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	r := csv.NewReader(file)
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var all []*datasets.Series
	for i, row := range rows[min(1, len(rows)):] {
		var values []float64
		for _, cell := range row[1:] {
			if cell == "" {
				break
			}
			x, err := strconv.ParseFloat(cell, 64)
			if err != nil {
				return nil, errors.Wrapf(err, "row %d", i+2)
			}
			values = append(values, x)
		}
		all = append(all, &datasets.Series{Name: row[0], Columns: []string{"value"}, Values: [][]float64{values}})
	}
	return all, nil
}
