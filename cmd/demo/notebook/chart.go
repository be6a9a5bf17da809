package notebook

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/engram-go/engram/graph"
)

// The size of a chart in units; the page scales it to its own width.
const chartWidth, chartHeight = 640, 300

// maxSize is the largest number that a chart can show, far from where the
// arithmetic of its axes would overflow.
const maxSize = 1e100

// maxSeries is how many lines one chart can show in ways that differ.
const maxSeries = 12

// figure is a chart as the page's template wants it.
type figure struct {
	Title  string
	Alt    string // the chart in words
	Legend []legendEntry
	SVG    template.HTML
}

type legendEntry struct {
	Name   string
	Swatch template.HTML
}

// stroke is how the lines of series i look: the inks in turn, dashed from the
// second time on.
func stroke(i int, width float64) draw.LineStyle {
	style := draw.LineStyle{Color: seriesInks[i%len(seriesInks)], Width: vg.Length(width)}
	if i >= len(seriesInks) {
		style.Dashes = []vg.Length{5, 4}
	}
	return style
}

// swatch draws the legend's sample of a style.
func swatch(style draw.LineStyle) template.HTML {
	c := newCanvas(26, 10)
	line := draw.New(c)
	style.Width = max(style.Width, 2)
	line.StrokeLine2(style, 2, 5, 24, 5)
	return template.HTML(strings.Replace(c.svg(""), `role="img" aria-label=""`, `aria-hidden="true"`, 1))
}

// newPlot gives the empty chart: plain axes with round marks and a horizontal
// grid behind whatever is added.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Color = textInk
		axis.Label.TextStyle.Font = sans(12)
		axis.Label.Padding = 4
		axis.Tick.Label.Color = textInk
		axis.Tick.Label.Font = sans(11)
		axis.Tick.LineStyle = draw.LineStyle{Color: textInk, Width: 0.75}
		axis.Tick.Length = 4
		axis.LineStyle = draw.LineStyle{Color: textInk, Width: 0.75}
		axis.Padding = 4
	}
	p.X.Label.Text, p.Y.Label.Text = shorten(x), shorten(y)
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(10, false), ticks(6, false)
	p.Add(grid{})
	return p
}

// sans measures text as Liberation Sans, whose widths are Arial's and
// Helvetica's too, so that labels sit right in whichever a browser has.
func sans(size font.Length) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
}

// shorten cuts a label that is longer than an axis.
func shorten(label string) string {
	const longest = 45
	runes := []rune(oneLine(label))
	if len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return string(runes)
}

// drawFigure makes the figure of a finished plot.
func drawFigure(p *plot.Plot, title, alt string, legend []legendEntry) (figure, error) {
	c := newCanvas(chartWidth, chartHeight)
	p.Draw(draw.Crop(draw.New(c), 2, -8, 2, -4))
	return figure{Title: title, Alt: alt, Legend: legend, SVG: template.HTML(c.svg(alt))}, c.err
}

// grid draws a thin line at every mark of the y axis.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(draw.LineStyle{Color: gridInk, Width: 0.75}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
}

// point is a place in the units of the axes.
type point struct{ x, y float64 }

// curve draws a line through points and, where filled, tints what lies
// between it and the x axis. A single point is a dot.
type curve struct {
	points []point
	style  draw.LineStyle
	filled bool
}

func (k curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var path vg.Path
	for i, at := range k.points {
		if i == 0 {
			path.Move(vg.Point{X: x(at.x), Y: y(at.y)})
		}
		if i > 0 || len(k.points) == 1 {
			path.Line(vg.Point{X: x(at.x), Y: y(at.y)})
		}
	}
	if k.filled {
		c.SetColor(k.style.Color)
		c.Fill(path)
	}
	if len(k.points) == 1 {
		k.style.Width = 6 // round caps make a dot of a line without length
	}
	c.SetLineStyle(k.style)
	c.Stroke(path)
}

// checkLabels returns what is wrong with the words of a chart.
func checkLabels(kind, list, title, x, y string, series []string) error {
	at := "notebook/" + oneLine(title)
	for _, label := range []struct{ field, text string }{{"Title", title}, {"X", x}, {"Y", y}} {
		if oneLine(label.text) == "" {
			return graph.Error{Path: at, Field: kind + "." + label.field, Rule: "must not be empty"}
		}
	}
	if len(series) == 0 {
		return graph.Error{Path: at, Field: list, Rule: "must not be empty"}
	}
	if len(series) > maxSeries {
		return graph.Error{Path: at, Field: list, Rule: fmt.Sprintf("must have at most %d entries", maxSeries), Value: len(series)}
	}
	seen := map[string]bool{}
	for i, name := range series {
		if oneLine(name) == "" || seen[oneLine(name)] {
			return graph.Error{Path: at, Field: fmt.Sprintf("%s[%d].Name", list, i), Rule: "must not be empty nor used twice", Value: fmt.Sprintf("%q", name)}
		}
		seen[oneLine(name)] = true
	}
	return nil
}

// checkNumbers returns the first number that a chart cannot show.
func checkNumbers(title, field string, numbers []float64) error {
	at := "notebook/" + oneLine(title)
	if len(numbers) == 0 {
		return graph.Error{Path: at, Field: field, Rule: "must not be empty"}
	}
	for i, v := range numbers {
		place := fmt.Sprintf("%s[%d]", field, i)
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return graph.Error{Path: at, Field: place, Rule: "must be finite", Value: v, Kind: graph.ErrNotFinite}
		}
		if math.Abs(v) > maxSize {
			return graph.Error{Path: at, Field: place, Rule: fmt.Sprintf("must be at most %g in size", maxSize), Value: v}
		}
	}
	return nil
}
