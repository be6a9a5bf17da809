package networks

import (
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
	Outputs int // numbers that the model returns for each target: 1 for a point, 3 for three quantiles
	Season  int // rows of a season; 0 if there is none

	Name  string       // of the model
	Seed  uint64       // of its weights
	Dtype tensor.Dtype // Float32 if it is zero
}
