package main

import (
	"context"
	"fmt"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
	"github.com/engram-go/engram/train/schedules"
)

// The protocol of ETTh1 (Zhou et al. 2021, with a look-back of 96 as in Zeng et al. 2023).
const (
	etthSteps = 96
	etthTrain = 8640
	etthPart  = 2880 // rows of the validation, and of the test
)

var etthHorizons = []int{96, 192, 336, 720}

// runETTh1 trains networks on all columns, and scores every window of the test part.
func runETTh1(ctx context.Context, o accuracyOptions, t *scoreTable) error {
	s, err := datasets.LoadCSV(o.file, datasets.CSVConfig{})
	if err != nil {
		return errors.Wrap(err, "--file")
	}
	if s.Len() < etthTrain+2*etthPart {
		return wrongFlag("file", fmt.Sprintf("must have %d rows at least", etthTrain+2*etthPart), o.file)
	}
	if s, err = s.Slice(0, etthTrain+2*etthPart); err != nil {
		return err
	}
	s.Times, s.Index = nil, nil // the protocol has no features of the calendar
	for _, horizon := range o.horizons {
		if err := t.header(fmt.Sprintf("MSE at %d", horizon), "MAE"); err != nil {
			return err
		}
		known, err := s.Slice(0, etthTrain+etthPart+horizon)
		if err != nil {
			return err
		}
		for _, c := range etthContestants(horizon) {
			err := t.measure(c, func(config forecast.Config) ([]float64, error) {
				f, err := forecast.Fit(ctx, config, known)
				if err != nil {
					return nil, err
				}
				return etthScores(ctx, f, s, horizon)
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// etthContestants are the networks. An epoch has 33 batches, so that one with better weights is
// found early.
func etthContestants(horizon int) []contestant {
	const epoch = 33
	config := func(network networks.Network, normalize forecast.Normalize, rate float64, batch, epochs int) forecast.Config {
		return forecast.Config{
			Network: network, Head: forecast.Point{Of: losses.MAE{}}, Normalize: normalize, Optimizer: optimizers.Adam{Schedule: decaying(rate, epoch, epochs)},
			Horizon: horizon, Steps: etthSteps, Season: 24, Validation: etthPart, Test: 1, BatchSize: batch, MaxSteps: epoch, Epochs: epochs, Patience: epochs,
		}
	}
	return []contestant{
		{"DLinear", config(networks.DLinear{}, forecast.NormalizeNone, 0.005, 64, 12)},
		{"NHITS", config(networks.NHITS{Units: 256}, forecast.NormalizeLast, 0.001, 64, 24)},
		{"SegRNN", config(networks.SegRNN{}, forecast.NormalizeNone, 0.001, 16, 30)},
		{"LSTM", config(networks.LSTM{}, forecast.NormalizeLast, 0.001, 64, 40)},
	}
}

// decaying are learning rates that fall by a fifth with every epoch of the second half.
func decaying(rate float64, epoch, epochs int) optimizers.Schedule {
	s := schedules.PiecewiseConstantDecay{Values: []float64{rate}}
	for e := epochs/2 + 1; e < epochs; e++ {
		rate *= 0.8
		s.Boundaries, s.Values = append(s.Boundaries, e*epoch-1), append(s.Values, rate)
	}
	return s
}

// etthScores are the errors over all columns and windows of the test part, in units of the
// standard deviation of the training part.
func etthScores(ctx context.Context, f *forecast.Forecaster, s *datasets.Series, horizon int) ([]float64, error) {
	deviations := make([]float64, len(s.Values))
	for j, column := range s.Values {
		fitted, err := datasets.Standard{}.Fit(column[:etthTrain])
		if err != nil {
			return nil, err
		}
		deviations[j] = fitted.Undo(0, 1) - fitted.Undo(0, 0)
	}
	const batch = 64
	squares, absolute, n := 0.0, 0.0, 0.0
	for from := etthTrain + etthPart; from+horizon <= s.Len(); from += batch {
		var windows []*datasets.Series
		for at := from; at < from+batch && at+horizon <= s.Len(); at++ {
			w := &datasets.Series{Name: fmt.Sprint(at), Columns: s.Columns}
			for _, column := range s.Values {
				w.Values = append(w.Values, column[at-etthSteps:at])
			}
			windows = append(windows, w)
		}
		forecasts, err := f.Forecast(ctx, windows...)
		if err != nil {
			return nil, err
		}
		for i := range windows {
			for j, target := range forecasts[i].Targets {
				for h, y := range target.Values {
					e := (y - s.Values[j][from+i+h]) / deviations[j]
					squares, absolute, n = squares+e*e, absolute+max(e, -e), n+1
				}
			}
		}
	}
	if n == 0 {
		return nil, graph.Error{Field: "--horizon", Rule: fmt.Sprintf("must be at most %d", etthPart), Value: horizon}
	}
	return []float64{squares / n, absolute / n}, nil
}
