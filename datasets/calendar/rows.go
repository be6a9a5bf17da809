package calendar

import "time"

// Add is the time n rows after t, or before it if n is negative. With a frequency that is not
// valid it is t.
//
// A month later than the 31st is the last day of a shorter month; with End it is always the
// last day. From a day at the weekend, business days are counted from the Friday before it,
// and backwards from the Monday after it.
func (f Frequency) Add(t time.Time, n int) time.Time {
	if n == 0 || f.Check() != nil {
		return t
	}
	of := units[f.Unit]
	n *= f.count()
	switch {
	case of.seconds > 0:
		return time.Unix(t.Unix()+int64(n)*of.seconds, int64(t.Nanosecond())).In(t.Location())
	case of.months > 0:
		return addMonths(t, n*of.months, f.End)
	case of.days > 0:
		return onDay(t, n*of.days)
	}
	day := weekday(t)
	if day > friday && n > 0 {
		t, day = onDay(t, friday-day), friday
	} else if day > friday {
		t, day = onDay(t, 7-day), 0
	}
	weekends := floorDiv(day+n, 5)
	return onDay(t, n+2*weekends)
}

const friday = 4

// weekday counts from Monday, which is 0.
func weekday(t time.Time) int { return (int(t.Weekday()) + 6) % 7 }

// addMonths keeps the day, or takes the last one of the month.
func addMonths(t time.Time, n int, end bool) time.Time {
	year, month, day := t.Date()
	last := daysIn(year, month+time.Month(n))
	if end || day > last {
		day = last
	}
	return onDate(t, year, month+time.Month(n), day, t.Location())
}

// onDay is so many days later, by the clock.
func onDay(t time.Time, days int) time.Time {
	year, month, day := t.Date()
	return onDate(t, year, month, day+days, t.Location())
}

// onDate is the time of a date at which the clock of a zone shows what that of t does. If the
// clock is put forward over it, as it is at midnight in some zones, it is the time after that.
func onDate(t time.Time, year int, month time.Month, day int, zone *time.Location) time.Time {
	hour, minute, second := t.Clock()
	on := func(l *time.Location) time.Time {
		return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), l)
	}
	at := on(zone)
	if before := on(time.UTC).Sub(asClock(at)); before > 0 {
		at = at.Add(before)
	}
	return at
}

// daysIn is the number of days of a month, which may be one after December.
func daysIn(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// Steps counts the rows from one time to another: n is the largest number for which
// Add(from, n) is not after to, and negative if to is before from. It is exact if Add(from, n)
// is to. Days and longer units compare clocks, each in its own zone. With a frequency that is
// not valid, Steps is 0 and not exact.
func (f Frequency) Steps(from, to time.Time) (n int, exact bool) {
	if f.Check() != nil {
		return 0, false
	}
	if of := units[f.Unit]; of.seconds > 0 {
		between := to.Unix() - from.Unix()
		if to.Nanosecond() < from.Nanosecond() {
			between--
		}
		row := of.seconds * int64(f.count())
		n = floorDiv(int(between), int(row))
		return n, int64(n)*row == between && to.Nanosecond() == from.Nanosecond()
	}
	a, b := asClock(from), asClock(to)
	n = floorDiv(f.index(b)-f.index(a), f.count())
	if f.Add(a, n).After(b) {
		n--
	}
	return n, f.Add(a, n).Equal(b) || f.Add(from, n).Equal(to)
}

// asClock is the time at which a clock in UTC shows what that of t does.
func asClock(t time.Time) time.Time {
	year, month, day := t.Date()
	hour, minute, second := t.Clock()
	return time.Date(year, month, day, hour, minute, second, t.Nanosecond(), time.UTC)
}

// index numbers the days, weeks or months of the calendar.
func (f Frequency) index(t time.Time) int {
	of := units[f.Unit]
	if of.months > 0 {
		return floorDiv(t.Year()*12+int(t.Month())-1, of.months)
	}
	day := dayNumber(t)
	if of.days > 0 {
		return floorDiv(day, of.days)
	}
	week := floorDiv(day, 7)
	return week*5 + min(day-week*7, friday)
}

// dayNumber counts the days of a calendar from a Monday on.
func dayNumber(t time.Time) int {
	year, month, day := t.Date()
	const fromMonday = 3 // 1970 began with a Thursday
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()/86400) + fromMonday
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
