package datasets

import (
	"io"
	"path/filepath"
	"strings"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
)

// CSVConfig selects columns and rows of a CSV file, and says what cannot be detected.
type CSVConfig struct {
	Columns []string // the columns of numbers, in this order; by default all whose first cell is a number or missing

	// Index is the column that labels the rows, with their times; or several that make up a
	// time, with commas: "Date,Time". By default the first whose first cell is a date, with
	// the column behind it if that has times of day; or columns named year, month and so on;
	// or a column of numbers whose name says that it is a time, such as timestamp.
	Index string

	Time       string            // how times are written, as Notes say it: "dd/mm/yyyy"; by default detected
	Sort       bool              // sort the rows by time; by default rows out of order are an error
	Duplicates string            // keep the "first", the "last" or the "mean" of rows of one time; by default an error
	Where      map[string]string // read only the rows with these cells: {"Store": "1"}
}

var csvRemedies = remedies{
	format:     "set CSVConfig.Time",
	sort:       "set CSVConfig.Sort",
	duplicates: "set CSVConfig.Duplicates to first, last or mean",
	several:    "of a file of several series, choose one with CSVConfig.Where",
}

func (c CSVConfig) selection() selection {
	return selection{config: "CSVConfig", columns: c.Columns, index: c.Index, time: c.Time, where: c.Where,
		sort: c.Sort, duplicates: c.Duplicates, reverse: true, remedy: csvRemedies}
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
// with the names of the columns, then a row a line, in time order. A file with the newest
// row first is reversed, which Notes say. UTF-8 with or without a byte order mark, lines that end in LF or CRLF,
// quoted cells and blanks around a cell are read; blank lines only at the end.
//
// Errors name the line and the column, as "csv:12: Close must be a number":
// no header (a first line with a number in it is none, unless Columns are
// given), a duplicate name, a missing column, a row with more or fewer
// cells than the header, a cell that is not a finite number (a missing one, such as NA, or a
// formatted one, such as "5,064.83" or $101.30), no
// rows. The time of every row is checked: it is an error if one is missing or written in
// another way than the first, if rows are out of order or have the same time, as those of
// several series in one file, and if dates such as 01/02/2020 have their rows in order both
// with the month and with the day first. These errors name the option that helps.
//
// Times are dates as 2024-01-31, 2024/1/31, 31.01.2024, 01/31/2024, 31/01/24, Jan 31, 2024,
// 31-Jan-2024 and Wed, 31 Jan 2024, with or without a time of day (15:04, 15:04:05.5,
// 3:04 PM) and a zone (Z, UTC, +01:00); months (2024-01, Jan-24, 202401), quarters (2024Q1),
// years, 20240131, and seconds, milliseconds, microseconds and nanoseconds since 1970.
// A row is at most 1 MiB long, a file at most 1 GiB and 100
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
	s, err := readTable(rows, path, names, config.selection(), most.cells)
	if err != nil {
		return nil, err
	}
	if s == nil {
		return nil, errs.Error{Path: path, Field: "file", Rule: "must have a row below its header"}
	}
	return s, nil
}
