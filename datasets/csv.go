package datasets

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
)

// CSVConfig selects columns of a CSV file.
type CSVConfig struct {
	Columns []string // the columns of numbers, in this order; by default all whose first cell is a number or missing
	Index   string   // the column that labels the rows; by default the first whose first cell is a date, if there is one
}

// LoadCSV reads a CSV file into a series with the name of the file, without its
// extension. ReadCSV describes the format. The path must lead to a regular file.
func LoadCSV(path string, config CSVConfig) (*Series, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
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

// ReadCSV reads a series, called "csv", from comma-separated text: a header
// with the names of the columns, then a row a line, in time order, the oldest
// first. UTF-8 with or without a byte order mark, lines that end in LF or CRLF,
// quoted cells and blanks around a cell are read; blank lines only at the end.
//
// Errors name the line and the column, as "csv:12: Close must be a number":
// no header (a first line with a number in it is none, unless Columns are
// given), a duplicate name, a missing column, a row with more or fewer
// cells than the header, a cell that is not a finite number (a missing one, such as NA, or a
// formatted one, such as "5,064.83" or $101.30), dates in descending order, no
// rows. A row is at most 1 MiB long, a file at most 1 GiB and 100
// million cells.
func ReadCSV(r io.Reader, config CSVConfig) (*Series, error) {
	return readCSV(r, "csv", config, fileLimits)
}

// limits bound what reading a file may cost.
type limits struct{ record, total, cells int }

var fileLimits = limits{record: 1 << 20, total: 1 << 30, cells: maxCells}

func readCSV(r io.Reader, path string, config CSVConfig, most limits) (*Series, error) {
	if r == nil {
		return nil, errs.Error{Path: path, Field: "reader", Rule: "must not be nil"}
	}
	rows, err := newRecords(r, path, most)
	if err != nil {
		return nil, err
	}
	names, err := rows.header(config)
	if err != nil {
		return nil, err
	}
	s, err := readTable(rows, path, names, "CSVConfig", config.Columns, config.Index, most.cells)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, errs.Error{Path: path, Field: "file", Rule: "must have a row below its header"}
	}
	return s, nil
}
