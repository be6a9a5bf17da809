package serve

import (
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/strictjson"
)

// body reads the body of a request.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > h.config.MaxBody {
		return nil, h.tooLarge(w)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, h.config.MaxBody+1))
	switch {
	case err != nil:
		return nil, status(http.StatusBadRequest, errs.Error{Field: "body", Rule: "must arrive whole, within " + h.config.Timeout.String(), Value: err})
	case int64(len(body)) > h.config.MaxBody:
		return nil, h.tooLarge(w)
	}
	return body, nil
}

func (h *Handler) tooLarge(w http.ResponseWriter) error {
	w.Header().Set("Connection", "close") // or the server would read the rest before it answers
	return status(http.StatusRequestEntityTooLarge, errs.Error{Field: "body", Rule: fmt.Sprintf("must have at most %d bytes", h.config.MaxBody)})
}

// parse reads the series in the body of a request, and their number of rows.
func (h *Handler) parse(body []byte, f Forecaster) (all []*datasets.Series, rows int, err error) {
	tables, err := parse(body)
	if err != nil {
		return nil, 0, status(http.StatusBadRequest, err)
	}
	for i, t := range tables {
		s, err := t.series(fmt.Sprintf("series[%d]", i))
		if err != nil {
			return nil, 0, status(http.StatusBadRequest, err)
		}
		rows += rowsOf(s, f.Frequency())
		if rows > h.config.MaxRows {
			return nil, 0, status(http.StatusBadRequest, errs.Error{Field: "series", Value: rows,
				Rule: fmt.Sprintf("must have at most %d rows in all, with those missing between their times; send the newest rows alone", h.config.MaxRows)})
		}
		all = append(all, s)
	}
	return all, rows, nil
}

// rowsOf are the rows of a series with those that are missing between its times, which a
// forecaster adds.
func rowsOf(s *datasets.Series, f calendar.Frequency) int {
	n := s.Len()
	if len(s.Times) == n {
		steps, _ := f.Steps(s.Times[0], s.Times[n-1])
		n = max(n, steps+1)
	}
	return n
}

// table is a series as a request has it.
type table struct {
	name   string
	times  []string
	names  []string    // of the columns
	values [][]float64 // [column][row], NaN for null
}

// parse reads the tables in the body of a request. The memory that it takes is bounded by
// the length of the body.
func parse(body []byte) (all []table, err error) {
	const depth = 5 // the request, its series, one of them, its columns, one of them
	if err := strictjson.Check(body, depth); err != nil {
		return nil, located("body", err)
	}
	err = object("", body, map[string]reader{
		"series": func(at string, value []byte) error {
			return array(at, value, func(at string, value []byte) error {
				t, err := parseTable(at, value)
				all = append(all, t)
				return err
			})
		},
	})
	return all, located("body", err)
}

func parseTable(at string, value []byte) (t table, err error) {
	err = object(at, value, map[string]reader{
		"name": func(at string, value []byte) (err error) {
			t.name, err = text(at, value)
			return err
		},
		"times": func(at string, value []byte) error {
			t.times = []string{}
			return array(at, value, func(at string, value []byte) error {
				time, err := text(at, value)
				t.times = append(t.times, time)
				return err
			})
		},
		"columns": func(at string, value []byte) error {
			return located(at, strictjson.Object(value, func(name string, value []byte) error {
				var column []float64
				err := array(at+"."+strictjson.Label(name), value, func(at string, value []byte) error {
					v, err := number(at, value)
					column = append(column, v)
					return err
				})
				t.names, t.values = append(t.names, name), append(t.values, column)
				return err
			}))
		},
	})
	return t, err
}

// series makes a series of the table, which is at a place of the request. Times are checked
// as those of a file.
func (t table) series(at string) (*datasets.Series, error) {
	if len(t.names) == 0 {
		return nil, errs.Error{Field: at + ".columns", Rule: "must have a column of numbers"}
	}
	rows := len(t.values[0])
	if rows == 0 {
		return nil, errs.Error{Field: at + ".columns", Rule: "must have a row"}
	}
	if t.times != nil && len(t.times) != rows {
		return nil, errs.Error{Field: at + ".times", Rule: fmt.Sprintf("must be as many as the rows, %d", rows), Value: len(t.times)}
	}
	name := t.name
	if name == "" {
		name = at
	}
	if t.times == nil {
		s, err := datasets.FromColumns(name, t.names, t.values)
		return s, errs.At(err, at, "")
	}
	s, err := datasets.FromLabels(name, t.times, t.names, t.values)
	return s, errs.At(err, at, "")
}

// reader reads a value of a request, whose place is at.
type reader func(at string, value []byte) error

// object reads an object, which has no other keys than the known ones.
func object(at string, data []byte, known map[string]reader) error {
	return located(at, strictjson.Object(data, func(key string, value []byte) error {
		read, ok := known[key]
		if !ok {
			return errs.Error{Field: at, Rule: "must have no other keys than " + strings.Join(slices.Sorted(maps.Keys(known)), ", "), Value: strictjson.Label(key)}
		}
		return read(strings.TrimPrefix(at+"."+key, "."), value)
	}))
}

// array reads all elements of an array.
func array(at string, data []byte, read reader) error {
	return located(at, strictjson.Array(data, func(i int, value []byte) error {
		return read(fmt.Sprintf("%s[%d]", at, i), value)
	}))
}

func text(at string, data []byte) (string, error) {
	s, err := strictjson.String(data)
	return s, located(at, err)
}

// number reads a number, or null as NaN.
func number(at string, data []byte) (float64, error) {
	switch {
	case string(data) == "null":
		return math.NaN(), nil
	case data[0] != '-' && (data[0] < '0' || data[0] > '9'):
		return 0, errs.Error{Field: at, Rule: "must be a number or null", Value: strictjson.Clip(data)}
	}
	v, err := strconv.ParseFloat(string(data), 64)
	if err != nil {
		return 0, errs.Error{Field: at, Rule: "must be a number within the range of float64", Value: strictjson.Clip(data)}
	}
	return v, nil
}

// located adds a place to an error that has none.
func located(at string, err error) error {
	if e, ok := err.(errs.Error); ok && e.Field == "" {
		e.Field = at
		return e
	}
	return err
}
