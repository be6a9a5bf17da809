package datasets

import (
	"bufio"
	"encoding/csv"
	stderrors "errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/graph"
)

// CSVConfig says what to take from a CSV file.
type CSVConfig struct {
	Columns []string // the columns of numbers, in this order; by default all whose first cell is a number or blank
	Index   string   // the column that labels the rows, such as the date; by default none
}

// LoadCSV reads a CSV file into a series that is called like the file, without
// its extension. See ReadCSV for what a file must look like. The path must
// lead to a regular file.
func LoadCSV(path string, config CSVConfig) (*Series, error) {
	// Opening a pipe that nobody writes to would wait for ever.
	if info, err := os.Stat(path); err != nil {
		return nil, unreadable(path, err)
	} else if !info.Mode().IsRegular() {
		return nil, graph.Error{Path: path, Field: "file", Rule: "must be a regular file", Value: info.Mode().Type()}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	s, err := readCSV(f, path, config, fileLimits)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(path)
	s.Name = strings.TrimSuffix(base, filepath.Ext(base))
	return s, nil
}

func unreadable(path string, err error) error {
	reason := err
	if p, ok := stderrors.AsType[*fs.PathError](err); ok {
		reason = p.Err
	}
	return graph.Error{Path: path, Field: "file", Rule: "must be readable", Value: reason,
		Kind: stderrors.Join(graph.ErrInput, err)}
}

// ReadCSV reads a series, called "csv", from comma-separated text: a header
// with the names of the columns, then a row a line, in time order. UTF-8 with
// or without a byte order mark, lines that end in LF or CRLF, quoted cells and
// blanks around a cell are read; blank lines only at the end.
//
// Errors name the line and the column, as "csv:12: Close must be a number":
// no header (a first line of numbers alone is none, unless Columns name them),
// a name that comes twice, a missing column, a row with more or fewer cells
// than the header, a cell that is no finite number, no rows. A row is at most
// 1 MiB long, a file at most 1 GiB and 100 million cells.
func ReadCSV(r io.Reader, config CSVConfig) (*Series, error) {
	return readCSV(r, "csv", config, fileLimits)
}

// limits bound what reading a file may cost.
type limits struct{ record, total, cells int }

var fileLimits = limits{record: 1 << 20, total: 1 << 30, cells: maxCells}

func readCSV(r io.Reader, path string, config CSVConfig, most limits) (*Series, error) {
	if r == nil {
		return nil, graph.Error{Path: path, Field: "reader", Rule: "must not be nil"}
	}
	rows := newRecords(r, path, most)
	header, err := rows.next()
	if err == io.EOF {
		return nil, graph.Error{Path: path, Field: "header", Rule: "must name the columns, but the file is empty"}
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(header))
	for i, cell := range header {
		names[i] = strings.Clone(strings.TrimSpace(cell))
	}
	if name, twice := duplicate(names); twice {
		return nil, rows.fault(name, "must name one column only", nil)
	}
	if len(config.Columns) == 0 && !slices.ContainsFunc(names, notNumber) {
		return nil, rows.fault("header", "must name the columns", shorten(strings.Join(names[:min(8, len(names))], ",")))
	}
	index := -1
	if config.Index != "" {
		if index = slices.Index(names, config.Index); index < 0 {
			return nil, rows.fault("CSVConfig.Index", "must be one of "+list(names), shorten(config.Index))
		}
	}
	wanted, err := rows.find(names, config.Columns)
	if err != nil {
		return nil, err
	}

	s := &Series{Name: path}
	for cells := 0; ; {
		row, err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if cells += len(row); cells > most.cells {
			return nil, rows.fault("file", fmt.Sprintf("must have at most %d cells", most.cells), nil)
		}
		if wanted == nil {
			if wanted = numeric(row, index); wanted == nil {
				return nil, rows.fault("row", "must hold a number", shorten(strings.Join(row[:min(8, len(row))], ",")))
			}
		}
		if s.Values == nil {
			s.Values = make([][]float64, len(wanted))
		}
		for c, i := range wanted {
			v, err := rows.number(names[i], row[i])
			if err != nil {
				return nil, err
			}
			s.Values[c] = append(s.Values[c], v)
		}
		if index >= 0 {
			s.Index = append(s.Index, strings.Clone(strings.TrimSpace(row[index])))
		}
	}
	if s.Values == nil {
		return nil, graph.Error{Path: path, Field: "file", Rule: "must have a row below its header"}
	}
	for _, i := range wanted {
		s.Columns = append(s.Columns, names[i])
	}
	return s, nil
}

// numeric lists the columns whose cell is a number, or blank: a missing number
// must be reported where it is missing, not make its column vanish.
func numeric(row []string, index int) []int {
	var columns []int
	for i, cell := range row {
		if i != index && (strings.TrimSpace(cell) == "" || !notNumber(cell)) {
			columns = append(columns, i)
		}
	}
	return columns
}

func notNumber(cell string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	return err != nil && !errors.Is(err, strconv.ErrRange)
}

// records reads one row after another and knows where it is.
type records struct {
	path string
	most limits
	in   *allowance
	csv  *csv.Reader
	line int // where the last record began
	end  int // where it ended
}

func newRecords(r io.Reader, path string, most limits) *records {
	buffered := bufio.NewReader(r)
	if mark, _ := buffered.Peek(3); string(mark) == "\ufeff" {
		buffered.Discard(3) // cannot fail: the bytes are there
	}
	in := &allowance{r: buffered, total: most.total}
	reader := csv.NewReader(in)
	reader.ReuseRecord = true
	return &records{path: path, most: most, in: in, csv: reader}
}

// fault is an error at the last record.
func (r *records) fault(field, rule string, value any) error {
	return graph.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line), Field: shorten(field), Rule: rule, Value: value}
}

