package datasets

import (
	"fmt"
	"math"
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
	gaps, missing, first := 0, 0, time.Time{}
	for i := 1; i < len(s.Times); i++ {
		if n, _ := f.Steps(s.Times[i-1], s.Times[i]); n > 1 {
			if gaps == 0 {
				first = f.Add(s.Times[i-1], 1)
			}
			gaps, missing = gaps+1, missing+n-1
		}
	}
	if gaps == 0 {
		return []string{how}
	}
	text := several(missing, "row") + " missing at " + shortTime(first)
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

// shortTime leaves out what is 0 of a time.
func shortTime(t time.Time) string {
	for _, layout := range []string{time.DateOnly, "2006-01-02T15:04", "2006-01-02T15:04:05"} {
		if at, err := time.ParseInLocation(layout, t.Format(layout), t.Location()); err == nil && at.Equal(t) {
			return t.Format(layout)
		}
	}
	return t.Format(time.RFC3339Nano)
}
