package forecast_test

import (
	"bytes"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/engram-go/engram/datasets"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train/forecast"
	"gorgonia.org/tensor"
)

// The rows of many series have so many times that they are kept as numbers, and labels that are
// these times are not repeated.
func TestFileOfTimes(t *testing.T) {
	utc, hoursAhead := time.UTC, time.FixedZone("", 2*60*60+30*60)
	for name, s := range map[string]*datasets.Series{
		"days":             timed(t, utc, 24*time.Hour),
		"hours":            timed(t, utc, time.Hour),
		"hours in a zone":  timed(t, hoursAhead, time.Hour),
		"parts of seconds": timed(t, utc, 250*time.Millisecond),
		"early":            timed(t, time.FixedZone("", -3600), 24*365*time.Hour),
	} {
		for _, labels := range []bool{true, false} {
			if !labels {
				s.Index = nil
			}
			f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4, Epochs: 1}), s)
			var b bytes.Buffer
			if _, err := f.WriteTo(&b); err != nil {
				t.Fatal(err)
			}
			if label := s.Times[50].Format("2006-01-02"); bytes.Contains(b.Bytes(), []byte(label)) {
				t.Errorf("%s: the file has the text %s", name, label)
			}
			g, err := forecast.Read(&b, forecast.LoadConfig{})
			if err != nil {
				t.Fatal(err)
			}
			if want, got := next(t, f), next(t, g); !reflect.DeepEqual(got, want) {
				t.Errorf("%s, labels %v: got %+v, want %+v", name, labels, got, want)
			}
		}
	}
}

// Times that Save does not write, or too few, are refused.
func TestFileOfForgedTimes(t *testing.T) {
	f := fit(t, dense(forecast.Config{Horizon: 2, Steps: 4, Epochs: 1}), timed(t, time.UTC, time.Hour))
	data := bytesOf(t, f)
	if !checkFile(t, data) {
		t.Fatal("the file itself is refused")
	}
	const name = "forecast/times"
	for what, change := range map[string]func(numbers []float64) []float64{
		"not a number":    func(x []float64) []float64 { x[0] = math.NaN(); return x },
		"a fraction":      func(x []float64) []float64 { x[3] += 0.5; return x },
		"out of order":    func(x []float64) []float64 { x[0], x[3] = x[3], x[0]; return x },
		"far":             func(x []float64) []float64 { x[len(x)-3] = 1e300; return x },
		"a zone of years": func(x []float64) []float64 { x[2] = 1e8; return x },
		"too few":         func(x []float64) []float64 { return x[:len(x)-1] },
		"too many":        func(x []float64) []float64 { return append(x, 0, 0, 0) },
	} {
		forged := edit(t, data, func(file *safetensors.File) {
			x := change(slices.Clone(file.Tensors[name].Data().([]float64)))
			file.Tensors[name] = tensor.New(tensor.WithShape(len(x)), tensor.WithBacking(x))
		})
		if checkFile(t, forged) {
			t.Errorf("%s: the file is read", what)
		}
	}
}

func timed(t *testing.T, zone *time.Location, step time.Duration) *datasets.Series {
	t.Helper()
	var times []time.Time
	var values []float64
	for i := range 60 {
		times, values = append(times, time.Date(1950, 1, 1, 0, 0, 0, 0, zone).Add(time.Duration(i)*step)), append(values, float64(i%5))
	}
	s, err := datasets.FromTimes("s", times, []string{"v"}, [][]float64{values})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
