// Package parquet reads time series from Parquet files.
//
// Load and Read make a datasets.Series of a file. Numbers are columns of any float or
// integer type, decimals of up to 18 digits and bools, which become 0 and 1; they are
// rounded to float64; null and NaN are missing. Dates and timestamps label the rows. Columns
// that are text, nested or repeated are left out.
//
// Files may be compressed with Snappy, Gzip or Zstandard, and have pages of either
// version, plain, with dictionaries, as differences or with split bytes: what pandas,
// Arrow, Spark, DuckDB and Polars write for numbers by default. Other compressions, and
// encrypted files, are errors that say so.
//
// The reader is written for files that are not trusted. A file may have 100 million
// numbers in the chosen columns, and at most 1000 for each of its bytes, or a million:
// a run of one value takes a few bytes, whatever its length.
//
// The format is described in the Apache Parquet format specification, version 2.11.
package parquet

import (
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
)

// Config selects columns of a file.
type Config struct {
	Columns []string // the columns of numbers, in this order; by default all
	Index   string   // the column that labels the rows; by default the first of dates or timestamps, if there is one
}

// Load reads a file into a series with the name of the file, without its extension. Rows
// are in time order, the oldest first. Labels are as "2024-01-02T15:04:05Z", or as
// "2024-01-02" if each is midnight. The path must lead to a regular file.
//
// Errors name the file, the row, from 0, and the column: no rows, a missing column, a label that
// is null, a number that is infinite, times out of order or twice, a damaged file.
func Load(path string, config Config) (*datasets.Series, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, errs.At(err, path, "file")
	}
	s, err := read(f, info.Size(), path, config)
	if err != nil {
		return nil, err
	}
	base := filepath.Base(path)
	s.Name = strings.TrimSuffix(base, filepath.Ext(base))
	return s, nil
}

// Read reads the size bytes of r as Load reads a file. The series is called "parquet".
func Read(r io.ReaderAt, size int64, config Config) (*datasets.Series, error) {
	if r == nil {
		return nil, errs.Error{Path: "parquet", Field: "reader", Rule: "must not be nil"}
	}
	return read(r, size, "parquet", config)
}

func read(r io.ReaderAt, size int64, path string, config Config) (*datasets.Series, error) {
	f, err := readFooter(r, size)
	if err != nil {
		return nil, errs.At(err, path, "")
	}
	index, wanted, err := f.choose(config)
	if err != nil {
		return nil, errs.At(err, path, "")
	}
	if f.rows == 0 {
		return nil, errs.Error{Path: path, Field: "file", Rule: "must have a row"}
	}
	if most := min(maxCells, max(1e6, 1000*size)); int64(f.rows) > most/int64(len(wanted)) {
		return nil, errs.Error{Path: path, Field: "file", Rule: fmt.Sprintf("must have at most %d numbers in the chosen columns, for its %d bytes", most, size), Value: fmt.Sprintf("%d rows of %d", f.rows, len(wanted))}
	}
	var names []string
	var values [][]float64
	left := size // chunks that overlap would make much of few bytes
	for _, c := range wanted {
		v, nulls, err := readColumn(r, f, c, path, &left, f.columns[c].number)
		if err != nil {
			return nil, err
		}
		for _, row := range nulls {
			v[row] = math.NaN()
		}
		if row := slices.IndexFunc(v, func(x float64) bool { return math.IsInf(x, 0) }); row >= 0 {
			return nil, errs.Error{Path: place(path, row), Field: f.columns[c].name, Rule: "must be finite, or null if it is missing", Value: v[row], Kind: errs.ErrNotFinite}
		}
		names, values = append(names, f.columns[c].name), append(values, v)
	}
	if index < 0 {
		return datasets.FromColumns(path, names, values)
	}
	column := f.columns[index]
	if column.kind == date || column.kind == timestamp {
		times, err := readLabels(r, f, index, path, &left, column.time)
		if err != nil {
			return nil, err
		}
		return datasets.FromTimes(path, times, names, values)
	}
	labels, err := readLabels(r, f, index, path, &left, func(bits uint64) string {
		return strconv.FormatFloat(column.number(bits), 'f', -1, 64)
	})
	if err != nil {
		return nil, err
	}
	s, err := datasets.FromColumns(path, names, values)
	if err != nil {
		return nil, err
	}
	s.Index = labels
	return s, nil
}

// place names a row of a file.
func place(path string, row int) string { return fmt.Sprintf("%s, row %d", path, row) }

