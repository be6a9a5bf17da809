package datasets

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// roleNames are the names of columns with a part of a time, in lower case.
var roleNames = [roles][]string{
	yearPart:    {"year", "yr", "yyyy", "jahr"},
	monthPart:   {"month", "mon", "mo", "mm", "monat"},
	dayPart:     {"day", "dy", "dd", "tag"},
	hourPart:    {"hour", "hr", "hh", "stunde"},
	minutePart:  {"minute", "min", "mi"},
	secondPart:  {"second", "sec", "ss"},
	quarterPart: {"quarter", "qtr", "quartal"},
	weekPart:    {"week", "wk", "kw", "woche"},
	yearDayPart: {"doy", "yday", "day of year", "dayofyear", "julian day"},
}

// Words of the names of columns that hold times, in lower case.
var (
	dateNames = []string{"date", "timestamp", "datetime", "epoch", "unix", "year", "yr", "ds", "ts", "datum", "jahr", "yyyymm", "yyyymmdd", "yyyymmddhh"}
	timeNames = []string{"time", "period", "t", "time period", "ref period"} // of which a part in a name may mean a duration
	moreNames = []string{"day", "week", "month", "quarter", "hour", "created", "updated", "zeit", "zeitpunkt", "zeitstempel", "tag", "woche", "monat"}
	// certainNames say that a column has times, even if they cannot be read.
	certainNames = []string{"date", "datetime", "timestamp"}
	// clockNames are those of columns with the time of day.
	clockNames = []string{"hour", "hours", "hr", "hh", "he", "time", "hhmm", "hhmmss", "uhrzeit", "zeit", "stunde"}
)

func hasWord(name string, words []string) bool {
	return slices.ContainsFunc(nameWords(name), func(w string) bool { return slices.Contains(words, w) })
}

func isNamed(name string, names []string) bool {
	words := nameWords(name)
	return slices.Contains(names, words[max(0, len(words)-2)])
}

// isTimeName reports whether a name alone says that a column has times.
func isTimeName(name string) bool {
	return hasWord(name, dateNames) || isNamed(name, timeNames) || isNamed(name, moreNames)
}

// isShaped reports whether all cells of a column are different, and have a year or a time of day.
func (s sample) isShaped(column int) bool {
	seen := map[string]bool{}
	for _, row := range s.rows {
		if seen[row[column]] || !timeShape.MatchString(row[column]) {
			return false
		}
		seen[row[column]] = true
	}
	return len(seen) > 1
}

var timeShape = regexp.MustCompile(`(^|[^0-9])(19|20)[0-9][0-9]([^0-9]|$)|[0-9]:[0-9][0-9]`)

// choose chooses the columns with the times: of those of dates, and of those of numbers whose
// name says that they are times, the first that is not always the same. If there are no
// dates, columns with parts of a time come first; if there are none of all of these, the
// first column may be one by its values alone. The others are columns of times that were not chosen.
func (s sample) choose() (l labels, others []int) {
	var found []int
	for i := range s.names {
		if s.free(i) && s.mostly(i, isDate) {
			found = append(found, i)
		}
	}
	if len(found) == 0 {
		if l = s.parts(); len(l.columns) > 0 {
			return l, nil
		}
	}
	found = append(found, s.timeNumbers(len(found) > 0)...)
	if len(found) == 0 {
		return s.first(), nil
	}
	chosen := slices.IndexFunc(found, func(i int) bool { return !s.fit(labels{columns: []int{i}}).constant() })
	chosen = found[max(0, chosen)]
	l = s.withClock(chosen)
	return l, slices.DeleteFunc(found, func(i int) bool { return slices.Contains(l.columns, i) })
}

// timeNumbers are the columns of numbers that have times by their names or, if there are none,
// any in the format that is asked for. Where there are dates too, they have to be in order.
func (s sample) timeNumbers(dates bool) (named []int) {
	var other []int
	for i, name := range s.names {
		if !s.free(i) || !s.mostly(i, isNumber) {
			continue
		}
		f := s.fit(labels{columns: []int{i}})
		if !f.most() || dates && !f.strict() {
			continue
		}
		switch {
		case hasWord(name, dateNames), isNamed(name, timeNames),
			f.format.name != "yyyy" && (hasWord(name, timeNames) || hasWord(name, moreNames)):
			named = append(named, i)
		case s.format != "" && s.format != plainNumbers && !dates:
			other = append(other, i)
		}
	}
	if len(named) == 0 {
		return other
	}
	return named
}

