package forecast

import (
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/train/forecast/networks"
	"github.com/engram-go/engram/train/optimizers"
	"gorgonia.org/tensor"
)

// Config says what is forecast, and how. The zero value of each field means its default;
// Horizon is required.
type Config struct {
	Targets []string // columns to forecast; default all columns that are not named below
	Past    []string // covariates, which are known up to the newest row
	Future  []string // covariates that are known for the rows to forecast too
	Static  []string // columns that describe a series: the same number in all of its rows

	// NoCalendar leaves out the features of the calendar, such as the hour of the day,
	// which are read like Future where the rows have times.
	NoCalendar bool

	// Pool makes a series of its own of each target: one network forecasts all of them, each
	// from its own values and the covariates.
	Pool bool

	Horizon int // rows to forecast; required
	Steps   int // rows of a window that the network reads; default two seasons or horizons, whichever are longer, at least 16
	Season  int // rows of a season; default that of the series' frequency; 1 for none

	// Block is the number of rows that the network forecasts at once; default Horizon. A
	// smaller one is repeated, and what it forecasts is read as if it were known. It must
	// then have no Past.
	Block int

	Transform datasets.Transform // of every column, fitted on the training rows of each series; default datasets.Standard{}, for counts datasets.None{}
	Normalize Normalize          // of the targets in each window; default none

	Network networks.Network // default networks.LSTM{}
	Head    Head             // what the network's numbers mean; default Quantiles{}
	Members int              // networks with weights of their own, whose mean is the forecast; default 1

	// Validation and Test are fractions of the rows of each series, the last ones, each at least
	// a horizon: Test, which judges the forecaster, and before it Validation, which says when to stop training
	// and calibrates quantiles. Defaults 0.1 and 0.2.
	Validation float64
	Test       float64

	// Refit trains the networks again on all rows once they are judged, for as many epochs
	// as were best before.
	Refit bool

	// Use says what forecasts: Model, the default, or Best, which is a baseline if it had the
	// lowest error on the test part.
	Use Use

	Epochs    int // at most; default 100
	Patience  int // epochs without a better validation after which training stops; default 10
	BatchSize int // windows; default 32

	// MaxSteps limits the batches of an epoch, for many or long series; default 1000.
	MaxSteps int

	Optimizer optimizers.Optimizer // default optimizers.Adam{}
	Seed      uint64
	Dtype     tensor.Dtype // default Float32

	Custom   []any     `json:"-"` // values of the transforms, networks, layers and so on that are not Engram's own, which files may hold
	Progress io.Writer `json:"-"` // for what training does and how long it will take; nil for nothing
}

// Normalize says how the targets of a window are scaled, from the window alone. It makes
// series of different levels alike, and follows a level that changes.
type Normalize string

const (
	NormalizeNone     Normalize = ""
	NormalizeLast     Normalize = "last"     // the last value is subtracted
	NormalizeMean     Normalize = "mean"     // divided by the mean of the absolute values
	NormalizeStandard Normalize = "standard" // mean 0, standard deviation 1
)

// Use says what forecasts.
type Use string

const (
	Model Use = "model" // the networks
	Best  Use = "best"  // the method with the lowest error on the test part
)

// mostNumbers limits the numbers of the forecast of a series, 128 MiB.
const mostNumbers = 1 << 24

// complete fills in the defaults that do not depend on the series, and checks the fields.
func (c Config) complete() (Config, error) {
	refuse := func(field, rule string, value any) (Config, error) {
		return c, errs.Error{Path: "forecast", Field: "Config." + field, Rule: rule, Value: value}
	}
	const most = 1 << 20
	if c.Horizon < 1 || c.Horizon > most {
		return refuse("Horizon", fmt.Sprintf("must be a number of rows to forecast, from 1 to %d", most), c.Horizon)
	}
	c.Block = or(c.Block, c.Horizon)
	c.Members = or(c.Members, 1)
	c.Epochs = or(c.Epochs, 100)
	c.Patience = or(c.Patience, 10)
	c.BatchSize = or(c.BatchSize, 32)
	c.MaxSteps = or(c.MaxSteps, 1000)
	c.Validation = or(c.Validation, 0.1)
	c.Test = or(c.Test, 0.2)
	c.Use = or(c.Use, Model)
	if c.Head == nil {
		c.Head = Quantiles{}
	}
	_, counts := c.Head.(NegativeBinomial)
	if c.Transform == nil {
		c.Transform = datasets.Standard{}
		if counts {
			c.Transform = datasets.None{}
		}
	}
	if c.Network == nil {
		c.Network = networks.LSTM{}
	}
	if c.Optimizer == nil {
		c.Optimizer = optimizers.Adam{}
	}
	var err error
	if c.Dtype, err = dense.FloatType(c.Dtype); err != nil {
		return c, errs.At(err, "forecast", "Config.Dtype")
	}
	for _, n := range []struct {
		field         string
		value, lowest int
		highest       int
	}{
		{"Steps", c.Steps, 0, most}, {"Season", c.Season, 0, most}, {"Block", c.Block, 1, c.Horizon}, {"Members", c.Members, 1, 1000},
		{"Epochs", c.Epochs, 1, most}, {"Patience", c.Patience, 1, most}, {"BatchSize", c.BatchSize, 1, most}, {"MaxSteps", c.MaxSteps, 1, math.MaxInt},
	} {
		if n.value < n.lowest || n.value > n.highest {
			return refuse(n.field, fmt.Sprintf("must be from %d to %d", n.lowest, n.highest), n.value)
		}
	}
	switch {
	case !(c.Validation > 0 && c.Validation < 1):
		return refuse("Validation", "must be a fraction of the rows between 0 and 1", c.Validation)
	case !(c.Test > 0 && c.Test < 1):
		return refuse("Test", "must be a fraction of the rows between 0 and 1", c.Test)
	case c.Validation+c.Test > 0.99:
		return refuse("Test", "and Config.Validation must leave rows to train on: together they must be at most 0.99", c.Test)
	case !slices.Contains([]Normalize{NormalizeNone, NormalizeLast, NormalizeMean, NormalizeStandard}, c.Normalize):
		return refuse("Normalize", `must be "", "last", "mean" or "standard"`, c.Normalize)
	case c.Use != Model && c.Use != Best:
		return refuse("Use", `must be "model" or "best"`, c.Use)
	case c.Horizon > mostNumbers/len(levelsOf(c.Head)):
		return refuse("Horizon", fmt.Sprintf("must have at most %d numbers with the %d levels of Config.Head", mostNumbers, len(levelsOf(c.Head))), c.Horizon)
	case c.Transform.Lag() < 0 || c.Transform.Lag() > most:
		return refuse("Transform", fmt.Sprintf("must have a lag from 0 to %d rows", most), c.Transform.Lag())
	case c.Block < c.Horizon && len(c.Past) > 0:
		return refuse("Block", "must be Horizon, or Config.Past empty: covariates that end with the newest row are not known for a second block", c.Block)
	case counts && c.Transform != datasets.Transform(datasets.None{}):
		return refuse("Transform", "must be datasets.None{}, as NegativeBinomial forecasts counts", fmt.Sprintf("%T", c.Transform))
	case counts && c.Normalize != NormalizeNone:
		return refuse("Normalize", "must be empty, as NegativeBinomial forecasts counts", c.Normalize)
	}
	if q, ok := c.Head.(Quantiles); ok {
		return c, errs.At(q.check(), "forecast", "")
	}
	return c, nil
}

// or is the value, or the default where it is zero.
func or[T comparable](value, byDefault T) T {
	if value == *new(T) {
		return byDefault
	}
	return value
}
