package text

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
)

// The numbers are those of Keras' pad_sequences in testdata/text.py.
func TestPadGolden(t *testing.T) {
	for _, c := range readGolden(t).Pad {
		for _, dtype := range []tensor.Dtype{{}, tensor.Float64} {
			x, err := Pad(c.Sequences, Padding{Length: c.Length, Padding: c.Padding, Truncating: c.Truncating, Value: c.Value, Dtype: dtype})
			check(t, err)
			if d := cmp.Diff(c.Output, rows(t, x)); d != "" {
				t.Errorf("length %d, padding %s, truncating %s: %s", c.Length, c.Padding, c.Truncating, d)
			}
		}
	}
	x, err := Pad([][]int{{1}, {2, 3}, {4, 5, 6}}, Padding{Length: 2})
	check(t, err)
	if d := cmp.Diff([][]float64{{0, 1}, {2, 3}, {5, 6}}, rows(t, x)); d != "" || x.Dtype() != tensor.Float32 {
		t.Errorf("%s, dtype %v", d, x.Dtype())
	}
}

func TestPadErrors(t *testing.T) {
	for _, c := range []struct {
		sequences [][]int
		padding   Padding
		want      errs.Error
	}{
		{nil, Padding{}, errs.Error{Field: "sequences"}},
		{[][]int{{}, {}}, Padding{}, errs.Error{Field: "sequences"}},
		{[][]int{{1}, {1, 1<<24 + 1}}, Padding{}, errs.Error{Field: "sequences[1][1]", Value: 1<<24 + 1}},
		{[][]int{{-1<<24 - 1}}, Padding{}, errs.Error{Field: "sequences[0][0]", Value: -1<<24 - 1}},
		{[][]int{{1}}, Padding{Length: -1}, errs.Error{Field: "Padding.Length", Value: -1}},
		{[][]int{{1}, {2}}, Padding{Length: shapes.MaxElements}, errs.Error{Field: "sequences", Value: 2}},
		{[][]int{{1}}, Padding{Padding: "left"}, errs.Error{Field: "Padding.Padding", Value: "left"}},
		{[][]int{{1}}, Padding{Truncating: "right"}, errs.Error{Field: "Padding.Truncating", Value: "right"}},
		{[][]int{{1}}, Padding{Value: 1<<24 + 1}, errs.Error{Field: "Padding.Value", Value: 1<<24 + 1}},
		{[][]int{{1}}, Padding{Dtype: tensor.Int}, errs.Error{Field: "Padding.Dtype", Value: "int"}},
	} {
		_, err := Pad(c.sequences, c.padding)
		errtest.Check(t, err, c.want)
	}
	if _, err := Pad([][]int{{1<<24 + 1}}, Padding{Dtype: tensor.Float64}); err != nil {
		t.Error(err)
	}
}
