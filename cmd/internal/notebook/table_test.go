package notebook

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func format(t testing.TB, table Table) string {
	t.Helper()
	var out strings.Builder
	n, err := table.WriteTo(&out)
	if err != nil || n != int64(out.Len()) {
		t.Fatalf("wrote %d of %d bytes, %v", n, out.Len(), err)
	}
	return out.String()
}

// Long headings and texts are wrapped, numbers are not.
func TestTableWraps(t *testing.T) {
	got := format(t, Table{
		Header: []string{"series", "what was found", "root mean squared error (index points)"},
		Rows: [][]string{
			{"DAX", "an honest model comes out level with repeating the last price", "71.24"},
			{"sunspots", "a series with memory", "1,016.5"},
			{"none", "", "n/a"},
		},
	})
	want := `
series    what was found                          root mean squared error (index
                                                                         points)
--------  ----------------------------------  ----------------------------------
DAX       an honest model comes out level                                  71.24
          with repeating the last price
sunspots  a series with memory                                           1,016.5
none                                                                         n/a
`
	if got != want[1:] {
		t.Errorf("got\n%s", got)
	}
}

// A letter that is two columns wide fits above the narrowest numbers.
func TestTableWideHeading(t *testing.T) {
	table := Table{Header: make([]string, maxColumns), Rows: [][]string{make([]string, maxColumns)}}
	for j := range table.Header {
		table.Header[j], table.Rows[0][j] = "text", "text"
	}
	table.Header[0], table.Rows[0][0] = "漢", "1"
	for line := range strings.Lines(format(t, table)) {
		if w := displayWidth(strings.TrimSuffix(line, "\n")); w > terminalWidth {
			t.Errorf("%d columns: %q", w, line)
		}
	}
}

func TestTableNumeric(t *testing.T) {
	for _, cells := range [][]string{
		{"1", "-2.5", "+3"}, {"1e-3", "2.5E+10"}, {"1,234,567.8", "1 234"}, {"8.8 %", "−0.3%", "–"}, {"", "n/a", "7"}, {".5", "5."},
	} {
		if !columnNumeric(cells) {
			t.Errorf("%q is not a column of numbers", cells)
		}
	}
	for _, cells := range [][]string{
		{"1", "one"}, {"", "-"}, {"1,23"}, {"1.2.3"}, {"[any, 50]"}, {"1e"}, {"e5"}, {"."}, {"%"}, {"1998-01-02"},
	} {
		if columnNumeric(cells) {
			t.Errorf("%q is a column of numbers", cells)
		}
	}
}

func columnNumeric(cells []string) bool {
	t := Table{Header: []string{"h"}}
	for _, c := range cells {
		t.Rows = append(t.Rows, []string{c})
	}
	return t.numeric()[0]
}

// A table that would break words has a line for each cell.
func TestTableStacked(t *testing.T) {
	got := format(t, Table{
		Caption: "Errors",
		Header:  []string{"series", "unit", "last", "rows to train", "naive RMSE"},
		Rows:    [][]string{{"DAX", "index points of Frankfurt", "1998-01-02", "1457", "67.49"}, {"sunspots", "", "2013-09-01", "2511", "16.52"}},
		Width:   40,
	})
	want := `
Errors
series DAX
  unit           index points of
                 Frankfurt
  last           1998-01-02
  rows to train  1457
  naive RMSE     67.49

series sunspots
  unit
  last           2013-09-01
  rows to train  2511
  naive RMSE     16.52
`
	if got != want[1:] {
		t.Errorf("got\n%s", got)
	}
}

// On a narrow screen, a wide table is stacked, and a cell has its heading.
func TestTableStackedOnPage(t *testing.T) {
	for _, columns := range []int{3, 9} {
		table := Table{Header: make([]string, columns), Rows: [][]string{make([]string, columns)}}
		for j := range table.Header {
			table.Header[j], table.Rows[0][j] = "head", "cell"
		}
		n := New("t", nil)
		n.Table(table)
		page := write(t, n)
		wide := columns == 9
		if strings.Contains(page, `<table class="stacked">`) != wide || strings.Contains(page, `<td data-heading="head">`) != wide {
			t.Errorf("%d columns: %s", columns, page[strings.Index(page, "<table"):])
		}
	}
}

// For any table, no line is wider than the terminal and no letter is lost.
func TestTableFits(t *testing.T) {
	cell := rapid.OneOf(
		rapid.String(),
		rapid.StringMatching(`[a-z]{0,120}`),
		rapid.StringMatching(`([a-z]{1,9} ){0,20}`),
		rapid.StringMatching(`-?[0-9]{1,40}(\.[0-9]{1,9})?`),
		rapid.StringMatching(`[漢字かな👍é]{0,50}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(1, maxColumns).Draw(t, "columns")
		row := rapid.SliceOfN(cell, columns, columns)
		table := Table{
			Caption: cell.Draw(t, "caption"),
			Header:  row.Draw(t, "header"),
			Rows:    rapid.SliceOfN(row, 1, 5).Draw(t, "rows"),
			Width:   rapid.IntRange(leastWidth, mostWidth).Draw(t, "width"),
		}
		var out strings.Builder
		if _, err := table.WriteTo(&out); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if w := displayWidth(strings.TrimSuffix(line, "\n")); w > table.Width {
				t.Fatalf("%d columns, want %d: %q", w, table.Width, line)
			}
		}
		all := table.Caption
		headings := 1
		if !table.fits(table.Width) { // each row has all headings
			headings = len(table.Rows)
		}
		all += strings.Repeat(strings.Join(table.Header, ""), headings)
		for _, r := range table.Rows {
			all += strings.Join(r, "")
		}
		// letters ignores dashes, because of the rule below the header.
		if got, want := letters(out.String()), letters(all); got != want {
			t.Fatalf("letters differ: got %q, want %q", got, want)
		}
	})
}

// letters returns the sorted characters of s without spaces and dashes.
func letters(s string) string {
	runes := []rune(strings.ReplaceAll(strings.Join(strings.Fields(clean(s)), ""), "-", ""))
	slices.Sort(runes)
	return string(runes)
}
