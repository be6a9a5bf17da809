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
	series, err := cmd.load(ctx, cmd.Column)
	if err != nil {
		return err
	}
	found := cmd.contentOf(series)
	if ctx.json {
		return ctx.writeJSON(found)
	}
	return ctx.print(found.text(cmd.File, series, notebook.Width(ctx.stdout)))
}

// content is what is in a series. With --by, it is what is in several: their rows, and the
// content of each.
type content struct {
	Rows    int                      `json:"rows"`
	Times   *timesContent            `json:"times"` // null if the rows have none
	Columns map[string]columnContent `json:"columns"`
	Notes   string                   `json:"notes"` // what was detected
	Series  map[string]content       `json:"series,omitempty"`
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

func (in input) contentOf(series []*datasets.Series) content {
	if in.By == "" {
		return contentOf(series[0])
	}
	all := content{Columns: map[string]columnContent{}, Series: map[string]content{}}
	for _, s := range series {
		c := contentOf(s)
		all.Series[s.Name] = c
		all.Rows += c.Rows
	}
	all.Notes = fmt.Sprintf("%d series by %s, of which %s is %s", len(series), in.By, series[0].Name, series[0].Notes)
	return all
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

// fault says why the times of one series are not regular.
func (c content) fault() string {
	if c.Times == nil || c.Times.Fault == "" {
		return ""
	}
	return " (" + c.Times.Fault + ")"
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

// mostSeries is how many series a text or a page shows; --json has all.
const mostSeries = 20

// more says how many series are not shown.
func more(series int) string {
	if series <= mostSeries {
		return ""
	}
	return fmt.Sprintf("\n%d more series are in the object of --json.\n", series-mostSeries)
}

// text describes the content for a terminal, its columns in the order of the file.
func (c content) text(file string, series []*datasets.Series, width int) string {
	var b strings.Builder
	for line := range strings.Lines(c.summary(file)) {
		b.WriteString(notebook.Wrap(line, width) + "\n")
	}
	b.WriteString("\n")
	table := notebook.Table{Header: []string{"column", "numbers", "missing", "first", "last", "lowest", "highest"}}
	if c.Series != nil {
		table.Header = append([]string{"series"}, table.Header...)
	}
	for _, s := range series[:min(mostSeries, len(series))] {
		columns := c.Columns
		if c.Series != nil {
			columns = c.Series[s.Name].Columns
		}
		for _, name := range s.Columns {
			c := columns[name]
			row := []string{name, fmt.Sprint(c.Count), fmt.Sprint(c.Missing), short(c.First), short(c.Last), short(c.Min), short(c.Max)}
			if len(row) < len(table.Header) {
				row = append([]string{s.Name}, row...)
			}
			table.Rows = append(table.Rows, row)
		}
	}
	writeTable(&b, table, width)
	return b.String() + more(len(series))
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
	writeScores(&b, fmt.Sprintf("Errors of %s on rows that the model had not seen", count(m.Verdict.Origins, "forecast")), m.Verdict, width)
	for _, u := range m.Updates {
		b.WriteString("\n" + notebook.Wrap("Update: "+updateText(u), width) + "\n")
	}
	return ctx.print(b.String())
}
