package datasets

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/internal/errs"
)

// maxCells limits a series, a file and a naive forecast. 100 million numbers take
// 800 MB.
const maxCells = 100_000_000

// Series is a table of numbers in time order. It is plain data and is checked
// when it is used.
type Series struct {
	Name    string      // what error messages call it; "series" if empty
	Index   []string    // a label for each row, such as its date; nil if there are none
	Columns []string    // the names of the columns, all different
	Values  [][]float64 // the columns, all of one length: Values[column][row]
	Notes   string      // what reading a file detected and changed, in one line; empty if there is nothing to say
}

// FromSlice makes a series with one column, which has the name of the series. The
// values are kept, not copied.
func FromSlice(name string, values []float64) *Series {
	return &Series{Name: name, Columns: []string{name}, Values: [][]float64{values}}
}

// FromColumns makes a series of several columns, values[i] being the column
// names[i]. The values are kept, not copied. Columns of different lengths,
// without a row, or with one name are errors.
func FromColumns(name string, names []string, values [][]float64) (*Series, error) {
	s := &Series{Name: name, Columns: names, Values: values}
	return s, s.check()
}

// FromTimes makes a series of several columns, as FromColumns does, whose rows are
// labelled with times: as "2024-01-02T15:04:05Z" (RFC 3339), or as "2024-01-02" if each
// is midnight in UTC. A number of times that is not that of the rows, and a time
// that is not after the one before it, are errors.
func FromTimes(name string, times []time.Time, names []string, values [][]float64) (*Series, error) {
	s := &Series{Name: name, Index: make([]string, len(times)), Columns: names, Values: values}
	back := 0 // the first row that is not after the one before it
	for i, at := range times {
		s.Index[i] = at.Format(time.RFC3339Nano)
		if back == 0 && i > 0 && !at.After(times[i-1]) {
			back = i
		}
	}
	shortenDates(s.Index)
	if err := s.check(); err != nil {
		return nil, err
	}
	if back > 0 {
		return nil, errs.Error{Path: s.name(), Field: "times", Rule: "must go forward from row to row: sort the rows, oldest first, keep one of each time, and make a series of each of several",
			Value: fmt.Sprintf("%s after %s in row %d", s.Index[back], s.Index[back-1], back)}
	}
	return s, nil
}

// shortenDates writes labels as dates if each is midnight in UTC.
func shortenDates(labels []string) {
	const midnight = "T00:00:00Z"
	for _, label := range labels {
		if !strings.HasSuffix(label, midnight) {
			return
		}
	}
	for i, label := range labels {
		labels[i] = strings.TrimSuffix(label, midnight)
	}
}

// Len is the number of rows.
func (s *Series) Len() int {
	if len(s.Values) == 0 {
		return 0
	}
	return len(s.Values[0])
}

// Column returns the values of a column, not a copy of them.
func (s *Series) Column(name string) ([]float64, error) {
	i := slices.Index(s.Columns, name)
	if i < 0 || i >= len(s.Values) {
		return nil, errs.Error{Path: s.name(), Field: "column", Rule: "must be one of " + list(s.Columns), Value: name}
	}
	return s.Values[i], nil
}

func (s *Series) name() string {
	if s.Name == "" {
		return "series"
	}
	return s.Name
}

// row names a row in error messages: "eustocks, row 11 (1991.5)". Rows count
// from 0, as in Values.
func (s *Series) row(i int) string {
	if s.Index == nil {
		return fmt.Sprintf("%s, row %d", s.name(), i)
	}
	return fmt.Sprintf("%s, row %d (%s)", s.name(), i, shorten(s.Index[i]))
}

// check reports the first inconsistency of a series.
func (s *Series) check() error {
	if s == nil {
		return errs.Error{Field: "series", Rule: "must not be nil"}
	}
	if len(s.Columns) == 0 {
		return errs.Error{Path: s.name(), Field: "Series.Columns", Rule: "must name a column"}
	}
	if len(s.Values) != len(s.Columns) {
		return errs.Error{Path: s.name(), Field: "Series.Values",
			Rule: fmt.Sprintf("must hold %d columns, one for each name", len(s.Columns)), Value: len(s.Values)}
	}
	n := s.Len()
	if n == 0 {
		return errs.Error{Path: s.name(), Field: "Series.Values", Rule: "must have a row"}
	}
	if n > maxCells/len(s.Columns) {
		return errs.Error{Path: s.name(), Field: "Series.Values", Rule: fmt.Sprintf("must have at most %d numbers", maxCells)}
	}
	if s.Index != nil && len(s.Index) != n {
		return errs.Error{Path: s.name(), Field: "Series.Index", Rule: fmt.Sprintf("must label %d rows", n), Value: len(s.Index)}
	}
	for i, name := range s.Columns {
		if len(s.Values[i]) != n {
			return errs.Error{Path: s.name(), Field: shorten(name), Rule: fmt.Sprintf("must have %d rows, as the first column", n), Value: len(s.Values[i])}
		}
	}
	if name, twice := duplicate(s.Columns); twice {
		return errs.Error{Path: s.name(), Field: "Series.Columns", Rule: "must all be different", Value: shorten(name)}
	}
	return nil
}

// duplicate returns the first name that occurs twice.
func duplicate(names []string) (string, bool) {
	seen := make(map[string]bool, len(names))
	for _, name := range names {
		if seen[name] {
			return name, true
		}
		seen[name] = true
	}
	return "", false
}

// list formats the first names for a message.
func list(names []string) string {
	const few = 8
	shown := make([]string, 0, few+1)
	for _, name := range names[:min(few, len(names))] {
		shown = append(shown, shorten(name))
	}
	if len(names) > few {
		shown = append(shown, "…")
	}
	return "[" + strings.Join(shown, ", ") + "]"
}

// shorten limits a text from a file to one short line, for messages.
func shorten(s string) string {
	const most = 40
	short := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '�'
		}
		return r
	}, strings.ToValidUTF8(s[:min(len(s), 4*most)], "�"))
	if runes := []rune(short); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return short
}

//go:embed data/*.csv
var files embed.FS

// EUStocks returns the daily closing prices of four stock indices, in index
// points, from the middle of 1991 to the middle of 1998: 1860 business days,
// columns DAX, SMI, CAC and FTSE, labelled with the time in years. They are
// the data set EuStockMarkets of R.
func EUStocks() *Series { return embedded("eustocks", "time") }

// AirPassengers returns the monthly passengers of international airlines from
// 1949 to 1960, in thousands: 144 months, column passengers, labelled "1949-01".
// They are series G of Box, Jenkins and Reinsel, AirPassengers in R.
func AirPassengers() *Series { return embedded("airpassengers", "month") }

// Sunspots returns the monthly mean relative sunspot numbers from 1749 to
// 2013: 3177 months, column sunspots, labelled "1749-01". They are the data
// set sunspot.month of R, from WDC-SILSO.
func Sunspots() *Series { return embedded("sunspots", "month") }

// embedded reads one of the files that are part of the program. A test reads
// them all, so reading cannot fail; were it to, the series would have no
// columns, which Windows and Column report.
func embedded(name, index string) *Series {
	f, err := files.Open("data/" + name + ".csv")
	if err != nil {
		return &Series{Name: name}
	}
	defer f.Close()
	s, err := readCSV(f, name+".csv", CSVConfig{Index: index}, fileLimits)
	if err != nil {
		return &Series{Name: name}
	}
	s.Name, s.Notes = name, ""
	return s
}
