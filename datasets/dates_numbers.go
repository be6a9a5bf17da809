package datasets

import (
	"strconv"
	"strings"
	"time"
)

// modern reports whether a time is in one of the centuries in which a number is read as a
// date. Other centuries are too often other numbers.
func modern(at time.Time) bool { return at.Year() >= 1500 && at.Year() < 2500 }

// fromModern parses a date in one of these centuries.
func (f timeFormat) fromModern(label string) (instant, bool) {
	at, ok := f.parse(wholeNumber(label))
	return at, ok && modern(at.at)
}

// digits is a format of nothing but digits.
func digits(layout string) func(string) (instant, bool) {
	return func(label string) (instant, bool) {
		text := wholeNumber(label)
		if len(text) != len(layout) || !allDigits(text) {
			return instant{}, false
		}
		at, err := time.Parse(layout, text)
		return instant{at: at}, err == nil && modern(at)
	}
}

// weekNumber reads a year and the number of its week, as 202003.
func weekNumber(label string) (instant, bool) {
	text := wholeNumber(label)
	if len(text) != 6 || !allDigits(text) {
		return instant{}, false
	}
	n, _ := strconv.Atoi(text) // digits alone
	at, ok := isoWeek(n/100, n%100, 1)
	return at, ok && modern(at.at)
}

// wholeNumber writes 2020.0 and 1.57E9 without a fraction and an exponent. What is no whole
// number stays as it is.
func wholeNumber(label string) string {
	label = strings.TrimSpace(label)
	if !strings.ContainsAny(label, ".eE") {
		return label
	}
	v, err := strconv.ParseFloat(label, 64)
	if err != nil || v != float64(int64(v)) {
		return label
	}
	return strconv.FormatInt(int64(v), 10)
}

// epoch is a count from 1970, from least to most, of units of so many nanoseconds.
func epoch(least, most, unit float64) func(string) (instant, bool) {
	return func(label string) (instant, bool) {
		whole, fraction, _ := strings.Cut(wholeNumber(label), ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || float64(n) < least || float64(n) >= most || !allDigits(fraction) {
			return instant{}, false
		}
		part, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64) // of a billion
		per := int64(1e9 / unit)
		return instant{at: time.Unix(n/per, n%per*int64(unit)+part*int64(unit)/1e9).UTC()}, true
	}
}

// plainNumbers is the name of the format whose times are not known.
const plainNumbers = "numbers"

// plainNumber is a number of any unit, such as a count of days or a year and its
// fraction, on a scale of seconds: only its order counts.
func plainNumber(label string) (instant, bool) {
	const most = 1e15
	v, err := strconv.ParseFloat(strings.TrimSpace(label), 64)
	if err != nil || !isNumber(label) || !(v > -most && v < most) {
		return instant{}, false
	}
	whole := int64(v)
	return instant{at: time.Unix(whole, int64((v-float64(whole))*1e9)).UTC()}, true
}
