package datasets

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// timeFormat is a way to write times. Formats of dates may be followed by a time of day
// and a zone, and preceded by the name of the weekday.
type timeFormat struct {
	name   string // as in CSVConfig.Time and in Series.Notes
	family string // that of formats that differ in the order of the day, the month and the year alone
	parse  func(string) (instant, bool)
}

// instant is a time, in the zone that was written or in UTC, and whether one was written.
type instant struct {
	at    time.Time
	zoned bool
}

// timeFormats are the recognized times. The numbers come last, and of them the dates first: a
// label that is one is a time only in a column of times.
var timeFormats = []timeFormat{
	dates("yyyy-mm-dd", "", "2006-1-2"), dates("yyyy/mm/dd", "", "2006/1/2"), dates("yyyy.mm.dd", "", "2006.1.2"),
	dates("mm/dd/yyyy", "//", "1/2/2006"), dates("dd/mm/yyyy", "//", "2/1/2006"),
	dates("mm-dd-yyyy", "--", "1-2-2006"), dates("dd-mm-yyyy", "--", "2-1-2006"),
	dates("mm/dd/yy", "//yy", "1/2/06"), dates("dd/mm/yy", "//yy", "2/1/06"), dates("yy/mm/dd", "//yy", "06/1/2"),
	dates("mm-dd-yy", "--yy", "1-2-06"), dates("dd-mm-yy", "--yy", "2-1-06"), dates("yy-mm-dd", "--yy", "06-1-2"),
	dates("dd.mm.yyyy", "", "2.1.2006"), dates("dd.mm.yy", "..yy", "2.1.06"), dates("yy.mm.dd", "..yy", "06.1.2"),
	dates("mon dd, yyyy", "", "Jan 2, 2006", "Jan 2 2006"),
	dates("dd mon yyyy", "", "2 Jan 2006", "2. Jan 2006", "2Jan2006"), dates("dd-mon-yyyy", "", "2-Jan-2006"),
	dates("dd-mon-yy", "", "2-Jan-06", "2 Jan 06", "2Jan06"), dates("yyyy-mon-dd", "", "2006-Jan-2"), dates("yyyy-ddd", "", "2006-002"),
	dates("yyyy-mm", "", "2006-1"), dates("yyyy/mm", "", "2006/1"), dates("mm/yyyy", "", "1/2006"), dates("yyyyMmm", "", "2006M1"),
	dates("mon yyyy", "", "Jan 2006", "Jan-2006", "Jan, 2006"),
	dates("mon-yy", "", "Jan-06"), dates(monthYear, "mon", "Jan 06"), dates(monthDay, "mon", "Jan 2"), dates("yyyy mon", "", "2006 Jan", "2006-Jan", "2006Jan"),
	{name: "quarters", parse: quarter}, {name: "weeks", parse: week},
	{name: "yyyymmdd", parse: dates("", "", "20060102").fromModern}, {name: "yyyymm", parse: digits("200601")}, {name: "yyyy", parse: digits("2006")},
	{name: "yyyymmddhh", parse: digits("2006010215")}, {name: "yyyymmddhhmm", parse: digits("200601021504")}, {name: "yyyymmddhhmmss", parse: digits("20060102150405")},
	{name: "yyyyddd", parse: digits("2006002")}, {name: yearWeek, parse: weekNumber},
	{name: "seconds since 1970", parse: epoch(1e8, 1e10, 1e9)}, {name: "milliseconds since 1970", parse: epoch(1e11, 1e13, 1e6)},
	{name: "microseconds since 1970", parse: epoch(1e14, 1e16, 1e3)}, {name: "nanoseconds since 1970", parse: epoch(1e17, 9e18, 1)},
	{name: plainNumbers, parse: plainNumber},
}

const (
	monthYear = "mon yy"
	monthDay  = "mon dd" // without a year: only there to tell it from the one before
	yearWeek  = "yyyyww"
)

