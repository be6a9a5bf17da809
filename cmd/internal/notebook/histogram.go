package notebook

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg/draw"

	"github.com/engram-go/engram/graph"
)

// Histogram shows the distribution of one or more samples, counted in the same bins.
type Histogram struct {
	Title   string   // what the chart shows
	X       string   // the quantity, with its unit: "error (index points)"
	Y       string   // default "count"
	Bins    int      // 1 to 200; by default by the Freedman-Diaconis rule, from 10 to 60
	Samples []Sample // 1 to 12, drawn in order, later ones on top
}

// Sample is one sample of a histogram. Values must be finite and at most 1e100 in
// absolute value.
type Sample struct {
	Name   string    // for the legend
	Values []float64 // at least one
}

// Limits of the number of bins.
const minAutoBins, maxAutoBins, maxBins = 10, 60, 200

func (h Histogram) figure() (figure, error) {
	h.Title = oneLine(h.Title)
	if h.Y == "" {
		h.Y = "count"
	}
	if err := h.check(); err != nil {
		return figure{}, err
	}
	var all []float64
	for _, s := range h.Samples {
		all = append(all, s.Values...)
	}
	slices.Sort(all)
	if h.Bins == 0 {
		h.Bins = autoBins(all)
	}
	f := newFigure(h.Title, h.X, h.Y)
	f.ticks = func(want int) plot.Ticker { return ticks(want, false) }
	p := f.plot
	p.X.Min, p.X.Max = widen(all[0], all[len(all)-1])
	p.Y.Min, p.Y.Max = 0, 1
	p.Y.Tick.Marker = ticks(6, true)
	if p.X.Min < 0 && p.X.Max > 0 {
		p.Add(zero{})
	}
	f.Alt = fmt.Sprintf("%s. Histogram, %s of %s in bins of %.3g.", f.Title, f.Y, f.X, (p.X.Max-p.X.Min)/float64(h.Bins))
	for i, s := range h.Samples {
		style := stroke(i, 1.5)
		outline := steps(s.Values, p.X.Min, p.X.Max, h.Bins)
		for _, at := range outline {
			p.Y.Max = max(p.Y.Max, at.y)
		}
		name := oneLine(s.Name)
		f.add(curve{name: name, points: outline, style: style, filled: true})
		f.Legend = append(f.Legend, legendEntry{name, swatch(style)})
		mean := 0.0
		for _, v := range s.Values {
			mean += v / float64(len(s.Values))
		}
		f.Alt += fmt.Sprintf(" %s: %d in all, mean %.4g, lowest %.4g, highest %.4g.", name,
			len(s.Values), mean, slices.Min(s.Values), slices.Max(s.Values))
	}
	p.Y.Max *= 1.05
	return f, f.draw()
}

func (h Histogram) check() error {
	names := make([]string, len(h.Samples))
	for i, s := range h.Samples {
		names[i] = s.Name
	}
	if err := checkLabels("Histogram", "Histogram.Samples", h.Title, h.X, h.Y, names); err != nil {
		return err
	}
	if h.Bins < 0 || h.Bins > maxBins {
		return graph.Error{Path: "notebook/" + h.Title, Field: "Histogram.Bins", Rule: fmt.Sprintf("must be from 1 to %d, or 0 for the default", maxBins), Value: h.Bins}
	}
	for _, s := range h.Samples {
		if err := checkNumbers(h.Title, fmt.Sprintf("Sample %q.Values", s.Name), s.Values); err != nil {
			return err
		}
	}
	return nil
}

// autoBins applies the Freedman-Diaconis rule: the width of a bin is twice the
// interquartile range divided by the cube root of the number of values.
func autoBins(sorted []float64) int {
	n := len(sorted)
	if sorted[0] == sorted[n-1] {
		return minAutoBins
	}
	width := 2 * (sorted[n*3/4] - sorted[n/4]) / math.Cbrt(float64(n))
	bins := (sorted[n-1] - sorted[0]) / width
	if !(bins < maxAutoBins) { // also if the width is 0
		return maxAutoBins
	}
	return max(minAutoBins, int(math.Ceil(bins)))
}

// steps counts values in bins of equal width and returns the outline of the bars,
// which starts and ends on the x axis.
func steps(values []float64, lo, hi float64, bins int) []point {
	counts := make([]float64, bins)
	for _, v := range values {
		i := int((v - lo) / (hi - lo) * float64(bins))
		counts[min(i, bins-1)]++ // the highest value belongs to the last bin
	}
	outline := []point{{lo, 0}}
	for i, n := range counts {
		from := lo + (hi-lo)*float64(i)/float64(bins)
		to := lo + (hi-lo)*float64(i+1)/float64(bins)
		outline = append(outline, point{from, n}, point{to, n})
	}
	return append(outline, point{hi, 0})
}

// zero draws a thin vertical line at x = 0, which separates errors by sign.
type zero struct{}

func (zero) Plot(c draw.Canvas, p *plot.Plot) {
	x, _ := p.Transforms(&c)
	style := draw.LineStyle{Color: textColor, Width: 0.75}
	c.StrokeLine2(style, x(0), c.Min.Y, x(0), c.Max.Y)
}
