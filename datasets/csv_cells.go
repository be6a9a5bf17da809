package datasets

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

func (r *records) number(name, cell string) (float64, error) {
	if isMissing(cell) {
		return math.NaN(), nil
	}
	mark := r.numbers
	if mark.decimal == 0 {
		if strings.ContainsAny(cell, ".,") {
			return 0, r.fault(name, "must have a known decimal mark: set CSVConfig.Decimal to . or ,", strconv.Quote(shorten(cell)))
		}
		mark.decimal = '.'
	}
	text, ok := mark.plain(cell)
	if !ok {
		return 0, r.fault(name, fmt.Sprintf("must be a number with the decimal mark %q: correct it, or set CSVConfig.Decimal or Columns", mark.decimal), strconv.Quote(shorten(cell)))
	}
	v, err := parseNumber(r, name, text)
	if bad, ok := err.(errs.Error); ok {
		bad.Value = shorten(strings.TrimSpace(cell))
		bad.Rule += ": correct it, or leave it empty if it is missing"
		return 0, bad
	}
	if mark.decimal == ',' {
		r.grouped = r.grouped || strings.Contains(cell, ".")
	} else {
		r.grouped = r.grouped || strings.Contains(cell, ",")
	}
	r.percent = r.percent || strings.Contains(cell, "%")
	return v, err
}

// report says how the file is written, and what was done with its rows.
func (r *records) report(rows string) string {
	notes := r.notes
	if r.latin {
		notes = append(notes, "Latin-1")
	}
	if r.grouped {
		notes = append(notes, "thousands separators removed")
	}
	if r.percent {
		notes = append(notes, "percent signs removed")
	}
	if rows != "" {
		notes = append(notes, rows)
	}
	if r.footer > 0 {
		notes = append(notes, fmt.Sprintf("%d lines of text at the end left out", r.footer))
	}
	return strings.Join(notes, ", ")
}
