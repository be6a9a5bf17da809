package datasets

import (
	"bytes"
	"encoding/csv"
	stderrors "errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/errs"
)

// records reads the rows of a CSV file and keeps the line number.
type records struct {
	path    string
	config  CSVConfig
	most    limits
	in      *allowance
	csv     *csv.Reader
	skipped int // lines before the first record
	line    int // first line of the last record
	end     int // its last line
	width   int // cells in a row; 0 before the header
	waiting []aheadRow

	numbers  numbers
	absent   []float64 // numbers that are missing
	words    []string  // cells that are missing
	notes    []string
	latin    bool     // cells in Latin-1
	found    form     // in numbers
	units    []string // in numbers
	usages   []usage  // by column
	comments int      // lines between the rows
	footer   int      // lines of text behind the rows
}

// aheadRow is a row that was read to understand those before, or the error instead of it.
type aheadRow struct {
	cells []string
	line  int
	err   error
}

func newRecords(r io.Reader, path string, config CSVConfig, most limits) (*records, error) {
	text, notes, err := plainText(r, path, most.total)
	if err != nil {
		return nil, err
	}
	skipped, separator, comments := skipLines(text, config.Skip)
	sample, _ := text.Peek(sampleBytes)
	if config.Separator != 0 {
		separator = config.Separator
	}
	if separator == 0 {
		separator = detectSeparator(sample)
	}
	name := strconv.QuoteRune(separator)
	for _, s := range separators {
		if s.char == separator {
			name = s.name
		}
	}
	if strings.ContainsRune("\"\r\n\ufffd", separator) || !utf8.ValidRune(separator) {
		return nil, errs.Error{Path: path, Field: "CSVConfig.Separator", Rule: "must be a character other than a quote and a line end", Value: name}
	}
	in := &allowance{r: text, total: most.total}
	rec := &records{path: path, config: config, most: most, in: in, csv: newReader(in, separator), skipped: skipped,
		notes: slices.Concat(notes, comments, []string{name + "-separated"})}
	switch config.Decimal {
	case "":
		rec.setDecimal(detectDecimal(sampleRows(sample, separator), separator))
	case ".", ",":
		rec.setDecimal(config.Decimal[0])
	default:
		return nil, errs.Error{Path: path, Field: "CSVConfig.Decimal", Rule: "must be . or ,", Value: strconv.Quote(shorten(config.Decimal))}
	}
	rec.setMissing(config.MissingCells)
	return rec, nil
}

func newReader(r io.Reader, separator rune) *csv.Reader {
	reader := csv.NewReader(r)
	reader.Comma, reader.ReuseRecord, reader.FieldsPerRecord = separator, true, -1
	return reader
}

// sampleRows are the rows below the first of the start of a file.
func sampleRows(sample []byte, separator rune) (rows [][]string) {
	if len(sample) == sampleBytes { // without the last line, which may be cut off
		sample = sample[:bytes.LastIndexByte(sample, '\n')+1]
	}
	reader := newReader(bytes.NewReader(sample), separator)
	for {
		row, err := reader.Read()
		if err != nil {
			break
		}
		rows = append(rows, slices.Clone(row))
	}
	if len(rows) > 1 {
		rows = rows[1:]
	}
	return rows
}

// fault is an error at the last record.
func (r *records) fault(field, rule string, value any) errs.Error {
	return errs.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line+r.skipped), Field: shorten(field), Rule: rule, Value: value}
}

// next returns the cells of the next row, valid until the one after, or io.EOF.
func (r *records) next() ([]string, error) {
	if len(r.waiting) > 0 {
		row := r.waiting[0]
		r.waiting, r.line = r.waiting[1:], row.line
		return row.cells, row.err
	}
	return r.record()
}

// mostAhead limits the rows that are read ahead.
const mostAhead = 100

func (r *records) ahead() (rows [][]string) {
	defer func(line int) { r.line = line }(r.line)
	size := 0
	for _, row := range r.waiting {
		size += len(strings.Join(row.cells, ""))
	}
	for len(r.waiting) < mostAhead && size < sampleBytes && (len(r.waiting) == 0 || r.waiting[len(r.waiting)-1].err == nil) {
		cells, err := r.record()
		for _, cell := range cells {
			size += len(cell)
		}
		r.waiting = append(r.waiting, aheadRow{slices.Clone(cells), r.line, err})
	}
	for _, row := range r.waiting {
		if row.err == nil {
			rows = append(rows, row.cells)
		}
	}
	return rows
}

