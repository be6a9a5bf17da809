package notebook

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"

	"github.com/engram-go/engram/graph"
)

// LineChart draws series as lines over a common x axis.
type LineChart struct {
	Title  string   // what the chart shows
	X, Y   string   // labels of the axes, with units: "epoch", "loss (MSE)"
	Series []Series // 1 to 12, drawn in order, later ones on top
	Bands  []Band   // drawn below all series
	Dates  bool     // x are seconds since 1970, of the years 1 to 9999, which the axis shows as dates in UTC
}

// Series is a line of a chart. Values must be finite and at most 1e100 in absolute
// value.
type Series struct {
	Name string    // for the legend
	X    []float64 // as long as Y; nil means 1, 2, 3, …
	Y    []float64 // at least one
}

// Band is the area between two lines, such as an interval around a forecast. Values are
// as those of a Series.
type Band struct {
	Name      string // for the legend
	Around    string // the series whose colour it has
	X         []float64
	Low, High []float64 // as long as X
}

// maxPoints is the largest number of points per line. More would not be visible at
// chartWidth units and would only enlarge the page.
const maxPoints = 4 * chartWidth

func (c LineChart) figure() (figure, error) {
	c.Title = oneLine(c.Title)
	if err := c.check(); err != nil {
		return figure{}, err
	}
	f := newFigure(c.Title, c.X, c.Y)
	p := f.plot
	integers := true // whether all x are integers
	var bands []legendEntry
	for _, b := range c.Bands {
		style := stroke(slices.IndexFunc(c.Series, func(s Series) bool { return s.Name == b.Around }), 0)
		p.X.Min, p.X.Max = min(p.X.Min, slices.Min(b.X)), max(p.X.Max, slices.Max(b.X))
		p.Y.Min, p.Y.Max = min(p.Y.Min, slices.Min(b.Low)), max(p.Y.Max, slices.Max(b.High))
		f.add(b.outline(style))
		bands = append(bands, legendEntry{oneLine(b.Name), patch(style)})
	}
	f.Alt = fmt.Sprintf("%s. Line chart, %s over %s.", f.Title, f.Y, f.X)
	for i, s := range c.Series {
		points := make([]point, len(s.Y))
		for j, y := range s.Y {
			points[j] = point{float64(j + 1), y}
			if s.X != nil {
				points[j].x = s.X[j]
			}
			integers = integers && points[j].x == math.Trunc(points[j].x)
			p.X.Min, p.X.Max = min(p.X.Min, points[j].x), max(p.X.Max, points[j].x)
		}
		p.Y.Min, p.Y.Max = min(p.Y.Min, slices.Min(s.Y)), max(p.Y.Max, slices.Max(s.Y))
		style := stroke(i, lineWidth(len(points), len(c.Series)-1-i))
		name := oneLine(s.Name)
		f.add(curve{name: name, points: downsample(points), style: style})
		f.Legend = append(f.Legend, legendEntry{name, swatch(style)})
		f.Alt += " " + name + ": " + s.words() + "."
	}
	f.Legend = append(f.Legend, bands...)
	for _, b := range c.Bands {
		n := len(b.X) - 1
		f.Alt += fmt.Sprintf(" %s: from %.4g to %.4g at its start, from %.4g to %.4g at its end.", oneLine(b.Name), b.Low[0], b.High[0], b.Low[n], b.High[n])
	}
	if c.Dates && (p.X.Min < firstDate || p.X.Max > lastDate) {
		return figure{}, graph.Error{Path: "notebook/" + c.Title, Field: "X", Rule: "must be seconds from the year 1 to 9999", Value: fmt.Sprintf("%g to %g", p.X.Min, p.X.Max)}
	}
	p.X.Min, p.X.Max = widen(p.X.Min, p.X.Max)
	p.Y.Min, p.Y.Max = widen(p.Y.Min, p.Y.Max)
	margin := 0.04 * (p.Y.Max - p.Y.Min)
	p.Y.Min, p.Y.Max = p.Y.Min-margin, p.Y.Max+margin
	f.ticks = func(want int) plot.Ticker {
		if c.Dates {
			return dates(want)
		}
		return ticks(want, integers)
	}
	return f, f.draw()
}

