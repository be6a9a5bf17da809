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

// The sizes of a chart in units: that of most screens, and that of a narrow screen, on which
// the text of the first would be too small. The page shows one of them.
const (
	chartWidth, chartHeight   = 640, 300
	narrowWidth, narrowHeight = 360, 260
)

// maxSize is the largest absolute value in a chart, far below the values at which
// the arithmetic of the axes overflows.
const maxSize = 1e100

// maxSeries is the number of distinguishable line styles.
const maxSeries = 12

// figure is the data of a chart for the page's template.
type figure struct {
	Title  string
	Alt    string // description of the chart in words
	Legend []legendEntry
	SVG    template.HTML
	Narrow template.HTML // the same for a narrow screen
}

type legendEntry struct {
	Name   string
	Swatch template.HTML
}

// stroke returns the line style of series i: the colours in turn, solid and then
// dashed.
func stroke(i int, width float64) draw.LineStyle {
	style := draw.LineStyle{Color: seriesColors[i%len(seriesColors)], Width: vg.Length(width)}
	if i >= len(seriesColors) {
		style.Dashes = []vg.Length{5, 4}
	}
	return style
}

// swatch draws the sample of a line style in the legend.
func swatch(style draw.LineStyle) template.HTML {
	c := newCanvas(26, 10)
	line := draw.New(c)
	style.Width = max(style.Width, 2)
	line.StrokeLine2(style, 2, 5, 24, 5)
	return template.HTML(strings.Replace(c.svg(""), `role="img" aria-label=""`, `aria-hidden="true"`, 1))
}

// patch draws the sample of an area in the legend.
func patch(style draw.LineStyle) template.HTML {
	c := newCanvas(26, 10)
	c.SetColor(style.Color)
	var area vg.Path
	area.Move(vg.Point{X: 2, Y: 1})
	area.Line(vg.Point{X: 24, Y: 1})
	area.Line(vg.Point{X: 24, Y: 9})
	area.Line(vg.Point{X: 2, Y: 9})
	c.Fill(area)
	return template.HTML(strings.Replace(c.svg(""), `role="img" aria-label=""`, `aria-hidden="true"`, 1))
}

// newPlot returns an empty chart: axes with ticks at round values and a horizontal
// grid in the background.
func newPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Color = textColor
		axis.Label.TextStyle.Font = sans(12)
		axis.Label.Padding = 4
		axis.Tick.Label.Color = textColor
		axis.Tick.Label.Font = sans(11)
		axis.Tick.LineStyle = draw.LineStyle{Color: textColor, Width: 0.75}
		axis.Tick.Length = 4
		axis.LineStyle = draw.LineStyle{Color: textColor, Width: 0.75}
		axis.Padding = 4
	}
	p.X.Label.Text, p.Y.Label.Text = shorten(x), shorten(y)
	p.X.Tick.Marker, p.Y.Tick.Marker = ticks(10, false), ticks(6, false)
	p.Add(grid{})
	return p
}

// sans is the font that measures labels, Liberation Sans. Arial and Helvetica, which
// a browser may use instead, have the same widths.
func sans(size font.Length) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
}

// shorten truncates a label that would be longer than its axis.
func shorten(label string) string {
	const longest = 45
	runes := []rune(oneLine(label))
	if len(runes) > longest {
		return string(runes[:longest-1]) + "…"
	}
	return string(runes)
}

// drawFigure draws a plot in both sizes. marks places about so many ticks on the x axis.
func drawFigure(p *plot.Plot, title, alt string, legend []legendEntry, marks func(want int) plot.Ticker) (figure, error) {
	f := figure{Title: title, Alt: alt, Legend: legend}
	for _, size := range []struct {
		width, height float64
		want          int
		svg           *template.HTML
	}{{chartWidth, chartHeight, 10, &f.SVG}, {narrowWidth, narrowHeight, 5, &f.Narrow}} {
		p.X.Tick.Marker = marks(size.want)
		c := newCanvas(size.width, size.height)
		p.Draw(draw.Crop(draw.New(c), 2, -8, 2, -4))
		if c.err != nil {
			return f, c.err
		}
		*size.svg = template.HTML(c.svg(alt))
	}
	return f, nil
}

// grid draws a thin line at every tick of the y axis.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(draw.LineStyle{Color: gridColor, Width: 0.75}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
}

// point is a position in the units of the axes.
type point struct{ x, y float64 }

// curve draws a line through points and, if filled, fills the area between the line
// and the x axis. A single point is drawn as a dot.
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
		k.style.Width = 6 // a line of length 0 with round caps is a dot
	}
	c.SetLineStyle(k.style)
	c.Stroke(path)
}

// checkLabels checks the title, axis labels and names of a chart.
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
			return graph.Error{Path: at, Field: fmt.Sprintf("%s[%d].Name", list, i), Rule: "must not be empty or repeated", Value: fmt.Sprintf("%q", name)}
		}
		seen[oneLine(name)] = true
	}
	return nil
}

// checkNumbers checks that all values can be drawn.
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
