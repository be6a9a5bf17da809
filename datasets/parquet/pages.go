package parquet

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pkg/errors"
)

// nullAt is the error of a missing value, which is that of a row of the page.
type nullAt int

func (n nullAt) Error() string { return fmt.Sprintf("null at row %d", int(n)) }

// readPages appends the values of a chunk, which has rows of them, to out, as bits.
func readPages(out []uint64, raw []byte, codec int64, c column, rows int) ([]uint64, error) {
	var dictionary []uint64
	want := len(out) + rows
	for len(out) < want {
		header, rest, err := readStruct(raw)
		if err != nil {
			return nil, err
		}
		p := page{codec: codec, most: want - len(out), size: get[int64](header, 2)}
		length := get[int64](header, 3)
		if length < 0 || length > int64(len(rest)) {
			return nil, errors.Errorf("a page of %d bytes in %d", length, len(rest))
		}
		p.data, raw = rest[:length], rest[length:]
		if sum, ok := find[int64](header, 4); ok && uint32(sum) != crc32.ChecksumIEEE(p.data) {
			return nil, errors.New("the checksum of a page is wrong")
		}
		done := len(out)
		switch get[int64](header, 1) {
		case 0:
			out, err = p.v1(out, get[structure](header, 5), c, dictionary)
		case 2:
			dictionary, err = p.dictionary(get[structure](header, 7), c)
		case 3:
			out, err = p.v2(out, get[structure](header, 8), c, dictionary)
		}
		if null, ok := err.(nullAt); ok {
			return nil, null + nullAt(done-(want-rows))
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// page is a page that is read: most values are left in its chunk, and its bytes have a
// size when they are decompressed.
type page struct {
	codec int64
	most  int
	size  int64
	data  []byte
}

// count checks a number of values.
func (p page) count(n int64) (int, error) {
	if n < 0 || n > int64(p.most) {
		return 0, errors.Errorf("%d values, where %d are left", n, p.most)
	}
	return int(n), nil
}

func (p page) dictionary(header structure, c column) ([]uint64, error) {
	n, err := p.count(get[int64](header, 1))
	if err != nil {
		return nil, err
	}
	data, err := decompress(p.data, p.codec, p.size, n)
	if err != nil {
		return nil, err
	}
	return decodeValues(nil, data, plain, c.physical, n, nil)
}

func (p page) v1(out []uint64, header structure, c column, dictionary []uint64) ([]uint64, error) {
	n, err := p.count(get[int64](header, 1))
	if err != nil {
		return nil, err
	}
	data, err := decompress(p.data, p.codec, p.size, n)
	if err != nil {
		return nil, err
	}
	if c.optional {
		if encoding := get[int64](header, 3); encoding != runLengths {
			return nil, errors.Errorf("encoding %d of nulls cannot be read", encoding)
		}
		if len(data) < 4 {
			return nil, errShort
		}
		length := uint64(data[0]) | uint64(data[1])<<8 | uint64(data[2])<<16 | uint64(data[3])<<24
		if data = data[4:]; length > uint64(len(data)) {
			return nil, errShort
		}
		if err := noNulls(data[:length], n); err != nil {
			return nil, err
		}
		data = data[length:]
	}
	return decodeValues(out, data, get[int64](header, 2), c.physical, n, dictionary)
}

func (p page) v2(out []uint64, header structure, c column, dictionary []uint64) ([]uint64, error) {
	n, err := p.count(get[int64](header, 1))
	if err != nil {
		return nil, err
	}
	// The levels come first, of repetitions and of nulls, and are never compressed.
	repetitions, nulls := get[int64](header, 6), get[int64](header, 5)
	if repetitions < 0 || nulls < 0 || repetitions > int64(len(p.data)) || nulls > int64(len(p.data))-repetitions {
		return nil, errShort
	}
	levels, data := p.data[repetitions:repetitions+nulls], p.data[repetitions+nulls:]
	if c.optional && len(levels) > 0 {
		if err := noNulls(levels, n); err != nil {
			return nil, err
		}
	}
	if get[int64](header, 2) > 0 {
		return nil, errors.New("values are missing")
	}
	if compressed, ok := find[int64](header, 7); !ok || compressed != 0 {
		if data, err = decompress(data, p.codec, p.size-repetitions-nulls, n); err != nil {
			return nil, err
		}
	}
	return decodeValues(out, data, get[int64](header, 4), c.physical, n, dictionary)
}

// noNulls reads levels of a column without a group above it: 1 is a value, 0 is null.
func noNulls(levels []byte, n int) error {
	at := 0
	return hybrid(levels, 1, n, func(level uint64, n int) error {
		if level == 0 && n > 0 {
			return nullAt(at)
		}
		at += n
		return nil
	})
}

// decompress returns the bytes of a page of n values, which have the given size.
func decompress(data []byte, codec, size int64, n int) ([]byte, error) {
	// No encoding of numbers takes more than 16 bytes for each, but for a block of
	// differences that is filled up.
	if size < 0 || size > 16*int64(n)+1<<20 {
		return nil, errors.Errorf("a page of %d bytes for %d values", size, n)
	}
	var r io.Reader
	switch codec {
	case 0:
		return data, nil
	case 1:
		if length, err := snappy.DecodedLen(data); err != nil || int64(length) != size || size > 64*int64(len(data)) {
			return nil, errors.Errorf("%d bytes, where %d were compressed with Snappy", length, size)
		}
		return snappy.Decode(nil, data)
	case 2:
		unzipped, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return nil, err
		}
		r = unzipped
	case 6:
		decoder, err := zstd.NewReader(bytes.NewReader(data), zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(1<<23))
		if err != nil {
			return nil, err
		}
		defer decoder.Close()
		r = decoder
	default:
		return nil, errors.Errorf("compression %d cannot be read; write SNAPPY, GZIP, ZSTD or none", codec)
	}
	out, err := io.ReadAll(io.LimitReader(r, size+1))
	if err == nil && int64(len(out)) != size {
		err = errors.Errorf("%d bytes or more, where %d were compressed", len(out), size)
	}
	return out, err
}
