package models

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/engram-go/engram/graph"
	"github.com/pkg/errors"
)

// Sizes in a drawing, in pixels.
const (
	charWidth   = 7.3 // of a monospaced font of 12 pixels
	lineHeight  = 16
	boxPadding  = 10
	boxGap      = 24
	rowGap      = 44
	margin      = 16
	boxText     = 36 // characters of a line
	maxVertices = 20_000
)

const svgStyle = `text{font:12px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1b1f24;text-anchor:middle}` +
	`.name{font-weight:bold}.port{font-size:10px;fill:#57606a;text-anchor:start}` +
	`rect{fill:#f6f8fa;stroke:#57606a}.input{fill:#ddf4ff}.model{fill:#dafbe1}.output{stroke-width:2.5}.again{stroke-dasharray:4 3}` +
	`path{fill:none;stroke:#57606a}`

// WriteSVG draws the model from its inputs, at the top, to its outputs, whose
// boxes have a thick border. A box is a call of a layer and shows the shapes that
// it returns; further calls of a layer have a dashed border. A model in the model
// is one box. Lines from a layer with several outputs are numbered.
func (m *Model) WriteSVG(w io.Writer) error {
	if err := m.Build(); err != nil {
		return err
	}
	if w == nil {
		return graph.Error{Path: m.cfg.Name, Field: "writer", Rule: "must not be nil"}
	}
	boxes := m.boxes()
	widths, from := make([]float64, len(boxes)), make([][]int, len(boxes))
	for i, b := range boxes {
		widths[i] = b.width()
		for _, r := range m.calls[i].from {
			from[i] = append(from[i], r.call)
		}
	}
	l, ok := newLayout(widths, from, boxGap, maxVertices)
	if !ok {
		return graph.Error{Path: m.cfg.Name, Field: "model", Rule: "must be small enough to be drawn", Value: len(boxes)}
	}
	d := drawing{layout: l, model: m, boxes: boxes}
	_, err := w.Write(d.draw())
	return errors.Wrap(err, m.cfg.Name+": drawing")
}

// box is a call in a drawing.
type box struct {
	class string // of its style
	lines []string
}

func (b box) width() float64 {
	n := 0
	for _, line := range b.lines {
		n = max(n, utf8.RuneCountInString(line))
	}
	return float64(n)*charWidth + 2*boxPadding
}

func (b box) height() float64 { return float64(len(b.lines))*lineHeight + 2*boxPadding }

func (m *Model) boxes() []box {
	out := make([]box, len(m.calls))
	seen := map[string]bool{}
	for i, c := range m.calls {
		b := box{lines: []string{clip(c.name), clip(c.class())}}
		for _, s := range c.shapes {
			b.lines = append(b.lines, clip(s.String()))
		}
		switch {
		case c.isInput():
			b.class = "input"
		case c.model != nil:
			b.class = "model"
		}
		if seen[c.name] {
			b.class += " again"
		}
		seen[c.name] = true
		out[i] = b
	}
	for _, r := range m.body.outputs(m.calls) {
		if b := &out[r.call]; !strings.Contains(b.class, "output") {
			b.class += " output"
		}
	}
	return out
}

// clip shortens a line to the width of a box.
func clip(s string) string {
	if r := []rune(s); len(r) > boxText {
		return string(r[:boxText-1]) + "…"
	}
	return s
}

// drawing writes the SVG text of a model.
type drawing struct {
	*layout
	bytes.Buffer
	model   *Model
	boxes   []box
	tops    []float64 // of the rows
	heights []float64
}

func (d *drawing) draw() []byte {
	width, y := 0.0, float64(margin)
	for _, row := range d.rows {
		height := 0.0
		for _, i := range row {
			width = max(width, d.vertices[i].x+d.vertices[i].width/2)
			if i < len(d.boxes) {
				height = max(height, d.boxes[i].height())
			}
		}
		d.tops, d.heights = append(d.tops, y), append(d.heights, height)
		y += height + rowGap
	}
	w, h := width+2*margin, y-rowGap+margin
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" role="img">`+"\n", w, h, w, h)
	fmt.Fprintf(d, "<title>%s</title>\n<style>%s</style>\n", escape(d.model.cfg.Name), svgStyle)
	fmt.Fprintf(d, `<rect width="%.0f" height="%.0f" style="fill:#fff;stroke:none"/>`+"\n", w, h)
	for i := range d.boxes {
		d.lines(i)
	}
	for i := range d.boxes {
		d.box(i)
	}
	d.WriteString("</svg>\n")
	return d.Bytes()
}

func (d *drawing) box(i int) {
	b, s := d.boxes[i], d.vertices[i]
	x, y := s.x+margin, d.tops[s.row]
	fmt.Fprintf(d, `<rect class="%s" x="%.1f" y="%.1f" width="%.1f" height="%.1f" rx="5"/>`+"\n",
		strings.TrimSpace(b.class), x-s.width/2, y, s.width, b.height())
	for k, line := range b.lines {
		class := ""
		if k == 0 {
			class = ` class="name"`
		}
		fmt.Fprintf(d, `<text%s x="%.1f" y="%.1f">%s</text>`+"\n", class, x, y+boxPadding+12+float64(k*lineHeight), escape(line))
	}
}

// lines draws the lines to box i from above.
func (d *drawing) lines(i int) {
	s := d.vertices[i]
	inOrder := slices.Clone(s.up) // by their last points, so that the lines do not cross
	slices.SortStableFunc(inOrder, func(a, b int) int { return cmp.Compare(d.vertices[a].x, d.vertices[b].x) })
	ports := map[string]bool{}
	for k, r := range d.model.calls[i].from {
		from := d.vertices[r.call]
		x, y := from.x+margin, d.tops[from.row]+d.boxes[r.call].height()
		if n := len(d.model.calls[r.call].shapes); n > 1 { // in the order of the outputs
			x += (float64(r.output+1)/float64(n+1) - 0.5) * from.width
			if port := fmt.Sprintf(`<text class="port" x="%.1f" y="%.1f">%d</text>`+"\n", x+4, y+11, r.output); !ports[port] {
				d.WriteString(port)
				ports[port] = true
			}
		}
		fmt.Fprintf(d, `<path d="M%.1f %.1f`, x, y)
		curve := func(toX, toY float64) {
			half := (toY - y) / 2
			fmt.Fprintf(d, "C%.1f %.1f %.1f %.1f %.1f %.1f", x, y+half, toX, toY-half, toX, toY)
			x, y = toX, toY
		}
		for _, p := range d.points(s.up[k]) {
			curve(d.vertices[p].x+margin, d.tops[d.vertices[p].row])
			y += d.heights[d.vertices[p].row]
			fmt.Fprintf(d, "V%.1f", y)
		}
		end := slices.Index(inOrder, s.up[k])
		inOrder[end] = -1 // one box may have two lines
		curve(s.x+margin+s.width/4*(float64(2*end+1)/float64(len(s.up))-1), d.tops[s.row])
		d.WriteString(`m-4 -7l4 7l4 -7"/>` + "\n")
	}
}

// points are the vertices that a line crosses down to a vertex, which is the last
// of them; none for a box.
func (d *drawing) points(at int) (down []int) {
	for ; at >= len(d.boxes); at = d.vertices[at].up[0] {
		down = append(down, at)
	}
	slices.Reverse(down)
	return down
}

func escape(s string) string {
	var b bytes.Buffer
	if err := xml.EscapeText(&b, []byte(s)); err != nil { // never by a buffer
		return ""
	}
	return b.String()
}