// first is the first column that is not always the same, if its name does not say what it is,
// but all its values are times, in order, and no other numbers are likely to be.
// In a table without names it may be the first of several.
func (s sample) first() labels {
	const least = 3 // rows that tell
	var free []int
	for i := range s.names {
		if s.free(i) {
			free = append(free, i)
		}
	}
	if len(free) == 0 || len(s.rows) < least {
		return labels{}
	}
	if l := s.unnamedParts(free[0]); len(l.columns) > 0 {
		return l
	}
	n := slices.IndexFunc(free, func(i int) bool { return !s.same(i) })
	if n < 0 || !s.mostly(free[n], isNumber) {
		return labels{}
	}
	l := s.withClock(free[n])
	f := s.fit(l)
	switch {
	case !f.strict(), f.format.name == "yyyy", f.format.name == yearWeek, f.format.name == "yyyyddd":
		return labels{}
	case strings.HasSuffix(f.format.name, " since 1970"):
		// Others are numbers of rows, or counts, as of people.
		if least, even := s.steps(free[n]); least <= 1 || !even && strings.HasPrefix(f.format.name, "seconds") {
			return labels{}
		}
	}
	l.guessed = true
	return l
}

// unnamedParts are the year from a column on, the month and, if needed, the day, in a table
// without names, in which years repeat; none if they are not in order.
func (s sample) unnamedParts(year int) labels {
	l := labels{guessed: true}
	if s.fit(labels{columns: []int{year}}).same == 0 {
		return labels{}
	}
	for r := yearPart; r <= dayPart; r++ {
		i := year + int(r-yearPart)
		if i >= len(s.names) || s.names[i] != unnamed(i) || !s.free(i) || !s.isPart(i, r) {
			break
		}
		l.columns, l.roles = append(l.columns, i), append(l.roles, r)
		if len(l.columns) > 1 && s.fit(l).strict() {
			return l
		}
	}
	return labels{}
}

// same reports whether all cells of a column are the same.
func (s sample) same(column int) bool {
	return !slices.ContainsFunc(s.rows, func(row []string) bool { return row[column] != s.rows[0][column] })
}

// steps returns the least step between the numbers of a column, and whether the others are
// multiples of it.
func (s sample) steps(column int) (least float64, even bool) {
	var steps []float64
	for i := 1; i < len(s.rows); i++ {
		a, errA := strconv.ParseFloat(strings.TrimSpace(s.rows[i-1][column]), 64)
		b, errB := strconv.ParseFloat(strings.TrimSpace(s.rows[i][column]), 64)
		if errA != nil || errB != nil || a == b {
			return 0, false
		}
		steps = append(steps, max(a-b, b-a))
	}
	least = slices.Min(steps)
	return least, !slices.ContainsFunc(steps, func(step float64) bool { return step/least != float64(int64(step/least)) })
}

// parts are the columns with the year and a smaller part of the time, by their names; none if
// there are none.
func (s sample) parts() (l labels) {
	add := func(r role) bool {
		for i, name := range s.names {
			if s.free(i) && !slices.Contains(l.columns, i) && isNamed(name, roleNames[r]) && s.isPart(i, r) {
				l.columns, l.roles = append(l.columns, i), append(l.roles, r)
				return true
			}
		}
		return false
	}
	if !add(yearPart) {
		return labels{}
	}
	day := false
	switch {
	case add(monthPart):
		day = add(dayPart)
	case add(yearDayPart):
		day = true
	default:
		_ = add(weekPart) || add(quarterPart)
	}
	if day && add(hourPart) && add(minutePart) {
		add(secondPart)
	}
	if len(l.columns) < 2 {
		return labels{}
	}
	return l
}

// isPart reports whether most cells of a column are parts of a time.
func (s sample) isPart(column int, r role) bool {
	return s.mostly(column, func(cell string) bool {
		n, ok := partNumber(r, strings.TrimSpace(cell))
		return ok && (r != yearPart || n >= 1500 && n < 2500)
	})
}
