package forecast_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/layers"
	"github.com/engram-go/engram/train/forecast"
	"github.com/engram-go/engram/train/forecast/networks"
	"golang.org/x/sync/errgroup"
)

// first are the first rows of a series; of the later ones, what is known before is left.
func first(s *datasets.Series, rows, horizon int, future ...string) *datasets.Series {
	c := clone(s)
	if s.Times != nil {
		c.Times = s.Times[:rows+horizon]
	}
	for i, name := range c.Columns {
		known := false
		for _, f := range future {
			known = known || f == name
		}
		c.Values[i] = c.Values[i][:rows+horizon]
		for r := rows; r < rows+horizon && !known; r++ {
			c.Values[i][r] = math.NaN()
		}
	}
	return c
}

// smallNetworks are all networks, small.
var smallNetworks = map[string]networks.Network{
	"LSTM":           networks.LSTM{Units: 5, Layers: 2},
	"wide LSTM":      networks.LSTM{Units: 130},
	"GRU":            networks.GRU{Units: 5},
	"EncoderDecoder": networks.EncoderDecoder{Units: 5},
	"SegRNN":         networks.SegRNN{Units: 5, Segment: 2},
	"DLinear":        networks.DLinear{Kernel: 3},
	"NHITS":          networks.NHITS{Units: 8},
	"Dense":          networks.Sequential{Layers: []layers.Layer{layers.Dense{Units: 4}}},
}

