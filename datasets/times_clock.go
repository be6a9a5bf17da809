package datasets

import (
	"slices"
	"strconv"
	"strings"
)

// withClock adds the column of times of day to one of dates, if there is one: the one behind
// it, or one with such a name or, in a table without names, the one behind it, if the dates
// repeat and both columns together do not.
func (s sample) withClock(date int) labels {
	one := labels{columns: []int{date}}
	f := s.fit(one)
	if !strings.Contains(f.format.name, "dd") || !s.mostly(date, func(cell string) bool { _, ok := dateAlone(cell); return ok }) {
		return one
	}
	// try has the column of times of day, which a name that may mean something else has to prove.
	try := func(i int, prove bool) (labels, bool) {
		style, ok := s.clockStyle(i)
		if !ok || !s.free(i) || i == date || prove && style == clockHour && s.largest(i) < 23 {
			return one, false
		}
		both := labels{columns: []int{date, i}, roles: []role{wholeDate, clockTime}, style: style}
		return both, !prove || s.fit(both).strict()
	}
	if i := date + 1; i < len(s.names) && s.mostly(i, func(cell string) bool { return strings.Contains(cell, ":") && isClock(cell) }) {
		if l, ok := try(i, false); ok {
			return l
		}
	}
	if f.same == 0 {
		return one
	}
	if l, ok := s.withHourAndMinute(date); ok {
		return l
	}
	for i, name := range s.names {
		if hasWord(name, clockNames) || hasWord(name, []string{"period"}) {
			if l, ok := try(i, !isNamed(name, clockNames)); ok {
				return l
			}
		}
	}
	if i := date + 1; i < len(s.names)-1 && s.names[i] == unnamed(i) { // with others behind it
		if l, ok := try(i, true); ok {
			return l
		}
	}
	return one
}

// withHourAndMinute adds columns of these names, and of the second, to one of dates.
func (s sample) withHourAndMinute(date int) (labels, bool) {
	l := labels{columns: []int{date}, roles: []role{wholeDate}}
	for r := hourPart; r <= secondPart; r++ {
		i := slices.IndexFunc(s.names, func(name string) bool { return isNamed(name, roleNames[r]) })
		if i < 0 || !s.free(i) || !s.isPart(i, r) {
			break
		}
		l.columns, l.roles = append(l.columns, i), append(l.roles, r)
	}
	return l, len(l.columns) > 2
}

// clockStyle finds out how a column has times of day; false if it has none.
func (s sample) clockStyle(column int) (clockStyle, bool) {
	if s.mostly(column, isClockText) || s.all(column, func(cell string) bool { return strings.Contains(cell, ".") && isClock(cell) }) {
		return clockText, true
	}
	fits := func(style clockStyle) bool {
		return s.all(column, func(cell string) bool {
			text, ok := style.write(strings.TrimSpace(cell))
			return ok && isClock(text)
		})
	}
	digits := func(n int) bool {
		return s.all(column, func(cell string) bool { return len(strings.TrimSpace(cell)) == n })
	}
	switch {
	case digits(6) && fits(clockHHMMSS):
		return clockHHMMSS, true
	case digits(4) && fits(clockHHMM):
		return clockHHMM, true
	case fits(clockHour):
		return clockHour, true
	case s.largest(column) >= 100 && fits(clockHHMM):
		return clockHHMM, true
	}
	return clockHHMMSS, s.largest(column) >= 10000 && fits(clockHHMMSS)
}

// largest is the largest number in a column; 0 if there is none.
func (s sample) largest(column int) (most float64) {
	for _, row := range s.rows {
		if v, err := strconv.ParseFloat(strings.TrimSpace(row[column]), 64); err == nil {
			most = max(most, v)
		}
	}
	return most
}

// dateAlone is a cell without its time of day, if that is none or midnight.
func dateAlone(cell string) (date string, ok bool) {
	date, clock := splitClock(cell)
	if clock == "" {
		return cell, true
	}
	since, zone, ok := timeOfDay(clock)
	return date, ok && since == 0 && zone == nil
}

// isClockText reports whether a cell is a time of day, or the interval between two, and no number.
func isClockText(cell string) bool {
	from, to, ok := cutInterval(cell)
	return !isNumber(cell) && isClock(from) && (!ok || isClock(to))
}
