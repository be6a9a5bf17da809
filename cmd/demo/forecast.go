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
	"github.com/engram-go/engram/train/losses"
	"github.com/engram-go/engram/train/optimizers"
)

// testPart is the last fifth of a series, which judges the model.
const testPart = 0.2

// subject is a column of a series that is to be forecast.
type subject struct {
	series    *datasets.Series
	column    string
	transform datasets.Transform

	called string // in a sentence, such as "the DAX"
	unit   string // of the values, such as "index points"; the column where it is not known
	row    string // what a row is, such as "day"
	code   string // the Go statements that give the series
}

// name is the column as it may stand in a text: short, and on one line.
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

// setting is what the models of all subjects share.
type setting struct {
	steps, units, epochs int
	seed                 uint64
}

// forecaster is a model for one subject, before and after its training.
type forecaster struct {
	subject
	setting
	data    *datasets.Windowed
	model   *models.Sequential
	trainer *train.Trainer

	losses    []float64 // by epoch
	took      time.Duration
	score     datasets.Score
	forecasts []float64 // in the test part, in original units
	next      float64   // after the last row
	hash      string    // of the weights
}

// newForecaster makes the windows and the model. It computes nothing that
// takes long, so that mistakes show at once.
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

// fit trains the model, and then looks at the test part for the first time
// and the only one.
func (f *forecaster) fit(ctx context.Context, progress io.Writer) error {
	begun := time.Now()
	history, err := f.trainer.Fit(ctx, f.data.Train, train.FitConfig{Epochs: f.epochs, Progress: progress})
	if err != nil {
		return errors.Wrap(err, f.name())
	}
	f.took = time.Since(begun)
	f.losses = history.Values["loss"]
	return errors.Wrap(f.judge(ctx), f.name())
}

func (f *forecaster) judge(ctx context.Context) error {
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

// modelName is what the model is called beside other forecasts.
func (c setting) modelName() string { return fmt.Sprintf("LSTM(%d)", c.units) }

// last is the last value of the series.
func (s subject) last() (float64, error) {
	values, err := s.series.Column(s.column)
	if err != nil {
		return 0, err
	}
	return values[len(values)-1], nil
}

// ends are the labels of the first and the last row, which show whether the rows
// are in order of time.
func (s subject) ends() (first, last string) {
	rows := s.series.Len()
	if len(s.series.Index) != rows {
		return "–", "–"
	}
	return s.series.Index[0], s.series.Index[rows-1]
}

// axis says where the last n rows lie on the x axis of a chart, and what that
// axis shows: years where the rows are labelled with them, or the numbers of
// the rows, from 1 on.
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

// yearOf reads "1991.5" or "1749-01", whose middle it returns.
func yearOf(label string) (year float64, ok bool) {
	if month, err := time.Parse("2006-01", label); err == nil {
		return float64(month.Year()) + (float64(month.Month())-0.5)/12, true
	}
	year, err := strconv.ParseFloat(label, 64)
	return year, err == nil
}
