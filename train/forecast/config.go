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
	Steps   int // rows of a window that the network reads; default two seasons or horizons, whichever are longer, at least 16; one if all series are too short for two, or 16 or a horizon
	Season  int // rows of a season; default that of the series' frequency; 1 for none

	// Block is the number of rows that the network forecasts at once; default Horizon. A
	// smaller one is repeated, and what it forecasts is read as if it were known. It must
	// then have no Past.
	Block int

	Transform datasets.Transform // of every column, fitted on the training rows of each series; default datasets.Standard{}, for counts datasets.None{}

	// Normalize scales the targets of each window. The default is NormalizeLast, with which a
	// network follows a trend beyond the values that it was trained on; NormalizeNone where the
	// Transform takes changes or the Head is of counts.
	Normalize Normalize

	// Network is networks.DLinear by default. It trains in seconds and does well on a single series
	// of some hundred or thousand rows, where recurrent networks need more data. These
	// are for long series, many series, and covariates whose effect is not linear or comes
	// some rows later: of Past, DLinear and SegRNN read the newest row alone.
	Network networks.Network
	Head    Head // what the network's numbers mean; default Quantiles{}
	Members int  // networks with weights of their own, whose mean is the forecast; default 1

	// Validation and Test are the last rows of each series: Test, which judges the forecaster,
	// and before it Validation, which says when to stop training and calibrates quantiles. A
	// number below 1 is a fraction of the rows, a whole number from 1 on counts them. Each has
	// a horizon at least. Defaults 0.1 and 0.2.
	Validation float64
	Test       float64

	// Refit trains the networks again on all rows once they are judged, for as many epochs
	// as were best before.
	Refit bool

	// Use says what forecasts: Model, the default, or Best, which is a baseline if it had the
	// lowest error on the test part.
	Use Use

	// An epoch has all windows, but 50 batches at least and MaxSteps at most, so that short
	// series train long enough and long ones are validated often enough.
	Epochs    int // at most; default 100
	Patience  int // epochs without a better validation after which training stops; default 10
	BatchSize int // windows; default 32
	MaxSteps  int // batches of an epoch at most; default 1000

	Optimizer optimizers.Optimizer // default optimizers.Adam{}
	Seed      uint64
	Dtype     tensor.Dtype // default Float32

	// Custom are values of the transforms, networks, heads, layers and so on that are not Engram's
	// own. Save needs them, so give them to Fit.
	Custom   []any     `json:"-"`
	Progress io.Writer `json:"-"` // for what training does and how long it will take; nil for nothing
}

// Normalize says how the targets of a window are scaled, from the window alone. It makes
// series of different levels alike, and follows a level that changes.
type Normalize string

const (
	NormalizeNone     Normalize = "none"
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
	if c.Transform == nil {
		c.Transform = datasets.Standard{}
		if counts(c.Head) {
			c.Transform = datasets.None{}
		}
	}
	if c.Network == nil {
		c.Network = networks.DLinear{}
	}
	if c.Optimizer == nil {
		c.Optimizer = optimizers.Adam{}
	}
	if c.Normalize == "" {
		c.Normalize = NormalizeLast
		if counts(c.Head) || c.Transform.Lag() > 0 {
			c.Normalize = NormalizeNone
		}
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
	case !share(c.Validation, most):
		return refuse("Validation", fmt.Sprintf("must be a fraction of the rows between 0 and 1, or a whole number of rows up to %d", most), c.Validation)
	case !share(c.Test, most):
		return refuse("Test", fmt.Sprintf("must be a fraction of the rows between 0 and 1, or a whole number of rows up to %d", most), c.Test)
	case c.Validation < 1 && c.Test < 1 && c.Validation+c.Test > 0.99:
		return refuse("Test", "and Config.Validation must leave rows to train on: together they must be at most 0.99", c.Test)
	case !slices.Contains([]Normalize{NormalizeNone, NormalizeLast, NormalizeMean, NormalizeStandard}, c.Normalize):
		return refuse("Normalize", `must be "none", "last", "mean" or "standard", or empty for the default`, c.Normalize)
	case c.Use != Model && c.Use != Best:
		return refuse("Use", `must be "model" or "best"`, c.Use)
	case c.Horizon > mostNumbers/len(levelsOf(c.Head)):
		return refuse("Horizon", fmt.Sprintf("must have at most %d numbers with the %d levels of Config.Head", mostNumbers, len(levelsOf(c.Head))), c.Horizon)
	case c.Transform.Lag() < 0 || c.Transform.Lag() > most:
		return refuse("Transform", fmt.Sprintf("must have a lag from 0 to %d rows", most), c.Transform.Lag())
	case c.Block < c.Horizon && len(c.Past) > 0:
		return refuse("Block", "must be Horizon, or Config.Past empty: covariates that end with the newest row are not known for a second block", c.Block)
	case counts(c.Head) && c.Transform != datasets.Transform(datasets.None{}):
		return refuse("Transform", "must be datasets.None{}, as NegativeBinomial forecasts counts", fmt.Sprintf("%T", c.Transform))
	case counts(c.Head) && c.Normalize != NormalizeNone:
		return refuse("Normalize", "must be none, as NegativeBinomial forecasts counts", c.Normalize)
	}
	// A forecaster does not change when the caller's slices do.
	c.Targets, c.Past, c.Future, c.Static = slices.Clone(c.Targets), slices.Clone(c.Past), slices.Clone(c.Future), slices.Clone(c.Static)
	if q, ok := c.Head.(Quantiles); ok {
		if err := q.check(); err != nil {
			return c, errs.At(err, "forecast", "")
		}
		if len(q.Levels) > 0 {
			c.Head = Quantiles{Levels: slices.Clone(q.levels())}
		}
	}
	return c, nil
}

// share tells whether x says how many rows a part has: a fraction, or a whole number.
func share(x, most float64) bool {
	return x > 0 && x < 1 || x >= 1 && x <= most && x == math.Trunc(x)
}

// or is the value, or the default where it is zero.
func or[T comparable](value, byDefault T) T {
	if value == *new(T) {
		return byDefault
	}
	return value
}
