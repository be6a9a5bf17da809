package samples_test

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"
	"pgregory.net/rapid"

	"math"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
)

func TestGather(t *testing.T) {
	s, err := samples.FromSlices([][]float64{{1, 2}, {3, 4}, {5, 6}}, [][]float64{{10}, {20}, {30}}, tensor.Float64)
	if err != nil {
		t.Fatal(err)
	}
	batch := samples.Batch{Weights: []*tensor.Dense{dense.Of([]float64{1, 1}, 2)}}
	if err := s.Gather([]int{2, 0, 2}, &batch); err != nil {
		t.Fatal(err)
	}
	x, y := batch.Inputs[0], batch.Targets[0]
	if !slices.Equal(dense.ToFloat64(x), []float64{5, 6, 1, 2, 5, 6}) || !slices.Equal(dense.ToFloat64(y), []float64{30, 10, 30}) {
		t.Errorf("x %v, y %v", x, y)
	}
	if !x.Shape().Eq(tensor.Shape{3, 2}) || !y.Shape().Eq(tensor.Shape{3, 1}) || batch.Weights != nil {
		t.Errorf("x %v, y %v, weights %v", x.Shape(), y.Shape(), batch.Weights)
	}

	// Tensors of the right shape are reused; others are replaced and not written to.
	if err := s.Gather([]int{1, 1, 1}, &batch); err != nil || batch.Inputs[0] != x || batch.Targets[0] != y {
		t.Errorf("new tensors for the same shapes, error %v", err)
	}
	if !slices.Equal(dense.ToFloat64(x), []float64{3, 4, 3, 4, 3, 4}) {
		t.Errorf("x %v", x)
	}
	unfit := map[string]*tensor.Dense{
		"another size":  dense.Of([]float64{0, 0, 0, 0}, 2, 2),
		"another rank":  dense.Of([]float64{0, 0, 0, 0, 0, 0}, 6),
		"another dtype": tensor.New(tensor.WithShape(3, 2), tensor.Of(tensor.Float32)),
		"a view":        sliced(t, dense.Of(make([]float64, 9), 3, 3), nil, tensor.S(0, 2)),
		"transposed":    transposed(t, dense.Of(make([]float64, 6), 2, 3)),
		"column-major":  tensor.New(tensor.WithShape(3, 2), tensor.AsFortran(make([]float64, 6))),
		"none":          nil,
	}
	for name, into := range unfit {
		batch := samples.Batch{Inputs: []*tensor.Dense{into, x, x}}
		if err := s.Gather([]int{0, 1, 2}, &batch); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if batch.Inputs[0] == into || len(batch.Inputs) != 1 || !slices.Equal(dense.ToFloat64(batch.Inputs[0]), []float64{1, 2, 3, 4, 5, 6}) {
			t.Errorf("%s: %v", name, batch.Inputs)
		}
	}

	for _, c := range []struct {
		rows []int
		want errs.Error
	}{
		{nil, errs.Error{Field: "rows"}},
		{[]int{0, 3}, errs.Error{Field: "rows[1]", Value: 3}},
		{[]int{-1}, errs.Error{Field: "rows[0]", Value: -1}},
	} {
		before := dense.ToFloat64(x)
		errtest.Check(t, s.Gather(c.rows, &batch), c.want)
		if !slices.Equal(dense.ToFloat64(x), before) {
			t.Errorf("an error changed the batch")
		}
	}
	errtest.Check(t, s.Gather([]int{0}, nil), errs.Error{Field: "into"})
}

// The cores share a large batch.
func TestGatherLarge(t *testing.T) {
	const rows, size = 7, 50_001
	x, y := dense.New(tensor.Float32, shapes.Shape{rows, size}), dense.New(tensor.Float32, shapes.Shape{rows, 1})
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i)
	}
	s, err := samples.FromTensors([]*tensor.Dense{x}, []*tensor.Dense{y})
	if err != nil {
		t.Fatal(err)
	}
	var batch samples.Batch
	order := []int{6, 0, 3, 3, 1}
	if err := s.Gather(order, &batch); err != nil {
		t.Fatal(err)
	}
	for i, row := range order {
		if !slices.Equal(batch.Inputs[0].Float32s()[i*size:(i+1)*size], x.Float32s()[row*size:(row+1)*size]) {
			t.Errorf("sample %d is not row %d", i, row)
		}
	}
}

func TestSamplesZero(t *testing.T) {
	var s samples.Samples
	if s.Len() != 0 || s.X() != nil || s.Y() != nil {
		t.Errorf("zero samples: %d, %v, %v", s.Len(), s.X(), s.Y())
	}
	errtest.Check(t, s.Gather([]int{0}, new(samples.Batch)), errs.Error{Field: "rows[0]"})
}

