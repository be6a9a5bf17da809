package datasets_test

import (
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
)

func TestWindows(t *testing.T) {
	w, err := datasets.Windows(ramp(t, 12), datasets.WindowConfig{
		Columns: []string{"a", "b"}, Targets: []string{"b"}, Steps: 3, Horizon: 2, Stride: 2, Test: 0.25, Dtype: tensor.Float64,
	})
	if err != nil {
		t.Fatal(err)
	}
	// Twelve rows, tested on rows 9, 10 and 11. Windows end at rows 2, 4, 6, 8:
	// the first three forecast up to row 8, the last one rows 9 and 10.
	b := func(i int) float64 { return float64(1000 + i*i) }
	if w.Train.Len() != 3 || w.Validation.Len() != 0 || w.Test.Len() != 1 {
		t.Fatalf("%d, %d and %d windows", w.Train.Len(), w.Validation.Len(), w.Test.Len())
	}
	if d := cmp.Diff(shapes.Shape{3, 2}, w.InputShape()); d != "" {
		t.Error(d)
	}
	x, y := w.Train.X()[0], w.Train.Y()[0]
	want := []float64{0, b(0), 1, b(1), 2, b(2), 2, b(2), 3, b(3), 4, b(4), 4, b(4), 5, b(5), 6, b(6)}
	if !x.Shape().Eq(tensor.Shape{3, 3, 2}) || !slices.Equal(dense.ToFloat64(x), want) {
		t.Errorf("x %v: %v", x.Shape(), dense.ToFloat64(x))
	}
	if !y.Shape().Eq(tensor.Shape{3, 2}) || !slices.Equal(dense.ToFloat64(y), []float64{b(3), b(4), b(5), b(6), b(7), b(8)}) {
		t.Errorf("y %v: %v", y.Shape(), dense.ToFloat64(y))
	}
	if got := dense.ToFloat64(w.Test.X()[0]); !slices.Equal(got, []float64{6, b(6), 7, b(7), 8, b(8)}) {
		t.Errorf("test x %v", got)
	}
	if d := cmp.Diff([][]float64{{b(9)}, {b(10)}}, w.Truth()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([][]float64{{b(8)}, {b(8)}}, w.Persistence()); d != "" {
		t.Error(d)
	}
	newest := w.Newest()
	if len(newest) != 1 || !newest[0].Shape().Eq(tensor.Shape{1, 3, 2}) || !slices.Equal(dense.ToFloat64(newest[0]), []float64{9, b(9), 10, b(10), 11, b(11)}) {
		t.Errorf("newest %v", newest)
	}
}

// The program of the README: the last 372 of 1860 days are tested on.
func TestWindowsOfPrices(t *testing.T) {
	w, err := datasets.Windows(datasets.EUStocks(), datasets.WindowConfig{
		Columns: []string{"DAX"}, Steps: 30, Transform: datasets.LogReturn{}, Test: 0.2,
	})
	if err != nil {
		t.Fatal(err)
	}
	// 31 prices for the first window, then one more to forecast.
	if w.Train.Len() != 1860-372-31 || w.Test.Len() != 372 {
		t.Errorf("%d and %d windows", w.Train.Len(), w.Test.Len())
	}
	x := w.Test.X()
	if len(x) != 1 || x[0].Dtype() != tensor.Float32 || !x[0].Shape().Eq(tensor.Shape{372, 30, 1}) {
		t.Errorf("test inputs %v", x)
	}
	y := dense.ToFloat64(w.Train.Y()[0])
	mean := 0.0
	for _, v := range y {
		mean += v / float64(len(y))
	}
	if math.Abs(mean) > 0.05 {
		t.Errorf("mean of the training targets is %v: not scaled", mean)
	}
}

// naive is a simple reference implementation: it copies windows one by one from the
// transformed columns.
type naive struct{ train, validation, test []window }

type window struct{ x, y []float64 }

func cut(t *rapid.T, s *datasets.Series, c datasets.WindowConfig) naive {
	rows, lag := s.Len(), c.Transform.Lag()
	testFrom := int(math.Floor(float64(rows)*(1-c.Test) + 1e-6))
	trainTo := int(math.Floor(float64(rows)*(1-c.Test-c.Validation) + 1e-6))
	type span struct{ end, lastTarget int }
	var spans []span
	for end := lag + c.Steps - 1; end+c.Horizon < rows; end += c.Stride {
		spans = append(spans, span{end, end + c.Horizon})
	}
	fitTo := 0
	for _, p := range spans {
		if p.lastTarget < trainTo {
			fitTo = p.lastTarget + 1
		}
	}
	table := func(name string) []float64 {
		v, err := s.Column(name)
		if err != nil {
			t.Fatal(err)
		}
		fit, err := c.Transform.Fit(v[:fitTo])
		if err != nil {
			t.Skip("does not vary")
		}
		out := make([]float64, rows)
		for i := lag; i < rows; i++ {
			out[i] = fit.Do(v[i-lag], v[i])
		}
		return out
	}
	var n naive
	for _, p := range spans {
		var w window
		for r := p.end - c.Steps + 1; r <= p.end; r++ {
			for _, name := range c.Columns {
				w.x = append(w.x, table(name)[r])
			}
		}
		for r := p.end + 1; r <= p.lastTarget; r++ {
			for _, name := range c.Targets {
				w.y = append(w.y, table(name)[r])
			}
		}
		switch first := p.end + 1; {
		case p.lastTarget < trainTo:
			n.train = append(n.train, w)
		case first >= testFrom:
			n.test = append(n.test, w)
		case first >= trainTo && p.lastTarget < testFrom:
			n.validation = append(n.validation, w)
		}
	}
	return n
}

func drawWindows(t *rapid.T) (*datasets.Series, datasets.WindowConfig) {
	rows := rapid.IntRange(8, 40).Draw(t, "rows")
	names := []string{"a", "b", "c"}[:rapid.IntRange(1, 3).Draw(t, "columns")]
	columns := make([][]float64, len(names))
	for i := range columns {
		columns[i] = rapid.SliceOfN(rapid.Float64Range(1, 100), rows, rows).Draw(t, names[i])
	}
	s, err := datasets.FromColumns("drawn", names, columns)
	if err != nil {
		t.Fatal(err)
	}
	subset := func(label string) []string {
		p := rapid.Permutation(names).Draw(t, label)
		return p[:rapid.IntRange(1, len(p)).Draw(t, label+" count")]
	}
	return s, datasets.WindowConfig{
		Columns: subset("inputs"), Targets: subset("targets"), Transform: drawTransform(t), Dtype: tensor.Float64,
		Steps:      rapid.IntRange(1, 6).Draw(t, "steps"),
		Horizon:    rapid.IntRange(1, 4).Draw(t, "horizon"),
		Stride:     rapid.IntRange(1, 4).Draw(t, "stride"),
		Test:       rapid.SampledFrom([]float64{0, 0.1, 0.2, 0.4}).Draw(t, "test"),
		Validation: rapid.SampledFrom([]float64{0, 0.1, 0.3}).Draw(t, "validation"),
	}
}

func TestWindowsAgreeWithNaive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawWindows(t)
		want := cut(t, s, c)
		w, err := datasets.Windows(s, c)
		if err != nil {
			if len(want.train) > 0 && (c.Validation == 0 || len(want.validation) > 0) && (c.Test == 0 || len(want.test) > 0) {
				t.Fatalf("%v, though no part is empty", err)
			}
			return
		}
		for _, part := range []struct {
			name string
			got  *datasets.Samples
			want []window
		}{{"train", w.Train, want.train}, {"validation", w.Validation, want.validation}, {"test", w.Test, want.test}} {
			if part.got.Len() != len(part.want) {
				t.Fatalf("%s: %d windows, want %d", part.name, part.got.Len(), len(part.want))
			}
			if part.got.Len() == 0 {
				continue
			}
			rows := rapid.Permutation(upTo(part.got.Len())).Draw(t, "order")
			var b datasets.Batch
			if err := part.got.Gather(rows, &b); err != nil {
				t.Fatal(err)
			}
			x, err := datasets.Rows(b.Inputs[0])
			if err != nil {
				t.Fatal(err)
			}
			y, err := datasets.Rows(b.Targets[0])
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range rows {
				if !slices.Equal(x[i], part.want[row].x) || !slices.Equal(y[i], part.want[row].y) {
					t.Fatalf("%s %d: %v → %v, want %v", part.name, row, x[i], y[i], part.want[row])
				}
			}
		}
	})
}

