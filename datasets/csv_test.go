package datasets_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestReadCSV(t *testing.T) {
	for _, c := range []struct {
		name, text string
		config     datasets.CSVConfig
		want       datasets.Series
	}{
		{"all numbers", "date,open,close\n2024-01-02,1,2.5\n2024-01-03,-3,4e2\n", datasets.CSVConfig{},
			datasets.Series{Index: []string{"2024-01-02", "2024-01-03"}, Columns: []string{"open", "close"}, Values: [][]float64{{1, -3}, {2.5, 400}}}},
		{"index", "date,open\n2024-01-02,1\n2024-01-03,2\n", datasets.CSVConfig{Index: "date"},
			datasets.Series{Index: []string{"2024-01-02", "2024-01-03"}, Columns: []string{"open"}, Values: [][]float64{{1, 2}}}},
		{"numeric index is no value", "year,open\n1999,1\n", datasets.CSVConfig{Index: "year"},
			datasets.Series{Index: []string{"1999"}, Columns: []string{"open"}, Values: [][]float64{{1}}}},
		{"order", "a,b,c\n1,2,3\n", datasets.CSVConfig{Columns: []string{"c", "a"}},
			datasets.Series{Columns: []string{"c", "a"}, Values: [][]float64{{3}, {1}}}},
		{"byte order mark, CRLF, spaces, quotes, no last newline", "\ufeffa, b\r\n1 ,\" 2\"\r\n3,4", datasets.CSVConfig{},
			datasets.Series{Columns: []string{"a", "b"}, Values: [][]float64{{1, 3}, {2, 4}}}},
		{"blank lines at the end", "a\n1\n\n\r\n", datasets.CSVConfig{},
			datasets.Series{Columns: []string{"a"}, Values: [][]float64{{1}}}},
		{"cell over two lines", "note,a\n\"x\ny\",1\nz,2\n", datasets.CSVConfig{},
			datasets.Series{Columns: []string{"a"}, Values: [][]float64{{1, 2}}}},
		{"numbers as names", "1999,2000\n1,2\n", datasets.CSVConfig{Columns: []string{"2000"}},
			datasets.Series{Columns: []string{"2000"}, Values: [][]float64{{2}}}},
	} {
		got, err := datasets.ReadCSV(iotest.OneByteReader(strings.NewReader(c.text)), c.config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		c.want.Name, c.want.Notes, c.want.Times = "csv", got.Notes, got.Times // see TestTimes
		if d := cmp.Diff(&c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

func TestReadCSVErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		config     datasets.CSVConfig
		want       errs.Error
	}{
		{"empty", "", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "header"}},
		{"byte order mark alone", "\ufeff", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "header"}},
		{"header alone", "a,b\n", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}},
		{"name twice", "a,b,a\n1,2,3\n", datasets.CSVConfig{}, errs.Error{Path: "csv:1", Field: "a"}},
		{"missing column", "a,b\n1,2\n", datasets.CSVConfig{Columns: []string{"b", "close"}}, errs.Error{Path: "csv:1", Field: "CSVConfig.Columns[1]", Value: "close"}},
		{"column twice", "a,b\n1,2\n", datasets.CSVConfig{Columns: []string{"b", "b"}}, errs.Error{Path: "csv:1", Field: "CSVConfig.Columns", Value: "b"}},
		{"missing index", "a,b\n1,2\n", datasets.CSVConfig{Index: "date"}, errs.Error{Path: "csv:1", Field: "CSVConfig.Index", Value: "date"}},
		{"short row", "a,b\n1,2\n3\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row", Value: 1}},
		{"long row", "a,b\n1,2,3\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: 3}},
		{"word", "a,b\n1,2\n3,n/a\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:3", Field: "b", Value: `"n/a"`}},
		{"word in a selected column", "a,b\nx,2\n", datasets.CSVConfig{Columns: []string{"a"}}, errs.Error{Path: "csv:2", Field: "a", Value: `"x"`}},
		{"blank cell", "a,b\n1,\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:2", Field: "b", Value: `""`}},
		{"no numbers", "a,b\nx,y\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: "x,y"}},
		{"missing first", "date,close,volume\n2024-01-02,NA,7\n2024-01-03,2,7\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:2", Field: "close", Value: `"NA"`}},
		{"null first", "close,volume\nNull,7\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:2", Field: "close", Value: `"Null"`}},
		{"nan first", "close,volume\nnan,7\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:2", Field: "close", Value: `"nan"`}},
		{"NaN", "a,b\n1,NaN\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:2", Field: "b", Value: `"NaN"`}},
		{"inf", "a,b\n1,2\n1,-inf\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "b", Value: "-inf", Kind: errs.ErrNotFinite}},
		{"too large", "a\n1e999\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "a", Value: "1e999"}},
		{"blank line", "a\n1\n\n3\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row"}},
		{"blank line after a long cell", "n,a\n\"x\ny\",1\n\nz,2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "row"}},
		{"open quote", "a,b\n1,\"2\n", datasets.CSVConfig{}, errs.Error{Field: "row"}},
		{"bare quote", "a,b\n1,2\"\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
			errtest.Check(t, err, c.want)
			if s != nil {
				t.Errorf("an error came with %v", s)
			}
		})
	}
	_, err := datasets.ReadCSV(nil, datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Field: "reader"})

	broken := errors.New("disk on fire")
	_, err = datasets.ReadCSV(io.MultiReader(strings.NewReader("a\n1\n"), iotest.ErrReader(broken)), datasets.CSVConfig{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "csv:3") {
		t.Errorf("error %v", err)
	}
}