// next returns the cells of the next row, valid until the one after, or io.EOF.
func (r *records) next() ([]string, error) {
	r.in.record = r.most.record
	row, err := r.csv.Read()
	if err == io.EOF {
		return nil, io.EOF
	}
	r.line = r.end + 1
	if bad, ok := stderrors.AsType[*csv.ParseError](err); ok && bad.Err != csv.ErrFieldCount {
		r.line = bad.Line
		return nil, r.fault("row", "must be comma-separated text", fmt.Sprintf("%v at character %d", bad.Err, bad.Column))
	}
	switch {
	case errors.Is(err, errRecord):
		return nil, r.fault("row", fmt.Sprintf("must be at most %d bytes long", r.most.record), nil)
	case errors.Is(err, errTotal):
		return nil, r.fault("file", fmt.Sprintf("must be at most %d bytes long", r.most.total), nil)
	case err != nil && !errors.Is(err, csv.ErrFieldCount):
		return nil, errors.Wrapf(err, "%s:%d", r.path, r.line)
	}
	if line, _ := r.csv.FieldPos(0); line != r.line {
		return nil, r.fault("row", "must not be blank", nil) // the reader skips blank lines, which may be missing numbers
	}
	if err != nil {
		return nil, r.fault("row", fmt.Sprintf("must have %d cells, as the header", r.csv.FieldsPerRecord), len(row))
	}
	last := len(row) - 1
	line, _ := r.csv.FieldPos(last)
	r.end = line + strings.Count(row[last], "\n")
	return row, nil
}

// find gives the places of the wanted columns, nil where none is named.
func (r *records) find(names, wanted []string) ([]int, error) {
	if name, twice := duplicate(wanted); twice {
		return nil, r.fault("CSVConfig.Columns", "must all be different", shorten(name))
	}
	var places []int
	for i, name := range wanted {
		at := slices.Index(names, name)
		if at < 0 {
			return nil, r.fault(fmt.Sprintf("CSVConfig.Columns[%d]", i), "must be one of "+list(names), shorten(name))
		}
		places = append(places, at)
	}
	return places, nil
}

func (r *records) number(name, cell string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, r.fault(name, "must be a number within the range of float64", shorten(cell))
	case err != nil:
		return 0, r.fault(name, "must be a number", strconv.Quote(shorten(cell)))
	case !finite(v):
		return 0, graph.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line), Field: shorten(name), Rule: "must be finite",
			Value: shorten(cell), Kind: graph.ErrNotFinite}
	}
	return v, nil
}
