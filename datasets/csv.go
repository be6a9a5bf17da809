package datasets

import (
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
