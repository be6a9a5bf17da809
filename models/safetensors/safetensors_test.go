package safetensors_test

import (
	"bytes"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/engram-go/engram/models/safetensors"
	"gorgonia.org/tensor"
	"pgregory.net/rapid"
)

// golden is what testdata/make.py writes.
func golden() safetensors.File {
	kernel, step := make([]float32, 24), make([]float64, 6)
	for i := range kernel {
		kernel[i] = float32(i)/7 - 1
	}
	for i := range step {
		step[i] = float64(i) / 3
	}
	odd := []float64{
		0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1), math.Float64frombits(0x7ff8 << 48),
		math.SmallestNonzeroFloat64, math.MaxFloat64,
	}
	return safetensors.File{
		Metadata: map[string]string{"format": "engram", "note": `a "b" <c>`},
		Tensors: map[string]*tensor.Dense{
			"dense/bias":     dense([]float32{0.1}, 1),
			"lstm/kernel":    dense(kernel, 2, 3, 4),
			"odd \"é\"\n<&>": dense(odd, 7),
			"scalar":         dense([]float64{2.5}),
			"step":           dense(step, 3, 2),
		},
	}
}

// TestGolden holds both ways to a file made by other means.
func TestGolden(t *testing.T) {
	const path = "testdata/golden.safetensors"
	got, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, golden())
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if b := write(t, golden()); !bytes.Equal(b, want) {
		t.Errorf("wrote\n%q\nwant\n%q", b, want)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := safetensors.File{
			Metadata: rapid.MapOfN(rapid.String(), rapid.String(), 0, 3).Draw(t, "metadata"),
			Tensors:  map[string]*tensor.Dense{},
		}
		for name, shape := range rapid.MapOfN(rapid.String(), rapid.SliceOfN(rapid.IntRange(1, 4), 0, 5), 0, 5).Draw(t, "tensors") {
			n := tensor.Shape(shape).TotalSize()
			if rapid.Bool().Draw(t, "double") {
				f.Tensors[name] = dense(rapid.SliceOfN(rapid.Float64(), n, n).Draw(t, name), shape...)
			} else {
				f.Tensors[name] = dense(rapid.SliceOfN(rapid.Float32(), n, n).Draw(t, name), shape...)
			}
		}
		b := write(t, f)
		got, err := safetensors.Read(bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, f)
		if len(b) < 8 || (8+int(b[0]))%8 != 0 {
			t.Errorf("header of %d bytes is not padded", b[0])
		}
	})
}

// TestLarge reads a tensor that arrives in many chunks.
func TestLarge(t *testing.T) {
	for _, n := range []int{1<<14 - 1, 1 << 14, 1<<14 + 1, 100_003} {
		single, double := make([]float32, n), make([]float64, n)
		for i := range n {
			single[i], double[i] = float32(i), -float64(i)
		}
		f := safetensors.File{Tensors: map[string]*tensor.Dense{"a": dense(single, n), "b": dense(double, n)}}
		got, err := safetensors.Read(bytes.NewReader(write(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, f)
	}
}

// FuzzRead: whatever is read can be written and read again, and is the same.
func FuzzRead(f *testing.F) {
	data, err := os.ReadFile("testdata/golden.safetensors")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add(data[:100])
	f.Add(file(`{}`, nil))
	f.Add(file(`{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, make([]byte, 4)))
	f.Add(file(`{"b":{"shape":[1,2],"data_offsets":[8,24],"dtype":"F64"},"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]}} `, make([]byte, 24)))
	f.Add(file(`{"a":{"dtype":"F64","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, nil))
	f.Add(bytes.Repeat([]byte{0xff}, 20))
	f.Fuzz(func(t *testing.T, data []byte) {
		first, err := safetensors.Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		again, err := safetensors.Read(bytes.NewReader(write(t, first)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, again, first)
	})
}

type failer interface {
	Helper()
	Fatal(...any)
	Errorf(string, ...any)
}

func dense(backing any, shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(backing))
}

func write(t failer, f safetensors.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := safetensors.Write(&b, f); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// same compares names, shapes, dtypes and the bits of the numbers.
func same(t failer, got, want safetensors.File) {
	t.Helper()
	if len(got.Metadata) != len(want.Metadata) || len(got.Tensors) != len(want.Tensors) {
		t.Fatal("got", got, "want", want)
	}
	for k, w := range want.Metadata {
		if g, ok := got.Metadata[k]; !ok || g != w {
			t.Errorf("metadata %q: got %q, want %q", k, g, w)
		}
	}
	for name, w := range want.Tensors {
		g := got.Tensors[name]
		if g == nil || !slices.Equal(g.Shape(), w.Shape()) || g.Dtype() != w.Dtype() || !slices.Equal(bits(g), bits(w)) {
			t.Errorf("tensor %q: got %v, want %v", name, g, w)
		}
	}
}

func bits(d *tensor.Dense) []uint64 {
	var out []uint64
	if d.Dtype() == tensor.Float32 {
		for _, v := range d.Float32s() {
			out = append(out, uint64(math.Float32bits(v)))
		}
		return out
	}
	for _, v := range d.Float64s() {
		out = append(out, math.Float64bits(v))
	}
	return out
}
