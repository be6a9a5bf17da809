package datasets

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// role is what a column says about the time of a row.
type role int

const (
	wholeDate role = iota
	clockTime
	yearPart
	monthPart
	dayPart
	hourPart
	minutePart
	secondPart
	quarterPart
	weekPart
	yearDayPart
	roles
)

// labels are the columns that label a row.
type labels struct {
	columns []int
	roles   []role // of several columns that make up a time; nil if the cells are the label
	style   clockStyle
	guessed bool // from values alone
}

// clockStyle is how a column has times of day.
type clockStyle int

const (
	clockText clockStyle = iota // 15:04, 15.04.05 and the like
	clockHour                   // 0 to 24
	clockHHMM                   // 1504, without zeros at the start
	clockHHMMSS
)

// name is the name of the columns, for messages.
func (l labels) name(names []string) string {
	var of []string
	for _, i := range l.columns {
		of = append(of, names[i])
	}
	return strings.Join(of, ",")
}

// of returns the label of a row; false if a part of a time is missing or no whole number. The
// parts are put together as in 2024-01-31 15:04:05, 2024-Q1, 2024-W05 and 2024-031.
func (l labels) of(row []string) (string, bool) {
	if l.roles == nil {
		var cells []string
		for _, i := range l.columns {
			cells = append(cells, strings.TrimSpace(row[i]))
		}
		return strings.Join(cells, " "), true
	}
	var text [2]string // of wholeDate and clockTime
	var part [roles]int
	for r := range part {
		part[r] = -1
	}
	for n, i := range l.columns {
		cell, ok := strings.TrimSpace(row[i]), false
		switch r := l.roles[n]; r {
		case wholeDate:
			text[r], ok = dateAlone(cell) // the time of day is in other columns
			ok = ok && cell != ""
		case clockTime:
			text[r], ok = l.style.write(cell)
		default:
			part[r], ok = partNumber(r, cell)
		}
		if !ok {
			return cell, false
		}
	}
	date, clock := text[wholeDate], text[clockTime]
	if date == "" {
		date = datePart(part)
	}
	if part[hourPart] >= 0 {
		clock = fmt.Sprintf("%02d:%02d", part[hourPart], max(part[minutePart], 0))
		if part[secondPart] >= 0 {
			clock += fmt.Sprintf(":%02d", part[secondPart])
		}
	}
	if clock == "" {
		return date, true
	}
	return date + " " + clock, true
}

// datePart writes the parts of a date; those that are not there are negative.
func datePart(part [roles]int) string {
	year := fmt.Sprintf("%04d", part[yearPart])
	switch {
	case part[dayPart] >= 0:
		return year + fmt.Sprintf("-%02d-%02d", part[monthPart], part[dayPart])
	case part[monthPart] >= 0:
		return year + fmt.Sprintf("-%02d", part[monthPart])
	case part[yearDayPart] >= 0:
		return year + fmt.Sprintf("-%03d", part[yearDayPart])
	case part[weekPart] >= 0:
		return year + fmt.Sprintf("-W%02d", part[weekPart])
	}
	return year + fmt.Sprintf("-Q%d", part[quarterPart])
}

// partNumber reads a part of a time: a whole number, which letters may precede, as in Q1, or
// the name of a month.
func partNumber(r role, cell string) (int, bool) {
	if r == monthPart {
		if n := monthNumber(cell); n > 0 {
			return n, true
		}
	}
	if r == monthPart || r == quarterPart || r == weekPart {
		cell = strings.TrimLeftFunc(cell, func(c rune) bool { return unicode.IsLetter(c) || c == ' ' })
	}
	v, err := strconv.ParseFloat(cell, 64)
	if err != nil || v != float64(int(v)) || v < 0 || v > 9999 {
		return 0, false
	}
	return int(v), true
}

// write writes a time of day with colons, or as it is if it is text.
func (s clockStyle) write(cell string) (string, bool) {
	if s == clockText {
		return cell, cell != ""
	}
	cell = wholeNumber(cell)
	n, err := strconv.Atoi(cell)
	if err != nil || n < 0 {
		return cell, false
	}
	switch s {
	case clockHour:
		return fmt.Sprintf("%02d:00", n), true
	case clockHHMM:
		return fmt.Sprintf("%02d:%02d", n/100, n%100), true
	}
	return fmt.Sprintf("%02d:%02d:%02d", n/10000, n/100%100, n%100), true
}
