package datasets

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

func (r *records) number(column int, name, cell string) (float64, error) {
	f := figure{text: strings.TrimSpace(cell)}
	if r.numbers.decimal != '.' || !isPlain(f.text) {
		if isMissing(cell) {
			return math.NaN(), nil
		}
		var err error
		if f, err = r.figure(name, cell); err != nil {
			return 0, err
		}
	}
	v, err := parseNumber(r, name, f.text)
	if bad, ok := err.(errs.Error); ok {
		bad.Value = shorten(strings.TrimSpace(cell))
		bad.Rule += ": correct it, or set CSVConfig.MissingCells if it is missing"
		return 0, bad
	}
	if slices.Contains(r.absent, v) {
		return math.NaN(), nil
	}
	if len(r.usages) == 0 {
		r.usages = make([]usage, r.width)
	}
	used := r.usages[column]
	if (f.unit != "" || v != 0) && !r.usages[column].add(f.unit) {
		rule := "must have no unit, as the cells above"
		if used.unit != "" {
			rule = "must have the unit of the cells above, " + used.unit
		}
		return 0, r.fault(name, rule+": correct it, or set CSVConfig.Columns to leave it out", strconv.Quote(shorten(cell)))
	}
	return v, err
}

// figure reads a cell that is not missing.
func (r *records) figure(name, cell string) (figure, error) {
	mark := r.numbers
	if mark.decimal == 0 {
		mark.decimal = '.'
		if strings.ContainsAny(cell, ".,") {
			found, either := decimalOf(cell)
			if either {
				return figure{}, r.fault(name, "must have a known decimal mark: set CSVConfig.Decimal to . or ,", strconv.Quote(shorten(cell)))
			}
			if found != 0 {
				r.setDecimal(found)
				mark = r.numbers
			}
		}
	}
	f, ok := mark.read(cell)
	if !ok {
		return f, r.fault(name, fmt.Sprintf("must be a number with the decimal mark %q: correct it, or set CSVConfig.MissingCells if it is missing, CSVConfig.Decimal or CSVConfig.Columns", mark.decimal), strconv.Quote(shorten(cell)))
	}
	r.found |= f.form
	if f.unit != "" && !slices.Contains(r.units, f.unit) {
		r.units = append(r.units, f.unit)
	}
	return f, nil
}

// setDecimal sets the decimal mark, and notes the one that is less common.
func (r *records) setDecimal(mark byte) {
	r.numbers.decimal = mark
	if mark == ',' {
		r.notes = append(r.notes, "decimal comma")
	}
}

// setMissing sets the cells that are missing: words, and numbers however they are written.
func (r *records) setMissing(cells []string) {
	for _, cell := range cells {
		marks := []numbers{r.numbers, {'.'}}
		if r.numbers.decimal == 0 { // not known yet
			marks = []numbers{{'.'}, {','}}
		}
		number := false
		for _, mark := range marks {
			f, ok := mark.read(cell)
			if v, err := strconv.ParseFloat(f.text, 64); ok && err == nil && dense.Finite(v) {
				r.absent, number = append(r.absent, v), true
			}
		}
		if !number {
			r.words = append(r.words, strings.TrimSpace(cell))
		}
	}
}

// isWord reports whether a cell is one of the words for a missing number.
func (r *records) isWord(cell string) bool {
	return slices.ContainsFunc(r.words, func(word string) bool { return strings.EqualFold(word, strings.TrimSpace(cell)) })
}

// remarks say what is written in numbers besides the number.
func (r *records) remarks() (notes []string) {
	percent := slices.Contains(r.units, "%")
	money := slices.ContainsFunc(r.units, isMoney)
	for _, remark := range []struct {
		is   bool
		note string
	}{
		{r.found&grouped != 0, "thousands separators removed"},
		{percent, "percent signs removed"},
		{money, "currency signs removed"},
		{r.found&inParentheses != 0, "parentheses read as minus"},
		{r.found&trailingMinus != 0, "minus signs behind numbers"},
		{r.found&scaled != 0, "K, M and B read as thousands, millions and billions"},
	} {
		if remark.is {
			notes = append(notes, remark.note)
		}
	}
	others := slices.DeleteFunc(slices.Clone(r.units), func(unit string) bool { return unit == "%" || isMoney(unit) })
	if len(others) > 0 {
		notes = append(notes, "units removed: "+list(others))
	}
	return notes
}

// report says how the file is written, and what was done with its rows.
func (r *records) report(rows string) string {
	notes := r.notes
	if r.encoding != "" {
		notes = append(notes, r.encoding)
	}
	notes = append(notes, r.remarks()...)
	if r.comments > 0 {
		notes = append(notes, several(r.comments, "comment line")+" between rows left out")
	}
	if r.empty > 0 {
		notes = append(notes, several(r.empty, "empty column")+" at the right left out")
	}
	if rows != "" {
		notes = append(notes, rows)
	}
	if r.blank > 0 {
		notes = append(notes, several(r.blank, "blank row")+" at the end left out")
	}
	if r.footer > 0 {
		notes = append(notes, several(r.footer, "line")+" of text at the end left out")
	}
	return strings.Join(notes, ", ")
}
