package notebook

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
)

// sample returns a notebook with one block of every kind, with s in every text.
func sample(s string, terminal io.Writer) *Notebook {
	n := New("title "+s, terminal)
	n.Markdown("## Heading " + s + "\n\nProse " + s + "\n\n- item " + s + "\n\n![picture " + s + "](https://example.org/p.png)\n")
	n.Code("go "+s, "code "+s)
	n.Table(Table{Caption: "caption " + s, Header: []string{"head " + s, "n"}, Rows: [][]string{{"cell " + s, "1.5"}}})
	n.Lines(LineChart{Title: "lines " + s, X: "x " + s, Y: "y " + s, Series: []Series{
		{Name: "first " + s, Y: []float64{1, 2, 4}},
		{Name: "second " + s, X: []float64{1, 1.5, 3}, Y: []float64{-1, 0, 1}},
	}})
	n.Histogram(Histogram{Title: "histogram " + s, X: "x " + s, Y: "y " + s, Samples: []Sample{{"sample " + s, []float64{1, 2, 2, 3}}}})
	return n
}

// write writes the page and returns its text.
func write(t testing.TB, n *Notebook) string {
	t.Helper()
	path, err := n.WriteFile(t.TempDir(), "page.html")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(page)
}

// element is one element of a page with its attributes.
type element struct {
	name  string
	attrs map[string]string
}

// parse parses a page and fails if its tags are not nested properly. It returns all
// elements and all text except the style sheet.
func parse(t testing.TB, page string) ([]element, string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict = false
	d.AutoClose = xml.HTMLAutoClose
	d.Entity = xml.HTMLEntity
	var elements []element
	var text strings.Builder
	var open []string
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("page does not parse: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{token.Name.Local, map[string]string{}}
			for _, a := range token.Attr {
				if _, twice := e.attrs[a.Name.Local]; twice {
					t.Errorf("<%s> has %s twice", e.name, a.Name.Local)
				}
				e.attrs[a.Name.Local] = a.Value
			}
			elements = append(elements, e)
			open = append(open, e.name)
		case xml.EndElement:
			if len(open) == 0 || open[len(open)-1] != token.Name.Local {
				t.Fatalf("</%s> closes %v", token.Name.Local, open)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			if len(open) > 0 && open[len(open)-1] != "style" {
				text.Write(token)
			}
		}
	}
	if len(open) > 0 {
		t.Errorf("page leaves open: %v", open)
	}
	return elements, text.String()
}

// checkSafe fails if a page contains scripts or loads anything.
func checkSafe(t testing.TB, elements []element) {
	t.Helper()
	for _, e := range elements {
		switch e.name {
		case "script", "img", "image", "iframe", "link", "object", "embed", "base", "form", "input", "use", "foreignObject":
			t.Errorf("page has <%s>", e.name)
		}
		for name, value := range e.attrs {
			if strings.HasPrefix(name, "on") || name == "src" || name == "id" {
				t.Errorf("<%s> has %s=%q", e.name, name, value)
			}
			if name == "href" && strings.HasPrefix(strings.ToLower(value), "javascript") {
				t.Errorf("link to %q", value)
			}
			if strings.Contains(value, "url(") {
				t.Errorf("<%s> has %s=%q", e.name, name, value)
			}
		}
	}
}

func TestPage(t *testing.T) {
	page := write(t, sample("", nil))
	elements, text := parse(t, page)
	checkSafe(t, elements)
	counts := map[string]int{}
	for _, e := range elements {
		counts[e.name]++
		switch {
		case e.name == "html" && e.attrs["lang"] != "en":
			t.Error("no lang")
		case e.name == "th" && e.attrs["scope"] == "":
			t.Error("th without scope")
		case e.name == "svg" && (e.attrs["width"] != "" || e.attrs["height"] != "" || e.attrs["viewBox"] == ""):
			t.Error("svg does not scale:", e.attrs)
		case e.name == "svg" && e.attrs["aria-hidden"] != "true" || e.attrs["role"] == "img" && e.attrs["aria-label"] == "":
			t.Error("a chart without a description:", e)
		}
	}
	for name, want := range map[string]int{"h1": 1, "h2": 1, "title": 1, "figure": 3, "figcaption": 3, "table": 1, "svg": 7, "pre": 1, "th": 3, "td": 1, "main": 1} {
		if counts[name] != want {
			t.Errorf("%d <%s>, want %d", counts[name], name, want)
		}
	}
	for _, want := range []string{"Prose", "picture", "code", "caption", "cell", "first", "second", "sample"} {
		if !strings.Contains(text, want) {
			t.Errorf("page does not show %q", want)
		}
	}
	for _, want := range []string{"prefers-color-scheme: dark", "@media print", `name="viewport"`, "default-src 'none'"} {
		if !strings.Contains(page, want) {
			t.Errorf("page has no %s", want)
		}
	}
	for _, outside := range []string{"@import", "url(", "@font-face", "example.org"} {
		if strings.Contains(page, outside) {
			t.Errorf("page loads %s", outside)
		}
	}
}

