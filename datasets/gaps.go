package datasets

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/engram-go/engram/datasets/calendar"
)

// missing counts the missing values.
func (s *Series) missing() (n int) {
	for _, column := range s.Values {
		for _, v := range column {
			if math.IsNaN(v) {
				n++
			}
		}
	}
	return n
}

// markers tells of numbers that may stand for missing ones, such as -999: the smallest of a column,
// in several rows, and farther below the others than these are apart.
func (s *Series) markers() (notes []string) {
	const most, few = -99, 3
	for c, column := range s.Values {
		lowest, next, highest, rows := math.Inf(1), math.Inf(1), math.Inf(-1), 0
		for _, v := range column {
			switch {
			case v < lowest:
				lowest, next, rows = v, lowest, 1
			case v == lowest:
				rows++
			case v < next:
				next = v
			}
			if v > highest {
				highest = v
			}
		}
		if lowest <= most && rows >= few && next < highest && next-lowest > highest-next {
			notes = append(notes, fmt.Sprintf("%v in %d rows of %s: if these are missing, set CSVConfig.MissingCells", lowest, rows, shorten(s.Columns[c])))
		}
	}
	return notes
}

// describeTimes says how far apart the rows are, and how many are missing between them.
func (s *Series) describeTimes() []string {
	const few = 3
	if len(s.Times) < few {
		return nil
	}
	f, err := calendar.Infer(s.Times)
	if err != nil {
		return []string{"irregular"}
	}
	how := "every " + f.String()
	if f.Count == 1 && (f.Unit == calendar.BusinessDay || f.End) {
		how = f.String() + "s"
	}
	rows, odd := places(s.Times, f)
	if odd > 0 {
		return []string{"irregular"}
	}
	gaps, missing, first := 0, 0, time.Time{}
	for i := 1; i < len(rows); i++ {
		if n := rows[i] - rows[i-1]; n > 1 {
			if gaps == 0 {
				first = f.Add(s.Times[0], rows[i-1]+1)
			}
			gaps, missing = gaps+1, missing+n-1
		}
	}
	if gaps == 0 {
		return []string{how}
	}
	layouts := []string{"2006-01-02T15:04", "2006-01-02T15:04:05"}
	if f.Unit >= calendar.Day {
		layouts = slices.Insert(layouts, 0, time.DateOnly)
	}
	text := several(missing, "row") + " missing at " + written(first, layouts)
	if gaps > 1 {
		text += " …"
	}
	return []string{how, text}
}

// several is a number of things.
func several(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return fmt.Sprint(n, " ", thing)
}

// written is a time in the first layout that says all of it.
func written(t time.Time, layouts []string) string {
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, t.Format(layout), t.Location()); err == nil && at.Equal(t) {
			return t.Format(layout)
		}
	}
	return t.Format(time.RFC3339Nano)
}

// fillMissing drops rows with NaN, or puts in the number before. Rows at the start, which
// have none before, are dropped. It returns the number of rows with NaN.
func fillMissing(s *Series, how string) (rows int) {
	if how != "drop" && how != "previous" {
		return 0
	}
	var keep []int
	for i := range s.Len() {
		bad, gap := false, false
		for _, column := range s.Values {
			if !math.IsNaN(column[i]) {
				continue
			}
			bad = true
			if how == "previous" && i > 0 {
				column[i] = column[i-1]
			}
			gap = gap || math.IsNaN(column[i])
		}
		if bad {
			rows++
		}
		if !gap {
			keep = append(keep, i)
		}
	}
	if len(keep) < s.Len() {
		*s = *s.pick(keep)
	}
	return rows
}
