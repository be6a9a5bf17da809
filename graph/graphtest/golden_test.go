package graphtest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// recorder is a test that keeps its failures instead of failing.
type recorder struct {
	testing.TB
	failures []string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

// Fatalf stops the caller by a panic, which failures takes back.
func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	panic(r)
}

// failures runs a check and gives all that it found wrong.
func failures(check func(testing.TB)) string {
	r := &recorder{}
	func() {
		defer func() {
			if p := recover(); p != nil && p != any(r) {
				panic(p)
			}
		}()
		check(r)
	}()
	return strings.Join(r.failures, "\n")
}

const goldenFile = "testdata/golden.npz" // made by testdata/golden.py

func TestGoldenReadsEveryKind(t *testing.T) {
	got := Golden(t, goldenFile)
	ramp := make([]float64, 50000)
	for i := range ramp {
		ramp[i] = float64(i)
	}
	for name, want := range map[string]Array{
		"number": {Data: []float64{-2.5}},
		"count":  {Data: []float64{-7}},
		"counts": {Shape: []int{3}, Data: []float64{1, -2, 3}},
		"matrix": {Shape: []int{2, 3}, Data: []float64{1, 2, 3, 4, 5, 0.1}},
		"ramp":   {Shape: []int{5, 100, 100}, Data: ramp},
	} {
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(got) != 8 {
		t.Errorf("got %d arrays, want 8", len(got))
	}
}

func TestGoldenNamesTheScript(t *testing.T) {
	for path, want := range map[string]string{
		"testdata/golden_more_5.npz": "make it with /usr/bin/python3 testdata/golden.py",
		"testdata/other.npz":         "its script, which is missing too",
	} {
		got := failures(func(t testing.TB) { Golden(t, path) })
		if !strings.Contains(got, path) || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
}

func TestGoldenFailsOnDamage(t *testing.T) {
	whole, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	flipped := slices.Clone(whole)
	for i := 2000; i < 2100; i++ {
		flipped[i] ^= 0x55
	}
	for name, data := range map[string][]byte{"cut": whole[:len(whole)/2], "flipped": flipped, "empty": nil} {
		path := filepath.Join(t.TempDir(), "golden.npz")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if got := failures(func(t testing.TB) { Golden(t, path) }); got == "" {
			t.Errorf("%s: a damaged file was read", name)
		}
	}
}

func TestGoldenFailsOnWhatItCannotHold(t *testing.T) {
	for name, c := range map[string]struct{ descr, fortran, shape, want string }{
		"fits":    {"<f8", "False", "(2,)", ""},
		"short":   {"<f8", "False", "(3,)", "has 16 bytes for shape [3]"},
		"long":    {"<f8", "False", "()", "has 16 bytes for shape []"},
		"type":    {"<c16", "False", "(2,)", "has type <c16"},
		"fortran": {"<f8", "True", "(1, 2)", "is in Fortran order"},
	} {
		var file bytes.Buffer
		w := zip.NewWriter(&file)
		entry, err := w.Create("a.npy")
		if err != nil {
			t.Fatal(err)
		}
		header := fmt.Sprintf("{'descr': '%s', 'fortran_order': %s, 'shape': %s, }\n", c.descr, c.fortran, c.shape)
		fmt.Fprintf(entry, "\x93NUMPY\x01\x00%c\x00%s%s", len(header), header, make([]byte, 16))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "golden.npz")
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		got := failures(func(t testing.TB) { Golden(t, path) })
		if (got == "") != (c.want == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestUniformHasTheBitsOfPython(t *testing.T) {
	want := Golden(t, goldenFile)
	for name, got := range map[string][]float64{
		"uniform_0":     Uniform(0, 5, 1),
		"uniform_1":     Uniform(1, 6, 0.25),
		"uniform_large": Uniform(math.MaxUint64, 7, 0.3),
	} {
		if diff := cmp.Diff(want[name].Data, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	for _, v := range Uniform(3, 10000, 1) {
		if v < -1 || v >= 1 || float64(float32(v)) != v {
			t.Fatalf("%v is not a float32 in [-1, 1)", v)
		}
	}
}

func TestChecks(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		name             string
		got, want        []float64
		output, gradient bool // whether each check accepts it, with tolerance 0.01
	}{
		{"equal", []float64{1, -2}, []float64{1, -2}, true, true},
		{"near", []float64{1.005}, []float64{1}, true, true},
		{"far", []float64{1.02}, []float64{1}, false, false},
		{"small beside the largest", []float64{1000, 1}, []float64{1000, 2}, false, true},
		{"largest by size", []float64{-1000, 1}, []float64{-1000, 2}, false, true},
		{"far among small", []float64{0.001, 0.0011}, []float64{0.001, 0.001}, true, false},
		{"near zeros", []float64{0.005, 0}, []float64{0, 0}, true, true},
		{"far from zeros", []float64{0.02, 0}, []float64{0, 0}, false, false},
		{"NaN got", []float64{nan, 1}, []float64{1, 1}, false, false},
		{"NaN want", []float64{1, 1}, []float64{1, nan}, false, false},
		{"NaN both", []float64{1, nan}, []float64{1, nan}, false, false},
		{"infinite both", []float64{inf}, []float64{inf}, false, false},
		{"short", []float64{1}, []float64{1, 1}, false, false},
		{"nothing", nil, nil, false, false},
	} {
		if got := failures(func(t testing.TB) { CheckOutput(t, c.name, c.got, c.want, 0.01) }); (got == "") != c.output {
			t.Errorf("CheckOutput %s: accepted %v, want %v: %s", c.name, got == "", c.output, got)
		}
		if got := failures(func(t testing.TB) { CheckGradient(t, c.name, c.got, c.want, 0.01) }); (got == "") != c.gradient {
			t.Errorf("CheckGradient %s: accepted %v, want %v: %s", c.name, got == "", c.gradient, got)
		}
	}
	got := failures(func(t testing.TB) {
		CheckOutput(t, "h", []float64{0, 1.5, 2.1}, []float64{0.1, 1, 2}, Tol32)
	})
	if want := "h: element 1 of 3 is 1.5, want 1: off by 0.5, more than 1e-05"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
