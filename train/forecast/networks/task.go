package networks

import (
	"fmt"
	"slices"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/models"
	"gorgonia.org/tensor"
)

// Network makes the model that forecasts. It is a plain config; the model has the inputs
// and the output that Task describes.
type Network interface {
	Model(t Task) (*models.Model, error)
}

// Task describes the inputs and the output of a model that forecasts.
//
// The first input is the window, [Steps, Past]. Then come, each only if its size is not 0,
// what is known of the rows to forecast, [Horizon, Future], and what describes the series,
// [Static]. The output is [Horizon·Targets, Outputs]: the targets of the first row to
// forecast, then those of the second.
type Task struct {
	Steps   int // rows of a window, the newest last
	Horizon int // rows to forecast
	Past    int // numbers of a row of the window: the targets first, then everything else
	Future  int // numbers of a row to forecast that are known before; may be 0
	Static  int // numbers of a series; may be 0
	Targets int // numbers of a row to forecast
	Outputs int // numbers that the model returns for each target, of which the first is its forecast: 1 for a point, 3 for three quantiles
	Season  int // rows of a season; 0 if there is none

	Name  string       // of the model
	Seed  uint64       // of its weights
	Dtype tensor.Dtype // Float32 if it is zero

	// Custom are values of the types in a Sequential that are not Engram's own, as in
	// models.Config.
	Custom []any
}

// check refuses sizes that no model has.
func (t Task) check() error {
	for _, f := range []struct {
		field string
		n     int
		least int
	}{
		{"Task.Steps", t.Steps, 1}, {"Task.Horizon", t.Horizon, 1}, {"Task.Past", t.Past, 1}, {"Task.Future", t.Future, 0},
		{"Task.Static", t.Static, 0}, {"Task.Targets", t.Targets, 1}, {"Task.Outputs", t.Outputs, 1}, {"Task.Season", t.Season, 0},
	} {
		if f.n < f.least || f.n > shapes.MaxElements {
			return errs.Error{Field: f.field, Rule: fmt.Sprintf("must be from %d to %d", f.least, shapes.MaxElements), Value: f.n}
		}
	}
	if t.Past < t.Targets {
		return errs.Error{Field: "Task.Past", Rule: fmt.Sprintf("must be at least the %d targets, which a row of the window begins with", t.Targets), Value: t.Past}
	}
	for _, shape := range []shapes.Shape{{t.Steps, t.Past + t.Static}, {t.Horizon, max(t.Future, 1)}, {t.Horizon, t.Targets, t.Outputs}} {
		if err := shapes.Check(shape); err != nil {
			return errs.At(err, "", "Task")
		}
	}
	return nil
}

// outputs is the number of numbers that the model returns.
func (t Task) outputs() int { return t.Horizon * t.Targets * t.Outputs }

// config is that of the model.
func (t Task) config() models.Config {
	return models.Config{Name: t.Name, Seed: t.Seed, Dtype: t.Dtype, Custom: slices.Concat(All(), t.Custom)}
}
