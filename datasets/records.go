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

	"github.com/pkg/errors"

	"github.com/engram-go/engram/graph"
)

// records reads one row after another and knows where it is.
type records struct {
	path string
	most limits
	in   *allowance
	csv  *csv.Reader
	line int // where the last record began
	end  int // where it ended
}

func newRecords(r io.Reader, path string, most limits) *records {
	buffered := bufio.NewReader(r)
	if mark, _ := buffered.Peek(3); string(mark) == "\ufeff" {
		buffered.Discard(3) // cannot fail: the bytes are there
	}
	in := &allowance{r: buffered, total: most.total}
	reader := csv.NewReader(in)
	reader.ReuseRecord = true
	return &records{path: path, most: most, in: in, csv: reader}
}

// fault is an error at the last record.
func (r *records) fault(field, rule string, value any) error {
	return graph.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line), Field: shorten(field), Rule: rule, Value: value}
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

// find gives the places of the wanted columns, nil where none is named.
func (r *records) find(names, wanted []string) ([]int, error) {
	if name, twice := duplicate(wanted); twice {
		return nil, r.fault("CSVConfig.Columns", "must all be different", shorten(name))
	}
	var places []int
	for i, name := range wanted {
		at := slices.Index(names, name)
		if at < 0 {
			return nil, r.fault(fmt.Sprintf("CSVConfig.Columns[%d]", i), "must be one of "+list(names), shorten(name))
		}
		places = append(places, at)
	}
	return places, nil
}

func (r *records) number(name, cell string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(cell), 64)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, r.fault(name, "must be a number within the range of float64", shorten(cell))
	case err != nil:
		return 0, r.fault(name, "must be a number", strconv.Quote(shorten(cell)))
	case !finite(v):
		return 0, graph.Error{Path: fmt.Sprintf("%s:%d", r.path, r.line), Field: shorten(name), Rule: "must be finite",
			Value: shorten(cell), Kind: graph.ErrNotFinite}
	}
	return v, nil
}