// Changes to the values of the test part leave the training and validation parts
// identical, bit by bit.
func TestWindowsDoNotLeak(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, c := drawWindows(t)
		c.Test = 0.2
		before, err := datasets.Windows(s, c)
		if err != nil {
			t.Skip(err)
		}
		from := int(math.Floor(float64(s.Len())*0.8 + 1e-6))
		for _, column := range s.Values {
			for i := from; i < len(column); i++ {
				column[i] *= 1000
			}
		}
		after, err := datasets.Windows(s, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, pair := range [][2]*datasets.Samples{{before.Train, after.Train}, {before.Validation, after.Validation}} {
			if pair[0].Len() != pair[1].Len() {
				t.Fatal("other windows")
			}
			if pair[0].Len() == 0 {
				continue
			}
			if !slices.Equal(pair[0].X()[0].Float64s(), pair[1].X()[0].Float64s()) || !slices.Equal(pair[0].Y()[0].Float64s(), pair[1].Y()[0].Float64s()) {
				t.Fatal("test values influence training or validation windows")
			}
		}
		if slices.EqualFunc(before.Truth(), after.Truth(), slices.Equal) {
			t.Fatal("the test part has not changed")
		}
	})
}

func upTo(n int) []int {
	rows := make([]int, n)
	for i := range rows {
		rows[i] = i
	}
	return rows
}

// Gathering allocates only the batch, for windows of any length.
func TestWindowsAreViews(t *testing.T) {
	s := datasets.FromSlice("long", make([]float64, 200_000))
	for i := range s.Values[0] {
		s.Values[0][i] = math.Sin(float64(i))
	}
	w, err := datasets.Windows(s, datasets.WindowConfig{Steps: 50_000, Test: 0.2}) // 10¹⁰ numbers in all windows
	if err != nil {
		t.Fatal(err)
	}
	if w.Train.X() != nil || w.Train.Y() != nil {
		t.Error("a tensor above the size limit")
	}
	var b datasets.Batch
	if err := w.Train.Gather([]int{0, w.Train.Len() - 1}, &b); err != nil {
		t.Fatal(err)
	}
	if got, want := b.Inputs[0].Float32s()[50_000], float32(s.Values[0][w.Train.Len()-1]); got != want {
		t.Errorf("the last window begins with %v, want %v", got, want)
	}
	many := make([]int, 50_000)
	errtest.Check(t, w.Train.Gather(many, &b), errs.Error{Field: "rows", Value: 50000})
}
