package datasets_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// dated returns a file with these labels, a column of words and one of numbers.
func dated(labels ...string) string {
	var b strings.Builder
	b.WriteString("note,timestamp,close\n")
	for i, label := range labels {
		fmt.Fprintf(&b, "x,\"%s\",%d\n", label, i)
	}
	return b.String()
}

// timeTexts are ways to write times: what Notes call them, the step between rows, and
// how package time or a function writes them.
var timeTexts = []struct {
	name, notes string
	step        string
	write       func(time.Time) string
}{
	{"ISO day", "yyyy-mm-dd", "day", layout("2006-01-02")},
	{"ISO minute", "yyyy-mm-dd", "hour", layout("2006-01-02 15:04")},
	{"hour without a 0", "yyyy-mm-dd", "hour", func(t time.Time) string { return t.Format("2006-01-02 ") + fmt.Sprintf("%d:00", t.Hour()) }},
	{"ISO second", "yyyy-mm-dd", "hour", layout("2006-01-02T15:04:05")},
	{"fractions", "yyyy-mm-dd", "hour", layout("2006-01-02 15:04:05.000000")},
	{"Z", "yyyy-mm-dd", "hour", layout("2006-01-02T15:04:05Z")},
	{"UTC", "yyyy-mm-dd", "hour", layout("2006-01-02 15:04:05 UTC")},
	{"zone of Europe", "yyyy-mm-dd", "hour", suffixed("2006-01-02 15:04", " CET")},
	{"zone of RFC 822", "dd mon yyyy", "hour", layout("Mon, 02 Jan 2006 15:04:05 EST")},
	{"offset and place", "yyyy-mm-dd", "hour", suffixed("2006-01-02T15:04:05", "+01:00[Europe/Paris]")},
	{"offset", "yyyy-mm-dd", "hour", suffixed("2006-01-02T15:04:05", "+02:00")},
	{"offset of hours", "yyyy-mm-dd", "hour", suffixed("2006-01-02 15:04:05", "+02")},
	{"offset without a colon", "yyyy-mm-dd", "hour", suffixed("2006-01-02 15:04:05", " -0500")},
	{"slashes, year first", "yyyy/mm/dd", "day", layout("2006/1/2")},
	{"points, year first", "yyyy.mm.dd", "hour", layout("2006.01.02 15:04")},
	{"US", "mm/dd/yyyy", "day", layout("01/02/2006")},
	{"US, short", "mm/dd/yyyy", "day", layout("1/2/2006")},
	{"US, AM and PM", "mm/dd/yyyy", "hour", layout("1/2/2006 3:04 PM")},
	{"US, seconds, am and pm", "mm/dd/yyyy", "hour", layout("01/02/2006 03:04:05pm")},
	{"US, two digits", "mm/dd/yy", "day", layout("01/02/06")},
	{"US, hyphens", "mm-dd-yyyy", "day", layout("01-02-2006")},
	{"day first", "dd/mm/yyyy", "day", layout("02/01/2006")},
	{"day first, two digits", "dd/mm/yy", "day", layout("2/1/06")},
	{"day first, hyphens", "dd-mm-yyyy", "day", layout("02-01-2006")},
	{"day first, time", "dd/mm/yyyy", "hour", layout("02/01/2006 15:04")},
	{"German", "dd.mm.yyyy", "day", layout("02.01.2006")},
	{"German, two digits", "dd.mm.yy", "day", layout("2.1.06")},
	{"German, time", "dd.mm.yyyy", "hour", layout("02.01.2006 15:04:05")},
	{"month name", "mon dd, yyyy", "day", layout("Jan 2, 2006")},
	{"long month name", "mon dd, yyyy", "day", layout("January 2, 2006")},
	{"British", "dd mon yyyy", "day", layout("2 Jan 2006")},
	{"hyphens", "dd-mon-yyyy", "day", layout("02-Jan-2006")},
	{"capitals", "dd-mon-yy", "day", func(t time.Time) string { return strings.ToUpper(t.Format("02-Jan-06")) }},
	{"RFC 1123", "dd mon yyyy", "hour", layout("Mon, 02 Jan 2006 15:04:05 GMT")},
	{"month", "yyyy-mm", "month", layout("2006-01")},
	{"month, slash", "mm/yyyy", "month", layout("01/2006")},
	{"month and year", "mon-yy", "month", layout("Jan-06")},
	{"month and long year", "mon yyyy", "month", layout("January 2006")},
	{"IMF month", "yyyyMmm", "month", layout("2006M01")},
	{"yyyymm", "yyyymm", "month", layout("200601")},
	{"yyyymmdd", "yyyymmdd", "day", layout("20060102")},
	{"year", "yyyy", "year", layout("2006")},
	{"year and fraction", "yyyy", "year", layout("2006.0")},
	{"ordinal", "yyyy-ddd", "day", layout("2006-002")},
	{"ordinal, no sign", "yyyyddd", "day", layout("2006002")},
	{"yyyymmddhh", "yyyymmddhh", "hour", layout("2006010215")},
	{"yyyymmddhhmm", "yyyymmddhhmm", "hour", layout("200601021504")},
	{"yyyymmddhhmmss", "yyyymmddhhmmss", "hour", layout("20060102150405")},
	{"yyyymmdd and digits", "yyyymmdd", "hour", layout("20060102 150405")},
	{"ISO basic", "yyyymmdd", "hour", layout("20060102T150405")},
	{"ISO basic, Z", "yyyymmdd", "hour", layout("20060102T1504Z")},
	{"ISO hour", "yyyy-mm-dd", "hour", layout("2006-01-02T15")},
	{"milliseconds behind a colon", "yyyy-mm-dd", "hour", suffixed("2006-01-02 15:04:05", ":000")},
	{"milliseconds behind a comma", "yyyy-mm-dd", "hour", layout("2006-01-02 15:04:05,000")},
	{"points in the time", "yyyy-mm-dd", "hour", layout("2006-01-02 15.04.05")},
	{"US, points in AM and PM", "mm/dd/yyyy", "hour", func(t time.Time) string {
		return t.Format("1/2/2006 3:04 ") + strings.ToLower(t.Format("PM")[:1]) + ".m."
	}},
	{"SAS", "dd mon yyyy", "day", func(t time.Time) string { return strings.ToUpper(t.Format("02Jan2006")) }},
	{"ctime", "mon dd, yyyy", "hour", layout("Mon Jan _2 15:04:05 2006")},
	{"Unix date", "mon dd, yyyy", "hour", layout("Mon Jan _2 15:04:05 UTC 2006")},
	{"JavaScript", "mon dd, yyyy", "hour", suffixed("Mon Jan 02 2006 15:04:05", " GMT+0100 (CET)")},
	{"zone in parentheses", "dd mon yyyy", "hour", suffixed("2 Jan 2006 15:04:05", " GMT+0100 (CET)")},
	{"Sept", "dd mon yyyy", "day", func(t time.Time) string { return strings.Replace(t.Format("2 Jan 2006"), "Oct", "Octobre", 1) }},
	{"2nd", "dd mon yyyy", "day", func(t time.Time) string {
		return fmt.Sprintf("%d%s %s", t.Day(), map[int]string{1: "st", 2: "nd", 3: "rd"}[t.Day()], t.Format("January 2006"))
	}},
	{"German words", "dd mon yyyy", "day", func(t time.Time) string {
		return strings.NewReplacer("October", "Oktober", "May", "Mai").Replace(t.Format("2. January 2006"))
	}},
	{"German months", "mon yyyy", "month", func(t time.Time) string {
		return strings.NewReplacer("Mar", "Mär", "May", "Mai", "Oct", "Okt", "Dec", "Dez").Replace(t.Format("Jan 2006"))
	}},
	{"French months", "mon-yy", "month", func(t time.Time) string {
		return strings.Fields("janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.")[t.Month()-1] + t.Format("-06")
	}},
	{"Chinese", "yyyy-mm-dd", "day", layout("2006年1月2日")},
	{"ECB month", "yyyy mon", "month", layout("2006Jan")},
	{"interval", "dd.mm.yyyy, the start of intervals", "hour", func(t time.Time) string {
		return t.Format("02.01.2006 15:04 - ") + t.Add(time.Hour).Format("02.01.2006 15:04")
	}},
	{"week", "weeks", "week", func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%d-W%02d", y, w) }},
	{"week, no sign", "weeks", "week", func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%dW%02d", y, w) }},
	{"week and day", "weeks", "week", func(t time.Time) string { y, w := t.ISOWeek(); return fmt.Sprintf("%d-W%02d-1", y, w) }},
	{"quarter of two digits", "quarters", "quarter", func(t time.Time) string { return fmt.Sprintf("%dQ%s", (int(t.Month())+2)/3, t.Format("06")) }},
	{"quarter behind a colon", "quarters", "quarter", func(t time.Time) string { return fmt.Sprintf("%d:Q%d", t.Year(), (int(t.Month())+2)/3) }},
	{"quarter", "quarters", "quarter", func(t time.Time) string { return fmt.Sprintf("%dQ%d", t.Year(), (int(t.Month())+2)/3) }},
	{"quarter first", "quarters", "quarter", func(t time.Time) string { return fmt.Sprintf("Q%d %d", (int(t.Month())+2)/3, t.Year()) }},
	{"seconds", "seconds since 1970", "hour", func(t time.Time) string { return fmt.Sprint(t.Unix()) }},
	{"seconds and fractions", "seconds since 1970", "hour", func(t time.Time) string { return fmt.Sprintf("%d.5", t.Unix()) }},
	{"milliseconds", "milliseconds since 1970", "hour", func(t time.Time) string { return fmt.Sprint(t.UnixMilli()) }},
	{"microseconds", "microseconds since 1970", "hour", func(t time.Time) string { return fmt.Sprint(t.UnixMicro()) }},
	{"nanoseconds", "nanoseconds since 1970", "hour", func(t time.Time) string { return fmt.Sprint(t.UnixNano()) }},
}

func layout(l string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(l) }
}

func suffixed(l, suffix string) func(time.Time) string {
	return func(t time.Time) string { return t.Format(l) + suffix }
}

// rows are n times from the end of 2005 on.
func rows(step string, n int) (times []time.Time) {
	start := time.Date(2005, 10, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		times = append(times, map[string]time.Time{
			"hour": start.AddDate(0, 0, 29).Add(time.Duration(i) * time.Hour), "day": start.AddDate(0, 0, i), "month": start.AddDate(0, i, 0),
			"quarter": start.AddDate(0, 3*i, 0), "week": time.Date(2005, 10, 3+7*i, 0, 0, 0, 0, time.UTC), "year": time.Date(2005+i, 1, 1, 0, 0, 0, 0, time.UTC),
		}[step])
	}
	return times
}

// clocks are times as their clocks show them, in whole seconds.
func clocks(times []time.Time) (texts []string) {
	for _, t := range times {
		texts = append(texts, t.Format(time.DateTime))
	}
	return texts
}

// Times keep the zone that is written, and the order is that of the times.
func TestZones(t *testing.T) {
	s, err := datasets.ReadCSV(strings.NewReader(dated("2024-10-27 02:30 CEST", "2024-10-27 02:00 CET", "2024-10-27 02:30+01:00", "2024-10-27 02:00 GMT")), datasets.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, at := range s.Times {
		got = append(got, at.Format(time.RFC3339))
	}
	if d := cmp.Diff([]string{"2024-10-27T02:30:00+02:00", "2024-10-27T02:00:00+01:00", "2024-10-27T02:30:00+01:00", "2024-10-27T02:00:00Z"}, got); d != "" || !strings.HasSuffix(s.Notes, "every 30 minutes") {
		t.Errorf("%s, %s", d, s.Notes)
	}
	_, err = datasets.ReadCSV(strings.NewReader(dated("2024-10-27 02:30 CEST", "2024-10-27 02:00 MARS")), datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Path: "csv:3", Field: "timestamp"})
}

// In every format, rows in order are read, the newest first are reversed, and rows that
// are out of order, have a time twice or have none are refused.
func TestTimes(t *testing.T) {
	const n = 40
	column := func(s *datasets.Series, err error) []float64 {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s.Values[0]
	}
	var up, down []float64
	for i := range n {
		up, down = append(up, float64(i)), append(down, float64(n-1-i))
	}
	for _, c := range timeTexts {
		t.Run(c.name, func(t *testing.T) {
			read := func(labels []string, config datasets.CSVConfig) (*datasets.Series, error) {
				return datasets.ReadCSV(strings.NewReader(dated(labels...)), config)
			}
			times := rows(c.step, n)
			var labels []string
			for _, at := range times {
				labels = append(labels, c.write(at))
			}
			s, err := read(labels, datasets.CSVConfig{})
			if d := cmp.Diff(up, column(s, err)); d != "" || !slices.Equal(s.Index, labels) || !strings.Contains(s.Notes, c.notes) {
				t.Errorf("oldest first: %s, %v, %s", d, s.Index, s.Notes)
			}
			if d := cmp.Diff(clocks(times), clocks(s.Times)); d != "" {
				t.Error(d)
			}
			if f, err := s.Frequency(); err != nil || f.String() != c.step {
				t.Errorf("every %v, error %v", f, err)
			}

			back := slices.Clone(labels)
			slices.Reverse(back)
			for _, config := range []datasets.CSVConfig{{}, {Columns: []string{"close"}}, {Index: "timestamp"}} {
				s, err = read(back, config)
				if d := cmp.Diff(down, column(s, err)); d != "" || !slices.Equal(s.Index, labels) || !slices.Equal(clocks(s.Times), clocks(times)) || !strings.Contains(s.Notes, c.notes+", newest first: reversed") {
					t.Errorf("newest first: %s, %v, %s", d, s.Index, s.Notes)
				}
			}

			mixed := slices.Clone(labels)
			rand.New(rand.NewPCG(1, 2)).Shuffle(n, func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
			_, err = read(mixed, datasets.CSVConfig{})
			errtest.Check(t, err, errs.Error{Field: "timestamp"})
			if !strings.Contains(err.Error(), "CSVConfig.Sort") {
				t.Errorf("out of order: error %v", err)
			}
			s, err = read(mixed, datasets.CSVConfig{Sort: true})
			for i, v := range column(s, err) {
				if s.Index[i] != labels[i] || mixed[int(v)] != labels[i] || s.Times[i].Format(time.DateTime) != clocks(times)[i] {
					t.Fatalf("sorted, row %d: %s, %v", i, s.Index[i], v)
				}
			}
			if !strings.Contains(s.Notes, "sorted") {
				t.Error(s.Notes)
			}

			stacked := slices.Concat(labels, labels, labels)
			_, err = read(stacked, datasets.CSVConfig{})
			errtest.Check(t, err, errs.Error{Path: fmt.Sprintf("csv:%d", n+2), Field: "timestamp", Value: labels[0] + " after " + labels[n-1]})
			if !strings.Contains(err.Error(), "CSVConfig.Where") {
				t.Errorf("three series: error %v", err)
			}

			twice := slices.Insert(slices.Clone(labels), 7, labels[6])
			_, err = read(twice, datasets.CSVConfig{})
			errtest.Check(t, err, errs.Error{Path: "csv:9", Field: "timestamp", Value: labels[6] + " after " + labels[6]})
			if !strings.Contains(err.Error(), "CSVConfig.Duplicates") {
				t.Errorf("twice: error %v", err)
			}

			for _, bad := range []string{"", "total", "?"} {
				broken := slices.Clone(labels)
				broken[20] = bad
				_, err = read(broken, datasets.CSVConfig{})
				errtest.Check(t, err, errs.Error{Path: "csv:22", Field: "timestamp", Value: `"` + bad + `"`})
			}
		})
	}
}

func TestDuplicates(t *testing.T) {
	for _, c := range []struct {
		name   string
		days   string
		config datasets.CSVConfig
		want   []float64
		notes  string
	}{
		{"first", "1 2 2 2 3", datasets.CSVConfig{Duplicates: "first"}, []float64{0, 1, 4}, "2 repeated times: the first kept"},
		{"last", "1 2 2 2 3", datasets.CSVConfig{Duplicates: "last"}, []float64{0, 3, 4}, "2 repeated times: the last kept"},
		{"mean", "1 2 2 2 3", datasets.CSVConfig{Duplicates: "mean"}, []float64{0, 2, 4}, "2 repeated times: the mean kept"},
		{"first, reversed", "3 2 2 1", datasets.CSVConfig{Duplicates: "first"}, []float64{3, 1, 0}, "reversed, 1 repeated"},
		{"last, reversed", "3 2 2 1", datasets.CSVConfig{Duplicates: "last"}, []float64{3, 2, 0}, "reversed, 1 repeated"},
		{"mean, sorted", "2 1 3 2", datasets.CSVConfig{Duplicates: "mean", Sort: true}, []float64{1, 1.5, 2}, "out of order: sorted, 2 steps back, 1 repeated"},
		{"none", "1 2", datasets.CSVConfig{Duplicates: "mean"}, []float64{0, 1}, "yyyy-mm-dd"},
	} {
		var labels []string
		for _, day := range strings.Fields(c.days) {
			labels = append(labels, "2024-01-0"+day)
		}
		s, err := datasets.ReadCSV(strings.NewReader(dated(labels...)), c.config)
		if err != nil || !slices.Equal(s.Values[0], c.want) || len(s.Index) != len(c.want) || len(s.Times) != len(c.want) || !strings.Contains(s.Notes, c.notes) {
			t.Errorf("%s: %v, error %v", c.name, s, err)
		}
	}
	_, err := datasets.ReadCSV(strings.NewReader(dated("2024-01-02", "2024-01-01", "2024-01-02")), datasets.CSVConfig{Sort: true})
	errtest.Check(t, err, errs.Error{Path: "csv", Field: "timestamp", Value: "2024-01-02"})
}

func TestAmbiguousDates(t *testing.T) {
	for _, c := range []struct {
		name, time string
		labels     []string
		want       []float64 // nil for an error
		notes      string
	}{
		{"both up", "", []string{"01/02/2024", "02/02/2024", "03/02/2024"}, nil, "mm/dd/yyyy or dd/mm/yyyy"},
		{"one up, one down", "", []string{"12/01/2024", "11/02/2024", "10/03/2024"}, nil, "mm/dd/yyyy or dd/mm/yyyy"},
		{"named", "dd/mm/yyyy", []string{"12/01/2024", "11/02/2024", "10/03/2024"}, []float64{0, 1, 2}, "dd/mm/yyyy"},
		{"the other", "mm/dd/yyyy", []string{"12/01/2024", "11/02/2024", "10/03/2024"}, []float64{2, 1, 0}, "mm/dd/yyyy, newest first: reversed"},
		{"by the order", "", []string{"30/11/2024", "01/12/2024"}, []float64{0, 1}, "dd/mm/yyyy"},
		{"by the order alone", "", []string{"11/01/2024", "12/01/2024", "01/02/2024"}, []float64{0, 1, 2}, "dd/mm/yyyy"},
		{"year first, or last", "", []string{"20/01/02", "20/01/03", "20/01/04"}, nil, "dd/mm/yy or yy/mm/dd"},
		{"day first, in one month", "", []string{"03.11.19", "04.11.19", "05.11.19"}, []float64{0, 1, 2}, "dd.mm.yy"},
		{"ends of years, or days", "", []string{"31.12.18", "31.12.19", "31.12.20"}, nil, "dd.mm.yy or yy.mm.dd"},
		{"year first, named", "yy/mm/dd", []string{"20/01/02", "20/01/03", "20/01/04"}, []float64{0, 1, 2}, "yy/mm/dd"},
		{"year first, by the order", "", []string{"20/01/31", "20/02/01", "20/02/02"}, []float64{0, 1, 2}, "yy/mm/dd"},
		{"year first, newest first", "", []string{"20-02-02", "20-02-01", "20-01-31"}, []float64{2, 1, 0}, "yy-mm-dd, newest first: reversed"},
		{"year or day", "", []string{"Jan 18", "Feb 18", "Mär 18"}, nil, "mon yy or mon dd"},
		{"year named", "mon yy", []string{"Jan 18", "Feb 18", "Mär 18"}, []float64{0, 1, 2}, "mon yy"},
		{"the same day both ways", "", []string{"01/01/2024", "02/02/2024"}, []float64{0, 1}, "mm/dd/yyyy"},
	} {
		s, err := datasets.ReadCSV(strings.NewReader(dated(c.labels...)), datasets.CSVConfig{Time: c.time})
		if c.want == nil {
			errtest.Check(t, err, errs.Error{Path: "csv", Field: "timestamp", Value: c.labels[0]})
			if !strings.Contains(err.Error(), c.notes) || !strings.Contains(err.Error(), "CSVConfig.Time") {
				t.Errorf("%s: error %v", c.name, err)
			}
		} else if err != nil || !slices.Equal(s.Values[0], c.want) || !strings.Contains(s.Notes, c.notes) {
			t.Errorf("%s: %v, error %v", c.name, s, err)
		}
	}
}

func TestTimesOfSeveralColumns(t *testing.T) {
	for _, c := range []struct {
		name, text string
		config     datasets.CSVConfig
		index      []string
		columns    []string
	}{
		{"date and time", "Date,Time,v\n16/12/2006,23:59:00,1\n17/12/2006,00:00:00,2\n", datasets.CSVConfig{},
			[]string{"16/12/2006 23:59:00", "17/12/2006 00:00:00"}, []string{"v"}},
		{"apart", "Date,v,Time\n16/12/2006,1,23:59:00\n17/12/2006,2,00:00:00\n", datasets.CSVConfig{Index: "Date,Time"},
			[]string{"16/12/2006 23:59:00", "17/12/2006 00:00:00"}, []string{"v"}},
		{"parts", "No,year,month,day,hour,v\n1,2020,1,31,23,5\n2,2020,2,1,0,6\n", datasets.CSVConfig{},
			[]string{"2020-01-31 23:00", "2020-02-01 00:00"}, []string{"No", "v"}},
		{"months", "year,month,v\n2019,12,5\n2020,1,6\n", datasets.CSVConfig{Columns: []string{"v"}}, []string{"2019-12", "2020-01"}, []string{"v"}},
		{"named parts", "a,b,v\n2019,12,5\n2020,1,6\n", datasets.CSVConfig{Index: "a,b"}, []string{"2019-12", "2020-01"}, []string{"v"}},
	} {
		s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
		if err != nil || !slices.Equal(s.Index, c.index) || !slices.Equal(s.Columns, c.columns) {
			t.Errorf("%s: %v, error %v", c.name, s, err)
		}
	}
	for _, text := range []string{"year,month,v\n2019,11,5\n2019,12.5,6\n", "year,month,v\n2019,12,5\n2019,13,6\n", "year,month,v\n2019,12,5\n2020,,6\n"} {
		_, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{})
		errtest.Check(t, err, errs.Error{Path: "csv:3", Field: "year,month"})
	}
}

func TestWhere(t *testing.T) {
	text := "store,day,v\n1,2024-01-02,5\n2,2024-01-02,6\n1,2024-01-01,7\n2,2024-01-01,8\n"
	_, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Path: "csv:3", Field: "day"})
	s, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{Columns: []string{"v"}, Where: map[string]string{"store": "2"}})
	if err != nil || !slices.Equal(s.Values[0], []float64{8, 6}) || !strings.Contains(s.Notes, "2 other rows left out") {
		t.Errorf("%v, error %v", s, err)
	}
}

