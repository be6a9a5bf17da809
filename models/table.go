package models

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// table is a table of text: the widths of its columns. All but the third, which
// holds numbers, are set to the left.
type table []int

// The tables of the summary; both fit into 80 characters.
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

// row draws the cells, on as many lines as the longest needs.
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
