// Package calendar knows how far apart the rows of a time series are, and where a time is in
// the cycles of the day, the week and the year.
//
// Infer finds the Frequency of times, which may have gaps. A frequency counts rows: Add is
// the time some rows later, Steps the rows between two times. Hours and shorter units are
// physical time; days and longer ones go by the clock and the calendar of the times, so that
// a day with a change to daylight saving is one day. Features are numbers for a network.
package calendar

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// Unit is a unit of time. The zero value is none.
type Unit int

// The units, from the shortest to the longest.
const (
	Second Unit = iota + 1
	Minute
	Hour
	Day
	BusinessDay // Monday to Friday
	Week
	Month
	Quarter
	Year
)

// units are the names of the units, and how long those are that are not of the calendar.
var units = []struct {
	name    string
	seconds int64 // of physical time
	days    int   // of the calendar
	months  int
}{
	Second: {name: "second", seconds: 1}, Minute: {name: "minute", seconds: 60}, Hour: {name: "hour", seconds: 3600},
	Day: {name: "day", days: 1}, BusinessDay: {name: "business day"}, Week: {name: "week", days: 7},
	Month: {name: "month", months: 1}, Quarter: {name: "quarter", months: 3}, Year: {name: "year", months: 12},
}

// Frequency is the time from one row of a series to the next, such as 15 minutes. The zero
// value is unknown.
type Frequency struct {
	Unit  Unit
	Count int  // units from row to row; 0 means 1. Infer and Parse give 1
	End   bool // of months, quarters and years: rows are the last day of a month
}

// Check reports a frequency that is unknown or invalid.
func (f Frequency) Check() error {
	switch {
	case f.Unit < Second || f.Unit > Year:
		return errs.Error{Field: "Frequency.Unit", Rule: "must be a unit from Second to Year", Value: int(f.Unit)}
	case f.Count < 0 || f.Count > mostCount:
		return errs.Error{Field: "Frequency.Count", Rule: fmt.Sprintf("must be from 1 to %d", mostCount), Value: f.Count}
	case f.End && units[f.Unit].months == 0:
		return errs.Error{Field: "Frequency.End", Rule: "must be false but for months, quarters and years", Value: f.End}
	}
	return nil
}

const mostCount = 1_000_000

// count is the number of units from row to row.
func (f Frequency) count() int { return max(1, f.Count) }

// Season is the usual number of rows in a season: a day for minutes and hours, such as 24
// for hours and 96 for 15 minutes; a week for days, 7, and for business days, 5; a year for
// weeks, 52, months, 12, and quarters, 4. It is 0 where there is none: for seconds and
// years, for an unknown frequency, and where the rows do not divide the season.
func (f Frequency) Season() int {
	if f.Check() != nil {
		return 0
	}
	of := map[Unit]int{Minute: 24 * 60, Hour: 24, Day: 7, BusinessDay: 5, Week: 52, Month: 12, Quarter: 4}[f.Unit]
	if of%f.count() != 0 || of == f.count() {
		return 0
	}
	return of / f.count()
}

// String returns a text like "hour", "15 minutes", "business day" or "month end", which Parse
// reads, or "unknown".
func (f Frequency) String() string {
	if f.Check() != nil {
		return "unknown"
	}
	name := units[f.Unit].name
	if f.End {
		name += " end"
	}
	if f.count() == 1 {
		return name
	}
	return fmt.Sprintf("%d %ss", f.count(), name)
}

// Parse reads what String writes. The number may be left out, and so may the s of several.
func Parse(text string) (Frequency, error) {
	f := Frequency{Count: 1}
	words := strings.Fields(strings.ToLower(text))
	if len(words) > 1 {
		if n, err := strconv.Atoi(words[0]); err == nil {
			f.Count, words = n, words[1:]
		}
	}
	name := strings.TrimSuffix(strings.Join(words, " "), "s")
	if cut, ok := strings.CutSuffix(name, " end"); ok {
		name, f.End = cut, true
	}
	for unit := Second; unit <= Year; unit++ {
		if units[unit].name == name {
			f.Unit = unit
		}
	}
	if f.Count < 1 || f.Check() != nil {
		return Frequency{}, errs.Error{Field: "frequency", Value: strconv.Quote(shorten(text)),
			Rule: `must be one of ` + strings.Join(names(), ", ") + `, month end, quarter end and year end, also with a number, as in "15 minutes"`}
	}
	return f, nil
}

func names() []string {
	var all []string
	for _, u := range units[Second:] {
		all = append(all, u.name)
	}
	return all
}

// shorten limits a text for a message.
func shorten(s string) string {
	const most = 40
	if runes := []rune(s[:min(len(s), 4*most)]); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
