package models

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// columns are the widths of the summary's columns, as Keras has them.
var columns = [3]int{33, 24, 15}

// Summary writes the table of layers, output shapes and numbers of parameters
// that Keras prints; nothing where w is nil. The batch axis is "any".
func (m *Model) Summary(w io.Writer) error {
	if err := m.Build(); err != nil {
		return err
	}
	if w == nil {
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "Model: %q\n", m.cfg.Name)
	rule(&b, "┏━┳━┓")
	cells(&b, "┃", [3]string{"Layer (type)", "Output Shape", "Param #"})
	rule(&b, "┡━╇━┩")
	for i, r := range m.rows {
		if i > 0 {
			rule(&b, "├─┼─┤")
		}
		shapes := make([]string, len(r.shapes))
		for k, s := range r.shapes {
			shapes[k] = s.String()
		}
		cells(&b, "│", [3]string{fmt.Sprintf("%s (%s)", r.name, r.class), strings.Join(shapes, ", "), thousands(r.params)})
	}
	rule(&b, "└─┴─┘")
	all := m.params.All()
	trainable := make([]*graph.Param, 0, len(all))
	for _, p := range all {
		if p.Trainable {
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
	_, err := io.WriteString(w, b.String())
	return errors.Wrap(err, "summary")
}

// rule draws a line of the table; marks are its left end, line, crossing, line
// and right end.
func rule(b *strings.Builder, marks string) {
	m := []rune(marks)
	for i, width := range columns {
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

// cells draws a row of the table, on as many lines as its longest cell needs.
// The last column is set to the right.
func cells(b *strings.Builder, bar string, text [3]string) {
	var lines [3][]string
	height := 0
	for i, t := range text {
		lines[i] = wrap(t, columns[i]-2)
		height = max(height, len(lines[i]))
	}
	for k := range height {
		for i, width := range columns {
			line := ""
			if k < len(lines[i]) {
				line = lines[i][k]
			}
			pad := strings.Repeat(" ", width-2-utf8.RuneCountInString(line))
			if i == 2 {
				line = pad + line
			} else {
				line += pad
			}
			fmt.Fprintf(b, "%s %s ", bar, line)
		}
		fmt.Fprintf(b, "%s\n", bar)
	}
}

// wrap cuts a text into lines of at most width characters, at a space where
// there is one.
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

// bytesOf writes a number of bytes in the unit that suits it.
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
