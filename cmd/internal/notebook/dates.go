package notebook

import (
	"time"

	"gonum.org/v1/plot"
)

// dateStep is the distance of the ticks of an axis of dates: so many months, or else seconds.
type dateStep struct {
	months  int
	seconds int64
	label   string // a layout of package time
}

const minute, hour, day = 60, 3600, 86400

// firstDate and lastDate are the ends of the years 1 to 9999, in seconds since 1970.
const firstDate, lastDate = -62135596800, 253402300799

// dateSteps are the distances to choose from, the shortest first.
var dateSteps = func() []dateStep {
	var all []dateStep
	for _, s := range []int64{1, 5, 15, 30, minute, 5 * minute, 15 * minute, 30 * minute} {
		all = append(all, dateStep{seconds: s, label: "15:04:05"})
	}
	for _, s := range []int64{hour, 3 * hour, 6 * hour, 12 * hour} {
		all = append(all, dateStep{seconds: s, label: "01-02 15:04"})
	}
	for _, s := range []int64{day, 2 * day, 7 * day, 14 * day} {
		all = append(all, dateStep{seconds: s, label: time.DateOnly})
	}
	for _, m := range []int{1, 3, 6} {
		all = append(all, dateStep{months: m, label: "2006-01"})
	}
	for years := 1; years <= 1000; years *= 10 {
		for _, y := range []int{1, 2, 5} {
			all = append(all, dateStep{months: 12 * y * years, label: "2006"})
		}
	}
	return all
}()

// dates places at most want ticks at round times of an axis of seconds since 1970, in UTC,
// and fewer if their labels are long.
func dates(want int) plot.TickerFunc {
	return func(lo, hi float64) []plot.Tick {
		var marks []plot.Tick
		for _, step := range dateSteps {
			if fitting := float64(6*want) / float64(max(6, len(step.label))); step.length()*fitting < hi-lo {
				continue
			}
			for t := step.first(lo); float64(t.Unix()) <= hi; t = step.next(t) {
				marks = append(marks, plot.Tick{Value: float64(t.Unix()), Label: t.Format(step.label)})
			}
			break
		}
		return marks
	}
}

// length is about the seconds from tick to tick.
func (s dateStep) length() float64 { return float64(s.seconds) + float64(s.months)*30.4*day }

// first is the first round time that is not before some seconds.
func (s dateStep) first(seconds float64) time.Time {
	from := time.Unix(int64(seconds), 0).UTC()
	var t time.Time // a round time up to two steps before
	if s.months > 0 {
		month := from.Year()*12 + int(from.Month()) - 1
		t = time.Date(0, time.Month((month/s.months-1)*s.months+1), 1, 0, 0, 0, 0, time.UTC)
	} else {
		const monday = 4 * day // the first one after 1970 began; weeks begin on Monday
		t = time.Unix(((from.Unix()-monday)/s.seconds-1)*s.seconds+monday, 0).UTC()
	}
	for float64(t.Unix()) < seconds {
		t = s.next(t)
	}
	return t
}

func (s dateStep) next(t time.Time) time.Time {
	return t.AddDate(0, s.months, 0).Add(time.Duration(s.seconds) * time.Second)
}
