package forecast_test

import (
	"fmt"
	"math"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph/graphtest"
	"github.com/engram-go/engram/train/forecast"
)

// shop is a series with columns in no particular order, whose numbers tell their column and row:
// column c of row r is 1000·c + r. The last rows are to be forecast.
func shop(t testing.TB, name string, rows, more int, size float64) *datasets.Series {
	names := []string{"size", "price", "sold", "open", "returned", "holiday"}
	values := make([][]float64, len(names))
	for c := range names {
		for r := range rows + more {
			v := float64(1000*(c+1) + r)
			switch {
			case names[c] == "size":
				v = size
			case r >= rows && (names[c] == "sold" || names[c] == "returned" || names[c] == "price"):
				v = math.NaN()
			}
			values[c] = append(values[c], v)
		}
	}
	return table(t, name, names, values...)
}

// TestCovariates copies each input to the forecast, to find out where it stands.
func TestCovariates(t *testing.T) {
	const rows, horizon = 40, 3
	base := forecast.Config{
		Targets: []string{"sold", "returned"}, Past: []string{"price"}, Future: []string{"open", "holiday"}, Static: []string{"size"},
		Horizon: horizon, Steps: 4, Transform: datasets.None{}, Validation: 0.1, Test: 0.1,
	}
	newest := func(column int) float64 { return float64(1000*column + rows - 1) }
	coming := func(column int) []float64 {
		return []float64{float64(1000*column + rows), float64(1000*column + rows + 1), float64(1000*column + rows + 2)}
	}
	same := func(x float64) []float64 { return []float64{x, x, x} }
	for _, c := range []struct {
		name     string
		copies   copies
		pool     bool
		sold     []float64
		returned []float64
	}{
		{"targets", copies{Column: -1}, false, same(newest(3)), same(newest(5))},
		{"target 0", copies{Column: 0}, false, same(newest(3)), same(newest(3))},
		{"target 1", copies{Column: 1}, false, same(newest(5)), same(newest(5))},
		{"past", copies{Column: 2}, false, same(newest(2)), same(newest(2))},
		{"future 0 in the window", copies{Column: 3}, false, same(newest(4)), same(newest(4))},
		{"future 1 in the window", copies{Column: 4}, false, same(newest(6)), same(newest(6))},
		{"future 0", copies{Input: 1, Column: 0}, false, coming(4), coming(4)},
		{"future 1", copies{Input: 1, Column: 1}, false, coming(6), coming(6)},
		{"static", copies{Input: 2, Column: 0}, false, same(1), same(1)}, // of the sizes 30 and 10: mean 20, deviation 10
		{"pooled: the target", copies{Column: 0}, true, same(newest(3)), same(newest(5))},
		{"pooled: past", copies{Column: 1}, true, same(newest(2)), same(newest(2))},
		{"pooled: future 1 in the window", copies{Column: 3}, true, same(newest(6)), same(newest(6))},
		{"pooled: future 0", copies{Input: 1, Column: 0}, true, coming(4), coming(4)},
		{"pooled: static", copies{Input: 2, Column: 0}, true, same(1), same(1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := copying(c.copies, base)
			config.Pool = c.pool
			f := fit(t, config, shop(t, "large", rows, horizon, 30), shop(t, "small", rows, horizon, 10))
			out := next(t, f, shop(t, "large", rows, horizon, 30))[0]
			for j, want := range [][]float64{c.sold, c.returned} {
				if name := base.Targets[j]; out.Targets[j].Name != name {
					t.Errorf("target %d is %s, want %s", j, out.Targets[j].Name, name)
				}
				graphtest.CheckOutput(t, base.Targets[j], out.Targets[j].Values, want, 1e-12)
			}
		})
	}
}

// TestCovariatesOfBlocks reads future covariates in several blocks, and none behind the rows to
// forecast: the last block of 7 rows by 3 has two rows more than the horizon.
func TestCovariatesOfBlocks(t *testing.T) {
	const rows, horizon = 60, 7
	for _, block := range []int{1, 2, 3, 7} {
		c := copying(copies{Input: 1, Column: 0}, forecast.Config{
			Targets: []string{"sold"}, Future: []string{"open"}, Horizon: horizon, Block: block, Steps: 4, Transform: datasets.None{},
			Validation: 0.1, Test: 0.1,
		})
		f := fit(t, c, shop(t, "shop", rows, horizon, 1))
		var want []float64
		for h := range horizon {
			want = append(want, float64(4000+rows+h))
		}
		for _, more := range []int{horizon, horizon + 9} {
			out := next(t, f, shop(t, "shop", rows, more, 1))[0]
			graphtest.CheckOutput(t, fmt.Sprintf("block %d", block), out.Targets[0].Values, want, 1e-12)
		}
	}
}

// TestMissingIndicators copies the indicator of missing values, which follows all columns.
func TestMissingIndicators(t *testing.T) {
	const rows, horizon = 40, 2
	for _, gap := range []struct {
		row  int
		want float64
	}{{rows - 1, 1}, {rows - 2, 0}} {
		s := shop(t, "shop", rows, horizon, 1)
		price := s.Values[1]
		price[3], price[gap.row] = math.NaN(), math.NaN() // one in the training part, and one near the end
		c := copying(copies{Column: 3}, forecast.Config{
			Targets: []string{"sold"}, Past: []string{"price"}, Future: []string{"open"}, Horizon: horizon, Steps: 4, Transform: datasets.None{},
			Validation: 0.1, Test: 0.1,
		})
		f := fit(t, c, s)
		graphtest.CheckOutput(t, "indicator", next(t, f, s)[0].Targets[0].Values, []float64{gap.want, gap.want}, 1e-12)
	}
}
