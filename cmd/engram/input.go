package main

import (
	"context"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/parquet"
)

// input is a file with a series, and how to read it.
type input struct {
	File string `arg:"" help:"CSV file, which may be compressed with gzip, or Parquet file (.parquet); - is standard input."`

	Index      string            `group:"Reading the file" placeholder:"NAME" help:"Column with the times of the rows, or several, with commas (detected)."`
	Separator  string            `group:"Reading the file" placeholder:"CHAR" help:"Between cells: , ; | or tab (detected)."`
	Decimal    string            `group:"Reading the file" placeholder:"CHAR" help:"Decimal mark: a point or a comma (detected)."`
	Skip       uint              `group:"Reading the file" placeholder:"N" help:"Lines before the header to leave out."`
	NoHeader   bool              `group:"Reading the file" help:"The first line is a row, not a header (detected)."`
	Time       string            `group:"Reading the file" placeholder:"FORMAT" help:"How times are written, such as dd/mm/yyyy (detected)."`
	Sort       bool              `group:"Reading the file" help:"Sort the rows by time; otherwise rows out of order are refused."`
	Duplicates string            `group:"Reading the file" placeholder:"HOW" help:"Keep the first, the last or the mean of rows of one time; otherwise they are refused."`
	Missing    string            `group:"Reading the file" placeholder:"HOW" help:"What to do about missing numbers: drop their rows, repeat the previous one, or make them an error; otherwise they stay missing."`
	Where      map[string]string `group:"Reading the file" placeholder:"NAME=CELL" mapsep:"none" help:"Read only rows with this cell, such as Store=1; may be repeated."`
}

// load reads the series, with the given columns; by default all that hold numbers. It stops
// waiting for standard input when the context is done.
func (in input) load(ctx *invocation, columns []string) (*datasets.Series, error) {
	config, err := in.config(columns)
	if err != nil {
		return nil, err
	}
	type result struct {
		series *datasets.Series
		err    error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		switch {
		case in.File == "-":
			r.series, r.err = datasets.ReadCSV(ctx.stdin, config)
		case in.isParquet():
			r.series, r.err = parquet.Load(in.File, parquet.Config{Columns: columns, Index: in.Index})
		default:
			r.series, r.err = datasets.LoadCSV(in.File, config)
		}
		done <- r
	}()
	select {
	case r := <-done:
		return r.series, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (in input) isParquet() bool { return strings.HasSuffix(strings.ToLower(in.File), ".parquet") }

// config checks the flags that package datasets does not.
func (in input) config(columns []string) (c datasets.CSVConfig, err error) {
	c = datasets.CSVConfig{
		Columns: columns, Index: in.Index, Decimal: in.Decimal, Skip: int(in.Skip), NoHeader: in.NoHeader,
		Time: in.Time, Sort: in.Sort, Duplicates: in.Duplicates, Missing: in.Missing, Where: in.Where,
	}
	switch in.Separator {
	case "":
	case "tab", `\t`:
		c.Separator = '\t'
	default:
		r, size := utf8.DecodeRuneInString(in.Separator)
		if size != len(in.Separator) {
			return c, usageError{errors.Errorf("--separator must be one character or tab, got %q", in.Separator)}
		}
		c.Separator = r
	}
	if in.isParquet() && !reflect.DeepEqual(c, datasets.CSVConfig{Columns: columns, Index: in.Index}) {
		return c, usageError{errors.New("a Parquet file has one flag for reading alone, --index; the others are for CSV files")}
	}
	return c, nil
}
