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
	Columns []string // the columns of numbers, in this order; by default all in which most of the first 100 cells are numbers

	// Index is the column with the times of the rows; or several that make up a time, with
	// commas and in any order: "Date,Time", "year,month,day", "year,week". By default it is
	// detected by the first 1000 rows: a column of dates that are not all the same, with one of
	// times of day or hours if the dates repeat; or columns named year, month and so on; or a column of numbers
	// whose name says that they are times, such as timestamp; or the first one, if all its
	// numbers are times, such as 20240131, and in order.
	Index string

	Separator rune   // between cells; by default detected: comma, semicolon, tab or |
	Decimal   string // the decimal mark, "." or ","; by default detected
	Skip      int    // lines before the header to leave out; by default titles, if they are certain; comments (#, % or //) and blank lines always are
	NoHeader  bool   // the first line is a row: columns are called "column 1" and so on; by default detected

	// Time is how times are written, as Notes say it: "dd/mm/yyyy"; by default detected. With
	// "numbers" only their order counts. With "none" there are no times: the rows stay in
	// their order, and the column Index, if it is set, has labels of any kind.
	Time string

	Sort         bool     // sort the rows by time; by default rows out of order are an error
	Duplicates   string   // keep the "first", the "last" or the "mean" of rows of one time; by default an error
	MissingCells []string // cells that are missing numbers, such as "-999" or "unavailable", besides those that ReadCSV names

	Missing string            // "drop" rows with a missing number, repeat the one of the "previous" time, or make it an "error"; by default it is NaN
	Where   map[string]string // read only the rows with these cells: {"Store": "1"}
}

var csvRemedies = remedies{
	format:     "set CSVConfig.Time",
	sort:       "set CSVConfig.Sort",
	duplicates: "set CSVConfig.Duplicates to first, last or mean",
	index:      "if the time is in other columns too, name all with CSVConfig.Index, as Date,Hour; ",
	none:       "if there are no times, set CSVConfig.Time to none",
	several:    "of a file of several series, choose one with CSVConfig.Where, or read all with LoadCSVs",
}

func (c CSVConfig) selection(by string) selection {
	return selection{config: "CSVConfig", columns: c.Columns, index: c.Index, time: c.Time, missing: c.Missing, where: c.Where,
		sort: c.Sort, duplicates: c.Duplicates, by: by, file: true, remedy: csvRemedies}
}

// LoadCSV reads a CSV file into a series with the name of the file, without its
// extension. ReadCSV describes the format. The path must lead to a regular file.
func LoadCSV(path string, config CSVConfig) (*Series, error) {
	all, err := loadCSV(path, "", config)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(path)
	all[0].Name = strings.TrimSuffix(base, filepath.Ext(base))
	return all[0], nil
}

// LoadCSVs reads the series of a CSV file, as ReadCSVs does. The path must lead to a regular
// file.
func LoadCSVs(path, by string, config CSVConfig) ([]*Series, error) {
	if err := checkBy(path, by); err != nil {
		return nil, err
	}
	return loadCSV(path, by, config)
}

func loadCSV(path, by string, config CSVConfig) ([]*Series, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readCSV(f, path, by, config, fileLimits)
}

func checkBy(path, by string) error {
	if by == "" {
		return errs.Error{Path: path, Field: "by", Rule: "must name the column that says to which series a row belongs"}
	}
	return nil
}

// ReadCSVs reads several series from one file, a row a line: those with one cell in the column
// by are a series, which has the cell as its name. They are in the order of their first rows,
// have the same columns, and each is in time order. ReadCSV describes the rest. More than
// 100,000 series are an error.
func ReadCSVs(r io.Reader, by string, config CSVConfig) ([]*Series, error) {
	if err := checkBy("csv", by); err != nil {
		return nil, err
	}
	return readCSV(r, "csv", by, config, fileLimits)
}

