package samples_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets/samples"
	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"
)

// numbered are the samples 0, 1, … n−1.
func numbered(n int) samples.Data {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	d, err := samples.FromTensors([]*tensor.Dense{tensor.New(tensor.WithShape(n), tensor.WithBacking(x))}, nil)
	if err != nil {
		panic(err)
	}
	return d
}

// numbersOf are the samples of data that came from numbered.
func numbersOf(data samples.Data) []int {
	rows := make([]int, data.Len())
	for i := range rows {
		rows[i] = i
	}
	var b samples.Batch
	if err := data.Gather(rows, &b); err != nil {
		panic(err)
	}
	for i, x := range b.Inputs[0].Float64s() {
		rows[i] = int(x)
	}
	return rows
}

func between(from, to int) (out []int) {
	for i := from; i < to; i++ {
		out = append(out, i)
	}
	return out
}

// The examples of scikit-learn's documentation and tests.
func TestTimeSeriesSplit(t *testing.T) {
	for _, c := range []struct {
		n     int
		split samples.TimeSeriesSplit
		want  [][4]int // train from and to, test from and to
	}{
		{6, samples.TimeSeriesSplit{}, [][4]int{{0, 1, 1, 2}, {0, 2, 2, 3}, {0, 3, 3, 4}, {0, 4, 4, 5}, {0, 5, 5, 6}}},
		{7, samples.TimeSeriesSplit{Splits: 2}, [][4]int{{0, 3, 3, 5}, {0, 5, 5, 7}}},
		{7, samples.TimeSeriesSplit{Splits: 3}, [][4]int{{0, 4, 4, 5}, {0, 5, 5, 6}, {0, 6, 6, 7}}},
		{12, samples.TimeSeriesSplit{Splits: 3, TestSize: 2}, [][4]int{{0, 6, 6, 8}, {0, 8, 8, 10}, {0, 10, 10, 12}}},
		{12, samples.TimeSeriesSplit{Splits: 3, TestSize: 2, Gap: 2}, [][4]int{{0, 4, 6, 8}, {0, 6, 8, 10}, {0, 8, 10, 12}}},
		{7, samples.TimeSeriesSplit{Splits: 3, MaxTrainSize: 3}, [][4]int{{1, 4, 4, 5}, {2, 5, 5, 6}, {3, 6, 6, 7}}},
		{10, samples.TimeSeriesSplit{Splits: 2, TestSize: 3, MaxTrainSize: 3, Gap: 2}, [][4]int{{0, 2, 4, 7}, {2, 5, 7, 10}}},
	} {
		folds, err := c.split.Split(numbered(c.n))
		check(t, err)
		var got, want [][]int
		for _, f := range folds {
			got = append(got, numbersOf(f.Train), numbersOf(f.Test))
		}
		for _, w := range c.want {
			want = append(want, between(w[0], w[1]), between(w[2], w[3]))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d samples, %+v: %s", c.n, c.split, diff)
		}
	}
}

// Whatever the fields, tests are the last samples, each once, and training samples lie
// before the gap; or there is an error.
func TestTimeSeriesSplitAlways(t *testing.T) {
	errors, fine := 0, 0
	for n := 1; n < 14; n++ {
		for splits := range 5 {
			for size := range 5 {
				for gap := range 4 {
					for most := range 4 {
						s := samples.TimeSeriesSplit{Splits: splits, TestSize: size, Gap: gap, MaxTrainSize: most}
						folds, err := s.Split(numbered(n))
						if err != nil {
							errors++
							continue
						}
						fine++
						var tests []int
						for _, f := range folds {
							train, test := numbersOf(f.Train), numbersOf(f.Test)
							if train[len(train)-1]+gap+1 != test[0] || most > 0 && len(train) > most || (most == 0 || len(train) < most) && train[0] != 0 {
								t.Fatalf("%d samples, %+v: %v before %v", n, s, train, test)
							}
							tests = append(tests, test...)
						}
						if !slices.Equal(tests, between(n-len(tests), n)) || splits > 0 && len(folds) != splits || size > 0 && len(tests) != size*len(folds) {
							t.Fatalf("%d samples, %+v: tests of %v", n, s, tests)
						}
					}
				}
			}
		}
	}
	if errors == 0 || fine == 0 {
		t.Errorf("%d errors, %d without", errors, fine)
	}
}

func TestTimeSeriesSplitErrors(t *testing.T) {
	d := numbered(12)
	for _, c := range []struct {
		data  samples.Data
		split samples.TimeSeriesSplit
		want  string
	}{
		{nil, samples.TimeSeriesSplit{}, "data must not be nil"},
		{d, samples.TimeSeriesSplit{Splits: -1}, "TimeSeriesSplit.Splits must not be negative"},
		{d, samples.TimeSeriesSplit{Gap: -1}, "TimeSeriesSplit.Gap must not be negative"},
		{d, samples.TimeSeriesSplit{TestSize: -1}, "TimeSeriesSplit.TestSize must not be negative"},
		{d, samples.TimeSeriesSplit{MaxTrainSize: -1}, "TimeSeriesSplit.MaxTrainSize must not be negative"},
		{d, samples.TimeSeriesSplit{Splits: 1}, "must be at least 2"},
		{d, samples.TimeSeriesSplit{Splits: 12}, "must be less than the 12 samples"},
		{d, samples.TimeSeriesSplit{Splits: 3, TestSize: 4}, "must leave a training sample"},
		{d, samples.TimeSeriesSplit{Splits: 3, TestSize: 3, Gap: 3}, "must leave a training sample"},
		{d, samples.TimeSeriesSplit{Splits: 4, TestSize: math.MaxInt}, "must leave a training sample"},
		{d, samples.TimeSeriesSplit{Gap: math.MaxInt}, "must leave a training sample"},
	} {
		if _, err := c.split.Split(c.data); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got %v, want %q", c.split, err, c.want)
		}
	}
}

// Folds whose training samples grow, with a sample left out before each test.
func ExampleTimeSeriesSplit() {
	folds, err := samples.TimeSeriesSplit{Splits: 3, TestSize: 2, Gap: 1}.Split(numbered(10))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range folds {
		fmt.Println(numbersOf(f.Train), numbersOf(f.Test))
	}
	// Output:
	// [0 1 2] [4 5]
	// [0 1 2 3 4] [6 7]
	// [0 1 2 3 4 5 6] [8 9]
}
