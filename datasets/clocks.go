package datasets

import (
	"strings"
	"time"
)

// splitClock divides a label into its date and its time of day, "" if there is none. It
// removes the name of the weekday, and writes the date as package time does.
func splitClock(label string) (date, clock string) {
	label = strings.TrimSpace(label)
	if first, rest, ok := strings.Cut(label, " "); ok && isWeekday(first) {
		label = strings.TrimSpace(rest)
	}
	if i := numericDate(label); i > 0 {
		return strings.TrimRight(label[:i], ","), strings.TrimSpace(label[i+1:])
	}
	colon := strings.IndexByte(label, ':')
	if colon < 0 {
		return plainDate(label), ""
	}
	i := strings.LastIndexAny(label[:colon], " T")
	if i < 0 {
		return "", label
	}
	date, clock = strings.TrimRight(label[:i], " ,"), label[i+1:]
	if rest, year, ok := cutLast(clock); ok && len(year) == 4 && allDigits(year) { // Wed Jan  1 00:00:00 2020
		date, clock = date+" "+year, rest
	}
	return plainDate(date), clock
}

// numericDate is where a date of digits and two signs between them, or of eight digits, ends
// before a time of day, which is a space or a T; 0 if the label is anything else.
func numericDate(label string) int {
	i := strings.IndexAny(label, " T")
	if i < 0 {
		return 0
	}
	date := strings.TrimRight(label[:i], ",")
	signs := strings.Count(date, "-") + strings.Count(date, "/") + strings.Count(date, ".")
	if strings.Trim(date, "0123456789-/.") != "" || signs != 2 && !(signs == 0 && len(date) == 8) {
		return 0
	}
	return i
}

// cutLast cuts off the last word.
func cutLast(text string) (rest, last string, ok bool) {
	i := strings.LastIndexByte(text, ' ')
	if i < 0 {
		return "", "", false
	}
	return strings.TrimSpace(text[:i]), text[i+1:], true
}

// zones are those that have a name of their own: of RFC 822, and of Europe. Their hours are
// those from UTC.
var zones = map[string]int{"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}

var halvesOfDay = strings.NewReplacer("A.M.", "AM", "P.M.", "PM", "A.M", "AM", "P.M", "PM")

// timeOfDay reads "15:04", "3:04:05 PM", "15:04:05.5Z", "15:04+02:00", "15:04 CET", "15.04.05",
// "150405", "15" and the like, as the time since midnight and the zone, nil if none is written.
// The name of a place may follow an offset, as in "15:04+01:00[Europe/Paris]". Other names of
// zones are not known.
func timeOfDay(clock string) (since time.Duration, zone *time.Location, ok bool) {
	s := halvesOfDay.Replace(strings.ToUpper(strings.TrimSpace(clock)))
	if i := strings.IndexAny(s, "[("); i > 0 && strings.ContainsAny(s[i:], "])") && strings.ContainsAny(s[:i], "+-Z") {
		s = strings.TrimSpace(s[:i])
	}
	digits := strings.TrimRight(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
	if hours, found := zones[s[len(digits):]]; found {
		s, zone = strings.TrimSpace(digits), fixedZone(hours*3600)
	}
	if i := strings.LastIndexAny(s, "+-"); i > 0 && zone == nil {
		layout := map[int]string{3: "-07", 5: "-0700", 6: "-07:00"}[len(s)-i]
		at, err := time.Parse(layout, s[i:])
		if layout == "" || err != nil {
			return 0, nil, false
		}
		_, seconds := at.Zone()
		before := strings.TrimSpace(s[:i])
		before = strings.TrimSuffix(strings.TrimSuffix(before, "GMT"), "UTC")
		s, zone = strings.TrimSpace(before), fixedZone(seconds)
	}
	since, ok = sinceMidnight(s)
	return since, zone, ok
}

// sinceMidnight reads a time of day without a zone, in capital letters. 24:00 is the end of
// the day.
func sinceMidnight(s string) (time.Duration, bool) {
	half := ""
	if strings.HasSuffix(s, "AM") || strings.HasSuffix(s, "PM") {
		s, half = strings.TrimSpace(s[:len(s)-2]), s[len(s)-2:]
	}
	s = colons(s)
	var end time.Duration
	if rest, ok := strings.CutPrefix(s, "24:00"); ok && half == "" && strings.Trim(rest, ":0.") == "" {
		s, end = "00:00"+rest, 24*time.Hour
	}
	layout := "15:04"
	if strings.Count(s, ":") == 2 {
		layout = "15:04:05"
	}
	if half != "" {
		layout = strings.Replace(layout, "15", "3", 1) + "PM"
	}
	at, err := time.Parse(layout, s+half)
	if err != nil {
		return 0, false
	}
	return at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)) + end, true
}

// colons writes the colons of a time of day that has points or nothing between its numbers,
// or an hour alone. The fourth number is a fraction of a second.
func colons(s string) string {
	switch {
	case strings.Count(s, ":") == 3:
		i := strings.LastIndexByte(s, ':')
		return s[:i] + "." + s[i+1:]
	case strings.Contains(s, ":"):
		return s
	case allDigits(s) && (len(s) == 1 || len(s) == 2):
		return s + ":00"
	case allDigits(s) && len(s) == 4:
		return s[:2] + ":" + s[2:]
	case allDigits(s) && len(s) == 6:
		return s[:2] + ":" + s[2:4] + ":" + s[4:]
	}
	parts := strings.Split(s, ".")
	for _, part := range parts {
		if !allDigits(part) || len(part) != 2 && !(len(part) == 1 && len(parts) == 3) {
			return s
		}
	}
	if len(parts) > 3 {
		return s
	}
	return strings.Join(parts, ":")
}

func fixedZone(seconds int) *time.Location {
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// isClock reports whether a cell is a time of day.
func isClock(cell string) bool {
	_, _, ok := timeOfDay(cell)
	return ok
}
