package models

import (
	"cmp"
	"math"
	"slices"
)

// vertex is a box of a drawing, or a point at which a long line crosses a row.
type vertex struct {
	row   int
	width float64
	x     float64 // of its middle
	up    []int   // vertices that it has lines from
	down  []int   // vertices that it has lines to
}

// layout is a layered drawing (Sugiyama et al. 1981, "Methods for visual
// understanding of hierarchical system structures"): every line goes down, and has
// a vertex in each row between its ends, so that it crosses no box.
type layout struct {
	vertices []vertex
	rows     [][]int // vertices, from left to right
	gap      float64 // between neighbours
}

// newLayout places boxes of the given widths; from are the boxes that each one has
// lines from, which come before it. The boxes are the first vertices. ok is false
// if there are more than most vertices.
func newLayout(widths []float64, from [][]int, gap float64, most int) (l *layout, ok bool) {
	l = &layout{vertices: make([]vertex, len(widths)), gap: gap}
	for i, w := range widths {
		l.vertices[i].width = w
		for _, k := range from[i] {
			l.vertices[i].row = max(l.vertices[i].row, l.vertices[k].row+1)
		}
	}
	l.lowerSources(from)
	for i := range widths {
		for _, k := range from[i] {
			if len(l.vertices)+l.vertices[i].row-l.vertices[k].row > most {
				return nil, false
			}
			for row := l.vertices[k].row + 1; row < l.vertices[i].row; row++ {
				l.vertices = append(l.vertices, vertex{row: row})
				l.join(k, len(l.vertices)-1)
				k = len(l.vertices) - 1
			}
			l.join(k, i)
		}
	}
	for i, s := range l.vertices {
		for len(l.rows) <= s.row {
			l.rows = append(l.rows, nil)
		}
		l.rows[s.row] = append(l.rows[s.row], i)
	}
	for range 8 {
		l.order()
	}
	l.place()
	return l, true
}

// lowerSources moves boxes without lines from above to the row above the first box
// that they have a line to.
func (l *layout) lowerSources(from [][]int) {
	first := map[int]int{}
	for i, ks := range from {
		for _, k := range ks {
			if row, ok := first[k]; !ok || l.vertices[i].row < row {
				first[k] = l.vertices[i].row
			}
		}
	}
	for i := range from {
		if row, ok := first[i]; ok && len(from[i]) == 0 {
			l.vertices[i].row = row - 1
		}
	}
}

func (l *layout) join(from, to int) {
	l.vertices[from].down = append(l.vertices[from].down, to)
	l.vertices[to].up = append(l.vertices[to].up, from)
}

// order sorts each row by the mean position of the vertices above, from the top,
// and then by that of the vertices below, from the bottom: fewer lines cross.
func (l *layout) order() {
	place := make([]float64, len(l.vertices))
	for _, row := range l.rows {
		for k, i := range row {
			place[i] = float64(k)
		}
	}
	sort := func(row []int, next func(vertex) []int) {
		want := map[int]float64{}
		for _, i := range row {
			want[i] = mean(next(l.vertices[i]), place, place[i])
		}
		slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(want[a], want[b]) })
		for k, i := range row {
			place[i] = float64(k)
		}
	}
	for _, row := range l.rows {
		sort(row, func(s vertex) []int { return s.up })
	}
	for _, row := range slices.Backward(l.rows) {
		sort(row, func(s vertex) []int { return s.down })
	}
}

func mean(of []int, values []float64, fallback float64) float64 {
	if len(of) == 0 {
		return fallback
	}
	sum := 0.0
	for _, i := range of {
		sum += values[i]
	}
	return sum / float64(len(of))
}

// place moves vertices towards the mean position of their neighbours, as far as the
// other vertices of the row allow.
func (l *layout) place() {
	for range 30 {
		for _, row := range l.rows {
			want := make([]float64, len(row))
			for k, i := range row {
				s := l.vertices[i]
				n, sum := 0, 0.0
				for _, other := range slices.Concat(s.up, s.down) {
					sum += l.vertices[other].x
					n++
				}
				want[k] = s.x
				if n > 0 {
					want[k] = sum / float64(n)
				}
			}
			l.spread(row, want)
		}
	}
	left := math.Inf(1)
	for _, s := range l.vertices {
		left = min(left, s.x-s.width/2)
	}
	for i := range l.vertices {
		l.vertices[i].x -= left
	}
}

// spread places the vertices of a row near the wanted positions without overlaps:
// at the mean of what fits when moved to the right only and to the left only.
func (l *layout) spread(row []int, want []float64) {
	apart := func(a, b int) float64 { return (l.vertices[a].width+l.vertices[b].width)/2 + l.gap }
	right := slices.Clone(want)
	for k := 1; k < len(row); k++ {
		right[k] = max(right[k], right[k-1]+apart(row[k-1], row[k]))
	}
	left := slices.Clone(want)
	for k := len(row) - 2; k >= 0; k-- {
		left[k] = min(left[k], left[k+1]-apart(row[k], row[k+1]))
	}
	for k, i := range row {
		l.vertices[i].x = (left[k] + right[k]) / 2
	}
}
