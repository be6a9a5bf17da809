package notebook

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/engram-go/engram/graph"
)

// maxColumns is how many columns a table can have and still be read in 80.
const maxColumns = 20

// number is a cell that belongs to a column of numbers: digits with an
// optional sign, thousands, decimals, exponent and percent sign.
var number = regexp.MustCompile(`^[-+−±]?(\d+(\.\d*)?|\d{1,3}([, ]\d{3})+(\.\d+)?|\.\d+)([eE][-+]?\d+)?\s?%?$`)

// missing is a cell that says there is nothing to say, in any column.
var missing = regexp.MustCompile(`^(-|–|—|n/a)?$`)

// Table is a caption, a row of headings and rows of cells, all plain text. The
// first cell of a row says what the row is about. Columns of numbers are set
// to the right; cells come with their numbers already written out.
type Table struct {
	Caption string     // may be empty
	Header  []string   // 1 to 20 headings
	Rows    [][]string // at least one row, each as long as Header
}

// check returns the rule that the table breaks.
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
	}
	for i, row := range t.Rows {
		if len(row) != len(t.Header) {
			return graph.Error{Path: at, Field: fmt.Sprintf("Table.Rows[%d]", i), Rule: fmt.Sprintf("must have %d cells, one for each heading", len(t.Header)), Value: len(row)}
		}
	}
	return nil
}

// numeric tells which columns hold numbers only, and at least one.
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

// WriteTo writes the table as plain text at most 80 columns wide. Cells that
// are too wide go on in the next line; numbers are the last to be broken. It
// returns a graph.Error for a table without headings or rows, or with a row
// that is not as long as the header.
func (t Table) WriteTo(w io.Writer) (int64, error) {
	if err := t.check(); err != nil {
		return 0, err
	}
	var out strings.Builder
	for _, line := range wrapWords(strings.Fields(clean(t.Caption)), terminalWidth) {
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

// widths gives each column the room its widest cell asks for. While that is
// more than a line holds, the widest column gives some back: text first, down
// to a word or so, numbers and narrow text only when nothing else is left.
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
		widths[j] = min(max(body, displayWidth(oneLine(heading))), terminalWidth)
		floors[j] = word
		if numeric[j] {
			floors[j] = max(body, 2) // room for a wide letter of the heading
		}
		total += widths[j]
	}
	for ; total > terminalWidth; total-- {
		widest := 0
		for j := range widths {
			gives, gave := widths[j] > floors[j], widths[widest] > floors[widest]
			if gives && !gave || gives == gave && widths[j] > widths[widest] {
				widest = j
			}
		}
		widths[widest]--
	}
	return widths
}

// writeRow writes one row, in as many lines as its tallest cell needs.
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

// view is the table as the page's template wants it.
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
