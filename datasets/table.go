package datasets

import (
	"fmt"
	"io"
	"maps"
	"math"
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

// selection is what to read of a table, and how.
type selection struct {
	config     string // the type of the options, for messages
	columns    []string
	index      string
	time       string            // the format of times, by default detected
	where      map[string]string // the rows to read: those with these cells
	missing    string            // what to do about missing numbers, which are NaN, by default an error
	sort       bool
	duplicates string // which of the rows of one time to keep, by default an error
	reverse    bool   // rows with the newest one first
	remedy     remedies
}

// remedies say what to do about times.
type remedies struct{ format, sort, duplicates, several string }

func (o selection) check(rows table) error {
	if o.time != "" && !slices.ContainsFunc(timeFormats, func(f timeFormat) bool { return f.name == o.time }) {
		names := make([]string, len(timeFormats))
		for i, f := range timeFormats {
			names[i] = f.name
		}
		return rows.fault(o.config+".Time", "must be one of "+strings.Join(names, ", "), strconv.Quote(shorten(o.time)))
	}
	if !slices.Contains([]string{"", "first", "last", "mean"}, o.duplicates) {
		return rows.fault(o.config+".Duplicates", "must be first, last or mean", strconv.Quote(shorten(o.duplicates)))
	}
	if !slices.Contains([]string{"", "drop", "previous"}, o.missing) {
		return rows.fault(o.config+".Missing", "must be drop or previous", strconv.Quote(shorten(o.missing)))
	}
	return nil
}

// readTable reads a series; nil if there are no rows. The names of its columns are all
// different.
func readTable(rows table, name string, names []string, o selection, mostCells int) (*Series, error) {
	if err := o.check(rows); err != nil {
		return nil, err
	}
	label, wanted, err := find(rows, names, o)
	if err != nil {
		return nil, err
	}
	filters, err := o.filters(rows, names)
	if err != nil {
		return nil, err
	}
	s := &Series{Name: name}
	var order chronology
	path := func() string { return rows.fault("", "", nil).Path }
	left := 0
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
		if slices.ContainsFunc(filters, func(f filter) bool { return strings.TrimSpace(row[f.column]) != f.cell }) {
			left++
			continue
		}
		if s.Values == nil {
			if len(label.columns) == 0 {
				label = timeColumns(names, row, wanted)
			} else {
				label = label.complete(names, row)
			}
			if wanted == nil {
				wanted = numeric(row, label.columns)
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
		if len(label.columns) == 0 {
			continue
		}
		text, ok := label.of(row)
		if !ok || !order.add(text, o.time, path) {
			return nil, rows.fault(label.name(names), order.rule(o), strconv.Quote(shorten(text)))
		}
		s.Index = append(s.Index, text)
	}
	if s.Values == nil {
		if left > 0 {
			return nil, rows.fault(o.config+".Where", "must leave a row", fmt.Sprintf("none of %d", left))
		}
		return nil, nil
	}
	notes, err := order.arrange(s, label.name(names), o)
	if err != nil {
		return nil, err
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%d other rows left out", left))
	}
	if filled := fillMissing(s, o.missing); filled > 0 {
		notes = append(notes, fmt.Sprintf("%d rows with missing numbers: %s", filled, map[string]string{"drop": "dropped", "previous": "filled with the previous"}[o.missing]))
	}
	if s.Len() == 0 {
		return nil, rows.fault("rows", "must not all have missing numbers", nil)
	}
	s.Notes = strings.Join(notes, ", ")
	for _, i := range wanted {
		s.Columns = append(s.Columns, names[i])
	}
	return s, nil
}

// fillMissing drops rows with NaN, or puts in the number before. Rows at the start, which
// have none before, are dropped. It returns the number of rows with NaN.
func fillMissing(s *Series, how string) (rows int) {
	if how == "" {
		return 0
	}
	var keep []int
	for i := range s.Len() {
		bad, gap := false, false
		for _, column := range s.Values {
			if !math.IsNaN(column[i]) {
				continue
			}
			bad = true
			if how == "previous" && i > 0 {
				column[i] = column[i-1]
			}
			gap = gap || math.IsNaN(column[i])
		}
		if bad {
			rows++
		}
		if !gap {
			keep = append(keep, i)
		}
	}
	if len(keep) < s.Len() {
		*s = *s.pick(keep)
	}
	return rows
}

// filter is a condition on the rows to read.
type filter struct {
	column int
	cell   string
}

func (o selection) filters(rows table, names []string) ([]filter, error) {
	var all []filter
	for _, name := range slices.Sorted(maps.Keys(o.where)) {
		i := slices.Index(names, name)
		if i < 0 {
			return nil, rows.fault(o.config+".Where", "must name one of "+list(names), shorten(name))
		}
		all = append(all, filter{i, strings.TrimSpace(o.where[name])})
	}
	return all, nil
}

// find returns the columns of the labels and the positions of those of the numbers; none
// and nil if they are to be detected.
func find(rows table, names []string, o selection) (label labels, wanted []int, err error) {
	if i := slices.Index(names, o.index); o.index != "" && i >= 0 {
		label.columns = []int{i}
	} else if o.index != "" {
		for _, name := range strings.Split(o.index, ",") {
			i := slices.Index(names, strings.TrimSpace(name))
			if i < 0 {
				return label, nil, rows.fault(o.config+".Index", "must be one of "+list(names), shorten(name))
			}
			label.columns = append(label.columns, i)
		}
	}
	if name, twice := duplicate(o.columns); twice {
		return label, nil, rows.fault(o.config+".Columns", "must all be different", shorten(name))
	}
	for i, name := range o.columns {
		one := slices.Index(names, name)
		if one < 0 {
			return label, nil, rows.fault(fmt.Sprintf("%s.Columns[%d]", o.config, i), "must be one of "+list(names), shorten(name))
		}
		wanted = append(wanted, one)
	}
	return label, wanted, nil
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

func isMissing(cell string) bool {
	return slices.Contains(missing, strings.ToLower(strings.TrimSpace(cell)))
}

// numeric lists the columns whose cell is meant as a number, even if it cannot
// be parsed: an invalid cell is an error and does not remove its column.
func numeric(row []string, labels []int) []int {
	var columns []int
	for i, cell := range row {
		_, point := numbers{'.'}.plain(cell)
		_, comma := numbers{','}.plain(cell)
		if !slices.Contains(labels, i) && (isMissing(cell) || point || comma || isNumber(cell)) {
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
