package notebook

import (
	"fmt"
	"html/template"
	"math"

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
	narrowWidth, narrowHeight = 320, 240
)

// tickSize is the size of the labels of ticks, which narrow screens show as it is.
const tickSize = 12

// maxSize is the largest absolute value in a chart, far below the values at which
// the arithmetic of the axes overflows.
const maxSize = 1e100

// maxSeries is the number of distinguishable line styles.
const maxSeries = 12

// figure is a chart, with the data for the page's template.
type figure struct {
	Title  string
	Alt    string // description of the chart in words
	X, Y   string // labels of the axes
	Legend []legendEntry
	Wide   template.HTML
	Narrow template.HTML // the same for a narrow screen

	plot   *plot.Plot
	curves []curve                    // in the plot, in drawing order
	ticks  func(want int) plot.Ticker // places about so many ticks on the x axis
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
	return c.svg("")
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
	return c.svg("")
}

// newFigure returns an empty chart: axes with ticks at round values and a horizontal
// grid in the background. The page writes the labels of the axes, so that they wrap.
func newFigure(title, x, y string) figure {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Color = textColor
		axis.Tick.Label.Font = sans(tickSize)
		axis.Tick.LineStyle = draw.LineStyle{Color: textColor, Width: 0.75}
		axis.Tick.Length = 4
		axis.LineStyle = draw.LineStyle{Color: textColor, Width: 0.75}
		axis.Padding = 4
	}
	p.Y.Tick.Marker = ticks(6, false)
	p.Add(grid{})
	return figure{Title: title, X: oneLine(x), Y: oneLine(y), plot: p}
}

// add draws a curve above those before.
func (f *figure) add(k curve) {
	f.plot.Add(k)
	f.curves = append(f.curves, k)
}

// sans is the font that measures labels, Liberation Sans. Arial and Helvetica, which
// a browser may use instead, have the same widths.
func sans(size font.Length) font.Font {
	return font.From(font.Font{Typeface: "Liberation", Variant: "Sans"}, size)
}

// draw draws the plot in both sizes.
func (f *figure) draw() error {
	for _, size := range []struct {
		name          string
		width, height float64
		svg           *template.HTML
	}{{"wide", chartWidth, chartHeight, &f.Wide}, {"narrow", narrowWidth, narrowHeight, &f.Narrow}} {
		f.plot.X.Tick.Marker = f.fittingTicks(size.width)
		c := newCanvas(size.width, size.height)
		f.plot.Draw(draw.Crop(draw.New(c), 2, -8, 2, -4))
		if c.err != nil {
			return c.err
		}
		*size.svg = c.svg(size.name)
	}
	return nil
}

// fittingTicks returns about ten ticks for the x axis of a chart, or fewer if their labels
// would touch each other.
func (f *figure) fittingTicks(width float64) plot.Ticker {
	const gap, margins = 8, 30 // between labels, and around the axis
	left := widestLabel(f.plot.Y)
	return f.ticks(fewer(10, func(want int) bool {
		all := f.ticks(want).Ticks(f.plot.X.Min, f.plot.X.Max)
		if len(all) < 2 {
			return true
		}
		// The first and the last label may stand out half of the axis.
		length := vg.Length(width) - max(left, labelWidth(all[0])/2) - labelWidth(all[len(all)-1])/2 - margins
		for i, t := range all[1:] {
			apart := length * vg.Length((t.Value-all[i].Value)/(f.plot.X.Max-f.plot.X.Min))
			if apart < (labelWidth(t)+labelWidth(all[i]))/2+gap {
				return false
			}
		}
		return true
	}))
}

func labelWidth(t plot.Tick) vg.Length {
	face := plot.DefaultTextHandler.Cache().Lookup(sans(tickSize), tickSize)
	return face.Width(t.Label)
}

func widestLabel(a plot.Axis) (widest vg.Length) {
	for _, t := range a.Tick.Marker.Ticks(a.Min, a.Max) {
		widest = max(widest, labelWidth(t))
	}
	return widest
}

// fewer returns the largest number of ticks up to most that fits, or 1.
func fewer(most int, fits func(want int) bool) int {
	for want := most; want > 1; want-- {
		if fits(want) {
			return want
		}
	}
	return 1
}

// grid draws a thin line at every tick of the y axis.
type grid struct{}

func (grid) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	for _, t := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		c.StrokeLine2(draw.LineStyle{Color: gridColor, Width: 0.75}, c.Min.X, y(t.Value), c.Max.X, y(t.Value))
	}
}

// GlyphBoxes reserves space for the first label of the x axis, where it is wider than the labels
// of the y axis, above which it may stand.
func (grid) GlyphBoxes(p *plot.Plot) (boxes []plot.GlyphBox) {
	for _, t := range p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max) {
		if over := labelWidth(t)/2 - widestLabel(p.Y); over > 0 {
			boxes = append(boxes, plot.GlyphBox{X: p.X.Norm(t.Value), Rectangle: vg.Rectangle{Min: vg.Point{X: -over}}})
		}
	}
	return boxes
}

// point is a position in the units of the axes.
type point struct{ x, y float64 }

// curve draws a line through points and, if filled, fills the area between the line
// and the x axis. A single point is drawn as a dot.
type curve struct {
	name   string
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
