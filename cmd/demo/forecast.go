package main

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
)

// testPart is the fraction of a series, at its end, that the model is tested on.
const testPart = 0.2

// subject is the column of a series to forecast.
type subject struct {
	series    *datasets.Series
	column    string
	transform datasets.Transform

	called string // the name in a sentence, such as "the DAX"
	unit   string // of the values, such as "index points"; the column's name if unknown
	row    string // the period of one row, such as "day"
	code   string // Go statements that load the series
}

// name returns the column's name on one line, shortened if necessary.
func (s subject) name() string {
	const most = 30
	name := []rune(strings.Join(strings.FieldsFunc(s.column, func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " "))
	if len(name) > most {
		return string(name[:most-1]) + "…"
	}
	return string(name)
}

// setting holds the configuration that all models of a run share.
type setting struct {
	steps, units, epochs int
	seed                 uint64
}

// forecaster is the model for one subject and, after fit, its results.
type forecaster struct {
	subject
	setting
	data    *datasets.Windowed
	model   *models.Sequential
	trainer *train.Trainer
	kept    *checkpoint.Directory // nil without --checkpoint

	losses    []float64 // by epoch
	took      time.Duration
	score     datasets.Score
	forecasts []float64 // for the test part, in original units
	next      float64   // forecast for the row after the last one
	hash      string    // of the weights
}

// newForecaster makes the windows and the model. It is fast, so that all errors
// in the configuration are reported before any training starts.
func newForecaster(s subject, c setting) (*forecaster, error) {
	data, err := datasets.Windows(s.series, datasets.WindowConfig{
		Columns: []string{s.column}, Steps: c.steps, Transform: s.transform, Test: testPart,
	})
	if err != nil {
		return nil, err
	}
	model := models.NewSequential(models.Config{Seed: c.seed},
		layers.Input{Shape: data.InputShape()},
		layers.LSTM{Units: c.units},
		layers.Dense{Units: 1},
	)
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}, Optimizer: optimizers.Adam{}})
	if err != nil {
		return nil, err
	}
	return &forecaster{subject: s, setting: c, data: data, model: model, trainer: trainer}, nil
}

// keep makes fit keep checkpoints in a folder, and continue from the newest. The log
// says what is done with them.
func (f *forecaster) keep(folder string, log io.Writer) (err error) {
	f.kept, err = checkpoint.Open(folder, checkpoint.Config{Every: time.Second, Log: log})
	return err
}

// fit trains the model and then evaluates it once on the test part.
func (f *forecaster) fit(ctx context.Context, progress io.Writer) error {
	begun := time.Now()
	cfg := train.FitConfig{Epochs: f.epochs, Progress: progress}
	var history *train.History
	var err error
	if f.kept != nil {
		history, err = f.kept.Fit(ctx, f.trainer, f.data.Train, cfg)
	} else {
		history, err = f.trainer.Fit(ctx, f.data.Train, cfg)
	}
	if err != nil {
		return errors.Wrap(flagged(err), f.name())
	}
	f.took = time.Since(begun)
	f.losses = history.Values["loss"]
	return errors.Wrap(f.evaluate(ctx), f.name())
}

func (f *forecaster) evaluate(ctx context.Context) error {
	yhat, err := f.model.Predict(ctx, f.data.Test.X()...)
	if err != nil {
		return err
	}
	if f.score, err = f.data.Score(yhat); err != nil {
		return err
	}
	forecasts, err := f.data.Predictions(yhat)
	if err != nil {
		return err
	}
	f.forecasts = forecasts[0]
	if yhat, err = f.model.Predict(ctx, f.data.Newest()...); err != nil {
		return err
	}
	next, err := f.data.Next(yhat)
	if err != nil {
		return err
	}
	f.next = next[0]
	f.hash, err = f.model.WeightsSHA256()
	return err
}

// modelName is the name of the model in charts.
func (c setting) modelName() string { return fmt.Sprintf("LSTM(%d)", c.units) }

// last returns the last value of the series.
func (s subject) last() (float64, error) {
	values, err := s.series.Column(s.column)
	if err != nil {
		return 0, err
	}
	return values[len(values)-1], nil
}

// ends returns the labels of the first and the last row, from which a reader sees
// whether the rows are in chronological order.
func (s subject) ends() (first, last string) {
	rows := s.series.Len()
	if len(s.series.Index) != rows {
		return "–", "–"
	}
	return s.series.Index[0], s.series.Index[rows-1]
}

// axis returns the label of the x axis of a chart and the x coordinates of the last
// n rows: years if the rows are labelled with dates, otherwise row numbers from 1.
func (s subject) axis(n int) (label string, at []float64) {
	rows := s.series.Len()
	at = make([]float64, n)
	for i := range at {
		at[i] = float64(rows - n + i + 1)
	}
	if len(s.series.Index) != rows {
		return "row", at
	}
	years := make([]float64, n)
	for i, text := range s.series.Index[rows-n:] {
		year, ok := yearOf(text)
		if !ok {
			return "row", at
		}
		years[i] = year
	}
	return "year", years
}

// yearOf parses "1991.5", or "1749-01" as the middle of that month.
func yearOf(label string) (year float64, ok bool) {
	if month, err := time.Parse("2006-01", label); err == nil {
		return float64(month.Year()) + (float64(month.Month())-0.5)/12, true
	}
	year, err := strconv.ParseFloat(label, 64)
	return year, err == nil
}