func TestOptionsOfTimes(t *testing.T) {
	text := dated("2024-01-01", "2024-01-02")
	for _, c := range []struct {
		text   string
		config datasets.CSVConfig
		want   errs.Error
	}{
		{text, datasets.CSVConfig{Time: "yy"}, errs.Error{Path: "csv:1", Field: "CSVConfig.Time", Value: `"yy"`}},
		{text, datasets.CSVConfig{Time: "dd.mm.yyyy", Index: "timestamp"}, errs.Error{Path: "csv:2", Field: "timestamp", Value: `"2024-01-01"`}},
		{text, datasets.CSVConfig{Duplicates: "both"}, errs.Error{Path: "csv:1", Field: "CSVConfig.Duplicates", Value: `"both"`}},
		{text, datasets.CSVConfig{Where: map[string]string{"store": "1"}}, errs.Error{Path: "csv:1", Field: "CSVConfig.Where", Value: "store"}},
		{text, datasets.CSVConfig{Where: map[string]string{"note": "y"}}, errs.Error{Path: "csv:3", Field: "CSVConfig.Where"}},
		{text, datasets.CSVConfig{Index: "note", Sort: true}, errs.Error{Path: "csv:2", Field: "note", Value: `"x"`}},
		{text, datasets.CSVConfig{Index: "note", Time: "none", Sort: true}, errs.Error{Path: "csv", Field: "note"}},
		{"a\n1\n", datasets.CSVConfig{Sort: true}, errs.Error{Path: "csv", Field: "times"}},
		{dated("2024-01-01 01:00", "2024-01-01 02:00Z"), datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "timestamp"}},
	} {
		s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
		errtest.Check(t, err, c.want)
		if s != nil {
			t.Errorf("an error came with %v", s)
		}
	}
	// Labels that are no times, and numbers without a name that says they are times.
	for _, labels := range [][]string{{"30 to go", "29 to go"}, {"b", "a", "b"}} {
		if s, err := datasets.ReadCSV(strings.NewReader(dated(labels...)), datasets.CSVConfig{Index: "timestamp", Time: "none"}); err != nil || !slices.Equal(s.Index, labels) || s.Times != nil || !strings.Contains(s.Notes, "no times") {
			t.Errorf("%v, error %v", s, err)
		}
	}
	if s, err := datasets.ReadCSV(strings.NewReader("left,close\n2024,1\n2023,2\n"), datasets.CSVConfig{}); err != nil || len(s.Columns) != 2 {
		t.Errorf("%v, error %v", s, err)
	}
	if s, err := datasets.ReadCSV(strings.NewReader("response time,close\n2024,1\n2023,2\n"), datasets.CSVConfig{}); err != nil || len(s.Columns) != 2 {
		t.Errorf("%v, error %v", s, err)
	}
	// With CSVConfig.Index, only that column is checked.
	text = "born,day,close\n2024-01-02,2024-01-02,1\n2024-01-01,2024-01-03,2\n"
	if s, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{Index: "day"}); err != nil || s.Index[1] != "2024-01-03" {
		t.Errorf("%v, error %v", s, err)
	}
}
