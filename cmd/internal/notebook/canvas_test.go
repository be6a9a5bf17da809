package notebook

import (
	"image"
	"math"
	"strings"
	"testing"

	"gonum.org/v1/plot/vg"
)

func TestCanvasTransforms(t *testing.T) {
	c := newCanvas(100, 50)
	check := func(px, py, wantX, wantY float64) {
		t.Helper()
		x, y := c.at(vg.Point{X: vg.Length(px), Y: vg.Length(py)})
		if math.Abs(x-wantX) > 1e-9 || math.Abs(y-wantY) > 1e-9 {
			t.Errorf("(%v, %v) is drawn at (%v, %v), want (%v, %v)", px, py, x, y, wantX, wantY)
		}
	}
	check(0, 0, 0, 50)
	check(10, 20, 10, 30)
	c.Push()
	c.Translate(vg.Point{X: 10, Y: 10})
	check(1, 2, 11, 38)
	c.Rotate(math.Pi / 2) // x now points up, y to the left
	check(5, 2, 8, 35)
	c.Scale(2, 3)
	check(5, 2, 4, 30)
	c.Pop()
	check(10, 20, 10, 30)
	if w, h := c.Size(); w != 100 || h != 50 {
		t.Errorf("size %v, %v", w, h)
	}
}

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
	c = newCanvas(10, 10)
	c.DrawImage(vg.Rectangle{}, image.NewGray(image.Rect(0, 0, 1, 1)))
	if c.err == nil || !strings.Contains(c.err.Error(), "images are not supported") {
		t.Error(c.err)
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
