package notebook

import (
	"fmt"
	"html"
	"html/template"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// themeColor is a CSS custom property of the page, so that a drawing follows its
// light and dark mode. light is the fallback value.
type themeColor struct{ name, light string }

// RGBA makes themeColor a color.Color for gonum. Canvas uses the name instead.
func (themeColor) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// css returns the CSS value of the colour.
func (c themeColor) css() string { return "var(--" + c.name + "," + c.light + ")" }

var (
	textColor = themeColor{"text", "#22272e"}
	gridColor = themeColor{"grid", "#e1e4e8"}

	// seriesColors are distinguishable with colour blindness (based on Okabe and
	// Ito) and in greyscale.
	seriesColors = []themeColor{
		{"series-1", "#0072b2"}, {"series-2", "#d55e00"}, {"series-3", "#009e73"},
		{"series-4", "#b0578d"}, {"series-5", "#c98a00"}, {"series-6", "#5f6670"},
	}
)

// canvas is a vg.Canvas that writes SVG for an HTML page. Unlike vgsvg it writes no
// ids, sizes or font names: the page's style sheet sets size and font, and a page
// can hold many drawings.
type canvas struct {
	width, height float64
	out           strings.Builder
	state         drawState
	stack         []drawState
	err           error // the first unsupported operation
}

// drawState is what Push saves: the style of strokes.
type drawState struct {
	color  themeColor
	width  float64
	dashes string
}

// newCanvas returns a canvas of the given size in units. The y axis points up in vg
// and down in SVG.
func newCanvas(width, height float64) *canvas {
	return &canvas{width: width, height: height, state: drawState{color: textColor, width: 1}}
}

// Size returns the size in units.
func (c *canvas) Size() (w, h vg.Length) { return vg.Length(c.width), vg.Length(c.height) }

// SetLineWidth, SetLineDash and SetColor set the style of strokes. Colours other
// than a themeColor become textColor.
func (c *canvas) SetLineWidth(w vg.Length) { c.state.width = w.Points() }

func (c *canvas) SetLineDash(dashes []vg.Length, _ vg.Length) {
	lengths := make([]string, len(dashes))
	for i, d := range dashes {
		lengths[i] = decimal(d.Points())
	}
	c.state.dashes = strings.Join(lengths, " ")
}

func (c *canvas) SetColor(col color.Color) {
	c.state.color = textColor
	if t, ok := col.(themeColor); ok {
		c.state.color = t
	}
}

// Rotate, Translate and Scale record an error: nothing in a chart is turned or moved.
func (c *canvas) Rotate(float64)         { c.unsupported("rotations") }
func (c *canvas) Translate(vg.Point)     { c.unsupported("translations") }
func (c *canvas) Scale(float64, float64) { c.unsupported("scales") }

// Push and Pop save and restore the state.
func (c *canvas) Push() { c.stack = append(c.stack, c.state) }

func (c *canvas) Pop() {
	c.state = c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
}

// Stroke draws the outline of a path.
func (c *canvas) Stroke(p vg.Path) {
	if c.state.width <= 0 {
		return
	}
	fmt.Fprintf(&c.out, `<path d="%s" fill="none" stroke-width="%s"`, c.path(p), decimal(c.state.width))
	if c.state.dashes != "" {
		fmt.Fprintf(&c.out, ` stroke-dasharray="%s"`, c.state.dashes)
	}
	fmt.Fprintf(&c.out, ` style="stroke:%s"/>`+"\n", c.state.color.css())
}

// Fill fills a path with a transparent colour.
func (c *canvas) Fill(p vg.Path) {
	fmt.Fprintf(&c.out, `<path d="%s" fill-opacity="0.25" style="fill:%s"/>`+"\n", c.path(p), c.state.color.css())
}

// FillString writes text that starts at a point.
func (c *canvas) FillString(face font.Face, p vg.Point, text string) {
	x, y := c.at(p)
	fmt.Fprintf(&c.out, `<text x="%s" y="%s" font-size="%s"`, decimal(x), decimal(y), decimal(face.Font.Size.Points()))
	fmt.Fprintf(&c.out, ` style="fill:%s">%s</text>`+"\n", c.state.color.css(), html.EscapeString(text))
}

// DrawImage records an error: images are not supported.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) { c.unsupported("images") }

func (c *canvas) unsupported(what string) {
	if c.err == nil {
		c.err = errors.Errorf("notebook: %s are not supported", what)
	}
}

func (c *canvas) at(p vg.Point) (x, y float64) {
	return p.X.Points(), c.height - p.Y.Points()
}

func (c *canvas) path(p vg.Path) string {
	var d strings.Builder
	for _, part := range p {
		switch part.Type {
		case vg.MoveComp, vg.LineComp:
			d.WriteByte("ML"[part.Type])
			x, y := c.at(part.Pos)
			d.WriteString(decimal(x) + " " + decimal(y))
		case vg.CloseComp:
			d.WriteByte('Z')
		default:
			c.unsupported("curves")
		}
	}
	return d.String()
}

// svg returns the drawing as an element of a class. Screen readers skip it: the page
// describes it in words.
func (c *canvas) svg(class string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" class="%s" viewBox="0 0 %s %s" aria-hidden="true" stroke-linecap="round" stroke-linejoin="round">`+"\n%s</svg>",
		class, decimal(c.width), decimal(c.height), c.out.String()))
}

// decimal formats a coordinate with two decimals, below what is visible.
func decimal(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64)
}
