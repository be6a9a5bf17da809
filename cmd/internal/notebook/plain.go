package notebook

import (
	"bytes"
	"math"
	"strings"
)

// marks are the characters of curves in a chart of characters, from the one on top down.
const marks = "*o.+x#@%&=~:"

// text draws the chart in characters, of the same curves and axes as on the page.
func (f figure) text(width int) string {
	const height = 12
	p := f.plot
	left := 0
	labels := make([]string, height)
	row := func(y float64) int { return height - 1 - place(y, p.Y.Min, p.Y.Max, height) }
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		labels[row(t.Value)] = t.Label
		left = max(left, len(t.Label))
	}
	columns := width - left - 2 // behind the labels, a space and the axis
	cells := make([][]byte, height)
	for i := range cells {
		cells[i] = bytes.Repeat([]byte{' '}, columns)
	}
	legend := make([]string, len(f.Legend))
	for i, k := range f.curves {
		mark := marks[len(f.curves)-1-i]
		for j, to := range k.points {
			from := k.points[max(0, j-1)]
			strike(cells, mark, place(from.x, p.X.Min, p.X.Max, columns), row(from.y), place(to.x, p.X.Min, p.X.Max, columns), row(to.y))
		}
		for j, entry := range f.Legend {
			if entry.Name == k.name {
				legend[j] = string(mark) + " " + k.name
			}
		}
	}
	var b strings.Builder
	for _, text := range []string{f.Title, strings.Join(legend, ", "), f.Y} {
		b.WriteString(Wrap(text, width) + "\n")
	}
	for i, line := range cells {
		axis := " |"
		if labels[i] != "" {
			axis = " +"
		}
		b.WriteString(strings.Repeat(" ", left-len(labels[i])) + labels[i] + axis + strings.TrimRight(string(line), " ") + "\n")
	}
	axis, below := f.axis(columns, left+2)
	b.WriteString(strings.Repeat(" ", left+1) + "+" + axis + "\n" + below + "\n")
	margin := strings.Repeat(" ", left+2)
	b.WriteString(margin + strings.ReplaceAll(Wrap(f.X, columns), "\n", "\n"+margin))
	return b.String()
}

// axis is the x axis with its ticks, and the labels below it, which start a margin before.
func (f figure) axis(columns, margin int) (line, below string) {
	p := f.plot
	draw := func(want int) (fits bool) {
		axis, labels := strings.Repeat("-", columns), ""
		for _, t := range f.ticks(want).Ticks(p.X.Min, p.X.Max) {
			at := place(t.Value, p.X.Min, p.X.Max, columns)
			axis = axis[:at] + "+" + axis[at+1:]
			start := max(0, min(margin+at-len(t.Label)/2, margin+columns-len(t.Label)))
			if want > 1 && labels != "" && start < len(labels)+2 {
				return false
			}
			labels += strings.Repeat(" ", max(0, start-len(labels))) + t.Label
		}
		line, below = axis, labels
		return true
	}
	draw(fewer(10, draw))
	return line, below
}

// place is the cell, of n cells, of a value between lo and hi.
func place(v, lo, hi float64, n int) int {
	return max(0, min(n-1, int(math.Round((v-lo)/(hi-lo)*float64(n-1)))))
}

// strike marks the cells along a line.
func strike(cells [][]byte, mark byte, x0, y0, x1, y1 int) {
	n := max(1, x1-x0, x0-x1, y1-y0, y0-y1)
	for i := range n + 1 {
		part := float64(i) / float64(n)
		x := x0 + int(math.Round(part*float64(x1-x0)))
		y := y0 + int(math.Round(part*float64(y1-y0)))
		cells[y][x] = mark
	}
}
