package datasets

import (
	"fmt"
	"io"
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
	// number is the number in a cell of the last row.
	number(name, cell string) (float64, error)
	// fault is an error at the last row.
	fault(field, rule string, value any) errs.Error
}

// readTable reads a series; nil if there are no rows. The names of its columns are all
// different. Config is the type that selects columns, for messages.
func readTable(rows table, name string, names []string, config string, columns []string, index string, mostCells int) (*Series, error) {
	at, wanted, err := find(rows, names, config, columns, index)
	if err != nil {
		return nil, err
	}
	s := &Series{Name: name}
	var order chronology
	for cells := 0; ; {
		row, err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		if cells += len(row); cells > mostCells {
			return nil, rows.fault("cells", fmt.Sprintf("must be at most %d", mostCells), nil)
		}
		if s.Values == nil {
			if at < 0 {
				at = dateColumn(row, wanted)
			}
			if wanted == nil {
				wanted = numeric(row, at)
			}
			if wanted == nil {
				return nil, rows.fault("row", "must hold a number", few(row))
			}
			s.Values = make([][]float64, len(wanted))
		}
		for c, i := range wanted {
			v, err := rows.number(names[i], row[i])
			if err != nil {
				return nil, err
			}
			s.Values[c] = append(s.Values[c], v)
		}
		if at >= 0 {
			label := strings.Clone(strings.TrimSpace(row[at]))
			order.add(label)
			s.Index = append(s.Index, label)
		}
	}
	if s.Values == nil {
		return nil, nil
	}
	if order.backwards() {
		return nil, errs.Error{Path: name, Field: shorten(names[at]), Rule: "must go forward in time, the oldest row first",
			Value: shorten(s.Index[0]) + " to " + shorten(s.Index[s.Len()-1])}
	}
	for _, i := range wanted {
		s.Columns = append(s.Columns, names[i])
	}
	return s, nil
}

// find returns the positions of the selected columns: -1 for no index, nil for no
// columns.
func find(rows table, names []string, config string, columns []string, index string) (at int, wanted []int, err error) {
	at = -1
	if index != "" {
		if at = slices.Index(names, index); at < 0 {
			return 0, nil, rows.fault(config+".Index", "must be one of "+list(names), shorten(index))
		}
	}
	if name, twice := duplicate(columns); twice {
		return 0, nil, rows.fault(config+".Columns", "must all be different", shorten(name))
	}
	for i, name := range columns {
		one := slices.Index(names, name)
		if one < 0 {
			return 0, nil, rows.fault(fmt.Sprintf("%s.Columns[%d]", config, i), "must be one of "+list(names), shorten(name))
		}
		wanted = append(wanted, one)
	}
	return at, wanted, nil
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

// missing are the cells that mark a missing number, in lower case.
var missing = []string{"", "na", "n/a", "#n/a", "null", "none", "nil", "-", "--", ".", "?"}

// decoration removes currency signs, percent signs and digit separators.
var decoration = strings.NewReplacer(",", "", "'", "", "’", "", "\u00a0", "", "\u202f", "", "$", "", "€", "", "£", "", "¥", "", "%", "")

// numeric lists the columns whose cell is meant as a number, even if it cannot
// be parsed: an invalid cell is an error and does not remove its column.
func numeric(row []string, index int) []int {
	var columns []int
	for i, cell := range row {
		if i != index && (slices.Contains(missing, strings.ToLower(strings.TrimSpace(cell))) || isNumber(decoration.Replace(cell))) {
			columns = append(columns, i)
		}
	}
	return columns
}

// isNumber reports whether a cell is a number, including NaN and numbers out of range.
func isNumber(cell string) bool {
	_, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	return err == nil || errors.Is(err, strconv.ErrRange)
}
