package datasets

import (
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/engram-go/engram/internal/errs"
)

// Cursor is the result of a query, read row by row. *sql.Rows of database/sql is one. Scan
// hands the values of a row to dest, each of which has the method Scan(value any) error
// of sql.Scanner.
type Cursor interface {
	Columns() ([]string, error)
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// SQLConfig selects columns of the result of a query.
type SQLConfig struct {
	Name    string   // of the series, and what errors call it; by default "sql"
	Columns []string // the columns of numbers, in this order; by default those in which most of the first 100 values are numbers
	Index   string   // the column that labels the rows; by default one of times, detected as CSVConfig.Index is, if there is one
}

// ReadSQL reads a series from the result of a query, which must give the rows in time
// order, the oldest first, and closes it. The context is that of the query:
//
//	rows, err := db.QueryContext(ctx, "SELECT day, close FROM prices ORDER BY day")
//	…
//	series, err := datasets.ReadSQL(rows, datasets.SQLConfig{})
//
// Numbers may be of any type of the database, also decimals, which drivers give as text;
// they are rounded to float64, and true is 1. Times become labels as
// "2024-01-02T15:04:05Z" (RFC 3339), or as "2024-01-02" if each is midnight in UTC. Text
// is a label as it is, and the time of the row if it is written as one; see ReadCSV. NULL is a
// missing number, which is NaN.
//
// Errors name the row, from 0, and the column, as "sql, row 12: close must be a number": a
// duplicate name, a missing column, a label that is NULL, a number that is infinite, times out
// of order or twice, no rows, more than 100 million values, and what the database reports.
func ReadSQL(rows Cursor, config SQLConfig) (*Series, error) {
	if config.Name == "" {
		config.Name = "sql"
	}
	if v := reflect.ValueOf(rows); rows == nil || v.Kind() == reflect.Pointer && v.IsNil() {
		return nil, errs.Error{Path: config.Name, Field: "rows", Rule: "must not be nil: check the error of the query"}
	}
	s, err := readSQL(rows, config)
	if closed := rows.Close(); err == nil && closed != nil {
		return nil, errs.At(closed, config.Name, "")
	}
	return s, err
}

func readSQL(rows Cursor, config SQLConfig) (*Series, error) {
	names, err := rows.Columns()
	if err != nil {
		return nil, errs.At(err, config.Name, "")
	}
	if name, twice := duplicate(names); twice {
		return nil, errs.Error{Path: config.Name, Field: "column " + shorten(name), Rule: "must have a name of its own: name it with AS"}
	}
	r := &results{name: config.Name, rows: rows, row: -1, cells: make([]cell, len(names)), text: make([]string, len(names))}
	all, err := readTable(r, config.Name, names, selection{config: "SQLConfig", columns: config.Columns, index: config.Index, remedy: sqlRemedies}, maxCells)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.Error{Path: config.Name, Field: "rows", Rule: "must not be empty"}
	}
	s := all[0]
	if row := slices.Index(s.Index, null); row >= 0 {
		r.row = row
		return nil, r.fault("label", "must not be NULL", nil)
	}
	shortenDates(s.Index)
	return s, nil
}

var sqlRemedies = remedies{
	format:     "let the query give a date",
	sort:       "let the query ORDER BY it",
	duplicates: "let the query GROUP BY it",
	several:    "of a table of several series, choose one with WHERE",
}

// results are the rows of a query as text, which is what a file has.
type results struct {
	name  string
	rows  Cursor
	row   int
	cells []cell
	text  []string
}

func (r *results) fault(field, rule string, value any) errs.Error {
	path := r.name
	if r.row >= 0 {
		path = fmt.Sprintf("%s, row %d", r.name, r.row)
	}
	return errs.Error{Path: path, Field: shorten(field), Rule: rule, Value: value}
}

func (r *results) place() int     { return r.row }
func (r *results) moveTo(row int) { r.row = row }

func (r *results) next() ([]string, error) {
	if !r.rows.Next() {
		if err := r.rows.Err(); err != nil {
			return nil, errs.At(err, fmt.Sprintf("%s, after %d rows", r.name, r.row+1), "")
		}
		return nil, io.EOF
	}
	r.row++
	dest := make([]any, len(r.cells))
	for i := range r.cells {
		dest[i] = &r.cells[i]
	}
	if err := r.rows.Scan(dest...); err != nil {
		return nil, errs.At(err, fmt.Sprintf("%s, row %d", r.name, r.row), "")
	}
	for i, c := range r.cells {
		r.text[i] = string(c)
	}
	return r.text, nil
}

// null is the text of a missing value.
const null = "NULL"

func (r *results) number(_ int, name, cell string) (float64, error) {
	if cell == null || cell == "NaN" {
		return math.NaN(), nil
	}
	return parseNumber(r, name, cell)
}

// cell is a value as text, from which ParseFloat makes the same number.
type cell string

// Scan implements sql.Scanner.
func (c *cell) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*c = null
	case int64:
		*c = cell(strconv.FormatInt(v, 10))
	case float64:
		*c = cell(strconv.FormatFloat(v, 'g', -1, 64))
	case bool:
		*c = "0"
		if v {
			*c = "1"
		}
	case []byte:
		*c = cell(v)
	case string:
		*c = cell(v)
	case time.Time:
		*c = cell(v.Format(time.RFC3339Nano))
	default: // of a driver with types of its own
		*c = cell(fmt.Sprint(v))
	}
	return nil
}
