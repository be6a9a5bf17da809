package datasets

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/internal/errs"
)

// mostSeries limits the series of one table.
const mostSeries = 100_000

// reader makes series of the rows of a table.
type reader struct {
	rows     table
	name     string // of the table
	names    []string
	o        selection
	label    labels
	others   []int  // columns of times that were not chosen
	format   string // the name of the only one of times; "" if all are tried
	held     []heldRow
	holding  int    // bytes of the rows held; -1 when they have told what to detect
	wanted   []int  // the columns of numbers
	detected bool   // and whether they were found by the first rows
	numbers  []bool // whether a column has had one
	text     []bool // whether a column that was found by a missing cell has text instead
	by       int    // the column that divides the table into series; -1 if it is one series
	parts    []*part
	of       map[string]*part // by cell
	chosen   timeFormat       // of the series before
}

// part is the rows of one series.
type part struct {
	*Series
	order chronology
}

// readTable reads a series, or one for each cell of o.by; none if there are no rows. The names
// of the columns are all different.
func readTable(rows table, name string, names []string, o selection, mostCells int) ([]*Series, error) {
	if err := o.check(rows); err != nil {
		return nil, err
	}
	r := &reader{rows: rows, name: name, names: names, o: o, of: map[string]*part{}, detected: len(o.columns) == 0}
	filters, err := r.find()
	if err != nil {
		return nil, err
	}
	left := 0
	for cells := 0; ; {
		row, err := rows.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			if first := r.release(); first != nil { // rows before may have a fault, too
				err = first
			}
			return nil, err
		}
		if cells += len(row); cells > mostCells {
			return nil, rows.fault("cells", fmt.Sprintf("must be at most %d", mostCells), nil)
		}
		if !filters.keep(row) {
			left++
			continue
		}
		if err := r.take(row); err != nil {
			return nil, err
		}
	}
	if err := r.release(); err != nil {
		return nil, err
	}
	if len(r.parts) == 0 {
		if left > 0 {
			return nil, rows.fault(o.config+".Where", "must leave a row", fmt.Sprintf("none of %d", left))
		}
		return nil, nil
	}
	var all []*Series
	for _, p := range r.parts {
		if err := r.finish(p, left); err != nil {
			return nil, err
		}
		all = append(all, p.Series)
	}
	return all, nil
}

// add adds a row to its series.
func (r *reader) add(row []string) error {
	p, err := r.part(row)
	if err != nil {
		return err
	}
	for c, i := range r.wanted {
		r.text[c] = r.text[c] || r.detected && !r.numbers[c] && !isMeantAsNumber(row[i])
		v := math.NaN()
		if !r.text[c] {
			var err error
			if v, err = r.rows.number(i, r.names[i], row[i]); err != nil {
				return err
			}
		}
		if math.IsNaN(v) && r.o.missing == "error" && !r.text[c] {
			return r.rows.fault(r.names[i], "must not be missing, as "+r.o.config+".Missing says: correct it, or set "+r.o.config+".Missing to drop or previous", strconv.Quote(shorten(row[i])))
		}
		r.numbers[c] = r.numbers[c] || !math.IsNaN(v)
		p.Values[c] = append(p.Values[c], v)
	}
	if len(r.label.columns) == 0 {
		return nil
	}
	text, ok := r.label.of(row)
	text = strings.Clone(text) // not the whole row
	if r.o.time == noTimes {
		p.Index = append(p.Index, text)
		return nil
	}
	if !ok || !p.order.add(text, func() string { return r.rows.fault("", "", nil).Path }) {
		return r.rows.fault(r.label.name(r.names), p.order.rule(r.o), strconv.Quote(shorten(text)))
	}
	p.Index = append(p.Index, text)
	return nil
}

// detect finds the columns by the rows that are held.
func (r *reader) detect() error {
	s := r.sample()
	if err := r.detectTimes(s); err != nil {
		return err
	}
	row, rows := r.held[0].cells, s.rows
	others := slices.Concat(r.label.columns, r.others, []int{r.by})
	for i := range row {
		if is, sure := numeric(rows[:min(sampleCells, len(rows))], i); r.detected && is && !slices.Contains(others, i) {
			r.wanted, r.numbers = append(r.wanted, i), append(r.numbers, sure)
		}
	}
	if len(r.wanted) == 0 {
		return r.rows.fault("row", "must hold a number"+r.o.remedy.numbers, few(row))
	}
	if !r.detected {
		r.numbers = make([]bool, len(r.wanted))
	}
	r.text = make([]bool, len(r.wanted))
	return nil
}

