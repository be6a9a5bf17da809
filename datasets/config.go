package datasets

import (
	"fmt"
	"slices"
	"time"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// WindowConfig configures Windows.
type WindowConfig struct {
	Columns []string // inputs; by default every column
	Targets []string // columns to forecast, which need not be inputs; by default Columns
	Steps   int      // rows in a window; must be positive
	Horizon int      // rows to forecast after a window; by default 1
	Stride  int      // rows from one window to the next; by default 1

	// Test and Validation are the fractions of the rows of the series that
	// these parts forecast, the test part last and the validation part before
	// it: 0.2 of 1860 rows tests on the last 372. By default 0, no such part.
	Test       float64
	Validation float64

	// TestFrom and ValidationFrom are the times from which these parts are forecast, instead
	// of the fractions, of a series with times. By default none.
	TestFrom, ValidationFrom time.Time

	Transform Transform    // fitted on the training part alone; by default None
	Dtype     tensor.Dtype // of the tensors; by default Float32
	Season    int          // rows in a season, for a seasonal-naive forecast in the score; by default none
}

// complete fills in the defaults and checks everything but the numbers.
func (c WindowConfig) complete(s *Series) (WindowConfig, error) {
	if len(c.Columns) == 0 {
		c.Columns = s.Columns
	}
	if len(c.Targets) == 0 {
		c.Targets = c.Columns
	}
	c.Columns, c.Targets = slices.Clone(c.Columns), slices.Clone(c.Targets)
	if c.Horizon == 0 {
		c.Horizon = 1
	}
	if c.Stride == 0 {
		c.Stride = 1
	}
	if c.Transform == nil {
		c.Transform = None{}
	}
	wrong := func(field, rule string, value any) (WindowConfig, error) {
		return c, errs.Error{Path: s.name(), Field: "WindowConfig." + field, Rule: rule, Value: value}
	}
	for _, names := range []struct {
		field  string
		wanted []string
	}{{"Columns", c.Columns}, {"Targets", c.Targets}} {
		if name, twice := duplicate(names.wanted); twice {
			return wrong(names.field, "must all be different", shorten(name))
		}
		for i, name := range names.wanted {
			if !slices.Contains(s.Columns, name) {
				return wrong(fmt.Sprintf("%s[%d]", names.field, i), "must be one of "+list(s.Columns), shorten(name))
			}
		}
	}
	for _, count := range []struct {
		field string
		value int
		least int
		rule  string
	}{
		{"Steps", c.Steps, 1, "must be positive"},
		{"Horizon", c.Horizon, 1, "must be positive"},
		{"Stride", c.Stride, 1, "must be positive"},
		{"Season", c.Season, 0, "must not be negative"},
	} {
		if count.value < count.least {
			return wrong(count.field, count.rule, count.value)
		}
		if count.value > s.Len() {
			return wrong(count.field, fmt.Sprintf("must be at most the %d rows of the series", s.Len()), count.value)
		}
	}
	if !(c.Test >= 0 && c.Test < 1) {
		return wrong("Test", "must be at least 0 and below 1", c.Test)
	}
	if !(c.Validation >= 0 && c.Validation < 1-c.Test) {
		return wrong("Validation", "must be at least 0 and leave rows to train on", c.Validation)
	}
	for _, part := range []struct {
		field    string
		fraction float64
		from     time.Time
	}{{"Test", c.Test, c.TestFrom}, {"Validation", c.Validation, c.ValidationFrom}} {
		if part.from.IsZero() {
			continue
		}
		if part.fraction > 0 {
			return wrong(part.field+"From", "must not be set together with "+part.field, part.from)
		}
		if s.Times == nil {
			return c, s.noTimes()
		}
	}
	if lag := c.Transform.Lag(); lag < 0 || lag >= s.Len() {
		return wrong("Transform", fmt.Sprintf("must have a Lag from 0 to less than the %d rows of the series", s.Len()), lag)
	}
	if c.Dtype == (tensor.Dtype{}) {
		c.Dtype = tensor.Float32
	}
	if !dense.IsFloat(c.Dtype) {
		return wrong("Dtype", "must be float32 or float64", c.Dtype)
	}
	return c, nil
}

// layout assigns windows to parts. Windows are numbered along
// the series: window i ends at row origin + i·stride, and forecasts the rows
// after that.
type layout struct {
	origin int // the last row of window 0
	// The parts are the windows [0, train), [validation, validation + nv) and
	// [test, test + nt).
	train, validation, nv, test, nt int
	fitted                          int // the rows that training windows touch are below it
}

func (c WindowConfig) tests() bool     { return c.Test > 0 || !c.TestFrom.IsZero() }
func (c WindowConfig) validates() bool { return c.Validation > 0 || !c.ValidationFrom.IsZero() }

// borders are the rows up to which training and from which tests forecast.
func (c WindowConfig) borders(s *Series) (trainTo, testFrom int) {
	rows := s.Len()
	testFrom = rows
	test := c.Test
	switch {
	case !c.TestFrom.IsZero():
		testFrom = s.rowAt(c.TestFrom)
		test = float64(rows-testFrom) / float64(rows)
	case c.Test > 0:
		testFrom = samples.Border(rows, c.Test)
	}
	switch {
	case !c.ValidationFrom.IsZero():
		return min(testFrom, s.rowAt(c.ValidationFrom)), testFrom
	case c.Validation > 0:
		return max(0, samples.Border(rows, test+c.Validation)), testFrom
	}
	return testFrom, testFrom
}

// arrange splits the windows in time order. A window belongs to a part when
// all its targets do; windows with targets on both sides of a border are
// in no part, so that no part has seen the targets of a later one.
func (c WindowConfig) arrange(s *Series) (layout, error) {
	rows := s.Len()
	trainTo, testFrom := c.borders(s)
	l := layout{origin: c.Transform.Lag() + c.Steps - 1}
	// upTo returns the number of windows whose last target is below a row.
	upTo := func(row int) int {
		if last := row - 1 - c.Horizon; last >= l.origin {
			return (last-l.origin)/c.Stride + 1
		}
		return 0
	}
	// from returns the first window whose first target is at a row or after it.
	from := func(row int) int { return max(0, (row-1-l.origin+c.Stride-1)/c.Stride) }

	l.train = upTo(trainTo)
	l.validation, l.test = from(trainTo), from(testFrom)
	l.nv, l.nt = max(0, upTo(testFrom)-l.validation), max(0, upTo(rows)-l.test)
	l.fitted = l.origin + (l.train-1)*c.Stride + c.Horizon + 1

	wrong := func(field, rule string, value any) (layout, error) {
		return l, errs.Error{Path: s.name(), Field: "WindowConfig." + field, Rule: rule, Value: value}
	}
	// of names the setting of a part, and its value.
	of := func(part string, fraction float64, from time.Time) (string, any) {
		if from.IsZero() {
			return part, fraction
		}
		return part + "From", from.Format(time.RFC3339)
	}
	test, testValue := of("Test", c.Test, c.TestFrom)
	validation, validationValue := of("Validation", c.Validation, c.ValidationFrom)
	switch {
	case upTo(rows) == 0:
		return wrong("Steps", fmt.Sprintf("must leave %d rows to forecast: the series has %d rows, and the transform drops %d",
			c.Horizon, rows, c.Transform.Lag()), c.Steps)
	case l.train == 0 && c.TestFrom.IsZero() && c.ValidationFrom.IsZero():
		return wrong("Test + Validation", "must leave a window to train on", c.Test+c.Validation)
	case l.train == 0:
		return wrong(test+" and "+validation, "must leave a window to train on", nil)
	case c.validates() && l.nv == 0:
		return wrong(validation, "must be large enough for a window", validationValue)
	case c.tests() && l.nt == 0:
		return wrong(test, "must be large enough for a window", testValue)
	case c.Season > 0 && c.tests() && l.origin+l.test*c.Stride+1 < c.Season:
		return wrong("Season", "must be known in full before the first test row", c.Season)
	}
	return l, nil
}