func TestSubsetAndSplit(t *testing.T) {
	rows := make([][]float64, 10)
	for i := range rows {
		rows[i] = []float64{float64(i)}
	}
	s, err := samples.FromSlices(rows, rows, tensor.Dtype{})
	if err != nil {
		t.Fatal(err)
	}
	at := func(data samples.Data, rows ...int) []float64 {
		var b samples.Batch
		if err := data.Gather(rows, &b); err != nil {
			t.Fatal(err)
		}
		return dense.ToFloat64(b.Inputs[0])
	}
	part, err := samples.Subset(s, 3, 6)
	if err != nil || part.Len() != 3 || !slices.Equal(at(part, 2, 0), []float64{5, 3}) {
		t.Errorf("subset of %v, error %v", part, err)
	}
	part, err = samples.Subset(part, 1, 3)
	if err != nil || part.Len() != 2 || !slices.Equal(at(part, 0, 1), []float64{4, 5}) {
		t.Errorf("subset of a subset: %v, error %v", part, err)
	}
	errtest.Check(t, part.Gather([]int{2}, new(samples.Batch)), errs.Error{Field: "rows[0]", Value: 2})
	errtest.Check(t, part.Gather([]int{-1}, new(samples.Batch)), errs.Error{Field: "rows[0]", Value: -1})

	for _, r := range [][2]int{{-1, 2}, {0, 11}, {4, 4}, {5, 4}} {
		_, err := samples.Subset(s, r[0], r[1])
		errtest.Check(t, err, errs.Error{Field: "range"})
	}
	_, err = samples.Subset(nil, 0, 1)
	errtest.Check(t, err, errs.Error{Field: "data"})
	_, _, err = samples.Split(nil, 0.5)
	errtest.Check(t, err, errs.Error{Field: "data"})

	// Sizes of Keras' validation_split, except for 0.9, where Keras drops a sample by
	// rounding.
	for fraction, head := range map[float64]int{0.2: 8, 0.25: 7, 0.1: 9, 0.9: 1, 0.01: 9} {
		a, b, err := samples.Split(s, fraction)
		if err != nil || a.Len() != head || b.Len() != 10-head || at(b, 0)[0] != float64(head) || at(a, 0)[0] != 0 {
			t.Errorf("split at %v: %v and %v, error %v", fraction, a, b, err)
		}
	}
	nan := 0.0
	for _, fraction := range []float64{0, 1, -0.1, 2, nan / nan} {
		_, _, err := samples.Split(s, fraction)
		errtest.Check(t, err, errs.Error{Field: "fraction"})
	}
	_, _, err = samples.Split(s, 0.99)
	errtest.Check(t, err, errs.Error{Field: "fraction", Value: 0.99})
	_, _, err = samples.Split(new(samples.Samples), 0.5)
	errtest.Check(t, err, errs.Error{Field: "fraction", Value: 0.5})
}

// Gathered rows are the rows of X and Y.
func TestGatherAgreesWithX(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, width := rapid.IntRange(1, 6).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "width")
		x := make([][]float64, n)
		for i := range x {
			x[i] = rapid.SliceOfN(rapid.Float64Range(-5, 5), width, width).Draw(t, "row")
		}
		s, err := samples.FromSlices(x, x, tensor.Float64)
		if err != nil {
			t.Fatal(err)
		}
		rows := rapid.SliceOfN(rapid.IntRange(0, n-1), 1, 8).Draw(t, "rows")
		var b samples.Batch
		if err := s.Gather(rows, &b); err != nil {
			t.Fatal(err)
		}
		got, err := samples.Rows(b.Inputs[0])
		if err != nil {
			t.Fatal(err)
		}
		all, err := samples.Rows(s.X()[0])
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range rows {
			if !slices.Equal(got[i], x[row]) || !slices.Equal(all[row], x[row]) {
				t.Fatalf("row %d: %v and %v, want %v", row, got[i], all[row], x[row])
			}
		}
	})
}