// HTML in a text is shown as text.
func TestEscaping(t *testing.T) {
	for _, nasty := range []string{
		`<script>alert(1)</script>`,
		`</title></style></svg><script>alert(1)</script>`,
		`"' onload="alert(1)" x="`,
		`<img src=x onerror=alert(1)>`,
		`<!-- <![CDATA[ ]]> -->`,
		`{{.Title}} &amp; &lt;b&gt;`,
		`a < b & c > d`,
		`<javascript:alert(1)> [x](javascript:alert(1)) [y](JaVaScRiPt:alert(1))`,
	} {
		var terminal strings.Builder
		elements, text := parse(t, write(t, sample(nasty, &terminal)))
		checkSafe(t, elements)
		for _, where := range []string{"title ", "code ", "caption ", "head ", "cell ", "first ", "sample "} {
			if !strings.Contains(text, where+nasty) {
				t.Errorf("%s%s is not shown", where, nasty)
			}
		}
		if !strings.Contains(terminal.String(), "code "+nasty) {
			t.Errorf("terminal does not show %q", nasty)
		}
	}
}

func TestRawHTMLIsShown(t *testing.T) {
	n := New("t", nil)
	n.Markdown("<div onclick=\"f()\">\n\nsee <b>this</b>")
	elements, text := parse(t, write(t, n))
	checkSafe(t, elements)
	if !strings.Contains(text, `<div onclick="f()">`) || !strings.Contains(text, "see <b>this</b>") {
		t.Errorf("raw HTML is not shown: %s", text)
	}
}

// Control characters are removed from the page and the terminal output.
func TestControlCharacters(t *testing.T) {
	var terminal strings.Builder
	page := write(t, sample("\x1b[31mred\x00\x07\u009b\uFFFE\xff\r\nnext", &terminal))
	parse(t, page)
	for _, out := range []string{page, terminal.String()} {
		if strings.ContainsAny(out, "\x1b\x00\x07\u009b\uFFFE\r") || strings.Contains(out, "\xff") {
			t.Errorf("control characters in %q", out)
		}
		if !strings.Contains(out, "[31mred\uFFFD") {
			t.Errorf("the other characters are missing: %q", out)
		}
	}
}

func TestSameBytes(t *testing.T) {
	if write(t, sample("x", nil)) != write(t, sample("x", io.Discard)) {
		t.Error("two pages of the same blocks differ")
	}
}

