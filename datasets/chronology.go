package datasets

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/engram-go/engram/internal/errs"
)

// chronology checks the times of all rows.
type chronology struct {
	format   string // the name of the only one to try; "" for all
	must     bool   // labels that are no times are a fault
	rows     int
	first    string
	readings []reading // those of the formats that every label so far has
	chosen   timeFormat
}

// reading is the labels read with one format.
type reading struct {
	format         timeFormat
	first, last    instant
	label          string   // the last one
	differs        []string // the formats of its family in which a label was another time
	up, down, same steps
}

// steps are those from a row to the next in one direction.
type steps struct {
	count       int
	path, value string // where the first one is, and its labels
}

// add checks the label of the next row, which is at a path, and reports whether it is
// written as all before.
func (c *chronology) add(label string, path func() string) bool {
	c.rows++
	if c.rows == 1 {
		c.first = label
		for _, f := range timeFormats {
			at, ok := f.parse(label)
			if f.name == plainNumbers && c.must && c.format != plainNumbers || c.format != "" && c.format != f.name {
				continue
			}
			if ok {
				c.readings = append(c.readings, reading{format: f, first: at, last: at, label: label})
			}
		}
		c.compare()
		return len(c.readings) > 0 || !c.must && c.format == ""
	}
	if len(c.readings) == 0 { // labels that are no times
		return true
	}
	kept := c.readings[:0]
	for _, r := range c.readings {
		now, ok := r.format.parse(label)
		if !ok || now.zoned != r.last.zoned {
			continue
		}
		step := &r.same
		if d := now.at.Compare(r.last.at); d > 0 {
			step = &r.up
		} else if d < 0 {
			step = &r.down
		}
		if step.count++; step.count == 1 {
			step.path, step.value = path(), shorten(label)+" after "+shorten(r.label)
		}
		r.last, r.label = now, label
		kept = append(kept, r)
	}
	c.readings = kept
	c.compare()
	return len(kept) > 0
}

// compare notes the readings that are other times than those of the same family.
func (c *chronology) compare() {
	for i := range c.readings {
		r := &c.readings[i]
		if r.format.family == "" {
			continue
		}
		for _, other := range c.readings {
			if other.format.family == r.format.family && !other.last.at.Equal(r.last.at) && !slices.Contains(r.differs, other.format.name) {
				r.differs = append(r.differs, other.format.name)
			}
		}
	}
}

// span is the time from the first row to the last.
func (r reading) span() time.Duration { return r.last.at.Sub(r.first.at).Abs() }

// decide chooses the format: the first one in which the rows are in order, or the first. The
// others are those in which the same labels are other times, also in order, or neither. Dates with
// two digits of the year in front are rare: days of a month, 03.11.19 and 04.11.19, are not
// ambiguous because they may be one day of several years.
func (c *chronology) decide() (r reading, others []string) {
	ordered := slices.DeleteFunc(slices.Clone(c.readings), func(r reading) bool { return r.up.count > 0 && r.down.count > 0 })
	if len(ordered) == 0 {
		ordered = c.readings
	}
	r = ordered[0]
	for _, other := range ordered {
		rare := strings.HasPrefix(other.format.name, "yy") && !strings.HasPrefix(other.format.name, "yyyy")
		if slices.Contains(r.differs, other.format.name) && !(rare && other.span() > r.span()) {
			others = append(others, other.format.name)
		}
	}
	return r, others
}

