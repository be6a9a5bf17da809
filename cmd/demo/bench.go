package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train"
)

// timing holds the best and the median time of several runs, in milliseconds.
type timing struct {
	Best   float64 `json:"best"`
	Median float64 `json:"median"`
}

func (t timing) String() string { return digits(t.Best) + " (" + digits(t.Median) + ")" }

// digits writes a time with four digits, at most three of them behind the point.
func digits(ms float64) string {
	places := 3
	for size := ms; size >= 10 && places > 0; size /= 10 {
		places--
	}
	return fmt.Sprintf("%.*f", places, ms)
}

// benchResult holds the times of one shape.
type benchResult struct {
	Shape        benchShape `json:"shape"`
	Build        float64    `json:"build_ms"`
	FirstStep    float64    `json:"first_step_ms"` // compiles the program
	TrainStep    timing     `json:"train_step_ms"`
	Allocations  float64    `json:"train_step_allocations"`
	PredictBatch timing     `json:"predict_batch_ms"`
	PredictOne   timing     `json:"predict_one_ms"`
}

// benchTable writes the results of shapes when they are measured.
type benchTable struct {
	out    io.Writer
	width  int // of the terminal
	shapes int // width of the longest shape
}

// row is a row of the table, on two lines if the terminal is narrow.
func (t benchTable) row(shape, train, batch, one string) string {
	cells := fmt.Sprintf("  %13s  %13s  %13s\n", train, batch, one)
	if t.shapes+len(cells)-1 > t.width {
		return shape + "\n" + cells
	}
	return fmt.Sprintf("%-*s%s", t.shapes, shape, cells)
}

// write writes the row of a result, and below it what happens once.
func (t benchTable) write(r benchResult) error {
	once := fmt.Sprintf("build %.3g, first training step %.3g; %.0f allocations a training step", r.Build, r.FirstStep, r.Allocations)
	once = strings.ReplaceAll(notebook.Wrap(once, t.width-2), "\n", "\n  ")
	_, err := fmt.Fprintf(t.out, "%s  %s\n", t.row(r.Shape.String(), r.TrainStep.String(), r.PredictBatch.String(), r.PredictOne.String()), once)
	return errors.Wrap(err, "standard output")
}

// benchmark says how long each figure is measured.
type benchmark struct {
	warmUp time.Duration
	limit  time.Duration // of the runs that are measured; three are always measured
}

// run times a model.
func (b benchmark) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags("bench", "Times a training step (gathering the batch, loss, gradients and Adam), prediction of a batch and of one sample, on random numbers.")
	var given []string
	f.define("shape", "N,N,…", "the numbers of the model, as listed below; the flag repeats", func(s string) string {
		given = append(given, s)
		return ""
	})
	cell := f.choice("cell", "lstm", []string{"lstm", "gru", "rnn"}, "the layer of recurrent models")
	name := f.choice("model", "single", benchNames(), "the model")
	f.list("Models, and the numbers of --shape with those timed by default: T steps, a batch of B, D features, H units, V words", benchHelp())
	asJSON := f.toggle("json", "write one JSON object a shape to standard output")
	if err := f.parse(args, stdout); err != nil {
		return err
	}
	model := benchModels()[slices.Index(benchNames(), *name)]
	if f.given("cell") && !model.recurrent {
		return wrongFlag("cell", "must be left out with --model "+model.name, *cell)
	}
	shapes, err := model.parse(given)
	if err != nil {
		return err
	}
	table := benchTable{out: stdout, width: notebook.Width(stdout), shapes: len(model.letters)}
	for _, s := range shapes {
		table.shapes = max(table.shapes, len(s.String()))
	}
	if !*asJSON {
		caption := model.name
		if model.recurrent {
			caption = *cell + ", " + caption
		}
		_, err := fmt.Fprintf(stdout, "%s, float32, milliseconds: best (median)\n%s", caption, table.row(model.letters, "training step", "predict batch", "predict one"))
		if err != nil {
			return errors.Wrap(err, "standard output")
		}
	}
	for _, s := range shapes {
		r, err := b.shape(ctx, s, model, benchCells[*cell])
		if err != nil {
			return errors.Wrap(err, s.String())
		}
		if *asJSON {
			err = errors.Wrap(json.NewEncoder(stdout).Encode(r), "--json")
		} else {
			err = table.write(r)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shape times one shape, through what Fit and Predict do.
func (b benchmark) shape(ctx context.Context, s benchShape, of benchModel, cell benchCell) (benchResult, error) {
	r := benchResult{Shape: s}
	if err := ctx.Err(); err != nil {
		return r, err
	}
	begun := time.Now()
	t := of.task(s, cell)
	if err := t.model.Build(); err != nil {
		return r, err
	}
	r.Build = milliseconds(time.Since(begun))
	trainer, err := train.Compile(t.model, train.Config{Loss: t.loss})
	if err != nil {
		return r, err
	}
	size := of.batch(s)
	x := t.input(size)
	data, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{t.target(size)})
	if err != nil {
		return r, err
	}
	rows := make([]int, size)
	for i := range rows {
		rows[i] = i
	}
	var batch datasets.Batch
	step := func() error {
		if err := data.Gather(rows, &batch); err != nil {
			return err
		}
		_, err := trainer.Step(ctx, &batch)
		return err
	}
	begun = time.Now()
	if err := step(); err != nil {
		return r, err
	}
	r.FirstStep = milliseconds(time.Since(begun))
	if r.TrainStep, err = b.time(ctx, 50, step); err != nil {
		return r, err
	}
	if r.Allocations, err = allocations(5, step); err != nil {
		return r, err
	}
	if r.PredictBatch, err = b.time(ctx, 50, func() error { _, err := t.model.Predict(ctx, x); return err }); err != nil {
		return r, err
	}
	one := t.input(1)
	r.PredictOne, err = b.time(ctx, 500, func() error { _, err := t.model.Predict(ctx, one); return err })
	return r, err
}

// allocations is the mean number of allocations of a run of f, with those of other
// goroutines.
func allocations(runs int, f func() error) (float64, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		if err := f(); err != nil {
			return 0, err
		}
	}
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(runs), nil
}

// time runs f to warm up, then measures up to runs runs.
func (b benchmark) time(ctx context.Context, runs int, f func() error) (timing, error) {
	run := func(limit time.Duration, least, most int) (took []time.Duration, err error) {
		for end := time.Now().Add(limit); len(took) < most && (len(took) < least || time.Now().Before(end)); {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			begun := time.Now()
			if err := f(); err != nil {
				return nil, err
			}
			took = append(took, time.Since(begun))
		}
		return took, nil
	}
	if _, err := run(b.warmUp, 1, math.MaxInt); err != nil {
		return timing{}, err
	}
	took, err := run(b.limit, 3, runs)
	if err != nil {
		return timing{}, err
	}
	slices.Sort(took)
	return timing{milliseconds(took[0]), milliseconds(took[len(took)/2])}, nil
}

func milliseconds(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
