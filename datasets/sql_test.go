package datasets_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// result is a database whose queries all give these rows, and then an error if there is
// one. It is a driver of database/sql.
type result struct {
	columns []string
	rows    [][]driver.Value
	last    error // after the rows, instead of io.EOF
	close   error

	read, closed int
}

func (r *result) Connect(context.Context) (driver.Conn, error) { return r, nil }
func (r *result) Driver() driver.Driver                        { return nil }
func (r *result) Prepare(string) (driver.Stmt, error)          { return r, nil }
func (r *result) Begin() (driver.Tx, error)                    { return nil, errors.New("no transactions") }
func (r *result) NumInput() int                                { return 0 }
func (r *result) Exec([]driver.Value) (driver.Result, error)   { return nil, errors.New("queries only") }
func (r *result) Query([]driver.Value) (driver.Rows, error)    { return &resultRows{r}, nil }
func (r *result) Close() error                                 { return nil }

type resultRows struct{ *result }

func (r *resultRows) Columns() []string { return r.columns }

func (r *resultRows) Close() error { r.closed++; return r.close }

func (r *resultRows) Next(dest []driver.Value) error {
	if r.read == len(r.rows) {
		if r.last != nil {
			return r.last
		}
		return io.EOF
	}
	copy(dest, r.rows[r.read])
	r.read++
	return nil
}

// read queries the database and reads the rows.
func (r *result) series(t testing.TB, ctx context.Context, config datasets.SQLConfig) (*datasets.Series, error) {
	t.Helper()
	db := sql.OpenDB(r)
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	s, err := datasets.ReadSQL(rows, config)
	if r.closed != 1 {
		t.Errorf("closed %d times", r.closed)
	}
	return s, err
}

func day(d, hour int) time.Time { return time.Date(2024, 1, d, hour, 0, 0, 0, time.UTC) }