// arrange puts the rows of a series in time order, as far as the options allow it, and
// says what it did. The path and the field name the table and the column, in messages.
func (c *chronology) arrange(s *Series, path, field string, o selection) (notes []string, err error) {
	if len(c.readings) == 0 {
		switch {
		case !o.sort && o.duplicates == "":
		case field != "":
			return nil, errs.Error{Path: path, Field: field, Rule: "must be times, which " + o.config + ".Sort and " + o.config + ".Duplicates need"}
		default:
			return nil, errs.Error{Path: path, Field: "times", Rule: "must be known for " + o.config + ".Sort and " + o.config + ".Duplicates: name their column with " + o.config + ".Index"}
		}
		return nil, nil
	}
	r, others := c.decide()
	if len(others) > 0 {
		return nil, errs.Error{Path: path, Field: field, Value: shorten(c.first),
			Rule: fmt.Sprintf("must not be ambiguous: dates may be %s or %s: %s", r.format.name, strings.Join(others, " or "), o.remedy.format)}
	}
	if r.format.name == monthDay {
		return nil, errs.Error{Path: path, Field: field, Value: shorten(c.first), Rule: "must have a year: add it"}
	}
	c.chosen = r.format
	if o.file {
		notes = append(notes, r.format.name)
		if _, _, interval := cutInterval(c.first); interval {
			notes = append(notes, "the start of intervals")
		}
	}
	s.Times = make([]time.Time, len(s.Index))
	for i, label := range s.Index {
		at, _ := r.format.parse(label) // add has parsed it
		s.Times[i] = at.at
	}
	switch {
	case r.down.count == 0:
	case r.up.count == 0 && !o.file:
		return nil, errs.Error{Path: path, Field: field, Rule: "must go forward in time, the oldest row first: " + o.remedy.sort,
			Value: shorten(s.Index[0]) + " to " + shorten(s.Index[s.Len()-1])}
	case r.up.count == 0 && r.same.count == 0:
		slices.Reverse(s.Index)
		slices.Reverse(s.Times)
		for _, column := range s.Values {
			slices.Reverse(column)
		}
		notes = append(notes, "newest first: reversed")
	case r.up.count == 0:
		sortRows(s)
		notes = append(notes, "newest first: reversed")
	case o.sort:
		sortRows(s)
		notes = append(notes, fmt.Sprintf("out of order: sorted, %d steps back", r.down.count))
	default:
		remedy := o.remedy.sort + "; " + o.remedy.several
		if r.same.count > 0 {
			remedy = o.remedy.index + remedy
		}
		wrong := r.down
		if r.up.count < r.down.count {
			wrong = r.up
		}
		return nil, errs.Error{Path: wrong.path, Field: field, Value: wrong.value, Rule: "must go forward in time, or backward in all rows: " + remedy}
	}
	merged, example := 0, ""
	if r.same.count > 0 || r.up.count > 0 && r.down.count > 0 {
		merged, example = mergeRows(s, o.duplicates)
	}
	if r.format.name == plainNumbers {
		s.Times = nil
	}
	if merged == 0 {
		return notes, nil
	}
	if o.duplicates == "" {
		e := errs.Error{Path: path, Field: field, Rule: "must not have a time twice: " + o.remedy.index + o.remedy.duplicates + "; " + o.remedy.several, Value: shorten(example)}
		if r.same.count > 0 {
			e.Path, e.Value = r.same.path, r.same.value
		}
		return nil, e
	}
	return append(notes, fmt.Sprintf("%s: the %s kept", several(merged, "repeated time"), o.duplicates)), nil
}

// sortRows sorts the rows by time. Rows of one time keep their order.
func sortRows(s *Series) {
	order := make([]int, s.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return s.Times[a].Compare(s.Times[b]) })
	*s = *s.pick(order)
}

// mergeRows makes one row of neighbours of one time: the first, the last or the mean of
// what is not missing. It returns how many rows are too many, and the label of one of them.
func mergeRows(s *Series, keep string) (merged int, example string) {
	var rows []int // that are kept
	for from := 0; from < s.Len(); {
		to := from + 1
		for to < s.Len() && s.Times[to].Equal(s.Times[from]) {
			to++
		}
		if to-from > 1 {
			merged, example = merged+to-from-1, s.Index[to-1]
		}
		if keep == "mean" {
			for _, column := range s.Values {
				column[from] = average(column[from:to])
			}
		}
		if keep == "last" {
			rows = append(rows, to-1)
		} else {
			rows = append(rows, from)
		}
		from = to
	}
	if merged > 0 {
		*s = *s.pick(rows)
	}
	return merged, example
}

// average is the mean of the values that are not missing; NaN if all are.
func average(values []float64) float64 {
	mean, n := math.NaN(), 0.0
	for _, v := range values {
		switch {
		case math.IsNaN(v):
		case n == 0:
			mean, n = v, 1
		default:
			n++
			mean += (v - mean) / n
		}
	}
	return mean
}

// rule is that which the last label violates.
func (c *chronology) rule(o selection) string {
	switch {
	case c.rows > 1:
		return "must be a time written as " + strconv.Quote(shorten(c.first)) + " in the first row: correct or remove this row"
	case o.time != "":
		return "must be a time written as " + o.time + ", as " + o.config + ".Time says"
	}
	return "must be a time: correct or remove this row"
}

// FromLabels makes a series of several columns, as FromColumns does, whose rows are labelled
// with text. Labels that are times, in a format that ReadCSV reads, are checked as there:
// times that are written in several ways, out of order, newest first or twice are errors, which
// name the row, from 0.
func FromLabels(name string, labels, names []string, values [][]float64) (*Series, error) {
	s := &Series{Name: name, Index: slices.Clone(labels), Columns: names, Values: values}
	if err := s.Check(); err != nil {
		return nil, err
	}
	const field = "times"
	o := selection{remedy: remedies{
		format:     "write them as 2024-01-31",
		sort:       "sort the rows, the oldest first",
		duplicates: "keep one row of each time",
		several:    "make a series of each of several",
	}}
	var order chronology
	for i, label := range labels {
		at := func() string { return fmt.Sprintf("%s, row %d", s.name(), i) }
		if !order.add(label, at) {
			return nil, errs.Error{Path: at(), Field: field, Rule: order.rule(o), Value: strconv.Quote(shorten(label))}
		}
	}
	if _, err := order.arrange(s, s.name(), field, o); err != nil {
		return nil, err
	}
	return s, nil
}
