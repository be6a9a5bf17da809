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
		return 0, r.fault(name, fmt.Sprintf("must be a number with the decimal mark %q: correct it, or set CSVConfig.Decimal or CSVConfig.Columns", mark.decimal), strconv.Quote(shorten(cell)))
	}
	v, err := parseNumber(r, name, text)
	if bad, ok := err.(errs.Error); ok {
		bad.Value = shorten(strings.TrimSpace(cell))
		bad.Rule += ": correct it, or leave it empty if it is missing"
		return 0, bad
	}
	if cell = strings.TrimSpace(cell); text != cell {
		for i, remark := range remarks {
			r.found[i] = r.found[i] || remark.of(cell, mark.decimal)
		}
	}
	return v, err
}

// remarks say what is written in numbers besides the number.
var remarks = [...]struct {
	note string
	of   func(cell string, decimal byte) bool
}{
	{"thousands separators removed", func(cell string, decimal byte) bool {
		if decimal == ',' {
			return strings.Contains(cell, ".")
		}
		return strings.Contains(cell, ",")
	}},
	{"percent signs removed", func(cell string, _ byte) bool { return strings.Contains(cell, "%") }},
	{"currency signs removed", func(cell string, _ byte) bool { return strings.ContainsAny(cell, "$€£¥") }},
	{"parentheses read as minus", func(cell string, _ byte) bool { return strings.Contains(cell, "(") }},
	{"K, M and B read as thousands, millions and billions", func(cell string, _ byte) bool { return strings.ContainsAny(cell, "kKMB") }},
}

// report says how the file is written, and what was done with its rows.
func (r *records) report(rows string) string {
	notes := r.notes
	if r.latin {
		notes = append(notes, "Latin-1")
	}
	for i, remark := range remarks {
		if r.found[i] {
			notes = append(notes, remark.note)
		}
	}
	if r.comments > 0 {
		notes = append(notes, several(r.comments, "comment line")+" between rows left out")
	}
	if rows != "" {
		notes = append(notes, rows)
	}
	if r.footer > 0 {
		notes = append(notes, several(r.footer, "line")+" of text at the end left out")
	}
	return strings.Join(notes, ", ")
}