// ReadCSV reads a series, called "csv", from a file with a header, the names of the columns,
// then a row a line, in time order. Notes say in one line what was detected, as
// "semicolon-separated, decimal comma, dd.mm.yyyy, newest first: reversed, every hour, 3 rows
// missing at 2024-03-31T02:00, 4 missing values". Columns of text that were not asked for are
// named there too.
//
// Cells are divided by commas, semicolons, tabs or |, and may be quoted. The text is in
// UTF-8, UTF-16 or Windows-1252, of which Latin-1 is a part, and may be compressed with gzip.
// Comments (#, % or //), a line such as sep=; at the start, titles and blank lines above the
// header, empty columns at the right, and blank rows and lines of text at the end are left out. A
// first line of numbers and times alone is a row, not a header, whose names may then be in the
// comment above it. Up to four lines may be the header, such as names and units, which
// then make up the names: the others have no number and no time, and text where the first row
// has one. A column without a name is called "column 3" by its place. Spreadsheets, JSON, HTML and
// other files are named in the error.
//
// Numbers may have a decimal point or comma, thousands in groups of three, divided by the other
// mark, spaces or apostrophes, or in groups of two as in India, a currency, percent sign or
// unit (USD, kr, GiB, °C), which is removed and must be the same in the whole column,
// parentheses or a minus behind them if negative, and K, M or B for thousands, millions and
// billions. The decimal mark is detected from the first 64 KiB or, if these do not show it, from the
// first cell that does; a cell that contradicts it, or could have both, is an error. A cell that
// is missing is NaN: empty, NA, N/A, NaN, null, none, nil, \N, signs alone such as -, .., ?, : and *,
// n.a., n.d., #VALUE! and other errors of a spreadsheet, and CSVConfig.MissingCells. Notes tell
// of a number such as -999 that may mean missing. A column whose cells all are is left out.
//
// Errors name the line and the column, as "csv:12: Close must be a number", and the option
// that helps: a duplicate name, a missing column, a row with more or fewer cells than the
// header, a cell that is no finite number, no
// rows. The time of every row is checked: it is an error if one is missing or written in
// another way than the first, if rows are out of order or have the same time, as those of
// several series in one file, and if dates such as 01/02/2020 have their rows in order both
// with the month and with the day first. It is an error too if a column that Index names, or one
// with a name such as date, has text that is no time. These errors name the option that helps.
//
// Times are dates as 2024-01-31, 2024/1/31, 31.01.2024, 01/31/2024, 31/01/24, 24/01/31,
// Jan 31, 2024, 31-Jan-2024, 31JAN2024, 2024-031 and Wed, 31 Jan 2024, with or without a time
// of day (15:04, 15:04:05.5, 15.04.05, 150405, 3:04 PM, 24:00) and a zone (Z, UTC, +01:00, CET, EST);
// months (2024-01, Jan-24, 202401), quarters (2024Q1, 1Q24), weeks of ISO 8601 (2024-W05),
// years, 20240131, 2024013115, and seconds, milliseconds, microseconds and nanoseconds since
// 1970. Of intervals (2024-01-31 15:00 - 2024-01-31 16:00) the start counts. Names of months
// may be English, German or French.
// A row is at most 1 MiB long, a file at most 1 GiB and 100
// million cells.
func ReadCSV(r io.Reader, config CSVConfig) (*Series, error) {
	all, err := readCSV(r, "csv", "", config, fileLimits)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// limits bound what reading a file may cost.
type limits struct{ record, total, cells int }

var fileLimits = limits{record: 1 << 20, total: 1 << 30, cells: maxCells}

// readCSV reads at least one series.
func readCSV(r io.Reader, path, by string, config CSVConfig, most limits) ([]*Series, error) {
	if r == nil {
		return nil, errs.Error{Path: path, Field: "reader", Rule: "must not be nil"}
	}
	rows, err := newRecords(r, path, config, most)
	if err != nil {
		return nil, err
	}
	names, err := rows.header()
	if err != nil {
		return nil, err
	}
	selected := config.selection(by)
	selected.remedy.numbers = ": " + rows.orSkip("set CSVConfig.Columns to a column of numbers, CSVConfig.Skip if the header is further down, or CSVConfig.Separator")
	all, err := readTable(rows, path, names, selected, most.cells)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errs.Error{Path: path, Field: "file", Rule: "must have a row below its header"}
	}
	for _, s := range all {
		s.Notes = rows.report(s.Notes)
	}
	return all, nil
}