// dates is a format of dates with one of the layouts of package time. Of the interval from
// one to another, or to a time of day, the start counts.
func dates(name, family string, layouts ...string) timeFormat {
	return timeFormat{name, family, func(label string) (instant, bool) {
		from, to, interval := cutInterval(label)
		start, ok := parseDate(from, layouts)
		if ok && interval {
			if _, ok = parseDate(to, layouts); !ok {
				ok = isClock(to)
			}
		}
		return start, ok
	}}
}

func parseDate(label string, layouts []string) (instant, bool) {
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
}

// cutInterval divides an interval at its dash between spaces.
func cutInterval(label string) (from, to string, ok bool) {
	if from, to, ok = strings.Cut(label, " - "); !ok {
		from, to, ok = strings.Cut(label, " – ")
	}
	return from, to, ok
}

var (
	quarterForms = []*regexp.Regexp{
		regexp.MustCompile(`(?i)^(?P<year>\d{4})[-/: ]?Q(TR )?0?(?P<n>[1-4])$`),
		regexp.MustCompile(`(?i)^Q(TR )?(?P<n>[1-4])[-/: ]?(?P<year>\d{4}|\d\d)$`),
		regexp.MustCompile(`(?i)^(?P<n>[1-4])Q[-/: ]?(?P<year>\d{4}|\d\d)$`),
	}
	weekForms = []*regexp.Regexp{
		regexp.MustCompile(`(?i)^(?P<year>\d{4})[-/: ]?(W|KW|WEEK) ?(?P<n>\d\d?)(-?(?P<day>[1-7]))?$`),
		regexp.MustCompile(`(?i)^(W|KW|WEEK) ?(?P<n>\d\d?)[-/: ](?P<year>\d{4})$`),
	}
)

// quarter reads "2020Q1", "2020-Q1", "2020:Q1", "Q1 2020", "Q1-20", "1Q20" and the like.
func quarter(label string) (instant, bool) {
	year, n, _, ok := counted(label, "Qq", quarterForms)
	return instant{at: time.Date(year, time.Month(3*n-2), 1, 0, 0, 0, 0, time.UTC)}, ok
}

// week reads "2020-W03", "2020W03", "2020-W03-1", "W3 2020" and the like, as the Monday of
// the week, or its day with that number.
func week(label string) (instant, bool) {
	year, n, day, ok := counted(label, "Ww", weekForms)
	if !ok {
		return instant{}, false
	}
	return isoWeek(year, n, max(day, 1))
}

// counted reads a year, the number of a part of it and of a day, 0 if it has none, which one
// of the forms finds in a label with one of the letters.
func counted(label, letters string, forms []*regexp.Regexp) (year, n, day int, ok bool) {
	label = strings.TrimSpace(label)
	if !strings.ContainsAny(label, letters) {
		return 0, 0, 0, false
	}
	for _, form := range forms {
		found := form.FindStringSubmatch(label)
		if found == nil {
			continue
		}
		number := func(name string) (v int) {
			if i := form.SubexpIndex(name); i >= 0 {
				v, _ = strconv.Atoi(found[i]) // "" is 0
			}
			return v
		}
		if year = number("year"); year < 69 { // as package time does
			year += 2000
		} else if year < 100 {
			year += 1900
		}
		return year, number("n"), number("day"), true
	}
	return 0, 0, 0, false
}

// isoWeek is a day of a week of ISO 8601, where Monday is 1.
func isoWeek(year, n, day int) (instant, bool) {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC) // always in the first week
	at := fourth.AddDate(0, 0, 7*(n-1)+day-1-(int(fourth.Weekday())+6)%7)
	y, w := at.ISOWeek()
	return instant{at: at}, y == year && w == n
}

// isDate reports whether a cell is a time and no number.
func isDate(cell string) bool {
	return strings.ContainsAny(cell, "0123456789") && !isNumber(cell) && slices.ContainsFunc(timeFormats, func(f timeFormat) bool {
		_, ok := f.parse(cell)
		return ok
	})
}
