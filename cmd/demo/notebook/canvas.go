package notebook

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"

	"github.com/pkg/errors"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
)

// ink is a colour that the page decides: a CSS custom property, so that one
// drawing serves light and dark pages, with the light value to fall back on.
type ink struct{ name, light string }

// RGBA makes an ink a color.Color for gonum; the canvas looks at its name.
func (ink) RGBA() (r, g, b, a uint32) { return color.Black.RGBA() }

// css is the value of a CSS property that uses the ink.
func (i ink) css() string { return "var(--" + i.name + "," + i.light + ")" }

var (
	textInk = ink{"ink", "#22272e"}
	gridInk = ink{"grid", "#e1e4e8"}

	// seriesInks can be told apart by the colour-blind (they follow Okabe and
	// Ito) and differ in brightness, for grey paper.
	seriesInks = []ink{
		{"series-1", "#0072b2"}, {"series-2", "#d55e00"}, {"series-3", "#009e73"},
		{"series-4", "#b0578d"}, {"series-5", "#c98a00"}, {"series-6", "#5f6670"},
	}
)

// canvas draws on SVG for a page. Unlike vgsvg it writes no ids, no fixed size
// and no font names: the page's style sheet says how large and in which font,
// so many drawings live side by side. Every point is written where it lands,
// without nested transformations.
type canvas struct {
	width, height float64
	out           strings.Builder
	state         brush
	stack         []brush
	err           error // the first thing asked for that it cannot draw
}

// brush is what Push saves: the transformation (x, y) -> (a·x + c·y + e,
// b·x + d·y + f) and how strokes look.
type brush struct {
	a, b, c, d, e, f float64
	ink              ink
	width            float64
	dashes           string
}

// newCanvas gives a canvas of that many units; vg's y axis points up, SVG's
// points down.
func newCanvas(width, height float64) *canvas {
	c := &canvas{width: width, height: height}
	c.state = brush{a: 1, d: -1, f: height, ink: textInk, width: 1}
	return c
}

// Size gives the size in units.
func (c *canvas) Size() (w, h vg.Length) { return vg.Length(c.width), vg.Length(c.height) }

// SetLineWidth, SetLineDash and SetColor say how the next stroke looks. A
// colour that is no ink is the ink of text.
func (c *canvas) SetLineWidth(w vg.Length) { c.state.width = w.Points() }

func (c *canvas) SetLineDash(dashes []vg.Length, _ vg.Length) {
	lengths := make([]string, len(dashes))
	for i, d := range dashes {
		lengths[i] = decimal(d.Points())
	}
	c.state.dashes = strings.Join(lengths, " ")
}

func (c *canvas) SetColor(col color.Color) {
	c.state.ink = textInk
	if i, ok := col.(ink); ok {
		c.state.ink = i
	}
}

// Rotate, Translate and Scale change the transformation.
func (c *canvas) Rotate(rad float64) {
	sin, cos := math.Sincos(rad)
	s := c.state
	c.state.a, c.state.b = s.a*cos+s.c*sin, s.b*cos+s.d*sin
	c.state.c, c.state.d = s.c*cos-s.a*sin, s.d*cos-s.b*sin
}

func (c *canvas) Translate(p vg.Point) {
	c.state.e, c.state.f = c.at(p)
}

func (c *canvas) Scale(x, y float64) {
	c.state.a, c.state.b = c.state.a*x, c.state.b*x
	c.state.c, c.state.d = c.state.c*y, c.state.d*y
}

// Push and Pop save and restore the brush.
func (c *canvas) Push() { c.stack = append(c.stack, c.state) }

func (c *canvas) Pop() {
	c.state = c.stack[len(c.stack)-1]
	c.stack = c.stack[:len(c.stack)-1]
}

// Stroke draws along a path.
func (c *canvas) Stroke(p vg.Path) {
	if c.state.width <= 0 {
		return
	}
	fmt.Fprintf(&c.out, `<path d="%s" fill="none" stroke-width="%s"`, c.path(p), decimal(c.state.width))
	if c.state.dashes != "" {
		fmt.Fprintf(&c.out, ` stroke-dasharray="%s"`, c.state.dashes)
	}
	fmt.Fprintf(&c.out, ` style="stroke:%s"/>`+"\n", c.state.ink.css())
}

// Fill tints the inside of a path; what lies below stays visible.
func (c *canvas) Fill(p vg.Path) {
	fmt.Fprintf(&c.out, `<path d="%s" fill-opacity="0.25" style="fill:%s"/>`+"\n", c.path(p), c.state.ink.css())
}

// FillString writes text that begins at a point.
func (c *canvas) FillString(face font.Face, p vg.Point, text string) {
	x, y := c.at(p)
	fmt.Fprintf(&c.out, `<text x="%s" y="%s" font-size="%s"`, decimal(x), decimal(y), decimal(face.Font.Size.Points()))
	if c.state.b != 0 {
		turn := math.Atan2(c.state.b, c.state.a) * 180 / math.Pi
		fmt.Fprintf(&c.out, ` transform="rotate(%s %s %s)"`, decimal(turn), decimal(x), decimal(y))
	}
	fmt.Fprintf(&c.out, ` style="fill:%s">%s</text>`+"\n", c.state.ink.css(), html.EscapeString(text))
}

// DrawImage is refused: charts are made of lines.
func (c *canvas) DrawImage(vg.Rectangle, image.Image) { c.refuse("images") }

func (c *canvas) refuse(what string) {
	if c.err == nil {
		c.err = errors.Errorf("notebook: charts have no %s", what)
	}
}

func (c *canvas) at(p vg.Point) (x, y float64) {
	px, py, s := p.X.Points(), p.Y.Points(), c.state
	return s.a*px + s.c*py + s.e, s.b*px + s.d*py + s.f
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
			c.refuse("curves")
		}
	}
	return d.String()
}

// svg is the drawing, with a name for those who do not see it.
func (c *canvas) svg(name string) string {
	return fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %s %s" role="img" aria-label="%s" stroke-linecap="round" stroke-linejoin="round">`+"\n%s</svg>",
		decimal(c.width), decimal(c.height), html.EscapeString(name), c.out.String())
}

// decimal writes a coordinate to a hundredth of a unit, which no eye can see.
func decimal(v float64) string {
	return strconv.FormatFloat(math.Round(v*100)/100+0, 'f', -1, 64)
}
