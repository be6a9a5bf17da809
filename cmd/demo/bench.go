package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/models"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/losses"
)

// benchHeads is the number of attention heads if it divides the units, otherwise 1 is
// used.
const benchHeads = 4

// benchCell makes a recurrent layer and its cell. The layer returns the outputs of
// all steps or of the last one; recurrent is its recurrent dropout.
type benchCell struct {
	layer func(units int, sequences bool, recurrent float64) layers.Layer
	step  func(units int) layers.Cell
}

// benchCells are the layers that --cell selects.
var benchCells = map[string]benchCell{
	"lstm": {
		layer: func(units int, sequences bool, recurrent float64) layers.Layer {
			return layers.LSTM{Units: units, ReturnSequences: sequences, RecurrentDropout: recurrent}
		},
		step: func(units int) layers.Cell { return layers.LSTMCell{Units: units} },
	},
	"gru": {
		layer: func(units int, sequences bool, recurrent float64) layers.Layer {
			return layers.GRU{Units: units, ReturnSequences: sequences, RecurrentDropout: recurrent}
		},
		step: func(units int) layers.Cell { return layers.GRUCell{Units: units} },
	},
	"rnn": {
		layer: func(units int, sequences bool, recurrent float64) layers.Layer {
			return layers.SimpleRNN{Units: units, ReturnSequences: sequences, RecurrentDropout: recurrent}
		},
		step: func(units int) layers.Cell { return layers.SimpleRNNCell{Units: units} },
	},
}

// benchModels are the models that --model selects: the layers before Dense(1).
var benchModels = map[string]func(cell benchCell, units int) []layers.Layer{
	"single": func(cell benchCell, units int) []layers.Layer {
		return []layers.Layer{cell.layer(units, false, 0)}
	},
	"scan": func(cell benchCell, units int) []layers.Layer {
		return []layers.Layer{layers.RNN{Cell: cell.step(units)}}
	},
	"dropout": func(cell benchCell, units int) []layers.Layer {
		return []layers.Layer{cell.layer(units, false, 0.2)}
	},
	"stacked": func(cell benchCell, units int) []layers.Layer {
		return []layers.Layer{cell.layer(units, true, 0), cell.layer(units, false, 0)}
	},
	"bidirectional": func(cell benchCell, units int) []layers.Layer {
		return []layers.Layer{layers.Bidirectional{Layer: cell.layer(units, false, 0)}}
	},
	"attention": func(cell benchCell, units int) []layers.Layer {
		heads := benchHeads
		if units%heads != 0 {
			heads = 1
		}
		return []layers.Layer{cell.layer(units, true, 0), layers.MultiHeadAttention{NumHeads: heads, KeyDim: units / heads}, layers.Flatten{}}
	},
}

// timing holds the best and the median time of several runs, in milliseconds.
type timing struct {
	Best   float64 `json:"best"`
	Median float64 `json:"median"`
}

func (t timing) String() string { return fmt.Sprintf("%.3f (%.3f)", t.Best, t.Median) }

// benchResult holds the times of one shape.
type benchResult struct {
	Shape        [4]int `json:"shape"`
	TrainStep    timing `json:"train_step_ms"`
	PredictBatch timing `json:"predict_batch_ms"`
	PredictOne   timing `json:"predict_one_ms"`
}

// benchRow writes a row of the table.
func benchRow(w io.Writer, cells ...any) error {
	_, err := fmt.Fprintf(w, "%-19s  %18s  %18s  %18s\n", cells...)
	return errors.Wrap(err, "standard output")
}

// benchmark says how long each figure is measured.
type benchmark struct {
	warmUp time.Duration
	limit  time.Duration // of the runs that are measured; three are always measured
}

