package datasets

import (
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// table is rows of text that a series is made of: a CSV file, or the result of a query.
type table interface {
	// next returns the cells of the next row, valid until the one after, or io.EOF.
	next() ([]string, error)
	// number is the number in a cell of the last row, in a column with a name, NaN if it is missing.
	number(column int, name, cell string) (float64, error)
	// fault is an error at the last row.
	fault(field, rule string, value any) errs.Error
	// place is that of the last row, and moveTo makes a row at a place the last one.
	place() int
	moveTo(place int)
}

// selection is what to read of a table, and how.
type selection struct {
	config     string // the type of the options, for messages
	columns    []string
	index      string
	time       string            // the format of times, by default detected
	where      map[string]string // the rows to read: those with these cells
	missing    string            // what to do about missing numbers, which are NaN; by default they stay
	sort       bool
	duplicates string // which of the rows of one time to keep, by default an error
	by         string // the column that divides the rows into series
	file       bool   // rows may have the newest one first, and notes say how times are written
	remedy     remedies
}

// noTimes is the name of the format of labels that are no times.
const noTimes = "none"

// remedies say what to do about times, and about a table without numbers.
type remedies struct{ format, sort, duplicates, several, index, none, numbers string }

func (o selection) check(rows table) error {
	names := []string{noTimes}
	for _, f := range timeFormats {
		names = append(names, f.name)
	}
	if o.time != "" && !slices.Contains(names, o.time) {
		return rows.fault(o.config+".Time", "must be one of "+strings.Join(names, ", "), strconv.Quote(shorten(o.time)))
	}
	if !slices.Contains([]string{"", "first", "last", "mean"}, o.duplicates) {
		return rows.fault(o.config+".Duplicates", "must be first, last or mean", strconv.Quote(shorten(o.duplicates)))
	}
	if !slices.Contains([]string{"", "drop", "previous", "error"}, o.missing) {
		return rows.fault(o.config+".Missing", "must be drop, previous or error", strconv.Quote(shorten(o.missing)))
	}
	return nil
}

// parseNumber reads the number in a cell of the last row.
func parseNumber(rows table, name, cell string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, rows.fault(name, "must be a number within the range of float64", shorten(cell))
	case err != nil:
		return 0, rows.fault(name, "must be a number", strconv.Quote(shorten(cell)))
	case !dense.Finite(v):
		e := rows.fault(name, "must be finite", shorten(cell))
		e.Kind = errs.ErrNotFinite
		return 0, e
	}
	return v, nil
}

// few shows the first cells of a row.
func few(row []string) string { return shorten(strings.Join(row[:min(8, len(row))], ",")) }

// missing are the cells that mark a missing number, in lower case: of programs, of databases, of
// spreadsheets, whose formulas had no result, and of statistical offices.
var missing = strings.Fields(`nan -nan na n/a <na> nat null <null> \n none nil
	#n/a #na #value! #div/0! #ref! #name? #num! #null! 1.#ind -1.#ind 1.#qnan -1.#qnan
	n.a. n.a n.d. n.d`)

func isMissing(cell string) bool {
	cell = strings.TrimSpace(cell)
	return strings.Trim(cell, "-–—.…?:*") == "" || len(cell) < 9 && slices.Contains(missing, strings.ToLower(cell))
}

// numeric reports whether most cells of a column are meant as numbers, or none says that they
// are not, and whether one is a number that is not missing. Of as many, the first decides.
func numeric(rows [][]string, column int) (is, sure bool) {
	count, text, first := 0, 0, false
	for _, row := range rows {
		switch cell := row[column]; {
		case isMissing(cell):
		case isMeantAsNumber(cell):
			first = first || text == 0
			count++
		default:
			text++
		}
	}
	return count > text || count == text && (first || text == 0), count > 0
}

// isMeantAsNumber reports whether a cell is a number or missing, even if it cannot be
// parsed: an invalid cell is an error and does not remove its column.
func isMeantAsNumber(cell string) bool {
	if isMissing(cell) || isNumber(cell) {
		return true
	}
	mark, either := decimalOf(cell)
	return mark != 0 || either
}

// isNumber reports whether a cell is a number, including NaN and numbers out of range.
func isNumber(cell string) bool {
	s := strings.ToLower(strings.TrimSpace(cell))
	return isPlain(s) || isInfinity(s) || s == "nan"
}
