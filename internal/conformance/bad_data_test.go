package conformance_test

import (
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"gorgonia.org/tensor"
)

func TestBadData(t *testing.T) { checkBadInput(t, append(badData(), badCSV(t)...)) }

func badData() []badInput {
	ramp := func(n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = float64(i)
		}
		return out
	}
	windows := func(values []float64, config datasets.WindowConfig) func() error {
		return func() error { _, err := datasets.Windows(datasets.FromSlice("prices", values), config); return err }
	}
	slicesOf := func(x, y [][]float64) func() error {
		return func() error { _, err := datasets.FromSlices(x, y, tensor.Float32); return err }
	}
	constant := slices.Repeat([]float64{7}, 50)
	unknown := slices.Repeat([]float64{math.NaN()}, 50)
	endless := ramp(50)
	endless[11] = math.Inf(-1)
	long := ramp(50)
	long[0] = -1
	return []badInput{
		{"steps longer than the series", windows(ramp(20), datasets.WindowConfig{Steps: 30}), "", errs.Error{Path: "prices", Field: "WindowConfig.Steps", Value: 30}},
		{"steps that leave nothing to forecast", windows(ramp(20), datasets.WindowConfig{Steps: 20}), "", errs.Error{Path: "prices", Field: "WindowConfig.Steps", Value: 20}},
		{"no steps", windows(ramp(20), datasets.WindowConfig{}), "", errs.Error{Path: "prices", Field: "WindowConfig.Steps", Value: 0}},
		{"negative horizon", windows(ramp(20), datasets.WindowConfig{Steps: 3, Horizon: -1}), "", errs.Error{Path: "prices", Field: "WindowConfig.Horizon", Value: -1}},
		{"a test part of everything", windows(ramp(20), datasets.WindowConfig{Steps: 3, Test: 1}), "", errs.Error{Path: "prices", Field: "WindowConfig.Test", Value: 1}},
		{"a test part that leaves no training", windows(ramp(20), datasets.WindowConfig{Steps: 3, Test: 0.95}), "", errs.Error{Path: "prices", Field: "WindowConfig.Test + Validation", Value: 0.95}},
		{"a validation part without a window", windows(ramp(20), datasets.WindowConfig{Steps: 3, Horizon: 3, Validation: 0.1}), "", errs.Error{Path: "prices", Field: "WindowConfig.Validation", Value: 0.1}},
		{"an unknown column", windows(ramp(20), datasets.WindowConfig{Steps: 3, Columns: []string{"DAX"}}), "", errs.Error{Path: "prices", Field: "WindowConfig.Columns[0]", Value: "DAX"}},
		{"a constant column into MinMax", windows(constant, datasets.WindowConfig{Steps: 3, Transform: datasets.MinMax{}}), "", errs.Error{Path: "prices", Field: "prices", Value: 7}},
		{"a constant column into Standard", windows(constant, datasets.WindowConfig{Steps: 3, Transform: datasets.Standard{}}), "", errs.Error{Path: "prices", Field: "prices", Value: 7}},
		{"log returns of what is not positive", windows(long, datasets.WindowConfig{Steps: 3, Transform: datasets.LogReturn{}}), "", errs.Error{Path: "prices, row 0", Field: "prices", Value: -1}},
		{"a series of missing values", windows(unknown, datasets.WindowConfig{Steps: 3}), "", errs.Error{Path: "prices", Field: "prices"}},
		{"infinity in a series", windows(endless, datasets.WindowConfig{Steps: 3}), "", errs.Error{Path: "prices, row 11", Field: "prices", Value: "-Inf", Kind: graph.ErrNotFinite}},
		{"an empty series", windows(nil, datasets.WindowConfig{Steps: 3}), "", errs.Error{Path: "prices", Field: "Series.Values"}},
		{"no series", func() error { _, err := datasets.Windows(nil, datasets.WindowConfig{Steps: 3}); return err }, "", errs.Error{Field: "series"}},
		{"x and y of different lengths", slicesOf([][]float64{{1}, {2}, {3}}, [][]float64{{1}, {2}}), "", errs.Error{Path: "targets[0]", Field: "samples", Value: 2}},
		{"rows of different lengths", slicesOf([][]float64{{1, 2}, {3}}, [][]float64{{1}, {2}}), "x", errs.Error{Field: "rows[1]", Value: 1}},
		{"empty data", slicesOf(nil, nil), "x", errs.Error{Field: "rows"}},
		{"NaN in data", slicesOf([][]float64{{1}, {math.NaN()}}, [][]float64{{1}, {2}}), "x", errs.Error{Field: "rows[1][0]", Value: "NaN", Kind: graph.ErrNotFinite}},
		{"infinity in targets", slicesOf([][]float64{{1}, {2}}, [][]float64{{1}, {math.Inf(1)}}), "y", errs.Error{Field: "rows[1][0]", Value: "+Inf", Kind: graph.ErrNotFinite}},
		{"a number beyond float32", slicesOf([][]float64{{1e300}}, [][]float64{{1}}), "x", errs.Error{Field: "rows[0][0]", Value: 1e300, Kind: graph.ErrNotFinite}},
	}
}

func badCSV(t *testing.T) []badInput {
	path := filepath.Join(t.TempDir(), "prices.csv")
	load := func(text string, columns ...string) func() error {
		return func() error {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				return err
			}
			_, err := datasets.LoadCSV(path, datasets.CSVConfig{Columns: columns})
			return err
		}
	}
	return []badInput{
		{"a CSV with a missing column", load("Date,Open\n1,2\n", "Close"), "", errs.Error{Path: path + ":1", Field: "CSVConfig.Columns[0]", Value: "Close"}},
		{"a ragged line", load("Date,Close\n1,2\n3\n4,5\n"), "", errs.Error{Path: path + ":3", Field: "row", Value: 1}},
		{"a line that is too long", load("Date,Close\n1,2\n3,4,5\n"), "", errs.Error{Path: path + ":3", Field: "row", Value: 3}},
		{"a cell that is no number", load("Date,Close\n1,2\n3,x\n"), "", errs.Error{Path: path + ":3", Field: "Close", Value: `"x"`}},
		{"a cell of infinity", load("Date,Close\n1,2\n3,inf\n"), "", errs.Error{Path: path + ":3", Field: "Close", Value: "inf", Kind: graph.ErrNotFinite}},
		{"a CSV without rows", load("Date,Close\n"), "", errs.Error{Path: path, Field: "file"}},
		{"an empty CSV", load(""), "", errs.Error{Path: path, Field: "header"}},
		{"a CSV that is not there", func() error { _, err := datasets.LoadCSV(path+".gz", datasets.CSVConfig{}); return err }, "", errs.Error{Path: path + ".gz", Field: "file", Value: "no such file or directory", Kind: fs.ErrNotExist}},
		{"a folder for a CSV", func() error { _, err := datasets.LoadCSV(filepath.Dir(path), datasets.CSVConfig{}); return err }, "", errs.Error{Path: filepath.Dir(path), Field: "file", Value: "a directory"}},
	}
}
