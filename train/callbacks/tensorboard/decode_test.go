package tensorboard_test

import (
	"encoding/binary"
	"math"
	"os"
	"path/filepath"
	"testing"
)

// record is an event as a plain decoder reads it, without the packages that write it.
type record struct {
	Version    string
	Step       int
	Scalars    map[string]float32
	Histograms map[string]shape
	time       float64
}

// shape is a histogram.
type shape struct {
	Min, Max, Num, Sum, Squares float64
	Limits, Counts              []float64
}

// crc is CRC-32C, bit by bit.
func crc(data []byte) uint32 {
	c := ^uint32(0)
	for _, b := range data {
		c ^= uint32(b)
		for range 8 {
			if c&1 == 1 {
				c = c>>1 ^ 0x82f63b78
			} else {
				c >>= 1
			}
		}
	}
	return ^c
}

func masked(data []byte) uint32 {
	c := crc(data)
	return (c>>15 | c<<17) + 0xa282ead8
}

// The checksum of "123456789" is published, and every event file of TensorFlow begins with
// the length 24 and this checksum of it.
func TestChecksumOfTheDecoder(t *testing.T) {
	if got := crc([]byte("123456789")); got != 0xe3069283 {
		t.Errorf("got %x", got)
	}
	if got := masked(binary.LittleEndian.AppendUint64(nil, 24)); got != 0x224b7fa3 {
		t.Errorf("got %x", got)
	}
}

// field is one of a protocol buffer message.
type field struct {
	number int
	bytes  []byte // of a message or a string
	bits   uint64 // of a number
}

func fields(t *testing.T, b []byte) (out []field) {
	t.Helper()
	varint := func() uint64 {
		x, n := binary.Uvarint(b)
		if n <= 0 {
			t.Fatalf("no number in %x", b)
		}
		b = b[n:]
		return x
	}
	take := func(n uint64) []byte {
		if n > uint64(len(b)) {
			t.Fatalf("%d bytes are missing", n-uint64(len(b)))
		}
		head := b[:n]
		b = b[n:]
		return head
	}
	for len(b) > 0 {
		key := varint()
		f := field{number: int(key >> 3)}
		switch key & 7 {
		case 0:
			f.bits = varint()
		case 1:
			f.bits = binary.LittleEndian.Uint64(take(8))
		case 2:
			f.bytes = take(varint())
		case 5:
			f.bits = uint64(binary.LittleEndian.Uint32(take(4)))
		default:
			t.Fatalf("wire type %d", key&7)
		}
		out = append(out, f)
	}
	return out
}

func (f field) double() float64 { return math.Float64frombits(f.bits) }

func (f field) doubles() (out []float64) {
	for b := f.bytes; len(b) >= 8; b = b[8:] {
		out = append(out, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	return out
}

// decode reads the only event file of a folder, and checks all checksums.
func decode(t *testing.T, folder string) (out []record) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "events.out.tfevents.*.v2"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%s has %v, %v", folder, files, err)
	}
	return decodeFile(t, files[0])
}

func decodeFile(t *testing.T, path string) (out []record) {
	t.Helper()
	b, err := os.ReadFile(path)
	check(t, err)
	for len(b) > 0 {
		if len(b) < 16 {
			t.Fatalf("%d bytes are left", len(b))
		}
		n := binary.LittleEndian.Uint64(b)
		if n > uint64(len(b)-16) {
			t.Fatalf("a record of %d bytes, of which %d are there", n, len(b)-16)
		}
		data := b[12 : 12+n]
		if got := binary.LittleEndian.Uint32(b[8:]); got != masked(b[:8]) {
			t.Fatalf("checksum of the length is %x", got)
		}
		if got := binary.LittleEndian.Uint32(b[12+n:]); got != masked(data) {
			t.Fatalf("checksum of the data is %x", got)
		}
		out = append(out, decodeEvent(t, data))
		b = b[16+n:]
	}
	return out
}

func decodeEvent(t *testing.T, data []byte) record {
	t.Helper()
	r := record{Scalars: map[string]float32{}, Histograms: map[string]shape{}}
	for _, f := range fields(t, data) {
		switch f.number {
		case 1:
			r.time = f.double()
		case 2:
			r.Step = int(f.bits)
		case 3:
			r.Version = string(f.bytes)
		case 5:
			for _, v := range fields(t, f.bytes) {
				tag := ""
				for _, part := range fields(t, v.bytes) {
					switch part.number {
					case 1:
						tag = string(part.bytes)
					case 2:
						r.Scalars[tag] = math.Float32frombits(uint32(part.bits))
					case 5:
						r.Histograms[tag] = decodeHistogram(t, part.bytes)
					}
				}
			}
		}
	}
	return r
}

func decodeHistogram(t *testing.T, data []byte) (s shape) {
	t.Helper()
	numbers := map[int]*float64{1: &s.Min, 2: &s.Max, 3: &s.Num, 4: &s.Sum, 5: &s.Squares}
	for _, f := range fields(t, data) {
		switch f.number {
		case 6:
			s.Limits = f.doubles()
		case 7:
			s.Counts = f.doubles()
		default:
			*numbers[f.number] = f.double()
		}
	}
	return s
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
