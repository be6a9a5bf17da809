package datasets

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/engram-go/engram/internal/errs"
)

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
		if !order.add(label, "", at) {
			return nil, errs.Error{Path: at(), Field: field, Rule: order.rule(o), Value: strconv.Quote(shorten(label))}
		}
	}
	if _, err := order.arrange(s, s.name(), field, o); err != nil {
		return nil, err
	}
	return s, nil
}
