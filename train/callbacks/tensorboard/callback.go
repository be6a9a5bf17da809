// Package tensorboard writes the logs of a training to event files of TensorBoard, which
// shows them with
//
//	tensorboard --logdir logs
package tensorboard

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/train"
)

var _ train.StatefulCallback = (*Callback)(nil)

// Callback writes scalars and histograms under the names that Keras' callback TensorBoard
// gives them:
//
//   - After every epoch, epoch_<log> and epoch_learning_rate in the folder train, and those
//     of validation data, without "val_", in the folder validation, by the number of the
//     epoch, from 0.
//   - With UpdateFreq, batch_<log> in the folder train, by the number of the batch since the
//     training began, from 1.
//   - After a validation and Evaluate, evaluation_<log>_vs_iterations in the folder
//     validation, by the number of updates of the weights.
//   - With HistogramFreq, <path>/histogram of every weight, with 30 buckets. Weights that are
//     NaN or infinite are left out.
//
// Each Fit begins new files. A training that is resumed continues its own, and cuts off what
// is behind its checkpoint; a TensorBoard that is running must then be started again.
// Scalars are kept in float32, as TensorBoard does. Images, graphs, embeddings and profiles
// of Keras' callback are not written.
//
// Use a pointer; one Callback serves one Fit at a time.
type Callback struct {
	LogDir              string // default "logs"; made if it is missing
	HistogramFreq       int    // epochs from one histogram of the weights to the next, beginning with the first; default 0: none
	UpdateFreq          int    // batches from one scalar of batches to the next; default 0: only after epochs
	WriteStepsPerSecond bool   // also writes how many batches a second takes, by epoch and with UpdateFreq by batch

	files        files
	batches      int // since the training began
	epochBegun   time.Time
	epochBatches int // since then
	batchBegun   time.Time
	evaluated    []value // of the validation in this epoch, which is done again if a training is resumed within it
}

// On writes the events.
func (c *Callback) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin()
	case train.EpochBegin:
		c.epochBegun, c.epochBatches = time.Now(), 0
	case train.TrainBatchBegin:
		c.batchBegun = time.Now()
	case train.TrainBatchEnd:
		return c.writeBatch(e)
	case train.TestEnd:
		return c.writeEvaluation(e)
	case train.EpochEnd:
		return c.writeEpoch(e)
	}
	return nil
}

// begin checks the fields and chooses new files.
func (c *Callback) begin() error {
	for _, f := range []struct {
		name  string
		value int
	}{{"HistogramFreq", c.HistogramFreq}, {"UpdateFreq", c.UpdateFreq}} {
		if f.value < 0 {
			return graph.Error{Field: "tensorboard.Callback." + f.name, Rule: "must not be negative", Value: f.value}
		}
	}
	dir := c.LogDir
	if dir == "" {
		dir = "logs"
	}
	for _, folder := range folders {
		path := filepath.Join(dir, folder)
		if err := os.MkdirAll(path, 0o777); err != nil {
			return graph.Error{Path: path, Field: "tensorboard.Callback.LogDir", Rule: "must be a folder that can be made", Value: regular.Reason(err)}
		}
	}
	var err error
	c.files, err = newFiles(dir)
	c.batches, c.evaluated = 0, nil
	return errs.At(err, dir, "tensorboard.Callback.LogDir")
}

// writeBatch writes the logs of a batch.
func (c *Callback) writeBatch(e *train.Event) error {
	c.batches++
	c.epochBatches++
	if c.UpdateFreq == 0 || c.batches%c.UpdateFreq != 0 {
		return nil
	}
	var values []value
	for _, l := range e.Logs {
		values = append(values, scalar("batch_"+l.Name, l.Value))
	}
	if c.WriteStepsPerSecond {
		values = append(values, scalar("batch_steps_per_second", perSecond(1, c.batchBegun)))
	}
	return c.files.write(training, c.batches, values)
}

// writeEvaluation writes the logs of an evaluation.
func (c *Callback) writeEvaluation(e *train.Event) error {
	if c.files == (files{}) { // Evaluate before any Fit
		if err := c.begin(); err != nil {
			return err
		}
	}
	var values []value
	for _, l := range e.Logs {
		values = append(values, scalar("evaluation_"+l.Name+"_vs_iterations", l.Value))
	}
	if e.History != nil { // within Fit
		c.evaluated = values
		return nil
	}
	return c.files.write(validation, e.Trainer.Optimizer().Iterations(), values)
}

// writeEpoch writes the logs of an epoch, and the histograms.
func (c *Callback) writeEpoch(e *train.Event) error {
	var values [2][]value
	for _, l := range e.Logs {
		name, of := l.Name, training
		if rest, ok := strings.CutPrefix(name, "val_"); ok {
			name, of = rest, validation
		}
		values[of] = append(values[of], scalar("epoch_"+name, l.Value))
	}
	values[training] = append(values[training], scalar("epoch_learning_rate", e.Trainer.Optimizer().LearningRate()))
	if c.WriteStepsPerSecond {
		values[training] = append(values[training], scalar("epoch_steps_per_second", perSecond(c.epochBatches, c.epochBegun)))
	}
	if c.HistogramFreq > 0 && e.Epoch%c.HistogramFreq == 0 {
		weights := e.Trainer.Params().Copy()
		for _, p := range e.Trainer.Params().All() {
			if xs := finite(dense.ToFloat64(weights[p.Path])); len(xs) > 0 {
				values[training] = append(values[training], histogram(p.Path+"/histogram", xs))
			}
		}
	}
	if len(c.evaluated) > 0 {
		if err := c.files.write(validation, e.Trainer.Optimizer().Iterations(), c.evaluated); err != nil {
			return err
		}
		c.evaluated = nil
	}
	for of, v := range values {
		if len(v) > 0 {
			if err := c.files.write(of, e.Epoch, v); err != nil {
				return err
			}
		}
	}
	return nil
}

// perSecond is the rate of a number of steps since a time.
func perSecond(steps int, since time.Time) float64 {
	return float64(steps) / time.Since(since).Seconds()
}

// finite leaves out what is NaN or infinite.
func finite(xs []float64) []float64 {
	out := xs[:0]
	for _, x := range xs {
		if !math.IsNaN(x) && !math.IsInf(x, 0) {
			out = append(out, x)
		}
	}
	return out
}

// State has the number "batches", and those that give the files and the positions in them.
func (c *Callback) State() train.CallbackState {
	numbers := c.files.state()
	numbers["batches"] = float64(c.batches)
	return train.CallbackState{Numbers: numbers}
}

// Restore continues the files of a state, and cuts off what is behind it.
func (c *Callback) Restore(s train.CallbackState) error {
	if c.files == (files{}) {
		return graph.Error{Field: "tensorboard.Callback", Rule: "must be restored after TrainBegin"}
	}
	for name, x := range s.Numbers {
		const largest = 1 << 53 // up to which a float64 holds every integer
		if !(x >= 0 && x <= largest) || x != math.Trunc(x) {
			return graph.Error{Path: name, Field: "number", Rule: "must be a count", Value: x}
		}
	}
	if _, ok := s.Numbers["batches"]; !ok || len(s.Numbers) != len(c.State().Numbers) {
		return graph.Error{Field: "numbers", Rule: "must be those of a tensorboard.Callback", Value: fmt.Sprint(s.Numbers)}
	}
	restored, err := c.files.restored(s.Numbers)
	if err != nil {
		return err
	}
	c.files, c.batches = restored, int(s.Numbers["batches"])
	return nil
}
