package parquet

import (
	"bytes"
	"compress/gzip"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// Pages that claim or give other sizes than they have are errors, before they take memory.
func TestDecompress(t *testing.T) {
	zeros := make([]byte, 1<<16)
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	if _, err := w.Write(zeros); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	encoder, err := zstd.NewWriter(nil, zstd.WithWindowSize(1<<24), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	defer encoder.Close()
	wide := encoder.EncodeAll(make([]byte, 1<<24+1), nil)
	for _, c := range []struct {
		name  string
		data  []byte
		codec int64
	}{{"none", zeros, 0}, {"snappy", snappy.Encode(nil, zeros), 1}, {"gzip", zipped.Bytes(), 2}, {"zstd", encoder.EncodeAll(zeros, nil), 6}} {
		out, err := decompress(c.data, c.codec, int64(len(zeros)), 8192)
		if err != nil || !bytes.Equal(out, zeros) {
			t.Errorf("%s: %d bytes, error %v", c.name, len(out), err)
		}
		for _, size := range []int64{-1, 1<<40 + 1} {
			if _, err := decompress(c.data, c.codec, size, 8192); err == nil {
				t.Errorf("%s: no error of size %d", c.name, size)
			}
		}
		for _, size := range []int64{100, 1<<16 - 1, 1<<16 + 1} {
			if _, err := decompress(c.data, c.codec, size, 8192); err == nil && c.codec != 0 {
				t.Errorf("%s: no error of size %d", c.name, size)
			}
		}
		if c.codec != 0 {
			if _, err := decompress(c.data[:len(c.data)/2], c.codec, int64(len(zeros)), 8192); err == nil {
				t.Errorf("%s: no error of half the bytes", c.name)
			}
		}
	}
	if _, err := decompress(wide, 6, 1<<24+1, 1<<23); err == nil {
		t.Error("no error of a window of 16 MiB")
	}
	if _, err := decompress([]byte("\xff\xff\xff\xff\x0f\x00"), 1, 1<<32-1, 1<<30); err == nil {
		t.Error("no error of 4 GiB in 6 bytes of Snappy")
	}
}

// A run of more values than there are is cut.
func TestHybridBounded(t *testing.T) {
	got := 0
	if err := hybrid([]byte("\xfe\xff\xff\xff\x0f\x01"), 1, 5, func(v uint64, n int) error { got += n; return nil }); err != nil || got != 5 {
		t.Errorf("%d values, error %v", got, err)
	}
	for _, data := range []string{"", "\x02", "\x03", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		if err := hybrid([]byte(data), 1, 5, func(uint64, int) error { return nil }); err == nil {
			t.Errorf("no error of %q", data)
		}
	}
}

// A list that claims more elements than there are bytes is an error.
func TestThriftBounded(t *testing.T) {
	for _, data := range []string{
		"", "\x19", "\x19\xfc\xff\xff\xff\xff\x0f\x00", "\x18\xff\xff\xff\xff\x0f", "\x1b\xff\xff\xff\xff\x0f\x55", "\x1f\x00",
		string(bytes.Repeat([]byte("\x1c"), 100)), string(bytes.Repeat([]byte("\x19\x19"), 100)),
	} {
		if s, _, err := readStruct([]byte(data)); err == nil {
			t.Errorf("%q is %v", data, s)
		}
	}
}