// endless repeats a text for ever.
type endless struct{ text string }

func (e endless) Read(p []byte) (int, error) { return copy(p, e.text), nil }

func TestReadCSVBounded(t *testing.T) {
	for name, r := range map[string]io.Reader{
		"one line":      endless{"0123456789"},
		"blank lines":   endless{"\n"},
		"quoted lines":  io.MultiReader(strings.NewReader("a\n\""), endless{"x\n"}),
		"cells":         endless{"1,"},
		"spaces":        endless{" "},
		"line of a row": io.MultiReader(strings.NewReader("a\n1\n"), endless{"1"}),
		"zero bytes":    endless{"\x00"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := datasets.ReadCSV(r, datasets.CSVConfig{})
			errtest.Check(t, err, errs.Error{Field: "row"})
		})
	}
}

func TestLoadCSV(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "prices.csv")
	write := func(text string) {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("date,close\n2024-01-02,1\n2024-01-03,2\n")
	s, err := datasets.LoadCSV(path, datasets.CSVConfig{Columns: []string{"close"}, Index: "date"})
	if err != nil {
		t.Fatal(err)
	}
	want := &datasets.Series{Name: "prices", Notes: "comma-separated, yyyy-mm-dd", Index: []string{"2024-01-02", "2024-01-03"},
		Times: []time.Time{day(2, 0), day(3, 0)}, Columns: []string{"close"}, Values: [][]float64{{1, 2}}}
	if d := cmp.Diff(want, s); d != "" {
		t.Error(d)
	}
	write("date,close\n2024-01-02,1\n2024-01-03,-\n")
	_, err = datasets.LoadCSV(path, datasets.CSVConfig{Columns: []string{"close"}, Missing: "error"})
	errtest.Check(t, err, errs.Error{Path: path + ":3", Field: "close"})
	_, err = datasets.LoadCSV(filepath.Join(dir, "none.csv"), datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Path: filepath.Join(dir, "none.csv"), Field: "file", Value: "no such file or directory"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error %v", err)
	}
	_, err = datasets.LoadCSV(dir, datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Field: "file", Value: "a directory"})
	_, err = datasets.LoadCSV(os.DevNull, datasets.CSVConfig{})
	errtest.Check(t, err, errs.Error{Path: os.DevNull, Field: "file", Value: "a device"})
}

// Any bytes give a complete table without infinities or an error, and a table that is written
// and read again stays the same.
func FuzzReadCSV(f *testing.F) {
	for _, seed := range []string{
		"a,b\n1,2\n3,4\n", "\ufeffa,b\r\n1,2\r\n", "a\n\"1\"\n", "date,x\n2024-01-01,1e5\n", "a,a\n1,2\n",
		"a,b\n1\n", "a\nNaN\n", "a\n1e999\n", "\"a\nb\",c\n1,2\n\n", "a\n\n1\n", "1,2\n3,4\n", "\"", "a,b\n,1\n", "",
		"Tag;a\n30.01.2024;1.234,5\n29.01.2024;(2)\n", "\xff\xfea\x00\n\x001\x00", "\x1f\x8b\x08", "sep=|\n# x\na|b\n$1%|2\n", "a\r1\r", "year,month,a\n2020,1,5\n", "day,a\n2024-01-01,\n2024-01-02,x\n2024-01-05,NaN\n",
	} {
		f.Add([]byte(seed), "", "")
		f.Add([]byte(seed), "a", "date")
	}
	f.Fuzz(func(t *testing.T, text []byte, column, index string) {
		config := datasets.CSVConfig{Index: index}
		if column != "" {
			config.Columns = []string{column}
		}
		s, err := datasets.ReadCSV(bytes.NewReader(text), config)
		if err != nil {
			if !errors.Is(err, errs.ErrInput) && !errors.Is(err, errs.ErrNotFinite) {
				t.Fatalf("error %v", err)
			}
			if s != nil || len(err.Error()) > 2000 {
				t.Fatalf("series %v, error of %d bytes", s, len(err.Error()))
			}
			return
		}
		if _, err := datasets.FromColumns(s.Name, s.Columns, s.Values); err != nil {
			t.Fatalf("incomplete: %v", err)
		}
		if s.Len() > bytes.Count(text, []byte("\n"))+bytes.Count(text, []byte("\r"))+1 && !bytes.HasPrefix(text, []byte("\x1f\x8b")) || index != "" && len(s.Index) != s.Len() {
			t.Fatalf("%d rows, %d labels of %q", s.Len(), len(s.Index), text)
		}
		again, err := datasets.ReadCSV(strings.NewReader(toCSV(s)), datasets.CSVConfig{Columns: s.Columns})
		if err != nil {
			t.Fatalf("%v, of %q", err, toCSV(s))
		}
		if d := cmp.Diff(s.Values, again.Values, cmpopts.EquateNaNs()); d != "" {
			t.Fatal(d)
		}
	})
}
