package npy

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/shapes"
)

// counting are the elements that testdata/arrays.py writes.
func counting(kind string, n int) []float64 {
	out := make([]float64, n)
	for i := range out {
		switch {
		case strings.HasSuffix(kind, "bool"):
			out[i] = float64((i + 1) % 2)
		case strings.HasSuffix(kind, "u1"):
			out[i] = float64(i % 256)
		case strings.HasPrefix(kind[max(0, len(kind)-2):], "u"):
			out[i] = float64(i)
		default:
			out[i] = float64(i - 5)
		}
	}
	return out
}

func check(t *testing.T, name string, got *tensor.Dense, dtype tensor.Dtype, shape shapes.Shape, want []float64) {
	t.Helper()
	if got.Dtype() != dtype || !slices.Equal(got.Shape(), tensor.Shape(shape)) || !dense.IsContiguous(got) {
		t.Errorf("%s: %v %v, want %v %v", name, got.Dtype(), got.Shape(), dtype, shape)
		return
	}
	if d := cmp.Diff(want, dense.ToFloat64(got)); d != "" {
		t.Errorf("%s: %s", name, d)
	}
}

// Arrays of every type, byte order, shape and order of axes, as NumPy wrote them.
func TestLoadArchive(t *testing.T) {
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		arrays, err := LoadArchive("testdata/arrays.npz", dtype)
		if err != nil {
			t.Fatal(err)
		}
		if len(arrays) != 35 {
			t.Errorf("%d arrays", len(arrays))
		}
		for name, got := range arrays {
			kind, sizes, _ := strings.Cut(name, "_")
			shape := shapes.Shape{2, 3, 4}
			if kind == "rows" || kind == "columns" {
				shape = shapes.Shape{1}
				if sizes != "number" {
					shape = nil
					for d := range strings.SplitSeq(sizes, "x") {
						n, _ := strconv.Atoi(d)
						shape = append(shape, n)
					}
				}
			}
			check(t, name, got, dtype, shape, counting(name, shape.Size()))
		}
	}
	arrays, err := LoadArchive("testdata/compressed.npz", tensor.Dtype{}, "long", "short")
	if err != nil {
		t.Fatal(err)
	}
	check(t, "long", arrays["long"], tensor.Float32, shapes.Shape{300, 100}, counting("u1", 30000))
	check(t, "short", arrays["short"], tensor.Float32, shapes.Shape{2, 2}, counting("i8", 4))
	if arrays, err = LoadArchive("testdata/compressed.npz", tensor.Float64, "short"); err != nil || len(arrays) != 1 {
		t.Errorf("%d arrays, error %v", len(arrays), err)
	}
}

