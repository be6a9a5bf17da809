package datasets

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeFormat is a way to write times. Formats of dates may be followed by a time of day
// and a zone, and preceded by the name of the weekday.
type timeFormat struct {
	name    string // as in CSVConfig.Time and in Series.Notes
	swapped string // the name of the format with the day and the month exchanged, if it is one
	parse   func(string) (instant, bool)
}

// instant is a time, in the zone that was written or in UTC, and whether one was written.
type instant struct {
	at    time.Time
	zoned bool
}

// timeFormats are the recognized times. The numbers come last, and of them the most
// common first: a label that is one is a time only in a column of times.
var timeFormats = []timeFormat{
	dates("yyyy-mm-dd", "", "2006-1-2"), dates("yyyy/mm/dd", "", "2006/1/2"), dates("yyyy.mm.dd", "", "2006.1.2"),
	dates("mm/dd/yyyy", "dd/mm/yyyy", "1/2/2006"), dates("dd/mm/yyyy", "mm/dd/yyyy", "2/1/2006"),
	dates("mm-dd-yyyy", "dd-mm-yyyy", "1-2-2006"), dates("dd-mm-yyyy", "mm-dd-yyyy", "2-1-2006"),
	dates("mm/dd/yy", "dd/mm/yy", "1/2/06"), dates("dd/mm/yy", "mm/dd/yy", "2/1/06"),
	dates("dd.mm.yyyy", "", "2.1.2006"), dates("dd.mm.yy", "", "2.1.06"),
	dates("mon dd, yyyy", "", "Jan 2, 2006", "January 2, 2006", "Jan 2 2006", "January 2 2006"),
	dates("dd mon yyyy", "", "2 Jan 2006", "2 January 2006"), dates("dd-mon-yyyy", "", "2-Jan-2006"),
	dates("dd-mon-yy", "", "2-Jan-06"), dates("yyyy-mon-dd", "", "2006-Jan-2"),
	dates("yyyy-mm", "", "2006-1"), dates("yyyy/mm", "", "2006/1"), dates("mm/yyyy", "", "1/2006"), dates("yyyyMmm", "", "2006M1"),
	dates("mon yyyy", "", "Jan 2006", "January 2006", "Jan-2006", "Jan, 2006"),
	dates("mon-yy", "", "Jan-06"), dates("yyyy mon", "", "2006 Jan", "2006-Jan"),
	{name: "quarters", parse: quarter},
	{name: "yyyymmdd", parse: digits("20060102")}, {name: "yyyymm", parse: digits("200601")}, {name: "yyyy", parse: digits("2006")},
	{name: "seconds since 1970", parse: epoch(1e8, 1e10, 1e9)}, {name: "milliseconds since 1970", parse: epoch(1e11, 1e13, 1e6)},
	{name: "microseconds since 1970", parse: epoch(1e14, 1e16, 1e3)}, {name: "nanoseconds since 1970", parse: epoch(1e17, 9e18, 1)},
	{name: plainNumbers, parse: plainNumber},
}

// dates is a format of dates with one of the layouts of package time.
func dates(name, swapped string, layouts ...string) timeFormat {
	return timeFormat{name, swapped, func(label string) (instant, bool) {
		date, clock := splitClock(label)
		for _, layout := range layouts {
			at, err := time.Parse(layout, date)
			if err != nil {
				continue
			}
			if clock == "" {
				return instant{at, false}, true
			}
			since, zone, ok := timeOfDay(clock)
			if zone == nil {
				return instant{at.Add(since), false}, ok
			}
			at = at.Add(since) // as the clock of the zone shows it
			return instant{time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), at.Nanosecond(), zone), true}, ok
		}
		return instant{}, false
	}}
}

// splitClock divides a label into its date and its time of day, "" if there is none. It
// removes the name of the weekday.
func splitClock(label string) (date, clock string) {
	label = strings.TrimSpace(label)
	if first, rest, ok := strings.Cut(label, " "); ok {
		if _, err := time.Parse("Mon", strings.TrimSuffix(first, ",")); err == nil {
			label = strings.TrimSpace(rest)
		} else if _, err := time.Parse("Monday", strings.TrimSuffix(first, ",")); err == nil {
			label = strings.TrimSpace(rest)
		}
	}
	colon := strings.IndexByte(label, ':')
	if colon < 0 {
		return label, ""
	}
	i := strings.LastIndexAny(label[:colon], " T")
	if i < 0 {
		return "", label
	}
	return strings.TrimRight(label[:i], " ,"), label[i+1:]
}