// Views may overlap. They are read in row-major order for any strides.
func TestFromViews(t *testing.T) {
	rows := count(6, 2)                   // 0 1 … 11
	columns := transposed(t, count(2, 6)) // [6, 2]: 0 6 1 7 …
	for _, c := range []struct {
		n    int
		view samples.View
		want []float64
	}{
		{1, samples.View{Data: rows, Shape: shapes.Shape{12}}, dense.ToFloat64(rows)},
		{1, samples.View{Data: rows, First: 11, Step: 100, Shape: shapes.Shape{1}}, []float64{11}},
		{3, samples.View{Data: rows, Step: 2, Shape: shapes.Shape{2, 2}}, []float64{0, 1, 2, 3, 2, 3, 4, 5, 4, 5, 6, 7}},
		{2, samples.View{Data: rows, First: 7, Step: 4, Shape: shapes.Shape{1}}, []float64{7, 11}},
		{2, samples.View{Data: rows, First: 3, Shape: shapes.Shape{2}}, []float64{3, 4, 3, 4}},
		{2, samples.View{Data: columns, Step: 2, Shape: shapes.Shape{2, 2}}, []float64{0, 6, 1, 7, 1, 7, 2, 8}},
	} {
		s, err := samples.FromViews(c.n, []samples.View{c.view}, []samples.View{c.view})
		if err != nil {
			t.Errorf("%d of %+v: %v", c.n, c.view, err)
			continue
		}
		x := s.X()[0]
		shape := append(tensor.Shape{c.n}, c.view.Shape...)
		if s.Len() != c.n || !x.Shape().Eq(shape) || !slices.Equal(dense.ToFloat64(x), c.want) || !slices.Equal(dense.ToFloat64(s.Y()[0]), c.want) {
			t.Errorf("%d of %+v: %v %v, want %v", c.n, c.view, x.Shape(), x, c.want)
		}
	}
}

func TestFromViewsErrors(t *testing.T) {
	x := count(4, 3)
	bad := count(2, 3)
	bad.Float64s()[4] = math.Inf(1)
	fine := samples.View{Data: x, Step: 3, Shape: shapes.Shape{3}}
	change := func(f func(v *samples.View)) []samples.View {
		v := fine
		f(&v)
		return []samples.View{v}
	}
	for name, c := range map[string]struct {
		n               int
		inputs, targets []samples.View
		want            errs.Error
	}{
		"no samples":       {0, []samples.View{fine}, nil, errs.Error{Field: "samples", Value: 0}},
		"no inputs":        {4, nil, []samples.View{fine}, errs.Error{Field: "inputs"}},
		"nil":              {4, change(func(v *samples.View) { v.Data = nil }), nil, errs.Error{Path: "inputs[0]", Field: "tensor"}},
		"infinity":         {1, []samples.View{fine}, change(func(v *samples.View) { v.Data = bad }), errs.Error{Path: "targets[0]", Field: "element [1, 1]", Kind: errs.ErrNotFinite}},
		"another dtype":    {1, []samples.View{fine}, change(func(v *samples.View) { v.Data = tensor.New(tensor.WithShape(3), tensor.Of(tensor.Float32)) }), errs.Error{Path: "targets[0]", Field: "dtype", Value: tensor.Float32}},
		"bad shape":        {4, change(func(v *samples.View) { v.Shape = shapes.Shape{3, 0} }), nil, errs.Error{Path: "inputs[0]", Field: "axis 1 of shape [3, 0]", Value: 0}},
		"open axis":        {4, change(func(v *samples.View) { v.Shape = shapes.Shape{shapes.Any} }), nil, errs.Error{Path: "inputs[0]", Field: "View.Shape"}},
		"before the start": {4, change(func(v *samples.View) { v.First = -1 }), nil, errs.Error{Path: "inputs[0]", Field: "View.First", Value: -1}},
		"too large":        {1, change(func(v *samples.View) { v.Shape = shapes.Shape{13} }), nil, errs.Error{Path: "inputs[0]", Field: "View.First", Value: 0}},
		"too late":         {1, change(func(v *samples.View) { v.First = 10 }), nil, errs.Error{Path: "inputs[0]", Field: "View.First", Value: 10}},
		"too many":         {5, []samples.View{fine}, nil, errs.Error{Path: "inputs[0]", Field: "View.Step", Value: 3}},
		"backwards":        {4, change(func(v *samples.View) { v.Step = -1 }), nil, errs.Error{Path: "inputs[0]", Field: "View.Step", Value: -1}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := samples.FromViews(c.n, c.inputs, c.targets)
			errtest.Check(t, err, c.want)
		})
	}
}

func TestBorder(t *testing.T) {
	for _, c := range []struct {
		n        int
		fraction float64
		want     int
	}{{10, 0.9, 1}, {10, 0.2, 8}, {10, 0.25, 7}, {1860, 0.2, 1488}, {3, 0, 3}} {
		if got := samples.Border(c.n, c.fraction); got != c.want {
			t.Errorf("the last %v of %d begin at %d, want %d", c.fraction, c.n, got, c.want)
		}
	}
}