func TestLoadArchiveErrors(t *testing.T) {
	path := "testdata/refused.npz"
	for _, c := range []struct{ name, field string }{
		{"objects", "header"}, {"complex", "header"}, {"half", "header"}, {"text", "header"}, {"dates", "header"},
		{"records", "header"}, {"empty", "shape[0]"},
	} {
		_, err := LoadArchive(path, tensor.Float32, c.name)
		errtest.Check(t, err, errs.Error{Path: path + ":" + c.name, Field: c.field})
	}
	_, err := LoadArchive(path, tensor.Float32, "text", "texts")
	errtest.Check(t, err, errs.Error{Path: path, Field: "names[1]", Value: "texts"})
	_, err = LoadArchive(path, tensor.Int, "text")
	errtest.Check(t, err, errs.Error{Field: "header"})
	_, err = LoadArchive("testdata/plain_f4.npy", tensor.Float32)
	errtest.Check(t, err, errs.Error{Path: "testdata/plain_f4.npy", Field: "file"})
	_, err = LoadArchive("testdata/none.npz", tensor.Float32)
	errtest.Check(t, err, errs.Error{Path: "testdata/none.npz", Field: "file"})

	// A damaged element is noticed by its checksum.
	raw, err := os.ReadFile("testdata/arrays.npz")
	if err != nil {
		t.Fatal(err)
	}
	five := bytes.Index(raw, []byte{0xfb, 0xff, 0xff, 0xff}) // −5 as int32
	raw[five] = 0
	damaged := filepath.Join(t.TempDir(), "damaged.npz")
	if err := os.WriteFile(damaged, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = LoadArchive(damaged, tensor.Float32)
	errtest.Check(t, err, errs.Error{Path: damaged + ":little_i4", Field: "array"})
}

// A small file that claims many elements, and one whose entries share their bytes.
func TestLoadArchiveBounded(t *testing.T) {
	pack := func(shape string, copies int) []byte {
		var b bytes.Buffer
		archive := zip.NewWriter(&b)
		entry, err := archive.Create("a.npy")
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(entry, file("{'descr': '|u1', 'fortran_order': False, 'shape': "+shape+"}", "\x01"))
		if err := archive.Close(); err != nil {
			t.Fatal(err)
		}
		// The directory of the archive: entries of one length, then 22 bytes with their number.
		raw := b.Bytes()
		start := bytes.Index(raw, []byte("PK\x01\x02"))
		one, end := raw[start:len(raw)-22], raw[len(raw)-22:]
		out := slices.Clone(raw[:start])
		for i := range copies {
			more := slices.Clone(one)
			more[bytes.Index(more, []byte("a.npy"))] += byte(i)
			out = append(out, more...)
		}
		end[8], end[10] = byte(copies), byte(copies)
		binary.LittleEndian.PutUint32(end[12:], uint32(copies*len(one)))
		return append(out, end...)
	}
	for _, c := range []struct {
		shape  string
		copies int
		want   errs.Error
	}{
		{"(268435457,)", 1, errs.Error{Path: "x:a", Field: "shape"}},
		{fmt.Sprintf("(%d,)", min(268435456, shapes.MaxElements)), 1, errs.Error{Path: "x:a", Field: "array"}},
		{"(1,)", 9, errs.Error{Path: "x", Field: "file"}},
	} {
		raw := pack(c.shape, c.copies)
		_, err := readArchive(bytes.NewReader(raw), int64(len(raw)), "x", tensor.Float32, nil)
		errtest.Check(t, err, c.want)
	}
	raw := pack("(1,)", 1)
	if _, err := readArchive(bytes.NewReader(raw), int64(len(raw)), "x", tensor.Float32, nil); err != nil {
		t.Error(err)
	}
}

// The compressed arrays of a file have a limit together.
func TestLoadArchiveLimit(t *testing.T) {
	archive, err := zip.OpenReader("testdata/compressed.npz")
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	left := int64(30003)
	if _, err := readEntry(archive.File[0], tensor.Float32, &left); err != nil || left != 3 {
		t.Fatalf("%d elements are left, error %v", left, err)
	}
	_, err = readEntry(archive.File[1], tensor.Float32, &left)
	errtest.Check(t, err, errs.Error{Field: "shape", Value: "[2, 2]"})
}

// Numbers that a dtype cannot hold.
func TestLimits(t *testing.T) {
	path := "testdata/limits.npz"
	for _, c := range []struct {
		name  string
		dtype tensor.Dtype
		want  errs.Error
	}{
		{"int_rounded", tensor.Float32, errs.Error{Field: "element [1, 1]", Value: 1<<24 + 1}},
		{"columns_rounded", tensor.Float32, errs.Error{Field: "element [1, 0]", Value: 1<<24 + 1}},
		{"uint_rounded", tensor.Float64, errs.Error{Field: "element [0]", Value: uint64(math.MaxUint64)}},
		{"large", tensor.Float32, errs.Error{Field: "element [0]", Value: 1e39}},
	} {
		c.want.Path = path + ":" + c.name
		_, err := LoadArchive(path, c.dtype, c.name)
		errtest.Check(t, err, c.want)
	}
	arrays, err := LoadArchive(path, tensor.Float32, "int_exact")
	if err != nil {
		t.Fatal(err)
	}
	check(t, "int_exact", arrays["int_exact"], tensor.Float32, shapes.Shape{4}, []float64{1 << 24, -(1<<24 + 2), 1 << 62, -(1 << 63)})
	if arrays, err = LoadArchive(path, tensor.Float64, "int_rounded", "columns_rounded", "large"); err != nil {
		t.Fatal(err)
	}
	check(t, "large", arrays["large"], tensor.Float64, shapes.Shape{2}, []float64{1e39, 1})
	for _, dtype := range []tensor.Dtype{tensor.Float32, tensor.Float64} {
		if arrays, err = LoadArchive(path, dtype, "not_finite"); err != nil {
			t.Fatal(err)
		}
		v := dense.ToFloat64(arrays["not_finite"])
		if !math.IsNaN(v[0]) || !math.IsInf(v[1], 1) || !math.IsInf(v[2], -1) || !math.Signbit(v[3]) {
			t.Error(v)
		}
	}
}

// What Save writes is what NumPy writes, byte for byte.
func TestSave(t *testing.T) {
	for name, shape := range map[string]shapes.Shape{"plain": {4, 3}, "vector": {5}, "cube": {2, 3, 4}} {
		for suffix, dtype := range map[string]tensor.Dtype{"_f4": tensor.Float32, "_f8": tensor.Float64} {
			golden := "testdata/" + name + suffix + ".npy"
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "a.npy")
			if err := Save(path, dense.FromFloat64(dtype, shape, counting("f", shape.Size()))); err != nil {
				t.Fatal(err)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s: error %v\n%q\n%q", golden, err, got, want)
			}
			got, err := Load(golden, dtype)
			if err != nil {
				t.Fatal(err)
			}
			check(t, golden, got, dtype, shape, counting("f", shape.Size()))
		}
	}

	var b bytes.Buffer
	transposed := dense.FromFloat64(tensor.Float64, shapes.Shape{3, 2}, []float64{1, 2, 3, 4, 5, 6})
	if err := transposed.T(); err != nil {
		t.Fatal(err)
	}
	if err := Write(&b, transposed); err != nil {
		t.Fatal(err)
	}
	got, err := Read(&b, tensor.Float64)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "transposed", got, tensor.Float64, shapes.Shape{2, 3}, []float64{1, 3, 5, 2, 4, 6})

	errtest.Check(t, Write(nil, transposed), errs.Error{Field: "writer"})
	errtest.Check(t, Write(&b, nil), errs.Error{Field: "tensor"})
	errtest.Check(t, Write(&b, tensor.New(tensor.Of(tensor.Int), tensor.WithShape(2))), errs.Error{Field: "dtype"})
	missing := filepath.Join(t.TempDir(), "none", "a.npy")
	errtest.Check(t, Save(missing, transposed), errs.Error{Path: missing, Field: "file"})
	full := errors.New("disk full")
	if err := Write(failing{full}, transposed); !errors.Is(err, full) {
		t.Errorf("error %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func TestLoad(t *testing.T) {
	for _, path := range []string{"testdata/plain_f8.npy", "testdata/columns.npy", "testdata/version2.npy", "testdata/version3.npy"} {
		got, err := Load(path, tensor.Dtype{})
		if err != nil {
			t.Fatal(err)
		}
		check(t, path, got, tensor.Float32, shapes.Shape{4, 3}, counting("f", 12))
	}
	_, err := Load("testdata/holes.npy", tensor.Float32)
	errtest.Check(t, err, errs.Error{Path: "testdata/holes.npy", Field: "element [2, 2]", Value: 1e39})

	raw, err := os.ReadFile("testdata/plain_f4.npy")
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{string(raw[:len(raw)-1]), string(raw) + "x"} {
		path := filepath.Join(t.TempDir(), "a.npy")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Load(path, tensor.Float32)
		errtest.Check(t, err, errs.Error{Path: path, Field: "array", Value: len(text) - 128})
	}
	_, err = Load(os.DevNull, tensor.Float32)
	errtest.Check(t, err, errs.Error{Path: os.DevNull, Field: "file"})
	_, err = Load("testdata/plain_f4.npy", tensor.Int)
	errtest.Check(t, err, errs.Error{Path: "testdata/plain_f4.npy", Field: "dtype"})
}

// file is a file with a header and elements.
func file(text, elements string) string {
	return magic + "\x01\x00" + string([]byte{byte(len(text)), byte(len(text) >> 8)}) + text + elements
}

func TestRead(t *testing.T) {
	two := "\x00\x00\x80\x3f\x00\x00\x00\x40"
	for _, text := range []string{
		"{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }   \n",
		"{'shape':(2L,),\"descr\":\"<f4\",'fortran_order':True}",
		" { 'fortran_order' : False , 'shape' : ( 2 ) , 'descr' : '<f4' } \x00",
	} {
		r := strings.NewReader(file(text, two+"rest"))
		got, err := Read(iotest.OneByteReader(r), tensor.Float64)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		check(t, text, got, tensor.Float64, shapes.Shape{2}, []float64{1, 2})
		if left, _ := io.ReadAll(r); string(left) != "rest" {
			t.Errorf("%q is left", left)
		}
	}

	good := "'descr': '<f4', 'fortran_order': False, 'shape': (2,)"
	for _, c := range []struct {
		text, field string
	}{
		{"", "header"},
		{"\x93NUM", "header"},
		{"PK\x03\x04aaaa", "file"},
		{magic + "\x04\x00", "version"},
		{magic + "\x01\x00\x05", "header"},
		{magic + "\x01\x00\x05\x00{", "header"},
		{magic + "\x02\x00\xff\xff\xff\xff{", "header"},
		{file("", two), "header"},
		{file("{", two), "header"},
		{file("{"+good, two), "header"},
		{file("{"+good+"} 1", two), "header"},
		{file("{"+good+", 'shape': (2,)}", two), "header"},
		{file("{"+good+", 'more': 1}", two), "header"},
		{file("{'descr': '<f4', 'shape': (2,)}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': 0, 'shape': (2,)}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': 2}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': (2,,)}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': ("+strings.Repeat("1,", 65)+")}", two), "header"},
		{file("{'descr': '<f4, 'fortran_order': False, 'shape': (2,)}", two), "header"},
		{file("{'descr': '|f4', 'fortran_order': False, 'shape': (2,)}", two), "header"},
		{file("{'descr': '<f3', 'fortran_order': False, 'shape': (2,)}", two), "header"},
		{file("{'descr': 'f4', 'fortran_order': False, 'shape': (2,)}", two), "header"},
		{file("{'descr': '', 'fortran_order': False, 'shape': (2,)}", two), "header"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", two), "shape[0]"},
		{file("{'descr': '<f4', 'fortran_order': False, 'shape': (1073741824, 1073741824)}", two), "shape[1]"},
		{file(fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,)}", shapes.MaxElements+1), two), "shape"},
		{file(fmt.Sprintf("{'descr': '<f4', 'fortran_order': False, 'shape': (%d,)}", shapes.MaxElements), two), "array"},
		{file("{"+good+"}", two[:7]), "array"},
		{file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", "\x01\x02"), "element [1]"},
	} {
		_, err := Read(strings.NewReader(c.text), tensor.Float32)
		t.Run(c.text, func(t *testing.T) { errtest.Check(t, err, errs.Error{Path: "npy", Field: c.field}) })
	}
	_, err := Read(nil, tensor.Float32)
	errtest.Check(t, err, errs.Error{Field: "reader"})
	broken := errors.New("connection lost")
	if _, err = Read(io.MultiReader(strings.NewReader(file("{"+good+"}", "")), iotest.ErrReader(broken)), tensor.Float32); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

// Any bytes give an error, or a tensor with no more elements than the bytes have, which
// is the same after it is written and read again.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"columns", "plain_f8", "labels", "version2", "cube_f4", "holes"} {
		raw, err := os.ReadFile("testdata/" + name + ".npy")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(file("{'descr': '|b1', 'fortran_order': False, 'shape': (), }", "\x01")))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := Read(bytes.NewReader(raw), tensor.Float64)
		if err != nil {
			if !errors.Is(err, errs.ErrInput) || len(err.Error()) > 2000 {
				t.Fatalf("error %v", err)
			}
			return
		}
		if a.DataSize() > len(raw) {
			t.Fatalf("%d elements of %d bytes", a.DataSize(), len(raw))
		}
		var b bytes.Buffer
		if err := Write(&b, a); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b, tensor.Float64)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range a.Float64s() {
			if math.Float64bits(v) != math.Float64bits(again.Float64s()[i]) {
				t.Fatalf("element %d: %v, then %v", i, v, again.Float64s()[i])
			}
		}
	})
}

// Any bytes give arrays or an error.
func FuzzReadArchive(f *testing.F) {
	for _, name := range []string{"refused", "compressed", "limits"} {
		raw, err := os.ReadFile("testdata/" + name + ".npz")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		arrays, err := readArchive(bytes.NewReader(raw), int64(len(raw)), "a", tensor.Float32, nil)
		if err != nil && (!errors.Is(err, errs.ErrInput) || len(err.Error()) > 2000) {
			t.Fatalf("error %v", err)
		}
		for name, a := range arrays {
			if a.DataSize() > 2000*len(raw) {
				t.Fatalf("%s: %d elements of %d bytes", name, a.DataSize(), len(raw))
			}
		}
	})
}
