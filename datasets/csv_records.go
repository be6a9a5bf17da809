package datasets

import (
	"bufio"
	"bytes"
	"encoding/csv"
	stderrors "errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
)

// records reads the rows of a CSV file and keeps the line number.
type records struct {
	path string
	most limits
	in   *allowance
	csv  *csv.Reader
	line int // first line of the last record
	end  int // its last line
}

func newRecords(r io.Reader, path string, most limits) (*records, error) {
	buffered := bufio.NewReader(r)
	switch mark, _ := buffered.Peek(3); {
	case string(mark) == "\ufeff":
		buffered.Discard(3) // cannot fail: the bytes are there
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, errs.Error{Path: path, Field: "file", Rule: "must be text in UTF-8", Value: "UTF-16"}
	}
	in := &allowance{r: buffered, total: most.total}
	reader := csv.NewReader(in)
	reader.ReuseRecord = true
	return &records{path: path, most: most, in: in, csv: reader}, nil
}

// fault is an error at the last record.
func (r *records) fault(field, rule string, value any) errs.Error {
	return errs.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line), Field: shorten(field), Rule: rule, Value: value}
}

// next returns the cells of the next row, valid until the one after, or io.EOF.
func (r *records) next() ([]string, error) {
	r.in.record = r.most.record
	row, err := r.csv.Read()
	if err == io.EOF {
		return nil, io.EOF
	}
	r.line = r.end + 1
	if bad, ok := stderrors.AsType[*csv.ParseError](err); ok && bad.Err != csv.ErrFieldCount {
		r.line = bad.Line
		return nil, r.fault("row", "must be comma-separated text", fmt.Sprintf("%v at character %d", bad.Err, bad.Column))
	}
	switch {
	case errors.Is(err, errRecord):
		return nil, r.fault("row", fmt.Sprintf("must be at most %d bytes long", r.most.record), nil)
	case errors.Is(err, errTotal):
		return nil, r.fault("file", fmt.Sprintf("must be at most %d bytes long", r.most.total), nil)
	case err != nil && !errors.Is(err, csv.ErrFieldCount):
		return nil, errors.Wrapf(err, "%s:%d", r.path, r.line)
	}
	if line, _ := r.csv.FieldPos(0); line != r.line {
		return nil, r.fault("row", "must not be blank", nil) // the reader skips blank lines, which may be missing numbers
	}
	if err != nil {
		return nil, r.fault("row", fmt.Sprintf("must have %d cells, as the header", r.csv.FieldsPerRecord), len(row))
	}
	last := len(row) - 1
	line, _ := r.csv.FieldPos(last)
	r.end = line + strings.Count(row[last], "\n")
	return row, nil
}

// header reads the names of the columns.
func (r *records) header(config CSVConfig) ([]string, error) {
	row, err := r.next()
	if err == io.EOF {
		return nil, errs.Error{Path: r.path, Field: "header", Rule: "must name the columns, but the file is empty"}
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(row))
	for i, cell := range row {
		names[i] = strings.Clone(strings.TrimSpace(cell))
	}
	if len(names) == 1 && strings.ContainsAny(names[0], ";\t") && !slices.Contains(config.Columns, names[0]) {
		return nil, r.fault("header", "must be separated by commas", strconv.Quote(shorten(names[0])))
	}
	if name, twice := duplicate(names); twice {
		return nil, r.fault(name, "must name one column only", nil)
	}
	if len(config.Columns) == 0 && slices.ContainsFunc(names, isFigure) {
		return nil, r.fault("header", "must name the columns", few(names))
	}
	return names, nil
}

func (r *records) number(name, cell string) (float64, error) { return parseNumber(r, name, cell) }

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

// isFigure reports whether a name is a finite number: "inf" may mean inflation.
func isFigure(name string) bool {
	v, err := strconv.ParseFloat(name, 64)
	return err == nil && dense.Finite(v)
}
