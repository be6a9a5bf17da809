package calendar

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/engram-go/engram/internal/errs"
)

// Feature is the place of a time in a cycle, such as the hour of the day, by the clock of the
// time.
type Feature string

// The features. The minute and the hour have fractions; the others change at midnight.
const (
	MinuteOfHour Feature = "minute of hour"
	HourOfDay    Feature = "hour of day"
	DayOfWeek    Feature = "day of week"
	DayOfMonth   Feature = "day of month"
	DayOfYear    Feature = "day of year"
	WeekOfYear   Feature = "week of year" // of ISO 8601
	MonthOfYear  Feature = "month of year"
	QuarterOf    Feature = "quarter"
)

var features = []Feature{MinuteOfHour, HourOfDay, DayOfWeek, DayOfMonth, DayOfYear, WeekOfYear, MonthOfYear, QuarterOf}

// Features are those that make sense for a frequency: the minute of the hour, the hour of the
// day and the day of the week for seconds and minutes; the last two for hours; the day of the
// week, of the month and of the year for days; the week for weeks, the month for months and
// the quarter for quarters. Years and an unknown frequency have none.
func Features(f Frequency) []Feature {
	if f.Check() != nil {
		return nil
	}
	switch f.Unit {
	case Second, Minute:
		return []Feature{MinuteOfHour, HourOfDay, DayOfWeek}
	case Hour:
		return []Feature{HourOfDay, DayOfWeek}
	case Day, BusinessDay:
		return []Feature{DayOfWeek, DayOfMonth, DayOfYear}
	case Week:
		return []Feature{WeekOfYear}
	case Month:
		return []Feature{MonthOfYear}
	case Quarter:
		return []Feature{QuarterOf}
	}
	return nil
}

// Check reports a feature that is unknown.
func (f Feature) Check() error {
	if slices.Contains(features, f) {
		return nil
	}
	return errs.Error{Field: "feature", Rule: fmt.Sprintf("must be one of %q", features), Value: strconv.Quote(shorten(string(f)))}
}

// Values are the sine and the cosine of the place of a time in the cycle, so that the end of
// a cycle is next to its start: at 6 in the morning, the hour of the day is 1 and 0. They are
// nil if the feature is unknown.
func (f Feature) Values(t time.Time) []float64 {
	if f.Check() != nil {
		return nil
	}
	sin, cos := math.Sincos(2 * math.Pi * f.place(t))
	return []float64{sin, cos}
}

// Names are those of the values: "hour of day sin" and "hour of day cos".
func (f Feature) Names() []string { return []string{string(f) + " sin", string(f) + " cos"} }

// place is where in the cycle a time is, at least 0 and below 1.
func (f Feature) place(t time.Time) float64 {
	minute := (float64(t.Minute()) + float64(t.Second())/60) / 60 // of the hour
	switch f {
	case MinuteOfHour:
		return minute
	case HourOfDay:
		return (float64(t.Hour()) + minute) / 24
	case DayOfWeek:
		return float64(weekday(t)) / 7
	case DayOfMonth:
		return float64(t.Day()-1) / float64(daysIn(t.Year(), t.Month()))
	case DayOfYear:
		days := time.Date(t.Year(), 12, 31, 0, 0, 0, 0, time.UTC).YearDay()
		return float64(t.YearDay()-1) / float64(days)
	case WeekOfYear:
		year, week := t.ISOWeek()
		_, weeks := time.Date(year, 12, 28, 0, 0, 0, 0, time.UTC).ISOWeek() // is always in the last week
		return float64(week-1) / float64(weeks)
	case MonthOfYear:
		return float64(t.Month()-1) / 12
	}
	return float64((t.Month()-1)/3) / 4
}
