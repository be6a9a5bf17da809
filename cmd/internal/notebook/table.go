package notebook

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/engram-go/engram/graph"
)

// maxColumns is the largest number of columns.
const maxColumns = 20

// narrowPage is the number of characters of a row, with the space between columns, that a
// page of 400 pixels shows. Wider tables are stacked there.
const narrowPage = 38

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
	case t.Width != 0 && t.Width < leastWidth:
		return graph.Error{Path: at, Field: "Table.Width", Rule: fmt.Sprintf("must be at least %d", leastWidth), Value: t.Width}
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

// WriteTo writes the table as plain text at most Width columns wide, between words where
// cells must be wrapped. A table that is wider even then is written row by row, with a line
// for each cell. WriteTo returns a graph.Error for a table without headings or rows, or with
// a row that is not as long as the header.
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
	if t.fits(t.Width) {
		t.writeGrid(&out)
	} else {
		t.writeStacked(&out)
	}
	n, err := io.WriteString(w, out.String())
	return int64(n), err
}

// between is the space between columns.
const between = 2

// fits reports whether the table is at most that wide without a break in a word or number.
func (t Table) fits(width int) bool {
	total := between * (len(t.Header) - 1)
	for _, floor := range t.floors(t.numeric()) {
		total += floor
	}
	return total <= width
}

// floors returns the width of the longest word of each column; a number is one.
func (t Table) floors(numeric []bool) []int {
	floors := make([]int, len(t.Header))
	for j, heading := range t.Header {
		floors[j] = max(1, longestWord(heading))
		for _, row := range t.Rows {
			if numeric[j] {
				floors[j] = max(floors[j], displayWidth(oneLine(row[j])))
			} else {
				floors[j] = max(floors[j], longestWord(row[j]))
			}
		}
	}
	return floors
}

func longestWord(text string) int {
	longest := 0
	for _, word := range strings.Fields(clean(text)) {
		longest = max(longest, displayWidth(word))
	}
	return longest
}

func (t Table) writeGrid(out *strings.Builder) {
	numeric := t.numeric()
	widths := t.widths(numeric)
	rule := make([]string, len(widths))
	for j, w := range widths {
		rule[j] = strings.Repeat("-", w)
	}
	writeRow(out, t.Header, widths, numeric)
	writeRow(out, rule, widths, numeric)
	for _, row := range t.Rows {
		writeRow(out, row, widths, numeric)
	}
}

// widths returns the width of each column of a table that fits: that of its widest cell, or
// less if the table would be too wide. Then the widest columns are narrowed first.
func (t Table) widths(numeric []bool) []int {
	floors := t.floors(numeric)
	widths := make([]int, len(t.Header))
	total := between * (len(widths) - 1)
	for j, heading := range t.Header {
		widths[j] = displayWidth(oneLine(heading))
		for _, row := range t.Rows {
			widths[j] = max(widths[j], displayWidth(oneLine(row[j])))
		}
		widths[j] = min(max(widths[j], floors[j]), t.Width)
		total += widths[j]
	}
	for ; total > t.Width; total-- {
		widest := -1
		for j := range widths {
			if widths[j] > floors[j] && (widest < 0 || widths[j] > widths[widest]) {
				widest = j
			}
		}
		widths[widest]--
	}
	return widths
}

// writeStacked writes each row as its heading and, below it, a line for each cell.
func (t Table) writeStacked(out *strings.Builder) {
	left := 0
	for _, heading := range t.Header[1:] {
		left = max(left, displayWidth(oneLine(heading)))
	}
	left = min(left, (t.Width-2*between)/2)
	widths := []int{0, left, t.Width - left - 2*between}
	for i, row := range t.Rows {
		if i > 0 {
			out.WriteString("\n")
		}
		for _, line := range wrapWords(strings.Fields(clean(t.Header[0]+" "+row[0])), t.Width) {
			out.WriteString(line + "\n")
		}
		for j := 1; j < len(row); j++ {
			writeRow(out, []string{"", t.Header[j], row[j]}, widths, make([]bool, 3))
		}
	}
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
	v := tableView{Caption: oneLine(t.Caption), Stacked: !t.fits(narrowPage)}
	numeric := t.numeric()
	cells := func(row []string) []cellView {
		out := make([]cellView, len(row))
		for j, cell := range row {
			out[j] = cellView{Heading: oneLine(t.Header[j]), Text: oneLine(cell), Numeric: numeric[j], First: j == 0}
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
	Stacked bool // on narrow screens
	Header  []cellView
	Rows    [][]cellView
}

type cellView struct {
	Heading, Text  string
	Numeric, First bool
}
