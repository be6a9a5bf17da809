package main

import (
	"context"
	stderrors "errors"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/datasets/parquet"
	"github.com/engram-go/engram/graph"
)

// input is a file with a series, or several, and how to read it.
type input struct {
	File string `arg:"" help:"CSV file, which may be compressed with gzip, or Parquet file (.parquet); - is standard input."`

	Index        string   `group:"Reading the file" placeholder:"NAME" help:"Column with the times of the rows, or several that make up a time, as Date,Hour (detected)."`
	Separator    string   `group:"Reading the file" placeholder:"CHAR" help:"Between cells: , ; | or tab (detected)."`
	Decimal      string   `group:"Reading the file" placeholder:"CHAR" help:"Decimal mark: a point or a comma (detected)."`
	Skip         uint     `group:"Reading the file" placeholder:"N" help:"Lines before the header to leave out (detected)."`
	NoHeader     bool     `group:"Reading the file" help:"The first line is a row, not a header (detected)."`
	Time         string   `group:"Reading the file" placeholder:"FORMAT" help:"How times are written, such as dd/mm/yyyy; numbers, of which only the order counts; none if there are no times (detected)."`
	Sort         bool     `group:"Reading the file" help:"Sort the rows by time; otherwise rows out of order are refused."`
	Duplicates   string   `group:"Reading the file" placeholder:"HOW" help:"Keep the first, the last or the mean of rows of one time; otherwise they are refused."`
	Missing      string   `group:"Reading the file" placeholder:"HOW" help:"What to do about missing numbers: drop their rows, repeat the previous one, or make them an error; otherwise they stay missing."`
	MissingCells []string `group:"Reading the file" placeholder:"CELL" sep:"none" help:"Cell that is a missing number, as --missing-cells=-999, besides empty, NA and so on; may be repeated."`

	By    string   `group:"Reading the file" placeholder:"NAME" help:"Column that says to which series a row belongs, such as Store: all series are read."`
	Where []string `group:"Reading the file" placeholder:"NAME=CELL" sep:"none" help:"Read only rows with this cell, such as Store=1; may be repeated."`
}

// load reads the series, with the given columns; by default all that hold numbers. There is
// one, unless --by divides the rows. It stops waiting for standard input when the context is
// done.
func (in input) load(ctx *invocation, columns []string) ([]*datasets.Series, error) {
	config, err := in.config(columns)
	if err != nil {
		return nil, err
	}
	type result struct {
		series []*datasets.Series
		err    error
	}
	done := make(chan result, 1)
	go func() {
		series, err := in.read(ctx.stdin, config)
		for _, s := range series {
			if err == nil {
				s.Notes = withFlags(s.Notes)
			}
		}
		done <- result{series, err}
	}()
	select {
	case r := <-done:
		e, _ := stderrors.AsType[graph.Error](r.err)
		switch {
		case e.Field == "by":
			e.Field = "--by"
			return nil, usageError{e}
		case e.Field == "file" && e.Value == "a pipe":
			e.Rule += ", or - to read the pipe as standard input"
			return nil, e
		}
		return r.series, r.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (in input) read(stdin io.Reader, config datasets.CSVConfig) ([]*datasets.Series, error) {
	one := make([]*datasets.Series, 1)
	var err error
	switch {
	case in.By != "" && in.File == "-":
		return datasets.ReadCSVs(stdin, in.By, config)
	case in.By != "":
		return datasets.LoadCSVs(in.File, in.By, config)
	case in.File == "-":
		one[0], err = datasets.ReadCSV(stdin, config)
	case in.isParquet():
		one[0], err = parquet.Load(in.File, parquet.Config{Columns: config.Columns, Index: in.Index})
	default:
		one[0], err = datasets.LoadCSV(in.File, config)
	}
	return one, err
}

func (in input) isParquet() bool { return strings.HasSuffix(strings.ToLower(in.File), ".parquet") }

// config checks the flags that package datasets does not.
func (in input) config(columns []string) (c datasets.CSVConfig, err error) {
	c = datasets.CSVConfig{
		Columns: columns, Index: in.Index, Decimal: in.Decimal, Skip: int(in.Skip), NoHeader: in.NoHeader,
		Time: in.Time, Sort: in.Sort, Duplicates: in.Duplicates, Missing: in.Missing, MissingCells: in.MissingCells,
	}
	if c.Where, err = conditions(in.Where); err != nil {
		return c, err
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
	if in.isParquet() && (in.By != "" || !reflect.DeepEqual(c, datasets.CSVConfig{Columns: columns, Index: in.Index})) {
		return c, usageError{errors.New("a Parquet file has one flag for reading alone, --index; the others are for CSV files")}
	}
	return c, nil
}

// conditions are those of --where. A column has one cell, so two conditions on one are a fault.
func conditions(where []string) (map[string]string, error) {
	var cells map[string]string
	for _, condition := range where {
		name, cell, ok := strings.Cut(condition, "=")
		if !ok {
			return nil, usageError{errors.Errorf("--where must be NAME=CELL, such as Store=1, got %q", condition)}
		}
		if _, twice := cells[name]; twice {
			return nil, usageError{errors.Errorf("--where must name a column once, got %q after %s=%s: --by reads several series", condition, name, cells[name])}
		}
		if cells == nil {
			cells = map[string]string{}
		}
		cells[name] = cell
	}
	return cells, nil
}