// record reads the next row of the file.
func (r *records) record() ([]string, error) {
	for {
		row, blank, err := r.read()
		if err != nil {
			return nil, err
		}
		switch {
		case blank:
			return nil, r.rest(row)
		case r.width == 0 || len(row) == r.width && !r.isComment(row):
			return row, nil
		case r.isComment(row):
			r.comments++
		case len(row) > r.width && !slices.ContainsFunc(row[r.width:], filled):
			return row[:r.width], nil
		default:
			return nil, r.fault("row", fmt.Sprintf("must have %d cells, as the header: correct it, or skip lines before the header with CSVConfig.Skip", r.width), len(row))
		}
	}
}

// isComment reports whether a row begins as a comment and has no number behind that.
func (r *records) isComment(row []string) bool {
	return isComment(row[0]) && !isMissing(row[0]) && (len(row) != r.width || !slices.ContainsFunc(row[1:], func(cell string) bool { return filled(cell) && isMeantAsNumber(cell) }))
}

func filled(cell string) bool { return strings.TrimSpace(cell) != "" }

// rest reads what follows a blank row: only blank rows and lines of text may, since a
// blank row further up may stand for missing numbers.
func (r *records) rest(row []string) error {
	bad := r.fault("row", "must not be blank, unless it is at the end: remove it", nil)
	for {
		var text []string
		for _, cell := range row {
			if filled(cell) {
				text = append(text, cell)
			}
		}
		if len(text) > 0 && isComment(text[0]) {
			text = text[:1]
		}
		if len(text) > 1 || len(text) == 1 && (r.width < 2 || isNumber(text[0]) || isDate(text[0])) {
			return bad
		}
		r.footer += len(text)
		var err error
		if row, _, err = r.read(); err != nil {
			return err
		}
	}
}

// read reads the next record, and reports whether it is blank or behind blank lines.
func (r *records) read() (row []string, blank bool, err error) {
	r.in.record = r.most.record
	row, err = r.csv.Read()
	if err == io.EOF {
		return nil, false, io.EOF
	}
	r.line = r.end + 1
	if bad, ok := stderrors.AsType[*csv.ParseError](err); ok {
		r.line = bad.Line
		return nil, false, r.fault("row", "must be comma-separated text", fmt.Sprintf("%v at character %d", bad.Err, bad.Column))
	}
	switch {
	case errors.Is(err, errRecord):
		return nil, false, r.fault("row", fmt.Sprintf("must be at most %d bytes long", r.most.record), nil)
	case errors.Is(err, errTotal):
		return nil, false, r.fault("file", fmt.Sprintf("must be at most %d bytes long", r.most.total), nil)
	case errors.Is(err, errs.ErrInput):
		return nil, false, err
	case err != nil:
		return nil, false, errors.Wrapf(err, "%s:%d", r.path, r.line+r.skipped)
	}
	line, _ := r.csv.FieldPos(0)
	blank = line != r.line || len(row) > 1 && !slices.ContainsFunc(row, filled)
	last := len(row) - 1
	line, _ = r.csv.FieldPos(last)
	r.end = line + strings.Count(row[last], "\n")
	for i, cell := range row {
		if !utf8.ValidString(cell) {
			row[i], r.latin = latin1(cell), true
		}
		if r.width > 0 && r.isWord(cell) {
			row[i] = ""
		}
	}
	return row, blank, nil
}

var (
	errRecord = errors.New("record too long")
	errTotal  = errors.New("file too long")
)

// allowance is a reader that limits the bytes of a record and of the whole file,
// so that the CSV reader, which collects a whole line, cannot exhaust memory. The
// caller sets record before each record; bytes read ahead count for the next one.
type allowance struct {
	r             io.Reader
	record, total int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.record <= 0 {
		return 0, errRecord
	}
	if a.total < 0 { // one byte more than allowed was there to read
		return 0, errTotal
	}
	n, err := a.r.Read(p[:min(len(p), a.record, a.total+1)])
	a.record -= n
	a.total -= n
	return n, err
}
