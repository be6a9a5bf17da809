package datasets_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func inUTF16(text string, big bool) string {
	var b []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + text)) {
		if big {
			b = append(b, byte(unit>>8), byte(unit))
		} else {
			b = append(b, byte(unit), byte(unit>>8))
		}
	}
	return string(b)
}

func zipped(t testing.TB, text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const plainRows = "day,v\n2024-01-30,1.5\n2024-01-31,-2\n"

// The forms that files really have: the values, to the digit, and the notes.
func TestCSVFormats(t *testing.T) {
	const plain = plainRows
	two, nan := [][]float64{{1.5, -2}}, math.NaN()
	for _, c := range []struct {
		name, text string
		config     datasets.CSVConfig
		want       [][]float64
		columns    string
		notes      string
	}{
		{"comma", plain, datasets.CSVConfig{}, two, "v", "comma-separated, yyyy-mm-dd"},
		{"semicolon, decimal comma", "Tag;v\n30.01.2024;1,5\n31.01.2024;-2\n", datasets.CSVConfig{}, two, "v", "semicolon-separated, decimal comma, dd.mm.yyyy"},
		{"semicolon, newest first", "Tag;v\n31.01.2024;-2\n30.01.2024;1,5\n", datasets.CSVConfig{}, two, "v", "semicolon-separated, decimal comma, dd.mm.yyyy, newest first: reversed"},
		{"tab", strings.ReplaceAll(plain, ",", "\t"), datasets.CSVConfig{}, two, "v", "tab-separated, yyyy-mm-dd"},
		{"pipe", strings.ReplaceAll(plain, ",", "|"), datasets.CSVConfig{}, two, "v", "pipe-separated, yyyy-mm-dd"},
		{"pipe, with other separators in cells", "day|a;b|v\n2024-01-30|x,y;z|1.5\n2024-01-31|x,y;z|-2\n", datasets.CSVConfig{}, two, "v", "pipe-separated, yyyy-mm-dd, columns of text left out: [a;b]"},
		{"another", strings.ReplaceAll(plain, ",", "~"), datasets.CSVConfig{Separator: '~'}, two, "v", "'~'-separated, yyyy-mm-dd"},
		{"sep=", "sep=;\n" + strings.ReplaceAll(plain, ",", ";"), datasets.CSVConfig{}, two, "v", "sep=, semicolon-separated, yyyy-mm-dd"},
		{"comments", "# of a station\n# and its heights\n" + plain, datasets.CSVConfig{}, two, "v", "2 comment lines, comma-separated, yyyy-mm-dd"},
		{"lines before the header", "Prices of a thing\n\n" + plain, datasets.CSVConfig{Skip: 2}, two, "v", "comma-separated, yyyy-mm-dd"},
		{"no header", "2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "column 2", "comma-separated, no header, yyyy-mm-dd"},
		{"no header, a column by its number", "2024-01-01,1.5\n2024-01-02,-2\n", datasets.CSVConfig{Columns: []string{"column 2"}}, two, "column 2", "comma-separated, no header, yyyy-mm-dd"},
		{"no header, words", "x,1.5\ny,-2\n", datasets.CSVConfig{NoHeader: true}, two, "column 2", "comma-separated, no header, columns of text left out: [column 1]"},
		{"empty columns and rows", "day,v,,\n2024-01-30,1.5,,\n2024-01-31,-2,,\n,,,\n\n", datasets.CSVConfig{}, two, "v", "comma-separated, 2 empty columns at the right left out, yyyy-mm-dd, 1 blank row at the end left out"},
		{"longer rows", "day,v\n2024-01-30,1.5,\n2024-01-31,-2,\n", datasets.CSVConfig{}, two, "v", "comma-separated, 1 empty column at the right left out, yyyy-mm-dd"},
		{"a line at the end", plain + "\nPrices of a thing\n", datasets.CSVConfig{}, two, "v", "comma-separated, yyyy-mm-dd, 1 line of text at the end left out"},
		{"comments between rows", "day,v\n2024-01-30,1.5\n# moved, to the roof\n// by \n% one, hour\n2024-01-31,-2\n\n# the end, for now\n", datasets.CSVConfig{}, two, "v", "comma-separated, 3 comment lines between rows left out, yyyy-mm-dd, 1 line of text at the end left out"},
		{"labels like comments", "n,v\n#1,1.5\n#2,-2\n", datasets.CSVConfig{}, two, "v", "comma-separated, columns of text left out: [n]"},
		{"a title", "Daily report\nday;v\n2024-01-30;1.5\n2024-01-31;-2\n", datasets.CSVConfig{}, two, "v", "1 line before the header left out, semicolon-separated, yyyy-mm-dd"},
		{"more titles than rows", "Daily report\nof Berlin\nby me\nday,v\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "v", "3 lines before the header left out, comma-separated, yyyy-mm-dd"},
		{"titles with commas", "Daily report, Berlin\nof Monday\n\n" + plain, datasets.CSVConfig{}, two, "v", "3 lines before the header left out, comma-separated, yyyy-mm-dd"},
		{"titles of a spreadsheet", "Daily report;;\nBerlin;;\n;v;w\n2024-01-30;1,5;1\n2024-01-31;-2;2\n", datasets.CSVConfig{}, append(two, []float64{1, 2}), "v,w", "2 lines before the header left out, semicolon-separated, decimal comma, yyyy-mm-dd"},
		{"names and values above", "Station,Berlin\nLat,52.5\n\nday,v,w\n2024-01-30,1.5,1\n2024-01-31,-2,2\n", datasets.CSVConfig{}, append(two, []float64{1, 2}), "v,w", "3 lines before the header left out, comma-separated, yyyy-mm-dd"},
		{"blank lines before the header", "\n\n" + plain, datasets.CSVConfig{}, two, "v", "2 lines before the header left out, comma-separated, yyyy-mm-dd"},
		{"a blank line after those to skip", "Prices of a thing\n\n" + plain, datasets.CSVConfig{Skip: 1}, two, "v", "1 line before the header left out, comma-separated, yyyy-mm-dd"},
		{"quotes in sep=", "\"sep=;\"\n" + strings.ReplaceAll(plain, ",", ";"), datasets.CSVConfig{}, two, "v", "sep=, semicolon-separated, yyyy-mm-dd"},
		{"sep= and a letter for tab", "sep=\\t\n" + strings.ReplaceAll(plain, ",", "\t"), datasets.CSVConfig{}, two, "v", "sep=, tab-separated, yyyy-mm-dd"},
		{"a header like a comment", "#day,v\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "v", "header in a comment, comma-separated, yyyy-mm-dd"},
		{"a header that begins with #", "# of a thing\n#,day,v\n1,2024-01-30,1.5\n2,2024-01-31,-2\n", datasets.CSVConfig{}, [][]float64{{1, 2}, {1.5, -2}}, "#,v", "header in a comment, 1 comment line, comma-separated, yyyy-mm-dd"},
		{"a title above a header that begins with #", "Plot\n\"#\",day,v\n1,2024-01-30,1.5\n2,2024-01-31,-2\n", datasets.CSVConfig{}, [][]float64{{1, 2}, {1.5, -2}}, "#,v", "1 line before the header left out, comma-separated, yyyy-mm-dd"},
		{"a header like a comment, with quotes and in Latin-1", "#\"day\";\"Temp\xe9rature\"\n2024-01-30;1.5\n2024-01-31;-2\n", datasets.CSVConfig{}, two, "Température", "header in a comment, semicolon-separated, Latin-1, yyyy-mm-dd"},
		{"titles of a spreadsheet and a header like a comment", "Plot,\n#day,v\n2024-01-30,1.5,\n2024-01-31,-2,\n", datasets.CSVConfig{}, two, "v", "header in a comment, 1 line before the header left out, comma-separated, 1 empty column at the right left out, yyyy-mm-dd"},
		{"a title above a header like a comment", "Plot\n#day,v\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "v", "header in a comment, 1 line before the header left out, comma-separated, yyyy-mm-dd"},
		{"a name with # in quotes", "\"#v\",w\n1,2\n", datasets.CSVConfig{}, [][]float64{{1}, {2}}, "#v,w", "comma-separated"},
		{"comments of text and of another width", "# a, b, c\n# of, numbers\nday,v,w\n2024-01-30,1.5,1\n2024-01-31,-2,2\n", datasets.CSVConfig{}, append(two, []float64{1, 2}), "v,w", "2 comment lines, comma-separated, yyyy-mm-dd"},
		{"numbers with underscores as names", "day,1_00060_00003\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "1_00060_00003", "comma-separated, yyyy-mm-dd"},
		{"columns without names", ",v,\n1,2,3\n4,5,6\n", datasets.CSVConfig{}, [][]float64{{1, 4}, {2, 5}, {3, 6}}, "column 1,v,column 3", "comma-separated"},
		{"text at the end", plain + "Source: my office\n(c) 2021\n", datasets.CSVConfig{}, two, "v", "comma-separated, yyyy-mm-dd, 2 lines of text at the end left out"},
		{"text and separators at the end", plain + "Source: my office,\n", datasets.CSVConfig{}, two, "v", "comma-separated, yyyy-mm-dd, 1 line of text at the end left out"},
		{"a row of text without a number", "n,v\na,1.5\nb,-2\nc,\n", datasets.CSVConfig{}, [][]float64{{1.5, -2, nan}}, "v", "comma-separated, columns of text left out: [n], 1 missing value"},
		{"units below the header", "day,v,w\n,°C,m/s\n2024-01-30,1.5,1\n2024-01-31,-2,2\n", datasets.CSVConfig{}, append(two, []float64{1, 2}), "v °C,w m/s", "comma-separated, 2 header lines, yyyy-mm-dd"},
		{"three lines of header", "Price,Close,Close\nTicker,A,B\nDate,,\n2024-01-30,1.5,1\n2024-01-31,-2,2\n", datasets.CSVConfig{}, append(two, []float64{1, 2}), "Close A,Close B", "comma-separated, 3 header lines, yyyy-mm-dd"},
		{"a missing number in the first row", "n,v\nfoo,NA\nbar,1\n", datasets.CSVConfig{}, [][]float64{{nan, 1}}, "v", "comma-separated, columns of text left out: [n], 1 missing value"},
		{"byte order mark", "\ufeff" + plain, datasets.CSVConfig{}, two, "v", "byte order mark, comma-separated, yyyy-mm-dd"},
		{"UTF-16", inUTF16("d,ä\U0001f600\n2024-01-30,1.5\n2024-01-31,-2\n", false), datasets.CSVConfig{}, two, "ä\U0001f600", "UTF-16, comma-separated, yyyy-mm-dd"},
		{"half a pair in UTF-16", strings.Replace(inUTF16("day,v!\n2024-01-30,1.5\n2024-01-31,-2\n", false), "!", "\x00\xd8!", 1), datasets.CSVConfig{}, two, "v\ufffd!", "UTF-16, comma-separated, yyyy-mm-dd"},
		{"UTF-16, big-endian", inUTF16(plain, true), datasets.CSVConfig{}, two, "v", "UTF-16, comma-separated, yyyy-mm-dd"},
		{"Latin-1", strings.Replace(plain, "v", "Temp\xe9rature", 1), datasets.CSVConfig{}, two, "Température", "comma-separated, Latin-1, yyyy-mm-dd"},
		{"euro in Windows-1252", strings.Replace(plain, "1.5", "1.5 \x80", 1), datasets.CSVConfig{}, two, "v", "comma-separated, Windows-1252, currency signs removed, yyyy-mm-dd"},
		{"UTF-16, no mark", strings.TrimPrefix(inUTF16(plain, false), "\xff\xfe"), datasets.CSVConfig{}, two, "v", "UTF-16, comma-separated, yyyy-mm-dd"},
		{"UTF-16, big-endian, no mark", strings.TrimPrefix(inUTF16(plain, true), "\xfe\xff"), datasets.CSVConfig{}, two, "v", "UTF-16, comma-separated, yyyy-mm-dd"},
		{"Windows-1252", "day,v\x92s\n2024-01-30,1\x92234.5\n2024-01-31,-2\n", datasets.CSVConfig{}, [][]float64{{1234.5, -2}}, "v’s", "comma-separated, Windows-1252, thousands separators removed, yyyy-mm-dd"},
		{"names like HTML", "<DATE>,<CLOSE>\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "<CLOSE>", "comma-separated, yyyy-mm-dd"},
		{"names like JSON", "{date},v\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "v", "comma-separated, yyyy-mm-dd"},
		{"names in brackets", "[date],[v]\n2024-01-30,1.5\n2024-01-31,-2\n", datasets.CSVConfig{}, two, "[v]", "comma-separated, yyyy-mm-dd"},
		{"gzip", zipped(t, plain), datasets.CSVConfig{}, two, "v", "gzip, comma-separated, yyyy-mm-dd"},
		{"gzip of UTF-16", zipped(t, inUTF16(plain, false)), datasets.CSVConfig{}, two, "v", "gzip, UTF-16, comma-separated, yyyy-mm-dd"},
		{"old Mac", strings.ReplaceAll(plain, "\n", "\r"), datasets.CSVConfig{}, two, "v", "lines end in CR, comma-separated, yyyy-mm-dd"},

		{"US", "v\n\"1,234,567.89\"\n\"-1,000\"\n+3\n", datasets.CSVConfig{}, [][]float64{{1234567.89, -1000, 3}}, "v", "comma-separated, thousands separators removed"},
		{"European", "a;b\n1.234.567,89;0\n-1.000;5\n", datasets.CSVConfig{}, [][]float64{{1234567.89, -1000}, {0, 5}}, "a,b", "semicolon-separated, decimal comma, thousands separators removed"},
		{"Swiss", "a;b\n1'234.5;0\n1’000;1\n", datasets.CSVConfig{}, [][]float64{{1234.5, 1000}, {0, 1}}, "a,b", "semicolon-separated, thousands separators removed"},
		{"French", "a;b\n1 234,5;0\n1\u00a0000,25;1\n1\u202f000;2\n", datasets.CSVConfig{}, [][]float64{{1234.5, 1000.25, 1000}, {0, 1, 2}}, "a,b", "semicolon-separated, decimal comma, thousands separators removed"},
		{"money", "v\n$101.30\n-$5.00\n7 $\n8\n", datasets.CSVConfig{}, [][]float64{{101.3, -5, 7, 8}}, "v", "comma-separated, currency signs removed"},
		{"accountants", "v\n($1.50)\n2.25-\n(3)\n−4\n", datasets.CSVConfig{}, [][]float64{{-1.5, -2.25, -3, -4}}, "v", "comma-separated, currency signs removed, parentheses read as minus, minus signs behind numbers"},
		{"thin spaces", "v\n1\u2009234\u2009567.5\n-5\n", datasets.CSVConfig{}, [][]float64{{1234567.5, -5}}, "v", "comma-separated, thousands separators removed"},
		{"India", "v\n\"12,34,567.5\"\n\"1,23,456\"\n", datasets.CSVConfig{}, [][]float64{{1234567.5, 123456}}, "v", "comma-separated, thousands separators removed"},
		{"names of currencies", "a,b,c,d,e,f\nUSD 5,5 EUR,R$ 5,CHF -5,5 kr,₹5\n,6EUR,R$6,CHF 6M,6 kr,6\n", datasets.CSVConfig{Columns: []string{"a", "b", "c", "d", "f"}}, [][]float64{{5, nan}, {5, 6}, {5, 6}, {-5, 6e6}, {5, 6}}, "a,b,c,d,f", "comma-separated, currency signs removed, K, M and B read as thousands, millions and billions, 1 missing value"},
		{"a sign with a point", "v\nRs.500\nRs..5\n", datasets.CSVConfig{}, [][]float64{{500, 0.5}}, "v", "comma-separated, currency signs removed"},
		{"units", "a,b,c\n5 GiB,20.5°C,3 A\n-6 GiB,0,4 A\n", datasets.CSVConfig{}, [][]float64{{5, -6}, {20.5, 0}, {3, 4}}, "a,b,c", "comma-separated, units removed: [GiB, °C, A]"},
		{"codes are text", "a,b\n5A,1\n6C,2\n", datasets.CSVConfig{}, [][]float64{{1, 2}}, "b", "comma-separated, columns of text left out: [a]"},
		{"percent", "v\n1.25%\n-0.5 %\n", datasets.CSVConfig{}, [][]float64{{1.25, -0.5}}, "v", "comma-separated, percent signs removed"},
		{"scales", "v\n9.03M\n1.1K\n2B\n", datasets.CSVConfig{}, [][]float64{{9.03e6, 1.1e3, 2e9}}, "v", "comma-separated, K, M and B read as thousands, millions and billions"},
		{"exponents", "a;b\n1,5e3;1\n-2E-2;2\n", datasets.CSVConfig{}, [][]float64{{1500, -0.02}, {1, 2}}, "a,b", "semicolon-separated, decimal comma"},
		{"a table with names of rows and numbers of columns", ",0,1\n0,1.5,2.5\n1,3.5,4.5\n", datasets.CSVConfig{Columns: []string{"0", "1"}}, [][]float64{{1.5, 3.5}, {2.5, 4.5}}, "0,1", "comma-separated"},
		{"a late decimal comma", "a;b\n" + strings.Repeat("1;1\n", 20000) + "1,5;2\n1.000;3\n", datasets.CSVConfig{}, [][]float64{append(slices.Repeat([]float64{1}, 20000), 1.5, 1000), append(slices.Repeat([]float64{1}, 20000), 2, 3)}, "a,b", "semicolon-separated, decimal comma, thousands separators removed"},
		{"a late decimal point", "a;b\n" + strings.Repeat("1;1\n", 20000) + "1.5;2\n1.234;3\n", datasets.CSVConfig{}, [][]float64{append(slices.Repeat([]float64{1}, 20000), 1.5, 1.234), append(slices.Repeat([]float64{1}, 20000), 2, 3)}, "a,b", "semicolon-separated"},
		{"no thousands with an exponent or behind 0", "a;b\n1.234e5;1\n0.123;2\n", datasets.CSVConfig{}, [][]float64{{123400, 0.123}, {1, 2}}, "a,b", "semicolon-separated"},
		{"decimal mark named", "a;b\n1.234;1\n", datasets.CSVConfig{Decimal: ","}, [][]float64{{1234}, {1}}, "a,b", "semicolon-separated, decimal comma, thousands separators removed"},
		{"the other", "a;b\n1.234;1\n", datasets.CSVConfig{Decimal: "."}, [][]float64{{1.234}, {1}}, "a,b", "semicolon-separated"},

		{"drop", "v,w\nNA,1\n1,2\n,3\n.,4\nnull,5\n?,6\n-,7\nNaN,8\n2,9\n", datasets.CSVConfig{Missing: "drop"}, [][]float64{{1, 2}, {2, 9}}, "v,w", "comma-separated, 7 rows with missing numbers: dropped"},
		{"previous", "v,w\nNA,1\n1,2\n,3\n2,NaN\n", datasets.CSVConfig{Missing: "previous"}, [][]float64{{1, 1, 2}, {2, 3, 3}}, "v,w", "comma-separated, 3 rows with missing numbers: filled with the previous, 1 row at the start dropped, which had none"},
		{"previous, reversed", "day,v\n2024-01-03,3\n2024-01-02,\n2024-01-01,1\n", datasets.CSVConfig{Missing: "previous"}, [][]float64{{1, 1, 3}}, "v", "comma-separated, yyyy-mm-dd, newest first: reversed, 1 row with missing numbers: filled with the previous, every day"},

		{"missing stay", "v,w\nNA,1\n1,2\n,-\nnan,N/A\n2,5\n", datasets.CSVConfig{}, [][]float64{{nan, 1, nan, nan, 2}, {1, 2, nan, nan, 5}}, "v,w", "comma-separated, 5 missing values"},
		{"a named column is all missing", "v,w\n,1\n,2\n", datasets.CSVConfig{Columns: []string{"v", "w"}}, [][]float64{{nan, nan}, {1, 2}}, "v,w", "comma-separated, 2 missing values"},
		{"an empty column", "v,w,x\n,1,4\n,2,5\n", datasets.CSVConfig{}, [][]float64{{1, 2}, {4, 5}}, "w,x", "comma-separated, \"v\" left out, which is empty"},
		{"a column of text with a missing cell first", "v,w\n,1\nsnow,2\n7,3\n", datasets.CSVConfig{}, [][]float64{{1, 2, 3}}, "w", "comma-separated, columns of text left out: [v]"},
		{"a column of text with a number first", "v,w\n7,1\nsnow,2\nrain,3\n", datasets.CSVConfig{}, [][]float64{{1, 2, 3}}, "w", "comma-separated, columns of text left out: [v]"},
		{"a column that is text further on", "v,w\n" + strings.Repeat(",1\n", 20000) + "snow,1\n", datasets.CSVConfig{}, [][]float64{slices.Repeat([]float64{1}, 20001)}, "w", "comma-separated, \"v\" left out, which is text"},
		{"the first rows of a series", "s,v,w\n1,x,1\n1,x,2\n2,5,3\n2,6,4\n", datasets.CSVConfig{Where: map[string]string{"s": "2"}, Columns: nil}, [][]float64{{2, 2}, {5, 6}, {3, 4}}, "s,v,w", "comma-separated, 2 other rows left out"},
		{"missing markers", "v,w\n1,1\n..,2\nn.a.,3\n<NA>,4\n\\N,5\n---,6\n#VALUE!,7\n#DIV/0!,8\n:,9\n-nan,10\n#N/A,11\n***,12\n", datasets.CSVConfig{}, [][]float64{{1, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan, nan}, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}}, "v,w", "comma-separated, 11 missing values"},
		{"a missing marker like a comment", "v\n1\n#N/A\n", datasets.CSVConfig{}, [][]float64{{1, nan}}, "v", "comma-separated, 1 missing value"},
		{"infinity is missing", "v\n1\ninf\n", datasets.CSVConfig{MissingCells: []string{"inf"}}, [][]float64{{1, nan}}, "v", "comma-separated, 1 missing value"},
		{"own missing markers", "day,v,w\n2024-01-01,-999,x\n2024-01-02,1,Unavailable\n2024-01-03,-999.0,2\n2024-01-04,-1,3\n", datasets.CSVConfig{MissingCells: []string{"-999", "unavailable", "x"}}, [][]float64{{nan, 1, nan, -1}, {nan, nan, 2, 3}}, "v,w", "comma-separated, yyyy-mm-dd, every day, 4 missing values"},
		{"zero is missing, but not in times", "n,v\n0,1\n1,0\n", datasets.CSVConfig{MissingCells: []string{"0"}, Index: "n"}, [][]float64{{1, nan}}, "v", "comma-separated, numbers, 1 missing value"},
		{"missing, with a decimal comma", "v;w\n-99,9;1\n1;2\n", datasets.CSVConfig{MissingCells: []string{"-99,9"}, Decimal: ","}, [][]float64{{nan, 1}, {1, 2}}, "v,w", "semicolon-separated, decimal comma, 1 missing value"},
		{"a number that may be a marker", "v,w\n-999,-5\n1,-5\n2,-5\n-999,1\n-999,2\n", datasets.CSVConfig{}, [][]float64{{-999, 1, 2, -999, -999}, {-5, -5, -5, 1, 2}}, "v,w", "comma-separated, -999 in 3 rows of v: if these are missing, set CSVConfig.MissingCells"},
		{"the mean of duplicates", "day,v\n2024-01-01,1\n2024-01-01,\n2024-01-02,\n2024-01-02,\n", datasets.CSVConfig{Duplicates: "mean"}, [][]float64{{1, nan}}, "v", "comma-separated, yyyy-mm-dd, 2 repeated times: the mean kept, 1 missing value"},
	} {
		s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if d := cmp.Diff(c.want, s.Values, cmpopts.EquateNaNs()); d != "" || strings.Join(s.Columns, ",") != c.columns || s.Notes != c.notes || s.Index != nil && len(s.Index) != s.Len() {
			t.Errorf("%s: %s, columns %q, notes %q", c.name, d, s.Columns, s.Notes)
		}
	}
}

func TestCSVFormatErrors(t *testing.T) {
	for _, c := range []struct {
		name, text string
		config     datasets.CSVConfig
		want       errs.Error
		remedy     string
	}{
		{"spreadsheet", "PK\x03\x04xyz", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "save it as CSV"},
		{"old spreadsheet", "\xd0\xcf\x11\xe0\xa1", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "save it as CSV"},
		{"Parquet", "PAR1xyz", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "datasets/parquet"},
		{"HTML", "\n<!DOCTYPE html><html>", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "HTML"},
		{"JSON", "[{\"a\": 1}]", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "JSON"},
		{"JSON object", "{\"a\": 1}", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "JSON"},
		{"JSON, indented", "[\n  {\n    \"a\": 1\n  }\n]\n", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "JSON: save it as CSV"},
		{"JSON object, indented", "\ufeff{\n  \"a\": 1\n}\n", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "JSON"},
		{"JSON in UTF-16", inUTF16("{\"a\": [1, 2, 3]}", false), datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "JSON"},
		{"XML", "<?xml version=\"1.0\"?>\n<a/>", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "HTML or XML"},
		{"a table in HTML", "<TABLE border=1><tr>", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "HTML or XML"},
		{"xz", "\xfd7zXZ\x00\x00", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "compressed with xz"},
		{"bzip2", "BZh91AY&SY\x00", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "compressed with bzip2"},
		{"zstd", "\x28\xb5\x2f\xfd\x00", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "compressed with zstd"},
		{"7z", "7z\xbc\xaf\x27\x1c", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "a 7z archive"},
		{"UTF-32", "\xff\xfe\x00\x00a\x00\x00\x00", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "UTF-32"},
		{"gzip twice", zipped(t, zipped(t, plainRows)), datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "gzip twice"},
		{"a spreadsheet in gzip", zipped(t, "PK\x03\x04xyz"), datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "save it as CSV"},
		{"an open quote", "a,b\n1,\"2\n3,4\n5,6\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: "extraneous or missing \" in quoted-field, which reaches to line 4"}, "correct the quotes"},
		{"a formula", "a,b\n1,=\"5\"\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row"}, "quotes around whole cells alone"},
		{"infinity", "a\n1\ninf\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "a", Value: "inf", Kind: errs.ErrNotFinite}, "CSVConfig.MissingCells"},
		{"gzip, no more", "\x1f\x8b", datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "gzip"},
		{"gzip, cut off", zipped(t, "a\n1\n2\n")[:20], datasets.CSVConfig{}, errs.Error{Path: "csv", Field: "file"}, "gzip"},
		{"thousands or decimals", "a;b\n1.234;1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "a", Value: `"1.234"`}, "CSVConfig.Decimal"},
		{"thousands or kelvins", "day,temp\n2024-01-30,273.1 K\n2024-01-31,274.5 K\n", datasets.CSVConfig{Columns: []string{"temp"}}, errs.Error{Path: "csv:2", Field: "temp", Value: `"273.1 K"`}, "correct it"},
		{"numbers behind times of day", "Datum;Zeit;Wert\n31.12.2024;12.30;12,345\n31.12.2024;12.45;13,456\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "Wert", Value: `"12,345"`}, "CSVConfig.Decimal"},
		{"names of rows and numbers of columns", ",2019,2020\nA,1,2\nB,1,2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:1", Field: "header"}, "CSVConfig.Columns"},
		{"another decimal mark further on", "a;b\n1,25;1\n1.5;2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "a", Value: `"1,25"`}, "CSVConfig.Decimal"},
		{"decimals after detection", "v\n" + strings.Repeat("1.5\n", 20000) + "\"1,5\"\n", datasets.CSVConfig{}, errs.Error{Path: "csv:20002", Field: "v", Value: `"1,5"`}, "CSVConfig.Decimal"},
		{"thousands or decimals, late", "a;b\n" + strings.Repeat("1;1\n", 20000) + "1.234;1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:20002", Field: "a", Value: `"1.234"`}, "CSVConfig.Decimal"},
		{"decimals or thousands, late", "a;b\n" + strings.Repeat("1;1\n", 20000) + "1,234;1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:20002", Field: "a", Value: `"1,234"`}, "CSVConfig.Decimal"},
		{"zero is no thousand", "v\n1.5\n\"0,123\"\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"0,123"`}, "CSVConfig.Decimal"},
		{"a space inside", "v\n1\n120 80\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"120 80"`}, "correct it"},
		{"several spaces inside", "v\n1\n1 2 3.5\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"1 2 3.5"`}, "correct it"},
		{"two kinds of groups", "v\n1\n1 234'567\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"1 234'567"`}, "correct it"},
		{"an apostrophe inside", "v\n1\n5'6\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"5'6"`}, "correct it"},
		{"an underscore", "v\n1\n1_000\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"1_000"`}, "correct it"},
		{"hexadecimal", "v\n1\n0x1p4\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"0x1p4"`}, "correct it"},
		{"two signs", "v\n1\n-5-\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"-5-"`}, "correct it"},
		{"two currencies", "v\n$5\n€6\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"€6"`}, "unit of the cells above, $: correct it, or set CSVConfig.Columns"},
		{"percent and parts", "v\n5%\n0.06\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"0.06"`}, "unit of the cells above, %"},
		{"parts and percent", "v\n0.06\n0\n5%\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "v", Value: `"5%"`}, "must have no unit"},
		{"bytes of two sizes", "v\n512 MiB\n1 GiB\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "v", Value: `"1 GiB"`}, "MiB"},
		{"groups of another size", "v\n\"1,2345.5\"\n", datasets.CSVConfig{Columns: []string{"v"}}, errs.Error{Path: "csv:2", Field: "v"}, "CSVConfig.Decimal"},
		{"header of years", "name,2019,2020\na,1,2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:1", Field: "header"}, "CSVConfig.NoHeader"},
		{"missing", "v\n1\n\"\"\n", datasets.CSVConfig{Missing: "error"}, errs.Error{Path: "csv:3", Field: "v", Value: `""`}, "CSVConfig.Missing"},
		{"text in the first row and behind it", "a,b\nx,y\nz,w\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row"}, ""},
		{"a name twice in two lines", "a,a\nx,x\n1,2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:1", Field: "a x"}, ""},
		{"a missing column of two lines", "a,b\nx,y\n1,2\n", datasets.CSVConfig{Columns: []string{"a"}}, errs.Error{Path: "csv:1", Field: "CSVConfig.Columns[0]"}, "a x"},
		{"a wrong cell below two lines", "a,b\nx,y\n1,2\n1,z\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "b y"}, ""},
		{"a comment with a number", "a,b\n1,2\n# 3,4\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "a"}, ""},
		{"after comments", "# x\nv\n1\nx\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "v"}, "CSVConfig.Decimal"},
		{"all missing", "v\nNA\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "rows"}, ""},
		{"no whole row", "v,w\nNA,1\n1,\n", datasets.CSVConfig{Missing: "drop"}, errs.Error{Path: "csv", Field: "rows"}, ""},
		{"text in a column that began with a missing number", "v,w\n,1\n2,2\nx,3\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "v", Value: `"x"`}, "Columns"},
		{"text in a named column", "v,w\n,1\nx,3\n", datasets.CSVConfig{Columns: []string{"v"}}, errs.Error{Path: "csv:3", Field: "v", Value: `"x"`}, "Columns"},
		{"a number of two kinds after a missing one", "a;b\n;1\n1.234;1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "a", Value: `"1.234"`}, "CSVConfig.Decimal"},
		{"a fault in the first row", "date,v,w\n2020-01-01,error,1\n2020-01-02,6,1\n2020-01-03,7,1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "v", Value: `"error"`}, "CSVConfig.MissingCells"},
		{"a fault in the first row, after another", "date,v,w\n2020-01-01,error,1\n2020-01-02,unknown,1\n2020-01-03,7,1\n2020-01-04,8,1\n2020-01-05,8,1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "v", Value: `"error"`}, "CSVConfig.Columns"},
		{"units that are numbers", "date,v,w\nUTC,2019,2020\n2020-01-02,6,1\n2020-01-03,7,1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "date", Value: `"UTC"`}, "remove this row"},
		{"text in the middle", "day,v\n2024-01-30,1.5\nmoved\n2024-01-31,-2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row", Value: 1}, "correct or remove it"},
		{"text and separators in the middle", "day,v\n2024-01-30,1.5\nmoved,\n2024-01-31,-2\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row", Value: `"moved"`}, "correct or remove it"},
		{"a total", "day,v\n2024-01-30,1.5\n2024-01-31,-2\nTotal,-0.5\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "day", Value: `"Total"`}, "correct or remove this row"},
		{"a short total", "day,v,w\n2024-01-30,1.5,1\n2024-01-31,-2,1\nTotal,-0.5\n", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "row", Value: 2}, "correct or remove it"},
		{"two tables", "Weight\nday,kg\n2024-01-30,80\n2024-01-31,81\n\nSteps\nday,steps,floors\n2024-01-30,1,1\n2024-01-31,2,1\n2024-02-01,3,1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: 2}, "set CSVConfig.Skip to 1 if the table begins in line 2"},
		{"a short table above", "lat,lon,zone\n52.5,13.4,GMT\n\nday,t\n2024-01-30,1.5\n2024-01-31,-2\n2024-02-01,1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row"}, "set CSVConfig.Skip to 3 if the table begins in line 4"},
		{"a decimal comma that divides cells", "v\n0,5\n1,5\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: 2}, "correct or remove it, or set CSVConfig.Separator"},
		{"titles and no header", "Weight\nBerlin\n2024-01-30,80\n2024-01-31,81\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: "Berlin"}, "set CSVConfig.Skip to 2"},
		{"too few lines to skip", "Weight\nBerlin\nday,kg\n2024-01-30,80\n2024-01-31,81\n", datasets.CSVConfig{Skip: 1}, errs.Error{Path: "csv:3", Field: "row", Value: 2}, "set CSVConfig.Skip to 2"},
		{"names of rows without a name", "v,w\n1,5,6\n2,6,7\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: 3}, "correct or remove it"},
		{"a name twice, with a remedy", "# x\nv,v.1,v\n1,2,3\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "v"}, "set CSVConfig.NoHeader, and CSVConfig.Skip to 2"},
		{"text alone", "a;b\nx;y\n", datasets.CSVConfig{}, errs.Error{Path: "csv:2", Field: "row", Value: "x,y"}, "CSVConfig.Skip"},
		{"the last row cut off", "day,v\n2024-01-30,1.5\n2024-01-31,-2\n2024-0", datasets.CSVConfig{}, errs.Error{Path: "csv:4", Field: "row", Value: 1}, "correct or remove it"},
		{"blank near the start", "day,v\n2024-01-30,1.5\n\n2024-01-31,-2\n2024-02-01,1\n2024-02-02,1\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row"}, "end: remove it"},
		{"blank in the middle", "a,b\n1,2\n,\n3,4\n", datasets.CSVConfig{}, errs.Error{Path: "csv:3", Field: "row"}, "remove it"},
		{"separator", "a\n1\n", datasets.CSVConfig{Separator: '\n'}, errs.Error{Path: "csv", Field: "CSVConfig.Separator"}, ""},
		{"decimal", "a\n1\n", datasets.CSVConfig{Decimal: "x"}, errs.Error{Path: "csv", Field: "CSVConfig.Decimal", Value: `"x"`}, ""},
		{"missing option", "a\n1\n", datasets.CSVConfig{Missing: "zero"}, errs.Error{Path: "csv:1", Field: "CSVConfig.Missing", Value: `"zero"`}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, err := datasets.ReadCSV(strings.NewReader(c.text), c.config)
			errtest.Check(t, err, c.want)
			if s != nil || err != nil && !strings.Contains(err.Error(), c.remedy) {
				t.Errorf("%v, error %v", s, err)
			}
		})
	}
}
