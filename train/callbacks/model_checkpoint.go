package callbacks

import (
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
)

var _ train.StatefulCallback = (*ModelCheckpoint)(nil)

// ModelCheckpoint saves the model, or its weights, after epochs or batches, as Keras'
// callback of that name does. To continue a training from a file, use package checkpoint:
// the files of ModelCheckpoint are for predictions, and do not have the optimizer.
//
// In FilePath, {epoch} stands for the number of the epoch and {batch} for that of the
// batch, both from 1, and the name of a log, such as {val_loss}, for its value. Formats are
// those of Python: {epoch:02d}, {val_loss:.4f}; {{ is a brace. Missing folders are made.
// After the first placeholder the path stays in its folder. A file appears whole or not at
// all, and replaces one of the same name; a process that is killed while it saves may leave
// a file .safetensors-*.tmp behind, which can be removed.
//
// What Model.Save would refuse is an error when Fit begins, and so is a placeholder or a
// Monitor that is not in the logs.
type ModelCheckpoint struct {
	FilePath              string   // required
	Monitor               string   // the name of the value in train.Logs, for SaveBestOnly; default "val_loss"
	SaveBestOnly          bool     // saves only what is better than all before
	SaveWeightsOnly       bool     // saves the weights alone, for Model.LoadWeights, also of layers that Save does not know
	Mode                  Mode     // which way is better; default Auto
	SaveFreq              int      // saves after every so many batches; default 0: after every epoch
	InitialValueThreshold *float64 // with SaveBestOnly, what the first file must be better than; nil for none

	monitor monitor
	path    filePath
	best    float64 // NaN until there is one
	batches int     // since the model was last due
}

// Best is the best value of the last Fit so far, for which the model was saved; ok is
// false where there is none.
func (c *ModelCheckpoint) Best() (value float64, ok bool) {
	return c.best, c.SaveBestOnly && !math.IsNaN(c.best)
}

// On saves the model when it is due.
func (c *ModelCheckpoint) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin(e.Trainer)
	case train.TrainBatchEnd:
		if c.SaveFreq == 0 {
			return nil
		}
		if c.batches++; c.batches < c.SaveFreq {
			return nil
		}
		c.batches = 0
		return c.save(e)
	case train.EpochEnd:
		if c.SaveFreq == 0 {
			return c.save(e)
		}
	}
	return nil
}

// begin checks the fields and resets the state.
func (c *ModelCheckpoint) begin(t *train.Trainer) (err error) {
	fail := func(field, rule string, value any) error {
		return graph.Error{Field: "ModelCheckpoint." + field, Rule: rule, Value: value}
	}
	if c.SaveFreq < 0 {
		return fail("SaveFreq", "must not be negative", c.SaveFreq)
	}
	best := math.NaN()
	if x := c.InitialValueThreshold; x != nil {
		if best = *x; math.IsNaN(best) || math.IsInf(best, 0) {
			return fail("InitialValueThreshold", "must be finite", best)
		}
	}
	if err := c.Mode.check("ModelCheckpoint"); err != nil {
		return err
	}
	if c.SaveBestOnly {
		if c.monitor, err = newMonitor("ModelCheckpoint", c.Monitor, c.Mode, 0, t); err != nil {
			return err
		}
		if c.SaveFreq > 0 && strings.HasPrefix(c.monitor.log, "val_") {
			return fail("Monitor", "must not be of validation data where SaveFreq is set, as that comes after the epoch", c.monitor.log)
		}
	}
	if c.path, err = parsePath("ModelCheckpoint.FilePath", c.FilePath); err != nil {
		return err
	}
	if err := c.path.check(t, c.SaveFreq > 0); err != nil {
		return err
	}
	if m, ok := t.Model().(saver); !c.SaveWeightsOnly && !ok {
		return fail("SaveWeightsOnly", "must be set for a model without the methods Save and CheckSave", nil)
	} else if !c.SaveWeightsOnly {
		if err := m.CheckSave(); err != nil {
			return errs.At(err, "", "ModelCheckpoint")
		}
	}
	c.best, c.batches = best, 0
	return makeFolder("ModelCheckpoint.FilePath", c.path.folder())
}

// saver is a model that can be saved; models.Model is one.
type saver interface {
	Save(path string) error
	CheckSave() error
}

// makeFolder makes a folder that is missing, and those around it; "" is the current one.
func makeFolder(field, folder string) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return graph.Error{Path: folder, Field: field, Rule: "must be in a folder that can be made", Value: regular.Reason(err)}
	}
	return nil
}

// save saves the model, unless it must be the best and is not.
func (c *ModelCheckpoint) save(e *train.Event) error {
	best := c.best
	if c.SaveBestOnly {
		value, err := c.monitor.value(e.Logs)
		if err != nil || !c.monitor.improves(value, best) {
			return err
		}
		best = value
	}
	path, err := c.path.at(e)
	if err != nil {
		return err
	}
	if err := makeFolder("ModelCheckpoint.FilePath", filepath.Dir(path)); err != nil {
		return err
	}
	if c.SaveWeightsOnly {
		err = safetensors.WriteFile(path, safetensors.File{Tensors: e.Trainer.Params().Copy()})
	} else {
		err = e.Trainer.Model().(saver).Save(path)
	}
	if err == nil {
		c.best = best
	}
	return err
}

// State has the number "batches", and "best" where there is one.
func (c *ModelCheckpoint) State() train.CallbackState {
	return train.CallbackState{Numbers: withBest(map[string]float64{"batches": float64(c.batches)}, c.best)}
}

// Restore continues from a state.
func (c *ModelCheckpoint) Restore(s train.CallbackState) error {
	best, batches := math.NaN(), 0
	if err := readNumbers("ModelCheckpoint", s.Numbers, map[string]*int{"batches": &batches}, map[string]*float64{"best": &best}); err != nil {
		return err
	}
	c.best, c.batches = best, batches
	return nil
}