// TestSameBits compares a backtest, which forecasts many rows at once, with forecasts of the
// same rows one at a time, of several series at once, and after a file.
func TestSameBits(t *testing.T) {
	a, b := sales(t, "a", 60, 1), sales(t, "b", 60, 4)
	for name, network := range smallNetworks {
		for _, block := range []int{3, 2} {
			c := salesConfig(datasets.LogReturn{})
			c.Network, c.Epochs, c.Block = network, 1, block
			if block < c.Horizon {
				c.Past, c.Normalize = nil, forecast.NormalizeMean
			}
			f := fit(t, c, a, b)
			path := filepath.Join(t.TempDir(), "f.engram")
			if err := f.Save(path); err != nil {
				t.Fatal(err)
			}
			loaded, err := forecast.Load(path, forecast.LoadConfig{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(f.Verdict(), loaded.Verdict()) || !reflect.DeepEqual(next(t, f, first(a, 40, 3, "open")), next(t, loaded, first(a, 40, 3, "open"))) {
				t.Errorf("%s: a file changes forecasts or the verdict", name)
			}
			result, err := loaded.Backtest(context.Background(), forecast.BacktestConfig{From: 45, Stride: 1}, a, b)
			if err != nil {
				t.Fatal(err)
			}
			if len(result.Forecasts) != 2*(60-45-2) {
				t.Fatalf("%d forecasts", len(result.Forecasts))
			}
			other := sales(t, "c", 60, 7) // a new one, scaled by its rows before the first forecast
			backtest, err := loaded.Backtest(context.Background(), forecast.BacktestConfig{From: 45}, other)
			if err != nil {
				t.Fatal(err)
			}
			if got, want := backtest.Forecasts[0].Forecast, next(t, f, first(other, 45, 3, "open"))[0]; !reflect.DeepEqual(got, want) {
				t.Errorf("%s, block %d: a backtest of a new series forecasts %v, Forecast %v", name, block, got, want)
			}
			of := map[string]*datasets.Series{"a": a, "b": b}
			for i, o := range result.Forecasts {
				if want := 44 + i%13; o.Row != want || o.Series != []string{"a", "b"}[i/13] {
					t.Fatalf("forecast %d is of %s after row %d", i, o.Series, o.Row)
				}
				alone := next(t, f, first(of[o.Series], o.Row+1, 3, "open"))[0]
				newest := next(t, f, first(of[o.Series], o.Row+1, 3, "open"), first(sales(t, "c", 60, 9), 40, 3, "open"))[0]
				if !reflect.DeepEqual(alone, o.Forecast) || !reflect.DeepEqual(newest, o.Forecast) {
					t.Errorf("%s, block %d, %s, row %d: a backtest forecasts %v, Forecast %v and with another series %v", name, block, o.Series, o.Row, o.Forecast, alone, newest)
				}
			}
		}
	}
}

// TestSimpleMethodsSameBits has a network that is far off, so that a simple method forecasts: from
// the rows that the forecaster and its file keep as from the whole series.
func TestSimpleMethodsSameBits(t *testing.T) {
	s := walk("a", 700, 3)
	f := fit(t, copying(copies{Column: -1, Add: 50}, forecast.Config{Horizon: 3, Steps: 4, Season: 1, Use: forecast.Best, Test: 0.01}), s)
	loaded, err := read(bytesOf(t, f))
	if err != nil {
		t.Fatal(err)
	}
	want := next(t, f, s)
	if want[0].Method == "model" {
		t.Fatal(f.Verdict())
	}
	if got := next(t, f); !reflect.DeepEqual(got, want) {
		t.Errorf("from the rows that are kept: %v, from all: %v", got, want)
	}
	if got := next(t, loaded); !reflect.DeepEqual(got, want) {
		t.Errorf("from a file: %v, from all rows: %v", got, want)
	}
	if got := next(t, f, rows(s, s.Len()-f.Rows(), s.Len())); !reflect.DeepEqual(got, want) {
		t.Errorf("from Rows rows: %v, from all: %v", got, want)
	}
	_, err = f.Forecast(context.Background(), rows(s, s.Len()-f.Rows()+1, s.Len()))
	if want := "rows must be at least 500 up to the last known target, as many as a forecast reads, got 499"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %q", err, want)
	}
}

// TestSimpleMethodsReadWhatIsKept has a simple method in use for series of different lengths. Each
// forecast is that from the rows that are kept, whether more are given or not; fewer are refused.
func TestSimpleMethodsReadWhatIsKept(t *testing.T) {
	a, b := walk("a", 160, 3), walk("b", 90, 4)
	a.Columns, b.Columns = []string{"x"}, []string{"x"}
	f := fit(t, copying(copies{Column: -1, Add: 50}, forecast.Config{Horizon: 3, Steps: 4, Season: 1, Use: forecast.Best, Test: 0.05}), rows(a, 40, 160), b)
	if got := next(t, f)[0].Method; got == "model" || f.Rows() != 120 {
		t.Fatalf("%s forecasts, from %d rows", got, f.Rows())
	}
	want := next(t, f)
	if got := next(t, f, a, b); !reflect.DeepEqual(got, want) {
		t.Errorf("from older rows too: %v, want %v", got, want)
	}
	for _, short := range []*datasets.Series{rows(a, 41, 160), rows(b, 1, 90)} {
		if _, err := f.Forecast(context.Background(), short); err == nil || !strings.Contains(err.Error(), "rows must be at least") {
			t.Errorf("%d rows of %s: got %v", short.Len(), short.Name, err)
		}
	}
}

// TestGoroutines uses one forecaster from several goroutines.
func TestGoroutines(t *testing.T) {
	s := walk("a", 80, 3)
	f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4, Season: 1}), rows(s, 0, 70))
	want := next(t, f)
	var group errgroup.Group
	for range 6 {
		group.Go(func() error {
			got, err := f.Forecast(context.Background())
			if err == nil && !reflect.DeepEqual(got, want) {
				err = fmt.Errorf("got %v, want %v", got, want)
			}
			return err
		})
		group.Go(func() error {
			_, err := f.Backtest(context.Background(), forecast.BacktestConfig{From: 75}, s)
			return err
		})
		group.Go(func() error {
			_, err := f.Update(context.Background(), forecast.UpdateConfig{Epochs: 1}, rows(s, 70, 80))
			return err
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
}

// fingerprint trains and returns a hash of the file, and of forecasts and a backtest as JSON.
func fingerprint(path string) (string, error) {
	ctx := context.Background()
	a := datasets.AirPassengers()
	f, err := forecast.Fit(ctx, forecast.Config{Horizon: 4, Steps: 12, Season: 1, Epochs: 2, Members: 2, Network: networks.LSTM{Units: 20}, Test: 0.05}, a)
	if err != nil {
		return "", err
	}
	if f, err = f.Update(ctx, forecast.UpdateConfig{Epochs: 2}, later()); err != nil {
		return "", err
	}
	if err := f.Save(path); err != nil {
		return "", err
	}
	return shown(f, path)
}

// later are the passengers of ten more months.
func later() *datasets.Series {
	s := datasets.AirPassengers()
	c := clone(s)
	c.Index, c.Values[0] = nil, c.Values[0][:10]
	for i := range c.Values[0] {
		c.Values[0][i] *= 4
	}
	for i := range c.Times {
		c.Times[i] = c.Times[i].AddDate(12, 0, 0)
	}
	if c.Times != nil {
		c.Times = c.Times[:10]
	}
	return c
}

func shown(f *forecast.Forecaster, path string) (string, error) {
	out, err := f.Forecast(context.Background())
	if err != nil {
		return "", err
	}
	result, err := f.Backtest(context.Background(), forecast.BacktestConfig{From: 136, Stride: 3, Refit: 1}, datasets.AirPassengers())
	if err != nil {
		return "", err
	}
	file, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal([]any{out, result})
	return fmt.Sprintf("%x %x", sha256.Sum256(file), sha256.Sum256(text)), err
}

// TestBacktestOfTheModelOnly has the same forecasts and scores as one with the simple methods.
func TestBacktestOfTheModelOnly(t *testing.T) {
	f, err := forecast.Fit(context.Background(), forecast.Config{Horizon: 3, Epochs: 1}, datasets.AirPassengers())
	if err != nil {
		t.Fatal(err)
	}
	var results [2]*forecast.Backtest
	for i, only := range []bool{false, true} {
		results[i], err = f.Backtest(context.Background(), forecast.BacktestConfig{From: 130, ModelOnly: only}, datasets.AirPassengers())
		if err != nil {
			t.Fatal(err)
		}
	}
	whole, only := results[0], results[1]
	if !reflect.DeepEqual(whole.Forecasts, only.Forecasts) || !reflect.DeepEqual(whole.Verdict.Scores[:1], only.Verdict.Scores) {
		t.Errorf("got %+v, want %+v", only, whole)
	}
	want := "There is no verdict: the model was not compared with simple methods."
	if v := only.Verdict; v.String() != want || v.Best != "model" || v.Rival != "" || v.P != nil {
		t.Errorf("got %+v", v)
	}
}

// TestProcesses trains in processes on one and on two cores, and loads their file in another
// one: files, forecasts and backtests have the same bits.
func TestProcesses(t *testing.T) {
	path := os.Getenv("FORECAST_TEST_PATH")
	if path != "" {
		var print string
		var err error
		if os.Getenv("FORECAST_TEST_LOAD") == "" {
			print, err = fingerprint(path)
		} else {
			var f *forecast.Forecaster
			if f, err = forecast.Load(path, forecast.LoadConfig{}); err == nil {
				print, err = shown(f, path)
			}
		}
		fmt.Println("\nresult:", print, err)
		return
	}
	run := func(path string, environment ...string) string {
		cmd := exec.Command(os.Args[0], "-test.run=^TestProcesses$", "-test.count=1")
		cmd.Env = append(append(os.Environ(), "FORECAST_TEST_PATH="+path), environment...)
		out, err := cmd.CombinedOutput()
		_, result, ok := strings.Cut(string(out), "\nresult: ")
		result, _, _ = strings.Cut(result, "\n")
		if err != nil || !ok || !strings.HasSuffix(result, "<nil>") {
			t.Fatalf("%v: %s", err, out)
		}
		return result
	}
	directory := t.TempDir()
	one := run(filepath.Join(directory, "one"), "GOMAXPROCS=1")
	two := run(filepath.Join(directory, "two"), "GOMAXPROCS=2")
	loaded := run(filepath.Join(directory, "one"), "GOMAXPROCS=2", "FORECAST_TEST_LOAD=1")
	if one != two || one != loaded {
		t.Errorf("one core: %s; two cores: %s; loaded: %s", one, two, loaded)
	}
}
