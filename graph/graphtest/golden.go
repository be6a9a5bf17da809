package graphtest

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"codeberg.org/sbinet/npyio/npy"
	"codeberg.org/sbinet/npyio/npz"
	"github.com/pkg/errors"
)

// Tolerances: absolute for outputs, relative to the largest element of the tensor for
// gradients.
const (
	Tol32 = 1e-5
	Tol64 = 1e-10
)

// Array is a tensor of a golden file, its elements in row-major order. A
// single number has an empty shape.
type Array struct {
	Shape []int
	Data  []float64
}

// Golden reads the arrays of an .npz file (float64 and int64, in C order) by
// name. The test fails immediately if the file cannot be read. If the file is missing,
// the message contains the command that makes it.
func Golden(t testing.TB, path string) map[string]Array {
	t.Helper()
	r, err := npz.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Fatalf("no golden file %s: make it with %s", path, script(path))
	}
	if err != nil {
		t.Fatalf("golden file %s: %v", path, err)
	}
	defer r.Close()
	arrays := make(map[string]Array)
	for _, key := range r.Keys() {
		a, err := readArray(r, key)
		if err != nil {
			t.Fatalf("golden file %s: %s: %v", path, key, err)
		}
		arrays[strings.TrimSuffix(key, ".npy")] = a
	}
	return arrays
}

// script returns the command that makes a golden file: the script in the same directory
// with the longest matching prefix, such as lstm.py for lstm_5_1_3_4.npz.
func script(path string) string {
	dir, base := filepath.Split(path)
	for name := strings.TrimSuffix(base, ".npz"); ; {
		program := dir + name + ".py"
		if _, err := os.Stat(program); err == nil {
			return "/usr/bin/python3 " + program
		}
		cut := strings.LastIndexByte(name, '_')
		if cut < 0 {
			return "its script, which is missing too"
		}
		name = name[:cut]
	}
}

// readArray reads the entry completely before it decodes it, because the decoder treats
// a short read as complete and a truncated file as zeros.
func readArray(r *npz.Reader, key string) (Array, error) {
	entry, err := r.Open(key)
	if err != nil {
		return Array{}, err
	}
	defer entry.Close()
	raw, err := io.ReadAll(entry)
	if err != nil {
		return Array{}, err
	}
	body := bytes.NewReader(raw)
	dec, err := npy.NewReader(body)
	if err != nil {
		return Array{}, err
	}
	descr := dec.Header.Descr
	kind := strings.Trim(descr.Type, "'") // the header quotes it
	n := 1
	for _, d := range descr.Shape {
		n *= d
	}
	if descr.Fortran && len(descr.Shape) > 1 {
		return Array{}, errors.New("is in Fortran order")
	}
	if body.Len() != 8*n {
		return Array{}, errors.Errorf("has %d bytes for shape %v of %s", body.Len(), descr.Shape, kind)
	}
	a := Array{Shape: descr.Shape, Data: make([]float64, n)}
	if n == 0 {
		return a, nil
	}
	switch kind {
	case "<f8":
		return a, dec.Read(&a.Data)
	case "<i8":
		counts := make([]int64, n)
		err := dec.Read(&counts)
		for i, c := range counts {
			a.Data[i] = float64(c)
		}
		return a, err
	}
	return Array{}, errors.Errorf("has type %s, not float64 or int64", kind)
}

// CheckOutput fails the test unless got and want differ by at most tol
// everywhere.
func CheckOutput(t testing.TB, name string, got, want []float64, tol float64) {
	t.Helper()
	check(t, name, got, want, tol, 1)
}

// CheckGradient fails the test unless got and want differ by at most tol times
// the largest element of want, or by at most tol if want is all zeros.
func CheckGradient(t testing.TB, name string, got, want []float64, tol float64) {
	t.Helper()
	largest := 0.0
	for _, w := range want {
		largest = max(largest, math.Abs(w))
	}
	if largest == 0 {
		largest = 1
	}
	check(t, name, got, want, tol, largest)
}

// check reports the element with the largest difference. Empty slices are a failure, so
// that a misspelt name in a golden file is noticed, and so are NaN and infinities.
func check(t testing.TB, name string, got, want []float64, tol, unit float64) {
	t.Helper()
	if len(got) != len(want) || len(want) == 0 {
		t.Errorf("%s: got %d elements, want %d", name, len(got), len(want))
		return
	}
	worst, at := 0.0, 0
	for i := range want {
		off := math.Abs(got[i]-want[i]) / unit
		if math.IsNaN(off) {
			off = math.Inf(1)
		}
		if off > worst {
			worst, at = off, i
		}
	}
	if !(worst <= tol) {
		t.Errorf("%s: element %d of %d is %v, want %v: off by %.3g, more than %.3g",
			name, at, len(want), got[at], want[at], worst, tol)
	}
}

// Uniform makes n numbers in [-scale, scale), the same bits as uniform in
// testdata/golden.py, so that large inputs need not be stored. Element k is
// the top 24 bits of SplitMix64's output k for the seed, as a multiple of
// 2^-23 in [-1, 1), times the scale. With a scale that is a power of two the
// numbers are exact in float32 too.
func Uniform(seed uint64, n int, scale float64) []float64 {
	out := make([]float64, n)
	for k := range out {
		seed += 0x9E3779B97F4A7C15
		z := seed
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		out[k] = float64(int64(z>>40)-1<<23) / (1 << 23) * scale
	}
	return out
}
