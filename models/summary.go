package models

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// Summary writes the table of layers, output shapes and numbers of parameters
// that Keras prints; nothing if w is nil. The batch axis is "any". If the model is
// not a chain, a column names the inputs of each layer: "lstm[0][1]" is output 1 of
// the first call of lstm, all counted from 0. Notes follow on how recurrent and
// attention layers run, and on layers that end a mask.
func (m *Model) Summary(w io.Writer) error {
	if err := m.Build(); err != nil {
		return err
	}
	if w == nil {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Model: %q\n", m.cfg.Name)
	t, header := chainTable, []string{"Layer (type)", "Output Shape", "Param #"}
	if !m.isChain() {
		t, header = networkTable, append(header, "Connected to")
	}
	t.rule(&b, "┏━┳━┓")
	t.row(&b, "┃", header)
	t.rule(&b, "┡━╇━┩")
	for i, r := range m.rows() {
		if i > 0 {
			t.rule(&b, "├─┼─┤")
		}
		t.row(&b, "│", r)
	}
	t.rule(&b, "└─┴─┘")
	all := m.params.All()
	trainable := make([]*graph.Param, 0, len(all))
	for _, p := range all {
		if p.Trainable() {
			trainable = append(trainable, p)
		}
	}
	total, trained := count(all), count(trainable)
	size := int(m.Dtype().Size())
	for _, line := range []struct {
		name string
		n    int
	}{{"Total params", total}, {"Trainable params", trained}, {"Non-trainable params", total - trained}} {
		fmt.Fprintf(&b, " %s: %s (%s)\n", line.name, thousands(line.n), bytesOf(line.n*size))
	}
	for _, n := range m.notes {
		fmt.Fprintf(&b, " %s %s\n", strings.TrimPrefix(n.Path, m.cfg.Name+"/"), n.Text)
	}
	_, err := io.WriteString(w, b.String())
	return errors.Wrap(err, m.cfg.Name+": summary")
}

// rows are the cells of the table, a row for each layer.
func (m *Model) rows() [][]string {
	sizes := map[string]int{} // of each layer
	for _, p := range m.params.All() {
		name, _, _ := strings.Cut(strings.TrimPrefix(p.Path, m.cfg.Name+"/"), "/")
		sizes[name] += p.Shape.Size()
	}
	labels := make([]string, len(m.calls)) // such as lstm[0]
	used := map[string]int{}
	at := map[string]int{} // rows, by layer
	var out [][]string
	for i, c := range m.calls {
		labels[i] = fmt.Sprintf("%s[%d]", c.name, used[c.name])
		used[c.name]++
		var from, shapes []string
		for _, r := range c.from {
			from = append(from, fmt.Sprintf("%s[%d]", labels[r.call], r.output))
		}
		for _, s := range c.shapes {
			shapes = append(shapes, s.String())
		}
		shape, connected := strings.Join(shapes, ", "), strings.Join(from, ", ")
		if k, ok := at[c.name]; ok { // one more call
			if out[k][1] != shape {
				out[k][1] = "several"
			}
			out[k][3] += ", " + connected
			continue
		}
		at[c.name] = len(out)
		out = append(out, []string{fmt.Sprintf("%s (%s)", c.name, c.class()), shape, thousands(sizes[c.name]), connected})
	}
	if m.body.class() == "Sequential" {
		out = out[1:] // Keras does not show the Input of a Sequential
	}
	return out
}

// isChain tells whether the inputs of every layer are the outputs of the one before.
func (m *Model) isChain() bool {
	seen := map[string]bool{}
	for i, c := range m.calls {
		if seen[c.name] || i > 0 && (len(c.from) == 0 || c.from[0] != ref{i - 1, 0} || !slices.Equal(c.from, refs(i-1, len(c.from)))) {
			return false
		}
		seen[c.name] = true
	}
	last := len(m.calls) - 1
	return slices.Equal(m.body.outputs(m.calls), refs(last, len(m.output)))
}

// table is a table of text: the widths of its columns. All but the third, which
// holds numbers, are aligned to the left.
type table []int

// The tables of the summary, both within 80 characters.
var (
	chainTable   = table{33, 24, 15} // as Keras has it
	networkTable = table{22, 18, 12, 23}
)

const numbers = 2

// rule draws a line of the table; marks are its left end, line, crossing, line
// and right end.
func (t table) rule(b *strings.Builder, marks string) {
	m := []rune(marks)
	for i, width := range t {
		if i == 0 {
			b.WriteRune(m[0])
		} else {
			b.WriteRune(m[2])
		}
		b.WriteString(strings.Repeat(string(m[1]), width))
	}
	b.WriteRune(m[4])
	b.WriteByte('\n')
}

// row draws the cells, on as many lines as the longest one needs.
func (t table) row(b *strings.Builder, bar string, text []string) {
	lines := make([][]string, len(t))
	height := 0
	for i, width := range t {
		lines[i] = wrap(text[i], width-2)
		height = max(height, len(lines[i]))
	}
	for k := range height {
		for i, width := range t {
			line := ""
			if k < len(lines[i]) {
				line = lines[i][k]
			}
			pad := strings.Repeat(" ", width-2-utf8.RuneCountInString(line))
			if i == numbers {
				line = pad + line
			} else {
				line += pad
			}
			fmt.Fprintf(b, "%s %s ", bar, line)
		}
		fmt.Fprintf(b, "%s\n", bar)
	}
}

// wrap breaks a text into lines of at most width characters, at spaces if
// possible.
func wrap(text string, width int) []string {
	var out []string
	r := []rune(text)
	for len(r) > width {
		end, next := width, width
		for i := width; i > 0; i-- {
			if r[i] == ' ' {
				end, next = i, i+1
				break
			}
		}
		out = append(out, string(r[:end]))
		r = r[next:]
	}
	return append(out, string(r))
}

// thousands writes 10400 as 10,400.
func thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// bytesOf writes a number of bytes in B, KB, MB or GB.
func bytesOf(n int) string {
	f, unit := float64(n), "B"
	for _, u := range []string{"KB", "MB", "GB"} {
		if f < 1024 {
			break
		}
		f, unit = f/1024, u
	}
	return fmt.Sprintf("%.2f %s", f, unit)
}
