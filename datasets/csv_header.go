package datasets

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// header reads the names of the columns, or makes them, if the first row has data.
func (r *records) header() ([]string, error) {
	row, err := r.next()
	if err == io.EOF {
		return nil, errs.Error{Path: r.path, Field: "header", Rule: "must name the columns, but the file is empty"}
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(row))
	for i, cell := range row {
		names[i] = strings.Clone(strings.TrimSpace(cell))
	}
	named := slices.ContainsFunc(r.config.Columns, func(name string) bool { return !strings.HasPrefix(name, "column ") })
	figures := !named && slices.ContainsFunc(names, r.isFigure)
	// A table with names of rows and of columns has an empty cell in its corner.
	corner := names[0] == "" && slices.ContainsFunc(r.sample, func(row []string) bool { return len(row) > 0 && filled(row[0]) })
	if r.config.NoHeader || figures && !corner && !slices.ContainsFunc(names, func(name string) bool { return !r.isFigure(name) && !isDate(name) && !isMissing(name) }) {
		for i := range names {
			names[i] = unnamed(i)
		}
		r.waiting = append(r.waiting, aheadRow{cells: slices.Clone(row), line: r.line})
		r.notes = append(r.notes, "no header")
		r.width, r.sample = len(names), nil
		return names, nil
	}
	if figures {
		remedy := r.orSkip("if there is none, set CSVConfig.NoHeader; if it has numbers, CSVConfig.Columns; if it is further down, CSVConfig.Skip")
		return nil, r.fault("header", "must name the columns: "+remedy, few(names))
	}
	r.width = r.filledWidth(names)
	names, r.empty = names[:r.width], len(names)-r.width
	line := r.line
	more := r.readMoreNames(names)
	r.line = line
	for i, name := range names {
		if name == "" {
			names[i] = unnamed(i)
		}
	}
	if name, twice := duplicate(names); twice {
		rule := fmt.Sprintf("must name one column only: correct the header, or set CSVConfig.NoHeader, and CSVConfig.Skip to %d, which makes the names column 1 and so on", r.line+r.skipped+more)
		return nil, r.fault(name, rule, nil)
	}
	return names, nil
}

// unnamed is the name of a column that has none.
func unnamed(column int) string { return fmt.Sprintf("column %d", column+1) }

// filledWidth is the number of columns without those at the right that have no name and are empty
// in the first rows.
func (r *records) filledWidth(names []string) int {
	most := max(1, width(names))
	for _, row := range r.sample {
		if len(row) <= len(names) {
			most = max(most, width(row))
		}
	}
	r.sample = nil
	return most
}

// mostHeaders limits the lines of a header.
const mostHeaders = 4

// readMoreNames adds the names in further lines of the header, such as units, to names, and counts
// them. These lines have no number and no time, and text where the first row has one of them.
func (r *records) readMoreNames(names []string) (more int) {
	rows := r.ahead()
	first := slices.IndexFunc(rows[:min(mostHeaders, len(rows))], func(row []string) bool { return slices.ContainsFunc(row, isNumberOrTime) })
	if first < 0 {
		return 0
	}
	for _, row := range rows[:first] {
		heads := false
		for c, cell := range row {
			heads = heads || isNumberOrTime(rows[first][c]) && !isMissing(cell)
		}
		if !heads {
			break
		}
		more++
	}
	if more == 0 {
		return 0
	}
	for _, row := range rows[:more] {
		for c, cell := range row {
			names[c] = strings.TrimSpace(names[c] + " " + strings.TrimSpace(cell))
		}
	}
	r.waiting = r.waiting[more:]
	r.notes = append(r.notes, fmt.Sprintf("%d header lines", more+1))
	return more
}

// isNumberOrTime reports whether a cell is data and not a name.
func isNumberOrTime(cell string) bool {
	return isDate(cell) || !isMissing(cell) && isMeantAsNumber(cell)
}

// isFigure reports whether a name is a finite number: "inf" may mean inflation, "5 min" a step.
func (r *records) isFigure(name string) bool {
	f, ok := numbers{'.'}.read(name)
	if !ok {
		f, ok = numbers{','}.read(name)
	}
	return ok && isFinite(f.text) && !slices.Contains(measures, f.unit)
}
