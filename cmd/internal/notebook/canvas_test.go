package notebook

import (
	"image"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestCanvasStroke(t *testing.T) {
	c := newCanvas(10, 10)
	path := vg.Path{}
	path.Move(vg.Point{X: 1, Y: 1})
	path.Line(vg.Point{X: 2.005, Y: 10})
	path.Close()
	c.SetLineWidth(0)
	c.Stroke(path)
	if c.out.Len() != 0 {
		t.Errorf("a line without width drew %s", c.out.String())
	}
	c.SetLineWidth(1.5)
	c.SetLineDash([]vg.Length{5, 4}, 0)
	c.SetColor(seriesColors[1])
	c.Stroke(path)
	want := `<path d="M1 9L2.01 0Z" fill="none" stroke-width="1.5" stroke-dasharray="5 4" style="stroke:var(--series-2,#d55e00)"/>` + "\n"
	if got := c.out.String(); got != want && got != strings.Replace(want, "2.01", "2", 1) {
		t.Errorf("got %s", got)
	}
}

func TestCanvasUnsupported(t *testing.T) {
	c := newCanvas(10, 10)
	var arc vg.Path
	arc.Arc(vg.Point{}, 1, 0, 1)
	c.Stroke(arc)
	if c.err == nil || !strings.Contains(c.err.Error(), "curves are not supported") {
		t.Error(c.err)
	}
	for what, do := range map[string]func(*canvas){
		"images":       func(c *canvas) { c.DrawImage(vg.Rectangle{}, image.NewGray(image.Rect(0, 0, 1, 1))) },
		"rotations":    func(c *canvas) { c.Rotate(1) },
		"translations": func(c *canvas) { c.Translate(vg.Point{X: 1}) },
		"scales":       func(c *canvas) { c.Scale(2, 2) },
	} {
		c := newCanvas(10, 10)
		if do(c); c.err == nil || !strings.Contains(c.err.Error(), what+" are not supported") {
			t.Error(c.err)
		}
	}
}

// The page defines every colour for its light and dark mode.
func TestColorsOfPage(t *testing.T) {
	page, err := pageFile.ReadFile("page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range append([]themeColor{textColor, gridColor}, seriesColors...) {
		if !strings.Contains(string(page), "--"+i.name+": "+i.light+";") || strings.Count(string(page), "--"+i.name+":") != 2 {
			t.Errorf("page and canvas differ in %v", i)
		}
	}
}
