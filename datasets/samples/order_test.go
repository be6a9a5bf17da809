package samples_test

import (
	"slices"
	"testing"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// descending are samples that come in descending order.
type descending struct{ *samples.Samples }

func (descending) Order(order []int, batch int) []int {
	slices.Sort(order)
	slices.Reverse(order)
	return order
}

// lossy are samples that lose one.
type lossy struct{ *samples.Samples }

func (lossy) Order(order []int, batch int) []int { return order[1:] }

// Data choose their order, and so do a part of them and the same data with weights.
func TestOrder(t *testing.T) {
	plain := samplesOf(t, 6)
	chosen := samples.Data(descending{plain})
	part := func(data samples.Data) samples.Data {
		sub, err := samples.Subset(data, 2, 5)
		if err != nil {
			t.Fatal(err)
		}
		weighed, err := samples.Weigh(sub, tensor.New(tensor.WithShape(3), tensor.WithBacking([]float32{1, 1, 1})))
		if err != nil {
			t.Fatal(err)
		}
		return weighed
	}
	for _, c := range []struct {
		name        string
		data        samples.Data
		order, want []int
	}{
		{"plain", plain, []int{3, 1, 5, 0, 2, 4}, []int{3, 1, 5, 0, 2, 4}},
		{"chosen", chosen, []int{3, 1, 5, 0, 2, 4}, []int{5, 4, 3, 2, 1, 0}},
		{"part of plain", part(plain), []int{1, 2, 0}, []int{1, 2, 0}},
		{"part of chosen", part(chosen), []int{1, 2, 0}, []int{2, 1, 0}},
	} {
		given := slices.Clone(c.order)
		got, err := samples.Order(c.data, given, 2)
		if err != nil || !slices.Equal(got, c.want) || !slices.Equal(given, c.order) {
			t.Errorf("%s: %v, want %v, given %v, error %v", c.name, got, c.want, given, err)
		}
	}
	for _, data := range []samples.Data{lossy{plain}, part(lossy{plain})} {
		_, err := samples.Order(data, []int{0, 1, 2}, 2)
		errtest.Check(t, err, errs.Error{Field: "Order", Value: "2 samples"})
	}
	errtest.Check(t, samples.CheckRows([]int{0, 3}, 3), errs.Error{Field: "rows[1]", Value: 3})
}
