package datasets

import (
	"embed"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
)

// maxCells limits a series, a file and a naive forecast. 100 million numbers take
// 800 MB.
const maxCells = 100_000_000

// Series is a table of numbers in time order. It is plain data and is checked
// when it is used. A value that is missing is NaN; infinities are refused.
type Series struct {
	Name    string      // what error messages call it; "series" if empty
	Index   []string    // a label for each row, such as its date; nil if there are none
	Times   []time.Time // the times of the rows, one after another, if they are known; otherwise nil
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
	return s, s.Check()
}

// FromTimes makes a series of several columns, as FromColumns does, whose rows have
// times and are labelled with them: as "2024-01-02T15:04:05Z" (RFC 3339), or as "2024-01-02"
// if each is midnight in UTC. A number of times that is not that of the rows, and a time
// that is not after the one before it, are errors. The times are kept, not copied.
func FromTimes(name string, times []time.Time, names []string, values [][]float64) (*Series, error) {
	s := &Series{Name: name, Index: labelsOf(times), Times: times, Columns: names, Values: values}
	if err := s.Check(); err != nil {
		return nil, err
	}
	return s, nil
}

// labelsOf writes times as labels.
func labelsOf(times []time.Time) []string {
	labels := make([]string, len(times))
	for i, at := range times {
		labels[i] = at.Format(time.RFC3339Nano)
	}
	shortenDates(labels)
	return labels
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

// Frequency is the time from one row to the next, of times that may have gaps; see
// calendar.Infer. A series without times, and times that are not regular, are errors.
func (s *Series) Frequency() (calendar.Frequency, error) {
	if err := s.Check(); err != nil {
		return calendar.Frequency{}, err
	}
	if s.Times == nil {
		return calendar.Frequency{}, s.noTimes()
	}
	f, err := calendar.Infer(s.Times)
	return f, errs.At(err, s.name(), "")
}

// noTimes is the error of a series that needs times.
func (s *Series) noTimes() error {
	return errs.Error{Path: s.name(), Field: "Series.Times", Rule: "must be known: make the series with FromTimes, or name the column of times with CSVConfig.Index"}
}

// pick copies rows into a new series, in this order.
func (s *Series) pick(rows []int) *Series {
	out := &Series{Name: s.Name, Columns: slices.Clone(s.Columns), Notes: s.Notes, Values: make([][]float64, len(s.Values))}
	if s.Index != nil {
		out.Index = permute(s.Index, rows)
	}
	if s.Times != nil {
		out.Times = permute(s.Times, rows)
	}
	for c, column := range s.Values {
		out.Values[c] = permute(column, rows)
	}
	return out
}

func permute[T any](from []T, order []int) []T {
	to := make([]T, 0, len(order))
	for _, i := range order {
		to = append(to, from[i])
	}
	return to
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
	if label := s.label(i); label != "" {
		return fmt.Sprintf("%s, row %d (%s)", s.name(), i, label)
	}
	return fmt.Sprintf("%s, row %d", s.name(), i)
}

// label names a row; "" if there are no labels.
func (s *Series) label(i int) string {
	switch {
	case s.Index != nil:
		return shorten(s.Index[i])
	case s.Times != nil:
		return s.Times[i].Format(time.RFC3339Nano)
	}
	return ""
}

// Check reports the first inconsistency of a series: no columns, columns of different lengths
// or of one name, labels or times that are not as many as the rows, times that do not go
// forward, and infinities.
func (s *Series) Check() error {
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
	if s.Times != nil && len(s.Times) != n {
		return errs.Error{Path: s.name(), Field: "Series.Times", Rule: fmt.Sprintf("must be those of %d rows", n), Value: len(s.Times)}
	}
	for i := 1; i < len(s.Times); i++ {
		if !s.Times[i].After(s.Times[i-1]) {
			return errs.Error{Path: s.name(), Field: "Series.Times", Rule: "must go forward from row to row: sort the rows, oldest first, keep one of each time, and make a series of each of several",
				Value: fmt.Sprintf("%s after %s in row %d", s.label(i), s.label(i-1), i)}
		}
	}
	for i, name := range s.Columns {
		if len(s.Values[i]) != n {
			return errs.Error{Path: s.name(), Field: shorten(name), Rule: fmt.Sprintf("must have %d rows, as the first column", n), Value: len(s.Values[i])}
		}
	}
	if name, twice := duplicate(s.Columns); twice {
		return errs.Error{Path: s.name(), Field: "Series.Columns", Rule: "must all be different", Value: shorten(name)}
	}
	for c, column := range s.Values {
		for i, v := range column {
			if math.IsInf(v, 0) {
				return errs.Error{Path: s.row(i), Field: shorten(s.Columns[c]), Rule: "must be finite, or NaN if it is missing", Value: v, Kind: errs.ErrNotFinite}
			}
		}
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
	all, err := readCSV(f, name+".csv", "", CSVConfig{Index: index}, fileLimits)
	if err != nil {
		return &Series{Name: name}
	}
	all[0].Name, all[0].Notes = name, ""
	return all[0]
}