// outline is the band as a filled curve: along its low line and back along the high one.
func (b Band) outline(style draw.LineStyle) curve {
	n := len(b.X)
	points := make([]point, 2*n)
	for i, x := range b.X {
		points[i], points[2*n-1-i] = point{x, b.Low[i]}, point{x, b.High[i]}
	}
	return curve{name: oneLine(b.Name), points: points, style: style, filled: true}
}

func (c LineChart) check() error {
	names := make([]string, len(c.Series))
	for i, s := range c.Series {
		names[i] = s.Name
	}
	lines := slices.Clone(names)
	for _, b := range c.Bands {
		names = append(names, b.Name)
	}
	if err := checkLabels("LineChart", "LineChart.Series", c.Title, c.X, c.Y, names); err != nil {
		return err
	}
	for _, s := range c.Series {
		field := fmt.Sprintf("Series %q.", s.Name)
		if err := checkNumbers(c.Title, field+"Y", s.Y); err != nil {
			return err
		}
		if s.X == nil {
			continue
		}
		if len(s.X) != len(s.Y) {
			return graph.Error{Path: "notebook/" + c.Title, Field: field + "X", Rule: fmt.Sprintf("must have %d numbers, as many as Y", len(s.Y)), Value: len(s.X)}
		}
		if err := checkNumbers(c.Title, field+"X", s.X); err != nil {
			return err
		}
	}
	for _, b := range c.Bands {
		field := fmt.Sprintf("Band %q.", b.Name)
		if !slices.Contains(lines, b.Around) {
			return graph.Error{Path: "notebook/" + c.Title, Field: field + "Around", Rule: "must be the name of a series", Value: b.Around}
		}
		for _, numbers := range []struct {
			name string
			all  []float64
		}{{"X", b.X}, {"Low", b.Low}, {"High", b.High}} {
			if len(numbers.all) != len(b.X) {
				return graph.Error{Path: "notebook/" + c.Title, Field: field + numbers.name, Rule: fmt.Sprintf("must have %d numbers, as many as X", len(b.X)), Value: len(numbers.all)}
			}
			if err := checkNumbers(c.Title, field+numbers.name, numbers.all); err != nil {
				return err
			}
		}
	}
	return nil
}

// downsample reduces a long line to maxPoints. Of every run of neighbouring points it
// keeps the first, the lowest, the highest and the last, so that spikes remain.
func downsample(points []point) []point {
	if len(points) <= maxPoints {
		return points
	}
	var kept []point
	const runs = maxPoints / 4
	for r := range runs {
		from, to := r*len(points)/runs, (r+1)*len(points)/runs
		keep := []int{from, from, from, to - 1}
		for i := from; i < to; i++ {
			if points[i].y < points[keep[1]].y {
				keep[1] = i
			}
			if points[i].y > points[keep[2]].y {
				keep[2] = i
			}
		}
		slices.Sort(keep)
		for _, i := range slices.Compact(keep) {
			kept = append(kept, points[i])
		}
	}
	return kept
}

// lineWidth returns a small width for long, jagged lines and a larger one for lines
// with other lines on top: where lines coincide, as a forecast and the truth nearly
// do, the edges of the lower line remain visible.
func lineWidth(points, above int) float64 {
	width := 1.75
	if points > 150 {
		width = 0.75
	}
	return width + 0.9*float64(min(above, 2))
}

// words describes the series for screen readers and the terminal.
func (s Series) words() string {
	n := len(s.Y)
	if n == 1 {
		return fmt.Sprintf("%.4g", s.Y[0])
	}
	return fmt.Sprintf("%d points from %.4g to %.4g, lowest %.4g, highest %.4g", n, s.Y[0], s.Y[n-1], slices.Min(s.Y), slices.Max(s.Y))
}