func TestReadSQL(t *testing.T) {
	noon := time.Date(2024, 1, 2, 12, 0, 0, 5e8, time.FixedZone("", 3600))
	for _, c := range []struct {
		name   string
		given  result
		config datasets.SQLConfig
		want   datasets.Series
	}{
		{"every type", result{columns: []string{"day", "i", "f", "b", "d", "s"}, rows: [][]driver.Value{
			{day(2, 0), int64(math.MaxInt64), 0.1, true, []byte("12.50"), "-1e3"}, {day(3, 0), int64(-1), math.SmallestNonzeroFloat64, false, []byte("7"), " 2 "}}},
			datasets.SQLConfig{},
			datasets.Series{Name: "sql", Index: []string{"2024-01-02", "2024-01-03"}, Times: []time.Time{day(2, 0), day(3, 0)}, Columns: []string{"i", "f", "b", "d", "s"},
				Values: [][]float64{{1 << 63, -1}, {0.1, math.SmallestNonzeroFloat64}, {1, 0}, {12.5, 7}, {-1000, 2}}}},
		{"chosen columns", result{columns: []string{"note", "a", "b"}, rows: [][]driver.Value{{nil, int64(1), int64(2)}}},
			datasets.SQLConfig{Name: "prices", Columns: []string{"b", "a"}},
			datasets.Series{Name: "prices", Columns: []string{"b", "a"}, Values: [][]float64{{2}, {1}}}},
		{"times", result{columns: []string{"at", "a"}, rows: [][]driver.Value{{day(2, 0), 1.0}, {noon, 2.0}}},
			datasets.SQLConfig{},
			datasets.Series{Name: "sql", Index: []string{"2024-01-02T00:00:00Z", "2024-01-02T12:00:00.5+01:00"}, Times: []time.Time{day(2, 0), noon}, Columns: []string{"a"}, Values: [][]float64{{1, 2}}}},
		{"dates as text, after other text", result{columns: []string{"name", "a", "day"}, rows: [][]driver.Value{{"x", 1.0, "2024-01-02"}, {"y", 2.0, []byte("2024-01-03")}}},
			datasets.SQLConfig{},
			datasets.Series{Name: "sql", Index: []string{"2024-01-02", "2024-01-03"}, Times: []time.Time{day(2, 0), day(3, 0)}, Columns: []string{"a"}, Values: [][]float64{{1, 2}}}},
		{"missing", result{columns: []string{"at", "a", "b"}, rows: [][]driver.Value{{day(2, 0), nil, 1.0}, {day(3, 0), 1.0, math.NaN()}, {day(4, 0), "2", nil}}}, datasets.SQLConfig{},
			datasets.Series{Name: "sql", Index: []string{"2024-01-02", "2024-01-03", "2024-01-04"}, Times: []time.Time{day(2, 0), day(3, 0), day(4, 0)},
				Columns: []string{"a", "b"}, Values: [][]float64{{math.NaN(), 1, 2}, {1, math.NaN(), math.NaN()}}, Notes: "every day, 3 missing values"}},
		{"an index of numbers", result{columns: []string{"id", "a"}, rows: [][]driver.Value{{int64(7), 1.0}}},
			datasets.SQLConfig{Index: "id"},
			datasets.Series{Name: "sql", Index: []string{"7"}, Columns: []string{"a"}, Values: [][]float64{{1}}}},
	} {
		got, err := c.given.series(t, t.Context(), c.config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(&c.want, got, cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestReadSQLErrors(t *testing.T) {
	two := []string{"at", "a"}
	for _, c := range []struct {
		name   string
		given  result
		config datasets.SQLConfig
		want   errs.Error
	}{
		{"no rows", result{columns: two}, datasets.SQLConfig{}, errs.Error{Path: "sql", Field: "rows"}},
		{"no columns", result{rows: [][]driver.Value{{}}}, datasets.SQLConfig{}, errs.Error{Path: "sql, row 0", Field: "row"}},
		{"name twice", result{columns: []string{"a", "a"}}, datasets.SQLConfig{}, errs.Error{Path: "sql", Field: "column a"}},
		{"missing column", result{columns: two}, datasets.SQLConfig{Columns: []string{"a", "b"}}, errs.Error{Path: "sql", Field: "SQLConfig.Columns[1]", Value: "b"}},
		{"column twice", result{columns: two}, datasets.SQLConfig{Columns: []string{"a", "a"}}, errs.Error{Path: "sql", Field: "SQLConfig.Columns", Value: "a"}},
		{"missing index", result{columns: two}, datasets.SQLConfig{Name: "x", Index: "b"}, errs.Error{Path: "x", Field: "SQLConfig.Index", Value: "b"}},
		{"null alone", result{columns: two, rows: [][]driver.Value{{day(2, 0), nil}}}, datasets.SQLConfig{}, errs.Error{Path: "sql, row 0", Field: "rows"}},
		{"null label", result{columns: two, rows: [][]driver.Value{{day(2, 0), 1.0}, {nil, 1.0}}}, datasets.SQLConfig{}, errs.Error{Path: "sql, row 1", Field: "at"}},
		{"text", result{columns: two, rows: [][]driver.Value{{day(2, 0), "x"}}}, datasets.SQLConfig{Columns: []string{"a"}}, errs.Error{Path: "sql, row 0", Field: "a", Value: `"x"`}},
		{"time as a number", result{columns: two, rows: [][]driver.Value{{day(2, 0), 1.0}}}, datasets.SQLConfig{Columns: []string{"at"}}, errs.Error{Field: "at", Value: `"2024-01-02T00:00:00Z"`}},
		{"infinity", result{columns: two, rows: [][]driver.Value{{day(2, 0), math.Inf(-1)}}}, datasets.SQLConfig{}, errs.Error{Path: "sql, row 0", Field: "a", Kind: errs.ErrNotFinite}},
		{"too large", result{columns: two, rows: [][]driver.Value{{day(2, 0), "1e999"}}}, datasets.SQLConfig{}, errs.Error{Path: "sql, row 0", Field: "a", Value: "1e999"}},
		{"no numbers", result{columns: two, rows: [][]driver.Value{{day(2, 0), "x"}}}, datasets.SQLConfig{}, errs.Error{Path: "sql, row 0", Field: "row"}},
		{"newest first", result{columns: two, rows: [][]driver.Value{{day(3, 0), 1.0}, {day(2, 0), 1.0}}}, datasets.SQLConfig{}, errs.Error{Field: "at"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := c.given.series(t, t.Context(), c.config)
			errtest.Check(t, err, c.want)
			if s != nil {
				t.Errorf("an error came with %v", s)
			}
		})
	}

	for _, rows := range []datasets.Cursor{nil, (*sql.Rows)(nil)} {
		_, err := datasets.ReadSQL(rows, datasets.SQLConfig{})
		errtest.Check(t, err, errs.Error{Path: "sql", Field: "rows"})
	}
}

// What the database reports, and a context that ends, are errors and no short series.
func TestReadSQLFailures(t *testing.T) {
	lost := errors.New("connection lost")
	row := [][]driver.Value{{int64(1)}}
	for name, given := range map[string]*result{
		"rows":  {columns: []string{"a"}, rows: row, last: lost},
		"close": {columns: []string{"a"}, rows: row, close: lost},
	} {
		if s, err := given.series(t, t.Context(), datasets.SQLConfig{}); !errors.Is(err, lost) || s != nil {
			t.Errorf("%s: %v, error %v", name, s, err)
		}
	}

	// database/sql closes rows whose context has ended, and keeps its error for Err.
	ctx, cancel := context.WithCancel(t.Context())
	db := sql.OpenDB(&result{columns: []string{"a"}, rows: row})
	defer db.Close()
	rows, err := db.QueryContext(ctx, "SELECT")
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	for rows.Next() { // until database/sql has noticed
	}
	if _, err := datasets.ReadSQL(rows, datasets.SQLConfig{}); err == nil {
		t.Error("no error of rows that were cancelled")
	}
}

// cursor is a result that is no *sql.Rows: one row of a float32.
type cursor struct {
	read      bool
	scan, end error
}

func (c *cursor) Columns() ([]string, error) { return []string{"a"}, nil }
func (c *cursor) Next() bool                 { c.read = !c.read; return c.read }
func (c *cursor) Err() error                 { return nil }
func (c *cursor) Close() error               { return c.end }
func (c *cursor) Scan(dest ...any) error {
	return errors.Join(c.scan, dest[0].(sql.Scanner).Scan(float32(0.5)))
}

func TestReadSQLCursor(t *testing.T) {
	s, err := datasets.ReadSQL(&cursor{}, datasets.SQLConfig{})
	if err != nil || s.Values[0][0] != 0.5 {
		t.Errorf("%v, error %v", s, err)
	}
	lost := errors.New("connection lost")
	for _, c := range []*cursor{{scan: lost}, {end: lost}} {
		if s, err := datasets.ReadSQL(c, datasets.SQLConfig{}); !errors.Is(err, lost) || s != nil {
			t.Errorf("%v, error %v", s, err)
		}
	}
}

// Any values give a complete, finite series or an error. The bytes are a kind and up to
// eight bytes for each value.
func FuzzReadSQL(f *testing.F) {
	f.Add([]byte("\x05\x01\x00\x00\x00\x01\x07"), 2)
	f.Add([]byte("\x03NULL\x00\x02abc"), 1)
	f.Fuzz(func(t *testing.T, raw []byte, width int) {
		if width < 0 || width > 8 {
			return
		}
		given := &result{}
		for i := range width {
			given.columns = append(given.columns, fmt.Sprint("c", i))
		}
		var row []driver.Value
		for len(raw) > 0 {
			kind := raw[0]
			n := min(8, len(raw)-1)
			var b [8]byte
			copy(b[:], raw[1:1+n])
			raw = raw[1+n:]
			bits := binary.LittleEndian.Uint64(b[:])
			row = append(row, []driver.Value{nil, int64(bits), math.Float64frombits(bits), string(b[:n]), b[:n],
				time.Unix(int64(int32(bits)), 0).UTC(), bits%2 == 0}[kind%7])
			if len(row) == width {
				given.rows = append(given.rows, row)
				row = nil
			}
		}
		s, err := given.series(t, t.Context(), datasets.SQLConfig{})
		if err != nil {
			if s != nil || !errors.Is(err, errs.ErrInput) && !errors.Is(err, errs.ErrNotFinite) || len(err.Error()) > 2000 {
				t.Fatalf("series %v, error %v", s, err)
			}
			return
		}
		if _, err := datasets.FromColumns(s.Name, s.Columns, s.Values); err != nil || s.Len() != len(given.rows) {
			t.Fatalf("%d rows of %d, error %v", s.Len(), len(given.rows), err)
		}
	})
}