// zones are those that have a name of their own: of RFC 822, and of Europe. Their hours are
// those from UTC.
var zones = map[string]int{"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
	"WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3}

// timeOfDay reads "15:04", "3:04:05 PM", "15:04:05.5Z", "15:04+02:00", "15:04 CET" and the
// like, as the time since midnight and the zone, nil if none is written. The name of a place
// may follow an offset, as in "15:04+01:00[Europe/Paris]". Other names of zones are not known.
func timeOfDay(clock string) (since time.Duration, zone *time.Location, ok bool) {
	s := strings.ToUpper(strings.TrimSpace(clock))
	if i := strings.IndexByte(s, '['); i > 0 && strings.HasSuffix(s, "]") && strings.ContainsAny(s[:i], "+-Z") {
		s = s[:i]
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
		s, zone = strings.TrimSpace(s[:i]), fixedZone(seconds)
	}
	layout := "15:04"
	if strings.Count(s, ":") == 2 {
		layout = "15:04:05"
	}
	if strings.HasSuffix(s, "M") {
		s = strings.ReplaceAll(s, " ", "")
		layout = strings.Replace(layout, "15", "3", 1) + "PM"
	}
	at, err := time.Parse(layout, s)
	if err != nil {
		return 0, nil, false
	}
	return at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)), zone, true
}

func fixedZone(seconds int) *time.Location {
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// quarter reads "2020Q1", "2020-Q1", "2020 Q1", "Q1 2020" and "Q1-2020".
func quarter(label string) (instant, bool) {
	s := strings.NewReplacer(" ", "", "-", "", "/", "").Replace(strings.ToUpper(label))
	year, number, ok := strings.Cut(s, "Q")
	if year == "" && len(number) == 5 { // Q12020
		number, year = number[:1], number[1:]
	}
	at, err := time.Parse("2006", year)
	if !ok || err != nil || len(number) != 1 || number < "1" || number > "4" {
		return instant{}, false
	}
	return instant{at: at.AddDate(0, 3*int(number[0]-'1'), 0)}, true
}

// digits is a format of nothing but digits. Other centuries are too often other numbers.
func digits(layout string) func(string) (instant, bool) {
	return func(label string) (instant, bool) {
		at, err := time.Parse(layout, strings.TrimSpace(label))
		return instant{at: at}, err == nil && at.Year() >= 1500 && at.Year() < 2500
	}
}

// epoch is a count from 1970, from least to most, of units of so many nanoseconds.
func epoch(least, most, unit float64) func(string) (instant, bool) {
	return func(label string) (instant, bool) {
		whole, fraction, _ := strings.Cut(strings.TrimSpace(label), ".")
		n, err := strconv.ParseInt(whole, 10, 64)
		if err != nil || float64(n) < least || float64(n) >= most {
			return instant{}, false
		}
		part := 0.0
		if fraction != "" {
			if part, err = strconv.ParseFloat("0."+fraction, 64); err != nil {
				return instant{}, false
			}
		}
		per := int64(1e9 / unit)
		return instant{at: time.Unix(n/per, n%per*int64(unit)+int64(part*unit)).UTC()}, true
	}
}

// plainNumbers is the name of the format whose times are not known.
const plainNumbers = "numbers"

// plainNumber is a number of any unit, such as a count of days or a year and its
// fraction, on a scale of seconds: only its order counts.
func plainNumber(label string) (instant, bool) {
	const most = 1e15
	v, err := strconv.ParseFloat(strings.TrimSpace(label), 64)
	if err != nil || !(v > -most && v < most) {
		return instant{}, false
	}
	whole := int64(v)
	return instant{at: time.Unix(whole, int64((v-float64(whole))*1e9)).UTC()}, true
}

// isDate reports whether a cell is a time and no number.
func isDate(cell string) bool {
	return slices.ContainsFunc(timeFormats, func(f timeFormat) bool {
		_, ok := f.parse(cell)
		return ok && !isNumber(cell)
	})
}
