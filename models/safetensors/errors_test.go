package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/models/safetensors"
	"gorgonia.org/tensor"
)

func file(header string, data []byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

func TestReadRefuses(t *testing.T) {
	one := func(dtype, shape, offsets string) string {
		return fmt.Sprintf(`{"a":{"dtype":%s,"shape":%s,"data_offsets":%s}}`, dtype, shape, offsets)
	}
	const a, b = `"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}`, `"b":{"dtype":"F32","shape":[1],"data_offsets":[%d,%d]}`
	two := func(begin, end int) string { return "{" + a + "," + fmt.Sprintf(b, begin, end) + "}" }
	for _, tc := range []struct {
		header             string
		data               int
		path, field, value string
	}{
		{``, 0, "", "header", ""},
		{` {}`, 0, "", "header", ""},
		{`[]`, 0, "", "header", ""},
		{`{`, 0, "", "header", ""},
		{`{}x`, 0, "", "header", ""},
		{`{}`, 1, "", "file", ""},
		{strings.Repeat(`{"a":`, 4) + `1}}}}`, 0, "", "header", ""},
		{"{\"\xff\":1}", 0, "", "header", ""},
		{`{"a":3}`, 0, "a", "", "3"},
		{`{"a":{}}`, 0, "a", "tensor", ""},
		{`{"a":{"dtype":"F32","shape":[]}}`, 0, "a", "tensor", ""},
		{`{"a":{"dtype":"F32","shape":[],"dtype":"F32"}}`, 0, "a", "", ``},
		{`{"a":{"dtype":"F32","shape":[],"offset":[0,4]}}`, 4, "a", "offset", ""},
		{"{" + a + "," + a + "}", 16, "", "", ``},
		{`{"__metadata__":{},"__metadata__":{}}`, 0, "", "", ""},
		{`{"__metadata__":3}`, 0, "__metadata__", "", ""},
		{`{"__metadata__":{"k":3}}`, 0, "__metadata__:k", "", "3"},
		{`{"__metadata__":{"k":"1","k":"2"}}`, 0, "__metadata__", "", ""},
		{one(`"F16"`, `[2]`, `[0,4]`), 4, "a", "dtype", "F16"},
		{one(`"BF16"`, `[2]`, `[0,4]`), 4, "a", "dtype", "BF16"},
		{one(`"f32"`, `[1]`, `[0,4]`), 4, "a", "dtype", "f32"},
		{one(`32`, `[1]`, `[0,4]`), 4, "a", "dtype", "32"},
		{one(`"F32"`, `1`, `[0,4]`), 4, "a", "shape", "1"},
		{one(`"F32"`, `[1.0]`, `[0,4]`), 4, "a", "shape", ""},
		{one(`"F32"`, `["1"]`, `[0,4]`), 4, "a", "shape", ""},
		{one(`"F32"`, `[-1]`, `[0,4]`), 4, "a", "shape", ""},
		{one(`"F32"`, `[0,3]`, `[0,0]`), 0, "a", "shape", "[0, 3]"},
		{one(`"F32"`, `[9223372036854775808]`, `[0,4]`), 4, "a", "shape", ""},
		{one(`"F64"`, `[4294967296,4294967296]`, `[0,0]`), 0, "a", "shape", ""},
		{one(`"F64"`, `[1152921504606846976]`, `[0,0]`), 0, "a", "shape", ""},
		{one(`"F32"`, "[1"+strings.Repeat(",1", 32)+"]", `[0,4]`), 4, "a", "shape", ""},
		{one(`"F32"`, `[1]`, `[0]`), 4, "a", "data_offsets", ""},
		{one(`"F32"`, `[1]`, `[0,4,8]`), 4, "a", "data_offsets", ""},
		{one(`"F32"`, `[1]`, `[4,0]`), 4, "a", "data_offsets", ""},
		{one(`"F32"`, `[1]`, `[0,8]`), 8, "a", "data_offsets", "[0 8]"},
		{one(`"F32"`, `[1]`, `[4,8]`), 8, "a", "data_offsets", ""},
		{two(12, 16), 16, "b", "data_offsets", ""},
		{two(4, 8), 8, "b", "data_offsets", ""},
		{two(0, 4), 8, "b", "data_offsets", "0"},
		{two(8, 12), 11, "b", "data", ""},
		{two(8, 12), 8, "b", "data", ""},
		{two(8, 12), 13, "", "file", ""},
		{`{"\u0007":3}`, 0, `"\a"`, "", ""},
		{`{"":3}`, 0, `""`, "", ""},
	} {
		f, err := safetensors.Read(bytes.NewReader(file(tc.header, make([]byte, tc.data))))
		refused(t, tc.header, err, tc.path, tc.field, tc.value)
		if f.Tensors != nil || f.Metadata != nil {
			t.Errorf("%s: part of the file came out with the error", tc.header)
		}
	}
}

// TestCut cuts a good file at every byte.
func TestCut(t *testing.T) {
	data := write(t, golden())
	for n := range data {
		_, err := safetensors.Read(bytes.NewReader(data[:n]))
		field := "header"
		if errorPath(err) != "" {
			field = "data"
		}
		refused(t, fmt.Sprint(n), err, "", field, "")
	}
	_, err := safetensors.Read(bytes.NewReader(append(data, 0)))
	refused(t, "longer", err, "", "file", "")
	broken := errors.New("broken disk")
	for _, n := range []int64{0, 20, int64(len(data)) - 3, int64(len(data))} {
		r := io.MultiReader(io.LimitReader(bytes.NewReader(data), n), iotest.ErrReader(broken))
		if _, err := safetensors.Read(r); !errors.Is(err, broken) || errors.Is(err, errs.ErrInput) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

// TestClaims reads headers that claim far more than follows.
func TestClaims(t *testing.T) {
	if strconv.IntSize == 32 {
		t.Skip("most of these sizes do not fit an int, which is another error")
	}
	const huge = `{"a":{"dtype":"%s","shape":[%d],"data_offsets":[0,8589934592]}}`
	for name, tc := range map[string]struct {
		data               []byte
		path, field, value string
	}{
		"header of 8 GB":   {append(binary.LittleEndian.AppendUint64(nil, 8<<30), make([]byte, 92)...), "", "header", "8589934592"},
		"header of 2^64":   {append(bytes.Repeat([]byte{255}, 8), make([]byte, 92)...), "", "header", "18446744073709551615"},
		"header of 100 MB": {append(binary.LittleEndian.AppendUint64(nil, 100_000_000), make([]byte, 92)...), "", "header", ""},
		"8 GB of float32":  {file(fmt.Sprintf(huge, "F32", int64(1<<31)), make([]byte, 100)), "a", "data", ""},
		"8 GB of float64":  {file(fmt.Sprintf(huge, "F64", 1<<30), make([]byte, 200_000)), "a", "data", ""},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := safetensors.Read(bytes.NewReader(tc.data))
		runtime.ReadMemStats(&after)
		refused(t, name, err, tc.path, tc.field, tc.value)
		if got := after.TotalAlloc - before.TotalAlloc; got > 1<<20 {
			t.Errorf("%s: took %d bytes", name, got)
		}
	}
}

func TestWriteRefuses(t *testing.T) {
	matrix := func() *tensor.Dense { return dense([]float32{1, 2, 3, 4, 5, 6}, 3, 2) }
	slice := func(s ...tensor.Slice) *tensor.Dense {
		v, err := matrix().Slice(s...)
		if err != nil {
			t.Fatal(err)
		}
		return v.(*tensor.Dense)
	}
	turned := matrix()
	if err := turned.T(); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, key string
		d         *tensor.Dense
		field     string
		value     string
	}{
		{"nil", "a", nil, "tensor", ""},
		{"unset", "a", new(tensor.Dense), "tensor", ""},
		{"ints", "a", dense([]int{1}, 1), "dtype", "int"},
		{"turned", "a", turned, "tensor", "shape (2, 3), strides [1 2]"},
		{"column", "a", slice(nil, tensor.S(1)), "tensor", "shape (3), strides [2]"},
		{"column-major", "a", tensor.New(tensor.WithShape(2, 3), tensor.AsFortran(make([]float32, 6))), "tensor", "shape (2, 3), strides [1 2]"},
		{"masked", "a", tensor.New(tensor.WithShape(2), tensor.WithBacking(make([]float64, 2)), tensor.WithMask([]bool{true, false})), "tensor", "shape (2), strides [1]"},
		{"rank", "a", dense(make([]float32, 1), repeatOnes(33)...), "shape", "33"},
		{"metadata", "__metadata__", matrix(), "name", ""},
		{"text", "\xff", matrix(), "name", ""},
	} {
		var b bytes.Buffer
		err := safetensors.Write(&b, safetensors.File{Tensors: map[string]*tensor.Dense{tc.key: tc.d, "0": matrix()}})
		refused(t, tc.name, err, "", tc.field, tc.value)
		if tc.key == "a" && errorPath(err) != "a" || b.Len() > 0 {
			t.Errorf("%s: path %q, %d bytes written", tc.name, errorPath(err), b.Len())
		}
	}
	for path, m := range map[string]map[string]string{"__metadata__": {"\xff": ""}, "__metadata__:k": {"k": "\xff"}} {
		refused(t, "metadata", safetensors.Write(io.Discard, safetensors.File{Metadata: m}), path, "", `"\xff"`)
	}
	big := safetensors.File{Metadata: map[string]string{"k": strings.Repeat("x", 100_000_000)}}
	refused(t, "header", safetensors.Write(io.Discard, big), "", "header", "")
	broken := errors.New("broken disk")
	if err := safetensors.Write(failing{broken}, golden()); !errors.Is(err, broken) {
		t.Error(err)
	}
}

// TestViews writes slices of rows, whose numbers lie together.
func TestViews(t *testing.T) {
	m := dense([]float32{1, 2, 3, 4, 5, 6}, 3, 2)
	for want, s := range map[string][]tensor.Slice{
		"[3 4 5 6]": {tensor.S(1, 3)}, "[3 4]": {tensor.S(1)}, "[4]": {tensor.S(1), tensor.S(1)},
	} {
		v, err := m.Slice(s...)
		if err != nil {
			t.Fatal(err)
		}
		f := safetensors.File{Tensors: map[string]*tensor.Dense{"a": v.(*tensor.Dense)}}
		got, err := safetensors.Read(bytes.NewReader(write(t, f)))
		if err != nil {
			t.Fatal(err)
		}
		same(t, got, f)
		if s := fmt.Sprint(got.Tensors["a"].Float32s()); s != want {
			t.Errorf("got %s, want %s", s, want)
		}
	}
}

func TestReadFileErrors(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "missing")
	_, err := safetensors.ReadFile(missing)
	refused(t, "missing", err, missing, "file", "no such file or directory")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err = safetensors.ReadFile(dir)
	refused(t, "folder", err, dir, "file", "a directory")
	_, err = safetensors.ReadFile(os.DevNull)
	refused(t, "device", err, os.DevNull, "file", "a device")
	bad := filepath.Join(dir, "bad")
	if err := os.WriteFile(bad, file(`{"a":3}`, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = safetensors.ReadFile(bad)
	refused(t, "bad", err, bad+":a", "", "3")

	data := write(t, golden())
	for field, data := range map[string][]byte{
		"data": data[:len(data)-1],
		"file": append(bytes.Clone(data), 0),
	} {
		if err := os.WriteFile(bad, data, 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := safetensors.Open(bad) // reads no numbers
		refused(t, "size", err, bad, field, "")
	}
}

// refused checks an error of bad input, and its value where one is given.
func refused(t *testing.T, name string, err error, path, field, value string) {
	t.Helper()
	want := errs.Error{Path: path, Field: field}
	if value != "" {
		want.Value = value
	}
	t.Run(name, func(t *testing.T) {
		t.Helper()
		errtest.Check(t, err, want)
	})
}

func errorPath(err error) string {
	var e errs.Error
	errors.As(err, &e)
	return e.Path
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

func repeatOnes(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}

// A Reader that Open or NewReader did not make, and one that was read, has no numbers.
func TestReaderWithoutNumbers(t *testing.T) {
	_, none := safetensors.NewReader(nil)
	_, nothing := safetensors.Read(nil)
	_, zero := new(safetensors.Reader).Tensors()
	read, err := safetensors.NewReader(bytes.NewReader(file("{}", nil)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read.Tensors(); err != nil {
		t.Fatal(err)
	}
	_, twice := read.Tensors()
	for _, err := range []error{none, nothing, zero, twice} {
		if !errors.Is(err, errs.ErrInput) {
			t.Errorf("got %v", err)
		}
	}
	if err := errors.Join(read.Close(), new(safetensors.Reader).Close()); err != nil {
		t.Error(err)
	}
}
