package forecast

import (
	"math"
	"slices"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
)

// joined are the newest rows of a series with new ones behind them.
type joined struct {
	rows    *datasets.Series // in the columns of the forecaster; behind the known ones come those to forecast
	regular *datasets.Series // the same as the forecaster reads it
	known   int              // rows up to the last in which a target is known
	added   int              // of these, how many are new
	missing int              // rows that are missing before the first new one
	differ  int              // known rows that were given again with other values
}

// join puts the rows of a series behind those of a tail, less those that the tail has by their
// times, or else by their labels. None may be new.
func (f *Forecaster) join(tail, s *datasets.Series) (joined, error) {
	var j joined
	if err := f.layout.reads(s); err != nil {
		return j, err
	}
	if err := f.layout.checkValues(s, f.config); err != nil {
		return j, err
	}
	if s.Times == nil && f.layout.Clock.known() {
		return j, errs.Error{Path: s.Name, Field: "times", Rule: "must be known for each row, as in the training"}
	}
	n, err := f.layout.known(tail)
	if err != nil {
		return j, err
	}
	old, err := f.layout.rows(tail, 0, n)
	if err != nil {
		return j, err
	}
	rowOf := map[string]int{} // of known labels
	for i, label := range old.Index {
		rowOf[label] = i
	}
	first := newRows(old, s, rowOf)
	last, err := f.layout.known(s)
	if err != nil || first >= last {
		return j, err
	}
	given, err := f.layout.rows(s, 0, s.Len())
	if err != nil {
		return j, err
	}
	j.differ = differing(old, given, first, rowOf)
	if f.layout.Clock.known() {
		steps, _ := f.layout.Clock.Frequency.Steps(old.Times[n-1], s.Times[first])
		j.missing = max(0, steps-1)
	}
	all := old
	for i := range all.Values {
		all.Values[i] = append(all.Values[i], given.Values[i][first:]...)
	}
	if all.Index != nil && given.Index != nil {
		all.Index = append(all.Index, given.Index[first:]...)
	} else {
		all.Index = nil
	}
	if all.Times != nil && given.Times != nil {
		all.Times = append(all.Times, given.Times[first:]...)
	} else {
		all.Times = nil
	}
	j.rows, j.added = all, last-first
	j.known = n + j.added
	j.regular, err = f.layout.regular(all, f.config.Horizon)
	return j, err
}

// newRows is the first row of a series that comes after those that are known.
func newRows(known, s *datasets.Series, rowOf map[string]int) (first int) {
	switch {
	case s.Times != nil && known.Times != nil:
		last := known.Times[known.Len()-1]
		for first < s.Len() && !s.Times[first].After(last) {
			first++
		}
	case known.Index != nil && s.Index != nil:
		for i, label := range s.Index {
			if _, ok := rowOf[label]; ok {
				first = i + 1
			}
		}
	}
	return first
}

// differing is how many of the first rows of a series are known with other values.
func differing(known, s *datasets.Series, first int, rowOf map[string]int) (n int) {
	for i := range first {
		at := -1
		switch {
		case s.Times == nil || known.Times == nil:
			if row, ok := rowOf[s.Index[i]]; ok {
				at = row
			}
		case !s.Times[i].Before(known.Times[0]):
			at = slices.IndexFunc(known.Times, s.Times[i].Equal)
		}
		if at < 0 { // older than what is kept
			continue
		}
		for c := range s.Values {
			a, b := known.Values[c][at], s.Values[c][i]
			if a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
				n++
				break
			}
		}
	}
	return n
}
