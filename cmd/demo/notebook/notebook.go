// Package notebook tells the story of a demo: prose, code, tables and charts
// in order, on the terminal as they come and in the end as one HTML page. The
// page holds everything it shows, needs no script and no network, and reads
// well in light and dark, wide and narrow, on paper and with a screen reader.
//
// What belongs here is how things look. What they say belongs to the demos.
package notebook

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
	"unicode"

	"github.com/pkg/errors"

	"github.com/engram-go/engram/graph"
)

//go:embed page.html
var pageFile embed.FS

// pages holds a template for the page and one for each kind of block. They
// escape whatever they are given; only what this package drew itself is let
// through as it is.
var pages = template.Must(template.ParseFS(pageFile, "page.html"))

// Notebook collects the blocks of a page. Make one with New. A mistake in a
// block (a ragged table, a NaN in a series) leaves that block out, and
// WriteFile returns the first one. A Notebook serves one goroutine.
type Notebook struct {
	title    string
	terminal io.Writer
	blocks   []template.HTML
	err      error
}

// New starts a notebook. The title is plain text, not empty, and heads the
// page. Every block is also written to terminal as plain text as soon as it is
// added, prose and tables at most 80 columns wide; nil is silence.
func New(title string, terminal io.Writer) *Notebook {
	n := &Notebook{title: oneLine(title), terminal: terminal}
	if n.title == "" {
		n.fail(graph.Error{Path: "notebook", Field: "title", Rule: "must not be empty"})
		return n
	}
	lines := wrapWords(strings.Fields(n.title), terminalWidth)
	n.echo(strings.Join(append(lines, strings.Repeat("=", displayWidth(lines[0]))), "\n"))
	return n
}

// Markdown adds prose in CommonMark. HTML in it is shown as text and pictures
// are replaced by their description, so that the page stays whole by itself.
// The page's title is the heading of level one, so headings start with "##".
func (n *Notebook) Markdown(text string) {
	text = clean(text)
	var html bytes.Buffer
	if err := markdown().Convert([]byte(text), &html); err != nil {
		n.fail(errors.Wrap(err, "notebook: Markdown"))
		return
	}
	n.blocks = append(n.blocks, template.HTML(html.String()))
	n.echo(wrapProse(text, terminalWidth))
}

// Code adds a piece of source text in the given language, such as "go".
func (n *Notebook) Code(lang, text string) {
	text = strings.Trim(clean(text), "\n")
	n.add("code", map[string]string{"Lang": clean(lang), "Text": text})
	n.echo("    " + strings.ReplaceAll(text, "\n", "\n    "))
}

// Text adds text whose lines stay as they are, such as a model's summary.
func (n *Notebook) Text(text string) {
	text = strings.Trim(clean(text), "\n")
	n.add("text", text)
	n.echo(text)
}

// Table adds a table.
func (n *Notebook) Table(t Table) {
	var text strings.Builder
	if _, err := t.WriteTo(&text); err != nil {
		n.fail(err)
		return
	}
	n.add("table", t.view())
	n.echo(text.String())
}

// Lines adds a chart of lines. The terminal gets it in words.
func (n *Notebook) Lines(c LineChart) {
	f, err := c.figure()
	n.figure(f, err)
}

// Histogram adds a histogram. The terminal gets it in words.
func (n *Notebook) Histogram(h Histogram) {
	f, err := h.figure()
	n.figure(f, err)
}

func (n *Notebook) figure(f figure, err error) {
	if err != nil {
		n.fail(err)
		return
	}
	n.add("figure", f)
	n.echo(wrapProse("[figure] "+f.Alt, terminalWidth))
}

// add renders one block with the template of that name.
func (n *Notebook) add(block string, data any) {
	var html bytes.Buffer
	if err := pages.ExecuteTemplate(&html, block, data); err != nil {
		n.fail(errors.Wrapf(err, "notebook: %s", block))
		return
	}
	n.blocks = append(n.blocks, template.HTML(html.String()))
}

// echo writes a block to the terminal, set off by an empty line.
func (n *Notebook) echo(text string) {
	if n.terminal == nil {
		return
	}
	if _, err := fmt.Fprintf(n.terminal, "%s\n\n", strings.TrimRight(text, "\n")); err != nil {
		n.fail(errors.Wrap(err, "notebook: terminal"))
	}
}

// fail keeps the first error.
func (n *Notebook) fail(err error) {
	if n.err == nil {
		n.err = err
	}
}

// oneLine cleans a text that must stay in its line, such as a cell or a name.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }

// clean takes out what neither a page nor a terminal may be sent: control
// characters, which could end a document or steer a terminal, and broken
// UTF-8.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && unicode.IsControl(r) || r == 0xFFFE || r == 0xFFFF {
			return -1
		}
		return r
	}, s)
}
