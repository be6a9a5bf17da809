package datasets

import (
	"time"

	"github.com/engram-go/engram/datasets/calendar"
	"github.com/engram-go/engram/internal/errs"
)

// WithCalendar returns a series with columns for features of the times, such as the sine and
// the cosine of the hour of the day, behind its own; Feature.Names are their names. By
// default they are those that make sense for the frequency of the times; see
// calendar.Features. The transforms of Windows scale them like all columns.
func (s *Series) WithCalendar(features ...calendar.Feature) (*Series, error) {
	if len(features) == 0 {
		f, err := s.Frequency()
		if err != nil {
			return nil, err
		}
		features = calendar.Features(f)
	}
	return s.withColumns(func(out *Series) error {
		for _, feature := range features {
			if err := feature.Check(); err != nil {
				return errs.At(err, s.name(), "")
			}
			names := feature.Names()
			values := columns(len(names), s.Len())
			for i, at := range s.Times {
				for j, v := range feature.Values(at) {
					values[j][i] = v
				}
			}
			out.Columns, out.Values = append(out.Columns, names...), append(out.Values, values...)
		}
		return nil
	})
}

// WithDates returns a series with another column that is 1 in the rows of these days, such as
// holidays, and 0 in all others. Days are compared by the clocks of both times.
func (s *Series) WithDates(name string, dates []time.Time) (*Series, error) {
	days := make(map[string]bool, len(dates))
	for _, d := range dates {
		days[d.Format(time.DateOnly)] = true
	}
	return s.withColumns(func(out *Series) error {
		values := make([]float64, s.Len())
		for i, at := range s.Times {
			if days[at.Format(time.DateOnly)] {
				values[i] = 1
			}
		}
		out.Columns, out.Values = append(out.Columns, name), append(out.Values, values)
		return nil
	})
}

// withColumns returns a copy of a series of times to which a function has added columns.
func (s *Series) withColumns(add func(out *Series) error) (*Series, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	out, err := s.Slice(0, s.Len())
	if err != nil {
		return nil, err
	}
	if s.Times == nil {
		return nil, s.noTimes()
	}
	if err := add(out); err != nil {
		return nil, err
	}
	if err := out.Check(); err != nil {
		return nil, err
	}
	return out, nil
}
