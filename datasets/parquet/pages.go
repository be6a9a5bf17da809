package parquet

import (
	"bytes"
	"compress/gzip"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/pkg/errors"
)

// readPages reads the values of a chunk, which has rows of them, into out, as bits, and
// appends the places of those that are null to nulls.
func readPages(out []uint64, nulls []int, raw []byte, codec int64, c column, rows int) ([]uint64, []int, error) {
	var dictionary []uint64
	out = out[:0]
	for len(out) < rows {
		header, rest, err := readStruct(raw)
		if err != nil {
			return nil, nil, err
		}
		p := page{codec: codec, most: rows - len(out), size: get[int64](header, 2)}
		length := get[int64](header, 3)
		if length < 0 || length > int64(len(rest)) {
			return nil, nil, errors.Errorf("a page of %d bytes in %d", length, len(rest))
		}
		p.data, raw = rest[:length], rest[length:]
		if sum, ok := find[int64](header, 4); ok && uint32(sum) != crc32.ChecksumIEEE(p.data) {
			return nil, nil, errors.New("the checksum of a page is wrong")
		}
		switch get[int64](header, 1) {
		case 0:
			out, nulls, err = p.v1(out, nulls, get[structure](header, 5), c, dictionary)
		case 2:
			dictionary, err = p.dictionary(get[structure](header, 7), c)
		case 3:
			out, nulls, err = p.v2(out, nulls, get[structure](header, 8), c, dictionary)
		}
		if err != nil {
			return nil, nil, err
		}
	}
	return out, nulls, nil
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

func (p page) v1(out []uint64, nulls []int, header structure, c column, dictionary []uint64) ([]uint64, []int, error) {
	n, err := p.count(get[int64](header, 1))
	if err != nil {
		return nil, nil, err
	}
	data, err := decompress(p.data, p.codec, p.size, n)
	if err != nil {
		return nil, nil, err
	}
	var levels []byte
	if c.optional {
		if encoding := get[int64](header, 3); encoding != runLengths {
			return nil, nil, errors.Errorf("encoding %d of nulls cannot be read", encoding)
		}
		if len(data) < 4 {
			return nil, nil, errShort
		}
		length := uint64(data[0]) | uint64(data[1])<<8 | uint64(data[2])<<16 | uint64(data[3])<<24
		if data = data[4:]; length > uint64(len(data)) {
			return nil, nil, errShort
		}
		levels, data = data[:length], data[length:]
	}
	return p.values(out, nulls, levels, c.optional, data, get[int64](header, 2), c, n, dictionary)
}

func (p page) v2(out []uint64, nulls []int, header structure, c column, dictionary []uint64) ([]uint64, []int, error) {
	n, err := p.count(get[int64](header, 1))
	if err != nil {
		return nil, nil, err
	}
	// The levels come first, of repetitions and of nulls, and are never compressed.
	repetitions, length := get[int64](header, 6), get[int64](header, 5)
	if repetitions < 0 || length < 0 || repetitions > int64(len(p.data)) || length > int64(len(p.data))-repetitions {
		return nil, nil, errShort
	}
	levels, data := p.data[repetitions:repetitions+length], p.data[repetitions+length:]
	if compressed, ok := find[int64](header, 7); !ok || compressed != 0 {
		if data, err = decompress(data, p.codec, p.size-repetitions-length, n); err != nil {
			return nil, nil, err
		}
	}
	return p.values(out, nulls, levels, c.optional && length > 0, data, get[int64](header, 4), c, n, dictionary)
}

// values appends n values to out, 0 for those that are null, and the places of these to nulls.
// Only the others are in data; the levels say which, unless no value can be null.
func (p page) values(out []uint64, nulls []int, levels []byte, optional bool, data []byte, encoding int64, c column, n int, dictionary []uint64) ([]uint64, []int, error) {
	first, before := len(out), len(nulls)
	if optional {
		at := first
		// A column without a group above it has two levels: 1 is a value, 0 is null.
		err := hybrid(levels, 1, n, func(level uint64, run int) error {
			for range run {
				if level == 0 {
					nulls = append(nulls, at)
				}
				at++
			}
			return nil
		})
		if err != nil {
			return nil, nil, err
		}
	}
	known := n - (len(nulls) - before)
	out, err := decodeValues(out, data, encoding, c.physical, known, dictionary)
	if err != nil || known == n {
		return out, nulls, err
	}
	// The last values move to the end, until all nulls are between them.
	out = append(out, make([]uint64, n-known)...)
	from, null := first+known-1, len(nulls)-1
	for to := first + n - 1; null >= before; to-- {
		if to == nulls[null] {
			out[to], null = 0, null-1
			continue
		}
		out[to], from = out[from], from-1
	}
	return out, nulls, nil
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
