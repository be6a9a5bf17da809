package datasets

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// labels are the columns that label a row.
type labels struct {
	columns []int
	parts   bool // they are numbers: the year, the month, the day, the hour, the minute, the second
}

// partNames are the names of columns with a part of a time, in lower case.
var partNames = [][]string{{"year", "yr", "yyyy"}, {"month", "mon", "mo", "mm"}, {"day", "dd"}, {"hour", "hr", "hh"}, {"minute", "min"}, {"second", "sec"}}

// timeNames are names of columns that hold times, and timeWords words of such names, in
// lower case. Time alone is none of these words: a response time is a duration.
var (
	timeNames = []string{"time", "ds", "period"}
	timeWords = []string{"date", "timestamp", "datetime", "epoch", "unix", "year", "yyyymm", "yyyymmdd"}
)

// timeColumns detects the columns with the time, by the first row, among those that are not
// used otherwise; none if there are none.
func timeColumns(names, row []string, used []int) labels {
	free := func(i int) bool { return !slices.Contains(used, i) }
	for i, cell := range row {
		if free(i) && isDate(cell) {
			l := labels{columns: []int{i}}
			if i+1 < len(row) && free(i+1) {
				return l.complete(names, row)
			}
			return l
		}
	}
	var parts labels
	for _, of := range partNames {
		i := slices.IndexFunc(names, func(name string) bool { return slices.Contains(of, strings.ToLower(name)) })
		if i < 0 || !free(i) || !isNumber(row[i]) {
			break
		}
		parts.columns = append(parts.columns, i)
	}
	if len(parts.columns) > 1 {
		parts.parts = true
		return parts
	}
	for i, name := range names {
		words := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool { return r == '_' || r == ' ' || r == '-' })
		named := slices.Contains(timeNames, strings.ToLower(name)) || slices.ContainsFunc(words, func(w string) bool { return slices.Contains(timeWords, w) })
		if free(i) && named && isTimeNumber(row[i]) {
			return labels{columns: []int{i}}
		}
	}
	return labels{}
}

// isTimeNumber reports whether a cell is a time written as a number.
func isTimeNumber(cell string) bool {
	return slices.ContainsFunc(timeFormats, func(f timeFormat) bool {
		_, ok := f.parse(cell)
		return ok && f.name != plainNumbers
	})
}

// complete adds the column of times of day behind one of dates, and finds out whether the
// columns are parts of a time.
func (l labels) complete(names, row []string) labels {
	if len(l.columns) > 1 {
		l.parts = len(l.columns) <= len(partNames) && !slices.ContainsFunc(l.columns, func(i int) bool { return !isNumber(row[i]) })
		return l
	}
	i := l.columns[0]
	if _, clock := splitClock(row[i]); clock == "" && i+1 < len(row) && isDate(row[i]) && isClock(row[i+1]) {
		l.columns = []int{i, i + 1}
	}
	return l
}

func isClock(cell string) bool {
	_, _, ok := timeOfDay(cell)
	return ok
}

// name is the name of the columns, for messages.
func (l labels) name(names []string) string {
	var of []string
	for _, i := range l.columns {
		of = append(of, names[i])
	}
	return strings.Join(of, ",")
}

// of returns the label of a row; false if a part of a time is no whole number. The parts
// are put together as in 2024-01-31 15:04:05.
func (l labels) of(row []string) (string, bool) {
	var b strings.Builder
	for n, i := range l.columns {
		cell := strings.TrimSpace(row[i])
		if !l.parts {
			if n > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(cell)
			continue
		}
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil || v != float64(int(v)) || v < 0 || v > 9999 {
			return cell, false
		}
		format := "%02d"
		if n == 0 {
			format = "%04d"
		}
		b.WriteString([]string{"", "-", "-", " ", ":", ":"}[n])
		fmt.Fprintf(&b, format, int(v))
	}
	if l.parts && len(l.columns) == 4 {
		b.WriteString(":00")
	}
	return b.String(), true
}