// part is the one that a row belongs to.
func (r *reader) part(row []string) (*part, error) {
	cell := ""
	if r.by >= 0 {
		cell = strings.TrimSpace(row[r.by])
	}
	if p, ok := r.of[cell]; ok {
		return p, nil
	}
	if len(r.parts) == mostSeries {
		return nil, r.rows.fault(r.names[r.by], fmt.Sprintf("must divide the rows into at most %d series", mostSeries), strconv.Quote(shorten(cell)))
	}
	cell = strings.Clone(cell)
	p := &part{Series: &Series{Name: r.name, Values: make([][]float64, len(r.wanted))}, order: chronology{format: r.format, must: r.o.file}}
	if r.by >= 0 {
		p.Name = cell
	}
	r.of[cell], r.parts = p, append(r.parts, p)
	return p, nil
}

// finish names the columns of a series, brings its rows into order and says in its notes what
// was done.
func (r *reader) finish(p *part, left int) error {
	path := r.name
	if r.by >= 0 {
		path = fmt.Sprintf("%s, %s %s", r.name, shorten(r.names[r.by]), shorten(p.Name))
	}
	o := r.o
	switch {
	case len(r.label.columns) > 1:
		o.remedy.index = "" // they are named
	case len(r.others) > 0 && o.file:
		o.remedy.index = "name another column of times with " + o.config + ".Index: " + quoted(r.names, r.others) + "; "
	}
	notes, err := p.order.arrange(p.Series, path, r.label.name(r.names), o)
	if err != nil {
		return err
	}
	if f, other := p.order.chosen, r.chosen; f.family != "" && f.family == other.family && f.name != other.name {
		return errs.Error{Path: path, Field: r.label.name(r.names), Rule: "must be written as in the other series, " + other.name + ": " + o.remedy.format, Value: f.name}
	}
	r.chosen = p.order.chosen
	if r.o.file {
		notes = append(r.noteTimes(), notes...)
	}
	if left > 0 {
		notes = append(notes, several(left, "other row")+" left out")
	}
	var values [][]float64
	for c, i := range r.wanted {
		if r.detected && !r.numbers[c] {
			what := "empty"
			if r.text[c] {
				what = "text"
			}
			notes = append(notes, fmt.Sprintf("%s left out, which is %s", strconv.Quote(shorten(r.names[i])), what))
			continue
		}
		p.Columns, values = append(p.Columns, r.names[i]), append(values, p.Values[c])
	}
	if r.detected && r.o.file {
		read := make([]bool, len(r.names))
		for _, i := range slices.Concat(r.wanted, r.label.columns, r.others) {
			read[i] = true
		}
		var text []string
		for i, name := range r.names {
			if name != "" && i != r.by && !read[i] {
				text = append(text, name)
			}
		}
		if len(text) > 0 {
			notes = append(notes, "columns of text left out: "+list(text))
		}
	}
	if p.Values = values; len(values) == 0 {
		return r.rows.fault("rows", "must hold a number that is not missing", nil)
	}
	rows := p.Len()
	if filled := fillMissing(p.Series, r.o.missing); filled > 0 {
		notes = append(notes, fmt.Sprintf("%s with missing numbers: %s", several(filled, "row"), map[string]string{"drop": "dropped", "previous": "filled with the previous"}[r.o.missing]))
		if dropped := rows - p.Len(); dropped > 0 && r.o.missing == "previous" {
			notes = append(notes, several(dropped, "row")+" at the start dropped, which had none")
		}
	}
	if p.Len() == 0 {
		return errs.Error{Path: path, Field: "rows", Rule: "must not all have missing numbers"}
	}
	notes = append(notes, p.describeTimes()...)
	if r.o.file {
		notes = append(notes, p.markers()...)
	}
	if n := p.missing(); n > 0 {
		notes = append(notes, several(n, "missing value"))
	}
	p.Notes = strings.Join(notes, ", ")
	return nil
}
