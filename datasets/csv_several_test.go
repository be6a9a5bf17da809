package datasets_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// A file with a row for each time and shop.
func TestReadCSVs(t *testing.T) {
	read := func(text, by string, config datasets.CSVConfig) ([]*datasets.Series, error) {
		return datasets.ReadCSVs(strings.NewReader(text), by, config)
	}
	text := "shop,day,sales,open\n7,2024-01-03,5,1\n2,2024-01-03,6,1\n7,2024-01-02,,0\n2,2024-01-01,8,1\n7,2024-01-01,9,1\n"
	all, err := read(text, "shop", datasets.CSVConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range all {
		got = append(got, toCSV(s))
		got = append(got, s.Name, s.Notes)
	}
	if d := cmp.Diff([]string{
		"\"sales\",\"open\"\n\"9\",\"1\"\n\"NaN\",\"0\"\n\"5\",\"1\"\n", "7", "comma-separated, yyyy-mm-dd, newest first: reversed, every day, 1 missing value",
		"\"sales\",\"open\"\n\"8\",\"1\"\n\"6\",\"1\"\n", "2", "comma-separated, yyyy-mm-dd, newest first: reversed",
	}, got); d != "" {
		t.Error(d)
	}
	one, err := datasets.ReadCSV(strings.NewReader(text), datasets.CSVConfig{Where: map[string]string{"shop": "7"}, Columns: []string{"sales", "open"}})
	if err != nil || toCSV(one) != got[0] {
		t.Errorf("%v, error %v, want %s", one, err, got[0])
	}
	if all, err = read(text, "shop", datasets.CSVConfig{Where: map[string]string{"open": "1"}}); err != nil || len(all) != 2 || all[0].Len() != 2 {
		t.Errorf("%v, error %v", all, err)
	}
	all, err = read("year,day,v\n2023,01-02,5\n2024,01-02,5\n", "year", datasets.CSVConfig{Index: "day", Time: "none"})
	if err != nil || len(all) != 2 || all[0].Name != "2023" {
		t.Errorf("%v, error %v", all, err)
	}
	if all, err = read("year,v\n2023,5\n2024,5\n2023,7\n", "year", datasets.CSVConfig{}); err != nil || all[0].Index != nil || all[0].Len() != 2 {
		t.Errorf("%v, error %v", all, err)
	}
	for _, c := range []struct {
		text, by string
		config   datasets.CSVConfig
		want     errs.Error
	}{
		{text, "", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "by"}},
		{text, "store", datasets.CSVConfig{}, errs.Error{Path: "csv:1", Field: "by", Value: "store"}},
		{"shop,day,v\n1,2024-01-01,5\n2,2024-01-02,5\n1,2024-01-01,7\n", "shop", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "day"}},
		{"shop,day,v\n1,2024-01-01,5\n2,2024-01-01,5\n1,2024-01-03,7\n1,2024-01-02,7\n", "shop", datasets.CSVConfig{}, errs.Error{Path: "csv:5", Field: "day"}},
		{"shop,day,v\n1,01/02/2024,5\n1,02/03/2024,5\n", "shop", datasets.CSVConfig{}, errs.Error{Path: "csv, shop 1", Field: "day"}},
		{"shop,v\n1,\n1,\n2,3\n", "shop", datasets.CSVConfig{Missing: "drop"}, errs.Error{Path: "csv, shop 1", Field: "rows"}},
		{"shop,v\n1,x\n", "shop", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row"}},
	} {
		all, err := read(c.text, c.by, c.config)
		errtest.Check(t, err, c.want)
		if all != nil {
			t.Errorf("an error came with %v", all)
		}
	}
}

// The dates of all series are written alike; the order of the rows of each would allow more.
func TestReadCSVsOfDifferentDates(t *testing.T) {
	text := "shop,day,v\na,13/01/2024,1\na,14/01/2024,2\nb,01/13/2024,3\nb,01/14/2024,4\n"
	_, err := datasets.ReadCSVs(strings.NewReader(text), "shop", datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Path: "csv, shop b", Field: "day", Value: "mm/dd/yyyy"})
}
