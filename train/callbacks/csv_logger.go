package callbacks

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

var _ train.StatefulCallback = (*CSVLogger)(nil)

// CSVLogger writes a row with the logs of every epoch to a CSV file, as Keras' callback of
// that name does. The columns are "epoch", from 0, and the names of the logs of the first
// epoch in alphabetical order; the header has them. In a later epoch, a log that is missing
// is NA, and one without a column is an error. Numbers are written so that reading gives
// the same bits; others are nan, inf and -inf.
//
// A row is in the file when the epoch has ended. A training that is resumed cuts off the
// rows after its checkpoint, so that none is there twice or missing. Of one that was killed
// before its first checkpoint, Append keeps the rows.
//
// It departs from Keras in that there are no columns of validation data where there are
// none, and in that a file to which it appends must have the columns of the logs.
type CSVLogger struct {
	Filename  string // required
	Separator string // one character between the columns; default ","
	Append    bool   // continues a file that exists, without a second header; by default it is replaced when the first epoch ends

	file    logFile
	comma   rune
	columns []string // with "epoch"; nil until they are known
}

// On writes a row after every epoch. Fields that break their rules, and a file that cannot
// be written to, are an error when Fit begins.
func (c *CSVLogger) On(e *train.Event) error {
	switch e.Moment {
	case train.TrainBegin:
		return c.begin(e.Trainer)
	case train.EpochEnd:
		return c.write(e)
	}
	return nil
}

// begin checks the fields and finds the columns of a file that exists.
func (c *CSVLogger) begin(t *train.Trainer) (err error) {
	comma := []rune(c.Separator)
	if len(comma) == 0 {
		comma = []rune{','}
	}
	w := csv.NewWriter(io.Discard)
	w.Comma = comma[0]
	if len(comma) > 1 || w.Write([]string{"", ""}) != nil {
		return graph.Error{Field: "CSVLogger.Separator", Rule: "must be one character, and no quote or end of a line", Value: strconv.Quote(c.Separator)}
	}
	c.comma, c.columns = comma[0], nil
	if c.file, err = openLog("CSVLogger.Filename", c.Filename, c.Append); err != nil || c.file.Position == 0 {
		return err
	}
	if c.columns, err = c.header(); err != nil {
		return err
	}
	return c.checkColumns(t.LogNames())
}

// maxHeader bounds the header that is read from a file, in bytes.
const maxHeader = 1 << 20

// header reads the columns of the file.
func (c *CSVLogger) header() ([]string, error) {
	f, err := regular.Open(c.file.Path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReader(io.LimitReader(f, min(maxHeader, c.file.Position))))
	r.Comma = c.comma
	columns, err := r.Read()
	if err != nil || columns[0] != "epoch" {
		return nil, graph.Error{Path: c.file.Path, Field: "header", Rule: "must begin with the column epoch, as CSVLogger writes it"}
	}
	return columns, nil
}

// checkColumns refuses names of logs without a column.
func (c *CSVLogger) checkColumns(names []string) error {
	for _, name := range names {
		if !slices.Contains(c.columns, name) {
			return graph.Error{Path: c.file.Path, Field: "column", Rule: "must be in the header, which has " + strings.Join(c.columns, ", ") + "; use another file", Value: strconv.Quote(name)}
		}
	}
	return nil
}

// write writes the row of an epoch, and the header before the first one.
func (c *CSVLogger) write(e *train.Event) error {
	var text bytes.Buffer
	w := csv.NewWriter(&text)
	w.Comma = c.comma
	var logs []string
	for _, l := range e.Logs {
		logs = append(logs, l.Name)
	}
	if c.columns == nil {
		slices.Sort(logs)
		c.columns = append([]string{"epoch"}, logs...)
		if err := w.Write(c.columns); err != nil {
			return errors.WithStack(err)
		}
	}
	if err := c.checkColumns(logs); err != nil {
		return err
	}
	row := []string{strconv.Itoa(e.Epoch)}
	for _, name := range c.columns[1:] {
		cell := "NA"
		if value, ok := e.Logs.Get(name); ok {
			cell = formatNumber(value)
		}
		row = append(row, cell)
	}
	if err := w.Write(row); err != nil {
		return errors.WithStack(err)
	}
	w.Flush()
	return c.file.write(text.Bytes())
}

// formatNumber is the shortest text that reads as the number.
func formatNumber(x float64) string {
	switch {
	case math.IsNaN(x):
		return "nan"
	case math.IsInf(x, 0):
		return strings.ToLower(strings.TrimPrefix(strconv.FormatFloat(x, 'g', -1, 64), "+"))
	}
	return strconv.FormatFloat(x, 'g', -1, 64)
}

// State has the number "position", in bytes of the file.
func (c *CSVLogger) State() train.CallbackState { return c.file.state() }

// Restore goes to the position of a state, and cuts off what the file has behind it.
func (c *CSVLogger) Restore(s train.CallbackState) error {
	file, err := c.file.restored(s)
	if err != nil {
		return err
	}
	restored := *c
	restored.file, restored.columns = file, nil
	if file.Position > 0 {
		if restored.columns, err = restored.header(); err != nil {
			return err
		}
	}
	if err := file.Cut(); err != nil {
		return err
	}
	*c = restored
	return nil
}
