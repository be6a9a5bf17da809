package datasets

import (
	"bufio"
	"encoding/csv"
	stderrors "errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
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
	skipped int        // lines before the first record
	advised int        // lines before the header, if they are not certain
	sample  [][]string // the first rows, from the header
	line    int        // first line of the last record
	end     int        // its last line
	width   int        // cells in a row; 0 before the header
	waiting []aheadRow

	numbers  numbers
	absent   []float64 // numbers that are missing
	words    []string  // cells that are missing
	notes    []string
	encoding string   // of cells that are not in UTF-8; "" if all are
	rows     int      // below the header
	begun    bool     // one of the first rows begins with a number or a time
	found    form     // in numbers
	units    []string // in numbers
	usages   []usage  // by column
	comments int      // lines between the rows
	empty    int      // columns at the right
	blank    int      // rows at the end
	footer   int      // lines of text behind the rows
}

// aheadRow is a row that was read to understand those before, or the error instead of it.
type aheadRow struct {
	cells []string
	line  int
	err   error
}

func newRecords(r io.Reader, path string, config CSVConfig, most limits) (*records, error) {
	text, notes, err := plainText(r, path)
	if err != nil {
		return nil, err
	}
	before, err := readPreface(text, config.Skip, path, most.total)
	if err != nil {
		return nil, err
	}
	sample, _ := text.Peek(sampleBytes)
	separator := config.Separator
	if separator == 0 {
		separator = before.separator
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
	rec := &records{path: path, config: config, most: most, in: in, csv: newReader(in, separator), notes: notes}
	rec.findTable(text, before, sampleRows(sample, separator, before.comment))
	rec.notes = append(rec.notes, name+"-separated")
	switch config.Decimal {
	case "":
		rec.setDecimal(detectDecimal(rec.sample, separator))
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

// findTable removes the lines before the header, or finds out how many they may be.
func (r *records) findTable(text *bufio.Reader, before preface, rows []sampleRow) {
	at, certain := findHeader(rows)
	titles := before.lines - before.skipped - before.comments
	if before.separator != 0 {
		titles--
		r.notes = append(r.notes, "sep=")
	}
	r.skipped = before.lines
	above := &before.comments // of which one may be the header
	switch {
	case at > 0 && certain && before.skipped == 0 && !r.config.NoHeader:
		lines := rows[at].line - 1
		cut(text, lines)
		r.skipped += lines
		titles += lines
		rows, above = rows[at:], &titles
	case at > 0:
		r.advised = r.skipped + rows[at].line - 1
	}
	if len(rows) > 0 && rows[0].names != nil && !r.config.NoHeader {
		names, encoding := decode(rows[0].names)
		r.waiting, r.encoding = []aheadRow{{cells: names}}, encoding
		r.notes = append(r.notes, "header in a comment")
		*above--
	}
	if before.comments > 0 {
		r.notes = append(r.notes, several(before.comments, "comment line"))
	}
	if titles > 0 {
		r.notes = append(r.notes, several(titles, "line")+" before the header left out")
	}
	for _, row := range rows {
		r.sample = append(r.sample, row.cells)
	}
}

// fault is an error at the last record.
func (r *records) fault(field, rule string, value any) errs.Error {
	return errs.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line+r.skipped), Field: shorten(field), Rule: rule, Value: value}
}

func (r *records) place() int      { return r.line }
func (r *records) moveTo(line int) { r.line = line }

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
		if blank {
			return nil, r.rest(row, r.fault("row", "must not be blank, unless it is at the end: "+r.orSkip("remove it"), nil))
		}
		if r.width == 0 {
			return row, nil
		}
		begins := r.begun
		if r.rows++; r.rows <= mostHeaders {
			r.begun = r.begun || isNumberOrTime(row[0])
		}
		switch {
		case len(row) != r.width && isComment(row[0]), isCommentRow(row):
			r.comments++
		case len(row) < r.width && r.isText(row):
			return nil, r.rest(row, r.wrongWidth(row))
		case len(row) == r.width && begins && r.isText(row):
			return nil, r.rest(row, r.fault("row", "must have more than one cell, unless it is at the end: correct or remove it", strconv.Quote(shorten(row[0]))))
		case len(row) == r.width:
			return row, nil
		case len(row) > r.width && !slices.ContainsFunc(row[r.width:], filled):
			r.empty = max(r.empty, len(row)-r.width)
			return row[:r.width], nil
		default:
			return nil, r.wrongWidth(row)
		}
	}
}

func (r *records) wrongWidth(row []string) error {
	return r.fault("row", fmt.Sprintf("must have %s, as the header: %s", several(r.width, "cell"), r.orSkip("correct or remove it, or set CSVConfig.Separator")), len(row))
}

// orSkip is a remedy, or a better one if the table seems to begin further down.
func (r *records) orSkip(remedy string) string {
	if r.advised > 0 {
		return fmt.Sprintf("set CSVConfig.Skip to %d if the table begins in line %d", r.advised, r.advised+1)
	}
	return remedy
}

// isText reports whether a row is no row of the table but text: it has one cell alone, or is too
// short, and has letters, but no number and no time.
func (r *records) isText(row []string) bool {
	letters := func(cell string) bool { return strings.ContainsFunc(cell, unicode.IsLetter) && !isMissing(cell) }
	return r.width > 1 && (len(row) < r.width || isSingle(row)) && slices.ContainsFunc(row, letters) && !isData(row)
}

// rest reads what follows a blank row or one of text, which must be the end: a blank row
// further up may stand for missing numbers.
func (r *records) rest(row []string, bad error) error {
	for {
		switch {
		case width(row) == 0:
			r.blank++
		case r.isText(row), isComment(row[0]):
			r.footer++
		default:
			return bad
		}
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
		r.line = bad.StartLine
		where := fmt.Sprintf("%v at character %d", bad.Err, bad.Column)
		if bad.Line > bad.StartLine {
			where = fmt.Sprintf("%v, which reaches to line %d", bad.Err, bad.Line+r.skipped)
		}
		return nil, false, r.fault("row", "must have quotes around whole cells alone, and those inside a cell doubled: correct the quotes, or set CSVConfig.Separator", where)
	}
	switch {
	case errors.Is(err, errRecord):
		return nil, false, r.fault("row", fmt.Sprintf("must be at most %d bytes long: correct the quotes if one is not closed", r.most.record), nil)
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
	row, encoding := decode(row)
	r.encoding = max(r.encoding, encoding) // Windows-1252, of which Latin-1 is a part, comes later in the alphabet
	for i, cell := range row {
		if r.width > 0 && r.isWord(cell) {
			row[i] = ""
		}
	}
	return row, blank, nil
}
