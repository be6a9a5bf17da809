package notebook

import (
	"testing"

	"pgregory.net/rapid"
)

// A chart of characters has the curves at their places, the later ones on top.
func TestPlainChart(t *testing.T) {
	f, err := LineChart{Title: "Two lines", X: "step", Y: "metres", Series: []Series{
		{Name: "naive", Y: []float64{0, 0, 0, 0}},
		{Name: "model", X: []float64{1, 2, 4}, Y: []float64{0, 10, 0}},
	}}.figure()
	if err != nil {
		t.Fatal(err)
	}
	want := `
Two lines
o naive, * model
metres
10 +            **
   |           *  **
 8 +          *     **
   |         *        **
 6 +        *           **
   |      **              **
   |     *                  **
 4 +    *                     **
   |   *                        **
 2 +  *                           **
   | *                              **
 0 +*ooooooooooooooooooooooooooooooooo**
   ++-----------+----------+-----------+
    1           2          3           4
    step`
	if got := f.text(40); got != want[1:] {
		t.Errorf("got\n%s", got)
	}
}

// Any chart fits the page and the terminal.
func TestChartFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.SampledFrom([]float64{1e-3, 2, 5000, 1e6, 1e20, maxSize})
		values := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) float64 {
			end := size.Draw(t, "size")
			return rapid.Float64Range(-end, end).Draw(t, "value")
		}), 1, 30)
		c := LineChart{Title: rapid.StringMatching(`[a-z ]{1,90}[a-z]`).Draw(t, "title"), X: "x", Y: "y"}
		for i := range rapid.IntRange(1, maxSeries).Draw(t, "series") {
			c.Series = append(c.Series, Series{Name: string(rune('a' + i)), Y: values.Draw(t, "values")})
			if rapid.Bool().Draw(t, "with x") {
				c.Series[i].X = values.Draw(t, "x")
				n := min(len(c.Series[i].X), len(c.Series[i].Y))
				c.Series[i].X, c.Series[i].Y = c.Series[i].X[:n], c.Series[i].Y[:n]
			}
		}
		f, err := c.figure()
		if err != nil {
			t.Fatal(err)
		}
		width := rapid.IntRange(leastWidth, mostWidth).Draw(t, "width")
		checkWidth(t, f.text(width), width)
		checkLabelsApart(t, f)
	})
}
