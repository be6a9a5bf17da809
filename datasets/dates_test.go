package datasets_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// dated returns a file with these labels, a column of words and one of numbers.
func dated(labels ...string) string {
	var b strings.Builder
	b.WriteString("note,day,close\n")
	for _, label := range labels {
		b.WriteString(`x,"` + label + "\",1\n")
	}
	return b.String()
}

func TestNewestRowFirst(t *testing.T) {
	for name, labels := range map[string][]string{
		"days":                 {"2024-01-03", "2024-01-02"},
		"months":               {"2024-02", "2024-01", "2023-12"},
		"minutes":              {"2024-01-03 10:00", "2024-01-03 9:30", "2024-01-02 16:00"},
		"seconds with zone":    {"2024-01-03 00:00:00-05:00", "2024-01-02 00:00:00-05:00"},
		"RFC 3339":             {"2024-01-03T00:00:00Z", "2024-01-02T00:00:00Z"},
		"equal days":           {"2024-01-03", "2024-01-03", "2024-01-02"},
		"month first":          {"01/31/2024", "01/30/2024", "12/29/2023"},
		"day first":            {"31/01/2024", "30/01/2024", "1/1/2024"},
		"month or day first":   {"02/01/2024", "01/01/2024", "12/01/2023"},
		"points":               {"31.01.2024", "30.01.2024"},
		"English":              {"Jan 31, 2024", "Jan 30, 2024"},
		"blanks around a date": {" 2024-01-03", "2024-01-02 "},
	} {
		last := strings.TrimSpace(labels[len(labels)-1])
		want := errs.Error{Path: "csv", Field: "day", Value: strings.TrimSpace(labels[0]) + " to " + last}
		for _, config := range []datasets.CSVConfig{{}, {Columns: []string{"close"}}, {Index: "day"}} {
			s, err := datasets.ReadCSV(strings.NewReader(dated(labels...)), config)
			if s != nil {
				t.Errorf("%s: got %v", name, s)
			}
			errtest.Check(t, err, want)
		}
		slices.Reverse(labels)
		s, err := datasets.ReadCSV(strings.NewReader(dated(labels...)), datasets.CSVConfig{})
		if err != nil || len(s.Index) != len(labels) || s.Index[0] != last {
			t.Errorf("%s, oldest first: %v, error %v", name, s, err)
		}
	}
}

// Rows that may be in chronological order are not an error.
func TestUnknownOrderOfRows(t *testing.T) {
	for name, labels := range map[string][]string{
		"one row":                      {"2024-01-03"},
		"one day":                      {"2024-01-03", "2024-01-03"},
		"out of order":                 {"2024-01-03", "2024-01-02", "2024-01-04"},
		"day first, a day a month":     {"12/01/2024", "11/02/2024", "10/03/2024"},
		"no date further on":           {"2024-01-03", "2024-01-02", "total"},
		"hours without a leading 0":    {"2024-01-03 9:30", "2024-01-03 10:00"},
		"countdown":                    {"30 to go", "29 to go"},
		"dates in two ways of writing": {"2024-01-03", "Jan 2, 2024"},
	} {
		if _, err := datasets.ReadCSV(strings.NewReader(dated(labels...)), datasets.CSVConfig{Index: "day"}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Decreasing numbers may be a countdown.
	if _, err := datasets.ReadCSV(strings.NewReader("left,close\n2024,1\n2023,2\n"), datasets.CSVConfig{Index: "left"}); err != nil {
		t.Error(err)
	}
	// With CSVConfig.Index, only that column is checked.
	text := "born,day,close\n2024-01-02,2024-01-02,1\n2024-01-01,2024-01-03,2\n"
	if s, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{Index: "day"}); err != nil || s.Index[1] != "2024-01-03" {
		t.Errorf("%v, error %v", s, err)
	}
}
