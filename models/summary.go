package models

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// Summary writes the table of layers, output shapes and numbers of parameters
// that Keras prints; nothing where w is nil. The batch axis is "any". Where the
// model is not a chain, a column says what each layer takes: "lstm[0][1]" is
// output 1 of the first call of lstm, all counted from 0. Below the numbers are
// remarks: how recurrent and attention layers run, and which layers end a mask.
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

// rows are the cells of the summary, a row a layer.
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

// isChain tells whether every layer takes what the one before it gives.
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