func TestErrors(t *testing.T) {
	ok := []float64{1, 2}
	lines := func(s ...Series) func(*Notebook) {
		return func(n *Notebook) { n.Lines(LineChart{Title: "Loss", X: "epoch", Y: "MSE", Series: s}) }
	}
	histogram := func(bins int, s ...Sample) func(*Notebook) {
		return func(n *Notebook) { n.Histogram(Histogram{Title: "Errors", X: "error", Bins: bins, Samples: s}) }
	}
	for _, c := range []struct {
		add  func(*Notebook)
		want string
		kind error
	}{
		{func(n *Notebook) { *n = *New(" \n", nil) }, "notebook: title must not be empty", graph.ErrInput},
		{lines(), "notebook/Loss: LineChart.Series must not be empty", graph.ErrInput},
		{lines(make([]Series, 13)...), "LineChart.Series must have at most 12 entries, got 13", graph.ErrInput},
		{lines(Series{Name: "train"}), `notebook/Loss: Series "train".Y must not be empty`, graph.ErrInput},
		{lines(Series{Y: ok}), `LineChart.Series[0].Name must not be empty or repeated, got ""`, graph.ErrInput},
		{lines(Series{Name: "a", Y: ok}, Series{Name: "a", Y: ok}), `LineChart.Series[1].Name must not be empty or repeated, got "a"`, graph.ErrInput},
		{lines(Series{Name: "train", Y: []float64{1, math.NaN()}}), `notebook/Loss: Series "train".Y[1] must be finite, got NaN`, graph.ErrNotFinite},
		{lines(Series{Name: "train", X: []float64{math.Inf(-1), 0}, Y: ok}), `Series "train".X[0] must be finite, got -Inf`, graph.ErrNotFinite},
		{lines(Series{Name: "train", Y: []float64{-1e101}}), `Series "train".Y[0] must be at most 1e+100 in size, got -1e+101`, graph.ErrInput},
		{lines(Series{Name: "train", X: []float64{1}, Y: ok}), `Series "train".X must have 2 numbers, as many as Y, got 1`, graph.ErrInput},
		{func(n *Notebook) { n.Lines(LineChart{X: "x", Y: "y"}) }, "LineChart.Title must not be empty", graph.ErrInput},
		{func(n *Notebook) { n.Lines(LineChart{Title: "t", Y: "y"}) }, "notebook/t: LineChart.X must not be empty", graph.ErrInput},
		{func(n *Notebook) { n.Lines(LineChart{Title: "t", X: "x"}) }, "notebook/t: LineChart.Y must not be empty", graph.ErrInput},
		{histogram(0), "notebook/Errors: Histogram.Samples must not be empty", graph.ErrInput},
		{histogram(-1, Sample{"a", ok}), "Histogram.Bins must be from 1 to 200, or 0 for the default, got -1", graph.ErrInput},
		{histogram(201, Sample{"a", ok}), "Histogram.Bins must be from 1 to 200, or 0 for the default, got 201", graph.ErrInput},
		{histogram(0, Sample{"a", nil}), `Sample "a".Values must not be empty`, graph.ErrInput},
		{histogram(0, Sample{"a", []float64{math.Inf(1)}}), `Sample "a".Values[0] must be finite, got +Inf`, graph.ErrNotFinite},
		{func(n *Notebook) { n.Histogram(Histogram{Title: "t"}) }, "notebook/t: Histogram.X must not be empty", graph.ErrInput},
		{func(n *Notebook) { n.Table(Table{Caption: "Errors"}) }, "notebook/Errors: Table.Header must not be empty", graph.ErrInput},
		{func(n *Notebook) { n.Table(Table{Header: []string{"a"}}) }, "notebook/table: Table.Rows must not be empty", graph.ErrInput},
		{func(n *Notebook) { n.Table(Table{Header: make([]string, 21)}) }, "Table.Header must have at most 20 columns, got 21", graph.ErrInput},
		{func(n *Notebook) { n.Table(Table{Header: []string{"a"}, Rows: [][]string{{"1"}, {}}}) }, "Table.Rows[1] must have 1 cells, as many as headings, got 0", graph.ErrInput},
	} {
		n := New("t", nil)
		c.add(n)
		n.Lines(LineChart{}) // a later error does not replace the first
		dir := t.TempDir()
		path, err := n.WriteFile(dir, "page.html")
		if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, c.kind) || !errors.As(err, new(graph.Error)) {
			t.Errorf("got error %v, want %s", err, c.want)
		}
		if left, _ := os.ReadDir(dir); path != "" || len(left) > 0 {
			t.Errorf("%s: wrote %q", c.want, path)
		}
	}
}

// A block with an error is omitted; later blocks are still written to the terminal.
func TestBlocksAfterAnError(t *testing.T) {
	var terminal strings.Builder
	n := New("t", &terminal)
	n.Lines(LineChart{Title: "bad"})
	n.Code("", "after")
	if got := terminal.String(); strings.Contains(got, "bad") || !strings.Contains(got, "after") {
		t.Errorf("terminal got %q", got)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestTerminalError(t *testing.T) {
	if _, err := New("t", brokenWriter{}).WriteFile(t.TempDir(), "p"); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func FuzzNotebook(f *testing.F) {
	f.Add("plain")
	f.Add("&#27;[31m &#x9b; **a _b_** \\&amp;")
	f.Add("<script>\n\n```\n| a |\n> q\n1. x")
	f.Add("[a]: javascript:x\n![a][a] <http://b> &#0; \x00\xff漢字")
	f.Fuzz(func(t *testing.T, s string) {
		var terminal strings.Builder
		n := sample(s, &terminal)
		n.Markdown(s)
		elements, _ := parse(t, write(t, n))
		checkSafe(t, elements)
		if out := terminal.String(); out != clean(out) {
			t.Errorf("control characters in %q", out)
		}
	})
}