// run times a recurrent layer, or a model of such layers, followed by Dense(1).
func (b benchmark) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	f := newFlags("bench", "Times a training step (gathering the batch, loss, gradients and Adam), prediction of a batch and of one sample.")
	var shapes []benchShape
	standard := strings.Trim(fmt.Sprint(benchDefaults), "[]")
	f.define("shape", "T,B,D,H", "steps, batch, features and units; the flag repeats ("+standard+")", func(s string) string {
		shape, ok := parseShape(s)
		if !ok {
			return "must be four whole numbers T,B,D,H from 1 to 4096"
		}
		shapes = append(shapes, shape)
		return ""
	})
	cell := f.choice("cell", "lstm", []string{"lstm", "gru", "rnn"}, "the layer")
	model := f.choice("model", "single", []string{"single", "scan", "dropout", "stacked", "bidirectional", "attention"}, "the layer alone, its cell as a scan, with recurrent dropout, two of it, both directions, or self-attention of 4 heads behind it (1 where 4 do not divide H)")
	asJSON := f.toggle("json", "write one JSON object a shape to standard output")
	if err := f.parse(args, stdout); err != nil {
		return err
	}
	if len(shapes) == 0 {
		shapes = benchDefaults
	}
	for _, s := range shapes {
		if err := s.check(*model == "attention"); err != nil {
			return err
		}
	}
	if !*asJSON {
		_, err := fmt.Fprintf(stdout, "%s, %s, float32, milliseconds: best (median)\n", *cell, *model)
		if err := first(err, benchRow(stdout, "T,B,D,H", "training step", "predict batch", "predict one")); err != nil {
			return err
		}
	}
	for _, s := range shapes {
		r, err := b.shape(ctx, s, benchModels[*model](benchCells[*cell], s.units))
		if err != nil {
			return errors.Wrap(err, s.String())
		}
		if *asJSON {
			err = errors.Wrap(json.NewEncoder(stdout).Encode(r), "--json")
		} else {
			err = benchRow(stdout, s, r.TrainStep, r.PredictBatch, r.PredictOne)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// shape times one shape on random numbers, through what Fit and Predict do.
func (b benchmark) shape(ctx context.Context, s benchShape, inner []layers.Layer) (benchResult, error) {
	r := benchResult{Shape: [4]int{s.steps, s.batch, s.features, s.units}}
	model := models.NewSequential(models.Config{Seed: 1}, layers.Input{Shape: graph.Shape{s.steps, s.features}})
	for _, l := range append(inner, layers.Dense{Units: 1}) {
		model.Add(l)
	}
	trainer, err := train.Compile(model, train.Config{Loss: losses.MSE{}})
	if err != nil {
		return r, err
	}
	x := noise("x", s.batch, s.steps, s.features)
	data, err := datasets.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{noise("y", s.batch, 1)})
	if err != nil {
		return r, err
	}
	rows := make([]int, s.batch)
	for i := range rows {
		rows[i] = i
	}
	var batch datasets.Batch
	if r.TrainStep, err = b.time(ctx, 50, func() error {
		if err := data.Gather(rows, &batch); err != nil {
			return err
		}
		_, err := trainer.Step(ctx, &batch)
		return err
	}); err != nil {
		return r, err
	}
	if r.PredictBatch, err = b.time(ctx, 50, func() error { _, err := model.Predict(ctx, x); return err }); err != nil {
		return r, err
	}
	one := noise("x", 1, s.steps, s.features)
	r.PredictOne, err = b.time(ctx, 500, func() error { _, err := model.Predict(ctx, one); return err })
	return r, err
}

// noise returns a tensor of normally distributed values.
func noise(purpose string, shape ...int) *tensor.Dense {
	t := tensor.New(tensor.Of(tensor.Float32), tensor.WithShape(shape...))
	r := graph.Rand(1, "bench", purpose, graph.Tick{})
	for i := range t.Float32s() {
		t.Float32s()[i] = float32(r.NormFloat64())
	}
	return t
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
	ms := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
	return timing{ms(took[0]), ms(took[len(took)/2])}, nil
}

// benchShape is the size of a benchmark.
type benchShape struct{ steps, batch, features, units int }

// benchDefaults are the shapes of the table in docs/bench.
var benchDefaults = []benchShape{{30, 32, 1, 50}, {50, 32, 8, 64}, {100, 64, 16, 128}, {100, 64, 64, 256}, {20, 20, 200, 200}}

// Limits on the values stored per batch and on the weights, which are slow to
// initialise. They keep a run within a few minutes and a few gigabytes.
const (
	benchMaxValues  = 1 << 25
	benchMaxWeights = 1 << 23
)

func parseShape(s string) (benchShape, bool) {
	parts := strings.Split(s, ",")
	if len(parts) != 4 {
		return benchShape{}, false
	}
	var n [4]int
	for i, p := range parts {
		v, err := strconv.Atoi(strings.TrimSpace(p))
		if err != nil || v < 1 || v > 4096 {
			return benchShape{}, false
		}
		n[i] = v
	}
	return benchShape{n[0], n[1], n[2], n[3]}, true
}

// check returns an error for a shape above the limits. Attention also stores a
// score for every pair of steps.
func (s benchShape) check(attention bool) error {
	perStep, rule := s.features+4*s.units, "D + 4H"
	if attention {
		perStep, rule = perStep+benchHeads*s.steps, "D + 4H + 4T"
	}
	if s.steps*s.batch*perStep > benchMaxValues {
		return wrongFlag("shape", fmt.Sprintf("must keep T·B·(%s) to %d", rule, benchMaxValues), s.String())
	}
	if 4*s.units*(s.features+s.units) > benchMaxWeights {
		return wrongFlag("shape", fmt.Sprintf("must keep its weights, 4H·(D + H), to %d", benchMaxWeights), s.String())
	}
	return nil
}

func (s benchShape) String() string {
	return fmt.Sprintf("%d,%d,%d,%d", s.steps, s.batch, s.features, s.units)
}
