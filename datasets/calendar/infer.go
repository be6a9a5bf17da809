package calendar

import (
	"fmt"
	"time"

	"github.com/engram-go/engram/internal/errs"
)

// Infer finds the frequency of increasing times: the longest one on which all of them lie, and
// at least half of the neighbours one row apart. So rows may be missing, but not most of them.
//
// Times with one clock, such as midnight, are days, weeks, months, quarters or years; all
// others are hours, minutes or seconds. Months are on one day of the month, or on the last
// one. Days are business days if a weekend lies between them and none is on one. Each time is
// read in its own zone.
//
// Errors say what is not regular: fewer than three times, times that do not increase,
// neighbours that are no multiple of the smallest difference apart, or mostly more than one
// row.
func Infer(times []time.Time) (Frequency, error) {
	if len(times) < 3 {
		return Frequency{}, errs.Error{Field: "times", Rule: "must be at least 3 to have a frequency", Value: len(times)}
	}
	for i := 1; i < len(times); i++ {
		if !times[i].After(times[i-1]) {
			return Frequency{}, errs.Error{Field: "times", Rule: "must go forward: sort them, and keep one of each", Value: between(times, i)}
		}
	}
	if !oneClock(times) {
		return inferSeconds(times)
	}
	if f, ok := inferMonths(times); ok {
		return f, nil
	}
	return inferDays(times)
}

// oneClock reports whether all clocks show the same.
func oneClock(times []time.Time) bool {
	for _, t := range times {
		year, month, day := t.Date()
		if !onDate(times[0], year, month, day, t.Location()).Equal(t) {
			return false
		}
	}
	return true
}

// grid is how far apart neighbours are: a multiple of the smallest difference.
type grid struct {
	unit int64
	ones int // neighbours one unit apart
	odd  int // the first time that is no multiple of the unit after the one before it; 0 if there is none
}

// measure finds the grid of n increasing numbers.
func measure(n int, at func(i int) int64) (g grid) {
	g.unit = at(1) - at(0)
	for i := 2; i < n; i++ {
		g.unit = min(g.unit, at(i)-at(i-1))
	}
	if g.unit <= 0 {
		return grid{odd: 1}
	}
	for i := 1; i < n; i++ {
		d := at(i) - at(i-1)
		if d == g.unit {
			g.ones++
		} else if d%g.unit != 0 && g.odd == 0 {
			g.odd = i
		}
	}
	return g
}

func (g grid) regular(n int) bool { return g.odd == 0 && 2*g.ones >= n-1 }

// fault says why times are not regular, where the difference of neighbours is about unit.
func (g grid) fault(times []time.Time, unit any) error {
	if g.odd > 0 {
		return errs.Error{Field: "times", Rule: fmt.Sprintf("must be equally far apart, or a multiple of %v, the smallest step: resample them", unit),
			Value: between(times, g.odd)}
	}
	return errs.Error{Field: "times", Rule: fmt.Sprintf("must mostly be the smallest step of %v apart: resample them", unit),
		Value: fmt.Sprintf("%d of %d", g.ones, len(times)-1)}
}

func between(times []time.Time, i int) string {
	return fmt.Sprintf("%v from %s to %s", times[i].Sub(times[i-1]), times[i-1].Format(time.RFC3339Nano), times[i].Format(time.RFC3339Nano))
}

// inferMonths finds months, quarters or years; false if the days of the month differ.
func inferMonths(times []time.Time) (Frequency, bool) {
	sameDay, ends := true, true
	for _, t := range times {
		sameDay = sameDay && t.Day() == times[0].Day()
		ends = ends && t.Day() == daysIn(t.Year(), t.Month())
	}
	if !sameDay && !ends {
		return Frequency{}, false
	}
	g := measureMonths(times)
	f := Frequency{Unit: Month, Count: int(g.unit), End: ends}
	for _, longer := range []Unit{Year, Quarter} {
		if months := units[longer].months; f.Unit == Month && f.Count%months == 0 {
			f.Unit, f.Count = longer, f.Count/months
		}
	}
	return f, g.regular(len(times)) && f.Check() == nil
}

func measureMonths(times []time.Time) grid {
	return measure(len(times), func(i int) int64 { return int64(times[i].Year())*12 + int64(times[i].Month()) })
}

func inferDays(times []time.Time) (Frequency, error) {
	if noWeekends(times) {
		f := Frequency{Unit: BusinessDay, Count: 1}
		if g := measure(len(times), func(i int) int64 { return int64(f.index(times[i])) }); g.unit == 1 && g.regular(len(times)) {
			return f, nil
		}
	}
	g := measure(len(times), func(i int) int64 { return int64(dayNumber(times[i])) })
	if !g.regular(len(times)) && measureMonths(times).regular(len(times)) {
		return Frequency{}, errs.Error{Field: "times", Rule: "must be on one day of the month or on the last one, since there is at most one a month: resample them to months", Value: between(times, max(1, g.odd))}
	}
	if !g.regular(len(times)) {
		return Frequency{}, g.fault(times, Frequency{Unit: Day, Count: int(min(g.unit, mostCount))})
	}
	f := Frequency{Unit: Day, Count: int(g.unit)}
	if f.Count%7 == 0 {
		f.Unit, f.Count = Week, f.Count/7
	}
	return f, f.Check()
}

// noWeekends reports whether no day is at a weekend, although one lies between them.
func noWeekends(times []time.Time) bool {
	for _, t := range times {
		if weekday(t) > friday {
			return false
		}
	}
	return floorDiv(dayNumber(times[0]), 7) != floorDiv(dayNumber(times[len(times)-1]), 7)
}

func inferSeconds(times []time.Time) (Frequency, error) {
	for i, t := range times {
		if t.Nanosecond() != times[0].Nanosecond() {
			return Frequency{}, errs.Error{Field: "times", Rule: "must be whole seconds apart: resample them", Value: between(times, i)}
		}
	}
	g := measure(len(times), func(i int) int64 { return times[i].Unix() })
	if !g.regular(len(times)) {
		return Frequency{}, g.fault(times, time.Duration(min(g.unit, 1<<32))*time.Second)
	}
	f := Frequency{Unit: Second, Count: int(g.unit)}
	for _, longer := range []Unit{Hour, Minute} {
		if seconds := int(units[longer].seconds); f.Unit == Second && f.Count%seconds == 0 {
			f.Unit, f.Count = longer, f.Count/seconds
		}
	}
	return f, f.Check()
}
