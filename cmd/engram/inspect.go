package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/engram-go/engram/cmd/internal/notebook"
	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/train/forecast/serve"
)

// inspectCommand shows what is in a file.
type inspectCommand struct {
	input  `embed:""`
	Column []string `placeholder:"NAME" sep:"none" help:"Column of numbers to read; may be repeated (all)."`
}

func (cmd inspectCommand) Run(ctx *invocation) error {
	if cmd.File != "-" && isModel(cmd.File) {
		return inspectModel(ctx, modelFile{cmd.File})
	}
	s, err := cmd.load(ctx, cmd.Column)
	if err != nil {
		return err
	}
	found := contentOf(s)
	if ctx.json {
		return ctx.writeJSON(found)
	}
	return ctx.print(found.text(cmd.File, s.Columns, notebook.Width(ctx.stdout)))
}

// content is what is in a series.
type content struct {
	Rows    int                      `json:"rows"`
	Times   *timesContent            `json:"times"` // null if the rows have none
	Columns map[string]columnContent `json:"columns"`
	Notes   string                   `json:"notes"` // what was detected
}

type timesContent struct {
	First string `json:"first"`
	Last  string `json:"last"`
	Step  string `json:"step"`            // from row to row, such as "month"; empty if rows are not regular
	Fault string `json:"fault,omitempty"` // why they are not
}

// columnContent describes the numbers of a column that are not missing, the oldest first.
type columnContent struct {
	Count   int      `json:"count"`
	Missing int      `json:"missing"`
	First   *float64 `json:"first"` // null if all are missing
	Last    *float64 `json:"last"`
	Min     *float64 `json:"min"`
	Max     *float64 `json:"max"`
	Sum     *float64 `json:"sum"` // null too if it is beyond float64
}

func contentOf(s *datasets.Series) content {
	c := content{Rows: s.Len(), Columns: map[string]columnContent{}, Notes: s.Notes}
	if len(s.Index) > 0 {
		c.Times = &timesContent{First: s.Index[0], Last: s.Index[len(s.Index)-1]}
		if step, err := s.Frequency(); err != nil {
			c.Times.Fault = message(err)
		} else {
			c.Times.Step = step.String()
		}
	}
	for i, name := range s.Columns {
		c.Columns[name] = columnOf(s.Values[i])
	}
	return c
}

func columnOf(values []float64) (c columnContent) {
	sum := 0.0
	for _, v := range values {
		if math.IsNaN(v) {
			c.Missing++
			continue
		}
		if c.Count++; c.Count == 1 {
			c.First, c.Min, c.Max = &v, &v, &v
		}
		c.Last = &v
		if v < *c.Min {
			c.Min = &v
		}
		if v > *c.Max {
			c.Max = &v
		}
		sum += v
	}
	if c.Count > 0 && !math.IsInf(sum, 0) {
		c.Sum = &sum
	}
	return c
}

// summary says in a few lines what was read.
func (c content) summary(file string) string {
	text := fmt.Sprintf("%s: %s", file, count(c.Rows, "row"))
	if t := c.Times; t != nil {
		text += fmt.Sprintf(" from %s to %s", t.First, t.Last)
	}
	if c.Notes != "" {
		text += "\nRead as: " + c.Notes
	}
	return text + "\n"
}

// text describes the content for a terminal, its columns in the order of the file.
func (c content) text(file string, columns []string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(c.summary(file)) {
		b.WriteString(notebook.Wrap(line, width) + "\n")
	}
	b.WriteString("\n")
	table := notebook.Table{Header: []string{"column", "numbers", "missing", "first", "last", "lowest", "highest"}}
	for _, name := range columns {
		c := c.Columns[name]
		table.Rows = append(table.Rows, []string{name, fmt.Sprint(c.Count), fmt.Sprint(c.Missing), short(c.First), short(c.Last), short(c.Min), short(c.Max)})
	}
	writeTable(&b, table, width)
	return b.String()
}

// inspectModel shows what a forecaster is.
func inspectModel(ctx *invocation, file modelFile) error {
	f, err := file.load()
	if err != nil {
		return err
	}
	m := serve.Describe(f)
	if ctx.json {
		return ctx.writeJSON(m)
	}
	var b strings.Builder
	width := notebook.Width(ctx.stdout)
	b.WriteString(notebook.Wrap(m.Judgement, width) + "\n\n")
	table := notebook.Table{Header: []string{"forecaster", file.Model}}
	row := func(name, value string) {
		if value != "" {
			table.Rows = append(table.Rows, []string{name, value})
		}
	}
	row("forecasts", strings.Join(m.Targets, ", "))
	row("reads also", strings.Join(m.Past, ", "))
	row("known in advance", strings.Join(m.Future, ", "))
	row("of the series", strings.Join(m.Static, ", "))
	row("rows forecast", fmt.Sprint(m.Horizon))
	row("rows needed", fmt.Sprint(m.Rows))
	row("one row every", m.Step)
	row("rows of a season", fmt.Sprint(m.Season))
	row("quantiles", strings.Trim(fmt.Sprint(m.Levels), "[]"))
	row("network", fmt.Sprintf("%d × %s", m.Members, m.Network))
	writeTable(&b, table, width)
	b.WriteString("\n")
	writeTable(&b, scoreTable(fmt.Sprintf("Errors of %s on rows that the model had not seen", count(m.Verdict.Origins, "forecast")), m.Verdict), width)
	for _, u := range m.Updates {
		b.WriteString("\n" + notebook.Wrap("Update: "+updateText(u), width) + "\n")
	}
	return ctx.print(b.String())
}
