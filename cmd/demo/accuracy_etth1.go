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
	s = firstRows(s, etthTrain+2*etthPart)
	s.Times, s.Index = nil, nil // the protocol has no features of the calendar
	for _, horizon := range o.horizons {
		if err := t.header(fmt.Sprintf("MSE at %d", horizon), "MAE"); err != nil {
			return err
		}
		for _, c := range etthContestants(horizon) {
			err := t.measure(c, func(config forecast.Config) ([]float64, error) {
				f, err := forecast.Fit(ctx, config, firstRows(s, etthTrain+etthPart+horizon))
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

func etthContestants(horizon int) []contestant {
	config := func(network networks.Network, optimizer optimizers.Optimizer) forecast.Config {
		return forecast.Config{
			Network: network, Optimizer: optimizer, Head: forecast.Point{Of: losses.MAE{}}, Normalize: forecast.NormalizeNone,
			Horizon: horizon, Steps: etthSteps, Season: 24, Validation: etthPart, Test: 1, BatchSize: 64, MaxSteps: 33, Epochs: 16, Patience: 16,
		}
	}
	decay := func(rate float64) optimizers.Optimizer {
		return optimizers.Adam{Schedule: schedules.ExponentialDecay{InitialLearningRate: rate, DecaySteps: 33, DecayRate: 0.9}}
	}
	lstm := config(networks.LSTM{}, optimizers.Adam{})
	lstm.Normalize = forecast.NormalizeLast
	return []contestant{
		{"SegRNN", config(networks.SegRNN{}, decay(0.001))},
		{"DLinear", config(networks.DLinear{}, optimizers.Adam{LearningRate: 0.005})},
		{"LSTM", lstm},
	}
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
