package search

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/engram-go/engram/internal/errs"
	"github.com/pkg/errors"
)

// State is how a trial ended.
type State string

// The states.
const (
	Done    State = "done"    // the objective returned a score
	Stopped State = "stopped" // by Config.Halving
	Failed  State = "failed"  // see Row.Error
)

// Row is a trial that has ended.
type Row struct {
	Trial    int            // number
	Values   map[string]any // by the names in Config.Space
	State    State
	Score    float64       // the one reported last of a trial that was Stopped; NaN where it has Failed
	Epochs   int           // in the last report; 0 without one
	Error    string        // of a trial that has Failed
	Duration time.Duration // with the time that it waited for others, see Halving
}

// Result is the trials of a search.
type Result struct {
	Names    []string // of the parameters, sorted
	Maximize bool     // as in Config
	Rows     []Row    // by the numbers of the trials
}

// Best is the trial with the best score of those that are Done, the first one of equals.
// Those that were Stopped have scores of fewer epochs. It is an error if there is none.
func (r *Result) Best() (Row, error) {
	if ranked := r.Ranked(); len(ranked) > 0 && ranked[0].State == Done {
		return ranked[0], nil
	}
	rule := "must have a trial that is done"
	for _, row := range r.Rows {
		if row.State == Failed {
			return Row{}, errs.Error{Path: place, Field: "result", Rule: fmt.Sprintf("%s; trial %d failed: %s", rule, row.Trial, row.Error)}
		}
	}
	return Row{}, errs.Error{Path: place, Field: "result", Rule: rule}
}

// Ranked are the rows with the best first: those that are Done by their scores, then those
// that were Stopped, the longest ones first, then those that Failed.
func (r *Result) Ranked() []Row {
	order := []State{Done, Stopped, Failed}
	out := slices.Clone(r.Rows)
	slices.SortStableFunc(out, func(a, b Row) int {
		switch {
		case a.State != b.State:
			return slices.Index(order, a.State) - slices.Index(order, b.State)
		case a.State == Stopped && a.Epochs != b.Epochs:
			return b.Epochs - a.Epochs
		case better(a.Score, b.Score, r.Maximize):
			return -1
		case better(b.Score, a.Score, r.Maximize):
			return 1
		}
		return 0
	})
	return out
}

// width is that of the table.
const width = 80

// WriteTable writes the rows as text of at most 80 columns, the best first. Parameters that
// do not fit beside each other continue on further lines, and long values are cut. It has
// no times, so that equal searches write equal tables.
func (r *Result) WriteTable(w io.Writer) error {
	ranked := r.Ranked()
	lines := [][]string{append([]string{"trial", "score", "epochs", "state"}, r.Names...)}
	for _, row := range ranked {
		line := []string{strconv.Itoa(row.Trial), "", "", string(row.State)}
		if row.State != Failed {
			line[1] = short(row.Score)
		}
		if row.Epochs > 0 {
			line[2] = strconv.Itoa(row.Epochs)
		}
		for _, name := range r.Names {
			line = append(line, short(row.Values[name]))
		}
		lines = append(lines, line)
	}
	columns := make([]int, len(lines[0])) // widths
	for _, line := range lines {
		for i, cell := range line {
			line[i] = cut(cell, width-indent)
			columns[i] = max(columns[i], utf8.RuneCountInString(line[i]))
		}
	}
	var out strings.Builder
	for i, line := range lines {
		layOut(&out, line, columns)
		if i > 0 && ranked[i-1].State == Failed {
			message, _, _ := strings.Cut(ranked[i-1].Error, "\n")
			out.WriteString(strings.Repeat(" ", indent) + cut(printable(message), width-indent) + "\n")
		}
	}
	_, err := io.WriteString(w, out.String())
	return errors.Wrap(err, place)
}

const indent = 7 // of lines that continue a row

// layOut writes the cells of a row in their columns.
func layOut(out *strings.Builder, cells []string, columns []int) {
	at := 0
	line := ""
	for i, cell := range cells {
		if at > 0 && at+2+columns[i] > width {
			out.WriteString(strings.TrimRight(line, " ") + "\n")
			at, line = indent-2, strings.Repeat(" ", indent-2)
		}
		if at > 0 {
			at, line = at+2, line+"  "
		}
		space := strings.Repeat(" ", columns[i]-utf8.RuneCountInString(cell))
		if i < 3 { // numbers
			line += space + cell
		} else {
			line += cell + space
		}
		at += columns[i]
	}
	out.WriteString(strings.TrimRight(line, " ") + "\n")
}

// short is a value in the table: numbers have 5 digits.
func short(x any) string {
	if f, ok := x.(float64); ok {
		return strconv.FormatFloat(f, 'g', 5, 64)
	}
	return printable(show(x))
}

// printable has no character that changes the lines of a table.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if !strconv.IsPrint(c) {
			return ' '
		}
		return c
	}, s)
}

// cut shortens text to some characters.
func cut(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return s
}

// WriteCSV writes the rows as CSV by the numbers of the trials: trial, state, score, epochs,
// all parameters and error. Numbers have all digits; a trial that failed has no score. It has
// no times.
func (r *Result) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	header := append([]string{"trial", "state", "score", "epochs"}, r.Names...)
	if err := c.Write(append(header, "error")); err != nil {
		return errors.Wrap(err, place)
	}
	for _, row := range r.Rows {
		line := []string{strconv.Itoa(row.Trial), string(row.State), "", strconv.Itoa(row.Epochs)}
		if !math.IsNaN(row.Score) {
			line[2] = show(row.Score)
		}
		for _, name := range r.Names {
			line = append(line, show(row.Values[name]))
		}
		if err := c.Write(append(line, row.Error)); err != nil {
			return errors.Wrap(err, place)
		}
	}
	c.Flush()
	return errors.Wrap(c.Error(), place)
}
