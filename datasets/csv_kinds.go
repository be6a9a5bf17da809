package datasets

import (
	"bytes"
	"regexp"

	"github.com/engram-go/engram/internal/errs"
)

// kinds are files that are no text, by how they begin, and what to do.
var kinds = []struct{ magic, name string }{
	{"PK\x03\x04", "a spreadsheet or another zip archive: save it as CSV, or unpack it"},
	{"\xd0\xcf\x11\xe0", "an old spreadsheet: save it as CSV"},
	{"PAR1", "a Parquet file: name it .parquet for the program engram, or read it with datasets/parquet"},
	{"%PDF", "a PDF file: get the numbers as CSV"},
	{"SQLite format 3", "an SQLite database: save a table as CSV, or read it with ReadSQL"},
	{"\x89PNG", "an image: get the numbers as CSV"},
	{"\x89HDF", "an HDF5 file: save a table as CSV"},
	{"\x93NUMPY", "a NumPy array: save it as CSV"},
	{"ARROW1", "an Arrow file: save it as CSV or Parquet"},
	{"FEA1", "a Feather file: save it as CSV or Parquet"},
	{"\xfd7zXZ", "compressed with xz: unpack it, or compress it with gzip"},
	{"BZh91AY&SY", "compressed with bzip2: unpack it, or compress it with gzip"},
	{"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it, or compress it with gzip"},
	{"\x04\x22\x4d\x18", "compressed with lz4: unpack it, or compress it with gzip"},
	{"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"},
	{"Rar!\x1a\x07", "a RAR archive: unpack it"},
	{"\xff\xfe\x00\x00", "text in UTF-32: save it in UTF-8"},
	{"\x00\x00\xfe\xff", "text in UTF-32: save it in UTF-8"},
	{"\x1f\x8b", "compressed with gzip twice: unpack it once"},
}

// languages are texts that are no tables, by how they begin behind spaces. Names such as <DATE>,
// {date} and [date] are none of them.
var languages = []struct {
	begin *regexp.Regexp
	name  string
}{
	{regexp.MustCompile(`(?i)^<(!doctype|!--|\?xml|(html|head|body|table|div|meta|script|style|pre|rss)[\s>])`), "HTML or XML: download the data itself, or save it as CSV"},
	{regexp.MustCompile(`^(\{\s*["}]|\[\s*[\[{\n])`), "JSON: save it as CSV"},
}

// refuse names what the start of a file shows to be no table.
func refuse(head []byte, path string) error {
	for _, kind := range kinds {
		if bytes.HasPrefix(head, []byte(kind.magic)) {
			return errs.Error{Path: path, Field: "file", Rule: "must be text", Value: kind.name}
		}
	}
	text := bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff")))
	for _, language := range languages {
		if language.begin.Match(text) {
			return errs.Error{Path: path, Field: "file", Rule: "must be comma-separated text", Value: language.name}
		}
	}
	return nil
}

// isUTF16 reports whether a text without a byte order mark is in UTF-16: of its units, most are
// below 256 and not 0.
func isUTF16(head []byte) (is, big bool) {
	little, bigs := 0, 0
	for i := 0; i+1 < len(head); i += 2 {
		switch {
		case head[i] != 0 && head[i+1] == 0:
			little++
		case head[i] == 0 && head[i+1] != 0:
			bigs++
		}
	}
	most := len(head) / 2 * 3 / 4
	return len(head) >= 4 && max(little, bigs) >= most, bigs > little
}
