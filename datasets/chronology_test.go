package datasets

import (
	"testing"
	"time"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// Labels that are times give the times that a file with them has.
func TestFromLabels(t *testing.T) {
	values := [][]float64{{1, 2, 3}}
	for _, labels := range [][]string{
		{"2024-01-31", "2024-02-01", "2024-02-02"},
		{"31.01.2024", "01.02.2024", "02.02.2024"},
		{"2024-01-31T00:00:00Z", "2024-02-01T00:00:00Z", "2024-02-02T00:00:00Z"},
	} {
		s, err := FromLabels("s", labels, []string{"x"}, values)
		if err != nil {
			t.Fatal(err)
		}
		for i, at := range s.Times {
			if want := time.Date(2024, 1, 31+i, 0, 0, 0, 0, time.UTC); !at.Equal(want) || s.Index[i] != labels[i] {
				t.Errorf("%v: got %v, want %v", labels, at, want)
			}
		}
	}
	s, err := FromLabels("s", []string{"a", "c", "b"}, []string{"x"}, values)
	if err != nil || s.Times != nil || len(s.Index) != 3 {
		t.Errorf("labels that are no times: %v, %v", s, err)
	}
}

func TestFromLabelsErrors(t *testing.T) {
	for _, c := range []struct {
		labels []string
		want   errs.Error
	}{
		{[]string{"2024-01-01", "2024-01-03", "2024-01-02"}, errs.Error{Path: "s, row 2", Field: "times"}},
		{[]string{"2024-01-03", "2024-01-02", "2024-01-01"}, errs.Error{Path: "s", Field: "times", Value: "2024-01-03 to 2024-01-01"}},
		{[]string{"2024-01-01", "2024-01-01", "2024-01-02"}, errs.Error{Path: "s, row 1", Field: "times"}},
		{[]string{"2024-01-01", "01.01.2024", "2024-01-02"}, errs.Error{Path: "s, row 1", Field: "times", Value: `"01.01.2024"`}},
		{[]string{"01/02/2024", "02/03/2024", "03/04/2024"}, errs.Error{Path: "s", Field: "times", Value: "01/02/2024"}},
		{[]string{"2024-01-01"}, errs.Error{Path: "s", Field: "Series.Index", Value: 1}},
		{[]string{}, errs.Error{Path: "s", Field: "Series.Index", Value: 0}},
	} {
		values := []float64{1, 2, 3}
		_, err := FromLabels("s", c.labels, []string{"x"}, [][]float64{values})
		errtest.Check(t, err, c.want)
		if values[0] != 1 || values[2] != 3 {
			t.Errorf("%v: the values were changed", c.labels)
		}
	}
}