// choose returns the positions of the index, -1 if there is none, and of the columns of
// numbers.
func (f footer) choose(config Config) (index int, wanted []int, err error) {
	var names []string
	for _, c := range f.columns {
		if c.flat {
			names = append(names, c.name)
		}
	}
	at := func(field, name string, kinds ...kind) (int, error) {
		i := slices.IndexFunc(f.columns, func(c column) bool { return c.flat && c.name == name })
		if i < 0 {
			return 0, errs.Error{Field: field, Rule: fmt.Sprintf("must be one of %.200q", names), Value: fmt.Sprintf("%.40q", name)}
		}
		if !slices.Contains(kinds, f.columns[i].kind) {
			return 0, errs.Error{Field: field, Rule: "must be a column of a type that can be read: cast it to double, or to a timestamp of 64 bits", Value: fmt.Sprintf("%.40q", name)}
		}
		return i, nil
	}
	index = -1
	if config.Index != "" {
		if index, err = at("Config.Index", config.Index, number, decimal, date, timestamp); err != nil {
			return 0, nil, err
		}
	} else {
		index = slices.IndexFunc(f.columns, func(c column) bool { return c.flat && (c.kind == date || c.kind == timestamp) })
	}
	for i, name := range config.Columns {
		c, err := at(fmt.Sprintf("Config.Columns[%d]", i), name, number, decimal)
		if err != nil {
			return 0, nil, err
		}
		wanted = append(wanted, c)
	}
	if len(config.Columns) == 0 {
		for i, c := range f.columns {
			if c.flat && i != index && (c.kind == number || c.kind == decimal) {
				wanted = append(wanted, i)
			}
		}
	}
	if len(wanted) == 0 {
		return 0, nil, errs.Error{Field: "file", Rule: "must have a column of numbers", Value: fmt.Sprintf("%.200q", names)}
	}
	return index, wanted, nil
}

// readLabels reads the values of a column that must have no nulls.
func readLabels[T any](r io.ReaderAt, f footer, c int, path string, left *int64, convert func(bits uint64) T) ([]T, error) {
	labels, nulls, err := readColumn(r, f, c, path, left, convert)
	if err == nil && len(nulls) > 0 {
		return nil, errs.Error{Path: place(path, nulls[0]), Field: f.columns[c].name, Rule: "must not be null, since it labels the row: leave such rows out before the file is written"}
	}
	return labels, err
}

// readColumn reads the values of a column, and the rows in which they are null. Its chunks are
// subtracted from left.
func readColumn[T any](r io.ReaderAt, f footer, c int, path string, left *int64, convert func(bits uint64) T) (out []T, nulls []int, err error) {
	var bits []uint64
	var missing []int
	for _, g := range f.groups {
		chunk := g.chunks[c]
		if *left -= chunk.length; *left < 0 {
			return nil, nil, errs.Error{Path: path, Field: "footer", Rule: "must be undamaged: columns must have bytes of their own"}
		}
		raw := make([]byte, chunk.length)
		if err := readAt(r, raw, chunk.start); err != nil {
			return nil, nil, errs.At(err, path, "")
		}
		if bits, missing, err = readPages(bits, missing[:0], raw, chunk.codec, f.columns[c], g.rows); err != nil {
			return nil, nil, errs.Error{Path: path, Field: f.columns[c].name, Rule: "must be in pages that can be read", Value: err}
		}
		for _, row := range missing {
			nulls = append(nulls, len(out)+row)
		}
		for _, b := range bits {
			out = append(out, convert(b))
		}
	}
	return out, nulls, nil
}

// number converts the bits of a value.
func (c column) number(bits uint64) float64 {
	switch {
	case c.physical == float:
		return float64(math.Float32frombits(uint32(bits)))
	case c.physical == double:
		return math.Float64frombits(bits)
	case c.physical == int32s && c.unsigned:
		return float64(uint32(bits))
	case c.unsigned || c.physical == boolean:
		return float64(bits)
	}
	return float64(c.integer(bits)) / math.Pow10(c.scale)
}

func (c column) integer(bits uint64) int64 {
	if c.physical == int32s {
		return int64(int32(bits))
	}
	return int64(bits)
}

// time converts a date, in days since 1970, or a timestamp.
func (c column) time(bits uint64) time.Time {
	v := c.integer(bits)
	if c.kind == date {
		return time.Unix(v*86400, 0).UTC()
	}
	per := int64(time.Second) / c.unit
	seconds := v / per
	return time.Unix(seconds, (v-seconds*per)*c.unit).UTC()
}
