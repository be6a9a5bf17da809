package parquet

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"
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

// A page with a wrong checksum is an error, and one without a checksum is not.
func TestChecksum(t *testing.T) {
	data := []byte{1, 0, 0, 0, 2, 0, 0, 0}
	sum := int64(int32(crc32.ChecksumIEEE(data)))
	for _, c := range []struct {
		fields []field
		ok     bool
	}{{nil, true}, {[]field{{4, sum}}, true}, {[]field{{4, sum + 1}}, false}, {[]field{{4, int64(0)}}, false}} {
		header := structure{{1, int64(0)}, {2, int64(8)}, {3, int64(8)}, {5, structure{{1, int64(2)}, {2, int64(plain)}}}}
		raw := append(encode(nil, append(header, c.fields...)), data...)
		out, _, err := readPages(nil, nil, raw, 0, column{physical: int32s}, 2)
		if (err == nil) != c.ok || c.ok && !slices.Equal(out, []uint64{1, 2}) {
			t.Errorf("%v: %v, error %v", c.fields, out, err)
		}
	}
}

// Any values between any nulls come back in their rows, from pages of both versions.
func TestNulls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var raw []byte
		var want []uint64
		var nulls []int
		for range rapid.IntRange(1, 3).Draw(t, "pages") {
			known := rapid.SliceOfN(rapid.Bool(), 1, 40).Draw(t, "known")
			levels := []byte{byte((len(known)+7)/8)<<1 | 1} // groups of 8 levels of a bit
			levels = append(levels, make([]byte, (len(known)+7)/8)...)
			var data []byte
			for i, ok := range known {
				if !ok {
					want, nulls = append(want, 0), append(nulls, len(want))
					continue
				}
				levels[1+i/8] |= 1 << (i % 8)
				v := rapid.Uint32Range(1, 1<<31).Draw(t, "value")
				want, data = append(want, uint64(v)), binary.LittleEndian.AppendUint32(data, v)
			}
			header := structure{{1, int64(3)}, {8, structure{{1, int64(len(known))}, {2, int64(len(known))}, {4, int64(plain)}, {5, int64(len(levels))}, {6, int64(0)}}}}
			if rapid.Bool().Draw(t, "version 1") {
				header = structure{{1, int64(0)}, {5, structure{{1, int64(len(known))}, {2, int64(plain)}, {3, int64(runLengths)}}}}
				levels = append(binary.LittleEndian.AppendUint32(nil, uint32(len(levels))), levels...)
			}
			size := int64(len(levels) + len(data))
			header = slices.Insert(header, 1, field{2, size}, field{3, size})
			raw = slices.Concat(encode(raw, header), levels, data)
		}
		out, gaps, err := readPages(nil, nil, raw, 0, column{physical: int32s, optional: true}, len(want))
		if err != nil || !slices.Equal(out, want) || !slices.Equal(gaps, nulls) {
			t.Fatalf("%v and %v, error %v, want %v and %v", out, gaps, err, want, nulls)
		}
	})
}

func TestDecodeDelta(t *testing.T) {
	// Blocks of 8 in one part; 3 values: 7, then the least difference −2 and 0 or 2 above it.
	data := []byte{8, 1, 3, 14, 3, 2, 0b1000, 0}
	out, err := decodeDelta(nil, data, 3)
	if want := []uint64{7, 5, 5}; err != nil || !slices.Equal(out, want) {
		t.Errorf("%v, want %v, error %v", out, want, err)
	}
	for name, change := range map[string]func([]byte){
		"number of values": func(b []byte) { b[2] = 4 },
		"65 bits":          func(b []byte) { b[5] = 65 },
		"no block":         func(b []byte) { b[0] = 0 },
		"no parts":         func(b []byte) { b[1] = 0 },
	} {
		wrong := append(bytes.Clone(data), make([]byte, 100)...)
		change(wrong)
		if out, err := decodeDelta(nil, wrong, 3); err == nil {
			t.Errorf("%s: no error, but %v", name, out)
		}
	}
	// Differences of 32 bits wrap around, so the upper half of the bits has no meaning.
	if got := (column{physical: int32s, unsigned: true}).number(1<<32 | 5); got != 5 {
		t.Errorf("%v, want 5", got)
	}
	if got := (column{physical: int32s}).number(1<<32 - 5); got != -5 {
		t.Errorf("%v, want −5", got)
	}
}
