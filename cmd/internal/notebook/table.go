package notebook

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/engram-go/engram/graph"
)

// maxColumns is the largest number of columns that fits a terminal.
const maxColumns = 20

// number matches a numeric cell: digits with optional sign, thousands separators,
// decimals, exponent and percent sign.
var number = regexp.MustCompile(`^[-+−±]?(\d+(\.\d*)?|\d{1,3}([, ]\d{3})+(\.\d+)?|\.\d+)([eE][-+]?\d+)?\s?%?$`)

// missing matches a cell without a value.
var missing = regexp.MustCompile(`^(-|–|—|n/a)?$`)

// Table is a caption, a row of headings and rows of cells, all plain text. The first
// cell of a row is its heading. Columns that hold only numbers are aligned right.
type Table struct {
	Caption string     // may be empty
	Header  []string   // 1 to 20 headings
	Rows    [][]string // at least one row, each as long as Header
	Width   int        // of WriteTo, in columns of a terminal; default 80
}

// check checks the size of the table.
func (t Table) check() error {
	at := "notebook/table"
	if t.Caption != "" {
		at = "notebook/" + oneLine(t.Caption)
	}
	switch {
	case len(t.Header) == 0:
		return graph.Error{Path: at, Field: "Table.Header", Rule: "must not be empty"}
	case len(t.Header) > maxColumns:
		return graph.Error{Path: at, Field: "Table.Header", Rule: fmt.Sprintf("must have at most %d columns", maxColumns), Value: len(t.Header)}
	case len(t.Rows) == 0:
		return graph.Error{Path: at, Field: "Table.Rows", Rule: "must not be empty"}
	case t.Width != 0 && t.Width < 4*len(t.Header):
		return graph.Error{Path: at, Field: "Table.Width", Rule: fmt.Sprintf("must be at least %d for %d columns", 4*len(t.Header), len(t.Header)), Value: t.Width}
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Header) {
			return graph.Error{Path: at, Field: fmt.Sprintf("Table.Rows[%d]", i), Rule: fmt.Sprintf("must have %d cells, as many as headings", len(t.Header)), Value: len(row)}
		}
	}
	return nil
}

// numeric reports for each column whether it holds at least one number and no text.
func (t Table) numeric() []bool {
	numeric := make([]bool, len(t.Header))
	text := make([]bool, len(t.Header))
	for _, row := range t.Rows {
		for j, cell := range row {
			cell = oneLine(cell)
			if number.MatchString(cell) {
				numeric[j] = true
			} else if !missing.MatchString(cell) {
				text[j] = true
			}
		}
	}
	for j := range numeric {
		numeric[j] = numeric[j] && !text[j]
	}
	return numeric
}

// WriteTo writes the table as plain text at most Width columns wide. Wide cells are
// wrapped; numbers are wrapped only if nothing else can be. WriteTo returns a
// graph.Error for a table without headings or rows, or with a row that is not as long
// as the header.
func (t Table) WriteTo(w io.Writer) (int64, error) {
	if err := t.check(); err != nil {
		return 0, err
	}
	if t.Width == 0 {
		t.Width = terminalWidth
	}
	var out strings.Builder
	for _, line := range wrapWords(strings.Fields(clean(t.Caption)), t.Width) {
		out.WriteString(line + "\n")
	}
	numeric := t.numeric()
	widths := t.widths(numeric)
	rule := make([]string, len(widths))
	for j, w := range widths {
		rule[j] = strings.Repeat("-", w)
	}
	writeRow(&out, t.Header, widths, numeric)
	writeRow(&out, rule, widths, numeric)
	for _, row := range t.Rows {
		writeRow(&out, row, widths, numeric)
	}
	n, err := io.WriteString(w, out.String())
	return int64(n), err
}

// widths returns the width of each column: that of its widest cell, or less if the
// table is wider than the terminal. Then the widest columns are narrowed first, text
// down to the length of a word, and numbers and narrow text only if necessary.
func (t Table) widths(numeric []bool) []int {
	const word = 8
	widths := make([]int, len(t.Header))
	floors := make([]int, len(t.Header))
	total := 2 * (len(widths) - 1)
	for j, heading := range t.Header {
		body := 1
		for _, row := range t.Rows {
			body = max(body, displayWidth(oneLine(row[j])))
		}
		widths[j] = min(max(body, displayWidth(oneLine(heading))), t.Width)
		floors[j] = word
		if numeric[j] {
			floors[j] = max(body, 2) // a wide letter of the heading takes two columns
		}
		total += widths[j]
	}
	for ; total > t.Width; total-- {
		widest := 0
		for j := range widths {
			can, could := widths[j] > floors[j], widths[widest] > floors[widest]
			if can && !could || can == could && widths[j] > widths[widest] {
				widest = j
			}
		}
		widths[widest]--
	}
	return widths
}

// writeRow writes one row, with as many lines as its tallest cell.
func writeRow(out *strings.Builder, row []string, widths []int, numeric []bool) {
	cells := make([][]string, len(row))
	height := 1
	for j, cell := range row {
		cells[j] = wrapWords(strings.Fields(clean(cell)), widths[j])
		height = max(height, len(cells[j]))
	}
	for i := range height {
		var line strings.Builder
		for j, w := range widths {
			cell := ""
			if i < len(cells[j]) {
				cell = cells[j][i]
			}
			pad := strings.Repeat(" ", max(0, w-displayWidth(cell)))
			if numeric[j] {
				line.WriteString(pad + cell + "  ")
			} else {
				line.WriteString(cell + pad + "  ")
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}

// view returns the data of the table for the page's template.
func (t Table) view() tableView {
	v := tableView{Caption: oneLine(t.Caption)}
	numeric := t.numeric()
	cells := func(row []string) []cellView {
		out := make([]cellView, len(row))
		for j, cell := range row {
			out[j] = cellView{Text: oneLine(cell), Numeric: numeric[j], First: j == 0}
		}
		return out
	}
	v.Header = cells(t.Header)
	for _, row := range t.Rows {
		v.Rows = append(v.Rows, cells(row))
	}
	return v
}

type tableView struct {
	Caption string
	Header  []cellView
	Rows    [][]cellView
}

type cellView struct {
	Text           string
	Numeric, First bool
}
