package models

import (
	"cmp"
	"math"
	"slices"
)

// spot is a box in a drawing, or a point where a long line passes a row.
type spot struct {
	row   int
	width float64
	x     float64 // of its middle
	up    []int   // spots that lines come from
	down  []int   // spots that lines go to
}

// layout is a drawing in rows (Sugiyama et al. 1981, "Methods for visual
// understanding of hierarchical system structures"): every line goes down, and
// passes the rows between its ends through points of its own, so that it crosses
// no box.
type layout struct {
	spots []spot
	rows  [][]int // spots, from left to right
	gap   float64 // between neighbours
}

// newLayout places boxes of the given widths; from are the boxes that each one's
// lines come from, which stand before it. The first spots are the boxes; more
// than most are too many, and then ok is false.
func newLayout(widths []float64, from [][]int, gap float64, most int) (l *layout, ok bool) {
	l = &layout{spots: make([]spot, len(widths)), gap: gap}
	for i, w := range widths {
		l.spots[i].width = w
		for _, k := range from[i] {
			l.spots[i].row = max(l.spots[i].row, l.spots[k].row+1)
		}
	}
	l.lower(from)
	for i := range widths {
		for _, k := range from[i] {
			if len(l.spots)+l.spots[i].row-l.spots[k].row > most {
				return nil, false
			}
			for row := l.spots[k].row + 1; row < l.spots[i].row; row++ {
				l.spots = append(l.spots, spot{row: row})
				l.join(k, len(l.spots)-1)
				k = len(l.spots) - 1
			}
			l.join(k, i)
		}
	}
	for i, s := range l.spots {
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

// lower moves boxes that no line comes to just above the first that needs them.
func (l *layout) lower(from [][]int) {
	first := map[int]int{}
	for i, ks := range from {
		for _, k := range ks {
			if row, ok := first[k]; !ok || l.spots[i].row < row {
				first[k] = l.spots[i].row
			}
		}
	}
	for i := range from {
		if row, ok := first[i]; ok && len(from[i]) == 0 {
			l.spots[i].row = row - 1
		}
	}
}

func (l *layout) join(from, to int) {
	l.spots[from].down = append(l.spots[from].down, to)
	l.spots[to].up = append(l.spots[to].up, from)
}

// order sorts each row by the mean place of the spots above, going down, and
// then by that of the spots below, going up, so that fewer lines cross.
func (l *layout) order() {
	place := make([]float64, len(l.spots))
	for _, row := range l.rows {
		for k, i := range row {
			place[i] = float64(k)
		}
	}
	sort := func(row []int, beside func(spot) []int) {
		want := map[int]float64{}
		for _, i := range row {
			want[i] = mean(beside(l.spots[i]), place, place[i])
		}
		slices.SortStableFunc(row, func(a, b int) int { return cmp.Compare(want[a], want[b]) })
		for k, i := range row {
			place[i] = float64(k)
		}
	}
	for _, row := range l.rows {
		sort(row, func(s spot) []int { return s.up })
	}
	for _, row := range slices.Backward(l.rows) {
		sort(row, func(s spot) []int { return s.down })
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

// place moves spots towards the middle of those that they are joined to, as far
// as their neighbours in the row let them.
func (l *layout) place() {
	for range 30 {
		for _, row := range l.rows {
			want := make([]float64, len(row))
			for k, i := range row {
				s := l.spots[i]
				n, sum := 0, 0.0
				for _, other := range slices.Concat(s.up, s.down) {
					sum += l.spots[other].x
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
	for _, s := range l.spots {
		left = min(left, s.x-s.width/2)
	}
	for i := range l.spots {
		l.spots[i].x -= left
	}
}

// spread puts a row where it wants to be, apart from each other: the mean of
// what fits when pushed from the left and from the right.
func (l *layout) spread(row []int, want []float64) {
	apart := func(a, b int) float64 { return (l.spots[a].width+l.spots[b].width)/2 + l.gap }
	right := slices.Clone(want)
	for k := 1; k < len(row); k++ {
		right[k] = max(right[k], right[k-1]+apart(row[k-1], row[k]))
	}
	left := slices.Clone(want)
	for k := len(row) - 2; k >= 0; k-- {
		left[k] = min(left[k], left[k+1]-apart(row[k], row[k+1]))
	}
	for k, i := range row {
		l.spots[i].x = (left[k] + right[k]) / 2
	}
}
