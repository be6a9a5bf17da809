package tensorboard

import (
	"encoding/binary"
	"hash/crc32"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// Fields of the messages Event, Summary, Summary.Value and HistogramProto of TensorFlow's
// event.proto, summary.proto and histogram.proto.
const (
	eventWallTime    protowire.Number = 1
	eventStep        protowire.Number = 2
	eventFileVersion protowire.Number = 3
	eventSummary     protowire.Number = 5

	summaryValue protowire.Number = 1

	valueTag       protowire.Number = 1
	valueSimple    protowire.Number = 2
	valueHistogram protowire.Number = 5

	histogramMin     protowire.Number = 1
	histogramMax     protowire.Number = 2
	histogramNum     protowire.Number = 3
	histogramSum     protowire.Number = 4
	histogramSquares protowire.Number = 5
	histogramLimits  protowire.Number = 6
	histogramCounts  protowire.Number = 7
)

// fileVersion is what the first event of a file holds.
const fileVersion = "brain.Event:2"

// value is a Summary.Value, in bytes.
type value []byte

// scalar is a value with a number, which TensorBoard keeps in float32.
func scalar(tag string, x float64) value {
	v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
	return protowire.AppendFixed32(protowire.AppendTag(v, valueSimple, protowire.Fixed32Type), math.Float32bits(float32(x)))
}

// buckets is the number of parts of a histogram, as Keras has it.
const buckets = 30

// histogram is a value with the histogram of finite numbers, at least one: buckets of equal
// width from the least to the largest, each with its upper limit, which belongs to the next
// one except in the last.
func histogram(tag string, xs []float64) value {
	least, largest, sum, squares := math.Inf(1), math.Inf(-1), 0.0, 0.0
	for _, x := range xs {
		least, largest = min(least, x), max(largest, x)
		sum += x
		squares += x * x
	}
	n := buckets
	if least == largest {
		n = 1
	}
	width := largest/float64(n) - least/float64(n) // the difference may be infinite
	counts := make([]float64, n)
	for _, x := range xs {
		i := 0
		if width > 0 {
			i = min(int((x/width)-(least/width)), n-1)
		}
		counts[max(i, 0)]++
	}
	var limits, packed []byte
	for i, count := range counts {
		limit := least + float64(i+1)*width
		if i == n-1 {
			limit = largest
		}
		limits = protowire.AppendFixed64(limits, math.Float64bits(limit))
		packed = protowire.AppendFixed64(packed, math.Float64bits(count))
	}
	var h []byte
	for i, x := range []float64{least, largest, float64(len(xs)), sum, squares} {
		h = appendDouble(h, histogramMin+protowire.Number(i), x)
	}
	h = appendBytes(h, histogramLimits, limits)
	h = appendBytes(h, histogramCounts, packed)
	v := protowire.AppendString(protowire.AppendTag(nil, valueTag, protowire.BytesType), tag)
	return appendBytes(v, valueHistogram, h)
}

// event is an Event with values of one step.
func event(wallTime float64, step int, values []value) []byte {
	var summary []byte
	for _, v := range values {
		summary = appendBytes(summary, summaryValue, v)
	}
	e := appendDouble(nil, eventWallTime, wallTime)
	e = protowire.AppendVarint(protowire.AppendTag(e, eventStep, protowire.VarintType), uint64(step))
	return appendBytes(e, eventSummary, summary)
}

// firstEvent begins a file.
func firstEvent(wallTime float64) []byte {
	return appendBytes(appendDouble(nil, eventWallTime, wallTime), eventFileVersion, []byte(fileVersion))
}

func appendDouble(b []byte, field protowire.Number, x float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(x))
}

func appendBytes(b []byte, field protowire.Number, text []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), text)
}

// appendRecord appends a record of a TFRecord file: the length in 8 bytes, its checksum,
// the data and their checksum, all little-endian.
func appendRecord(b, data []byte) []byte {
	length := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	b = append(b, length...)
	b = binary.LittleEndian.AppendUint32(b, checksum(length))
	b = append(b, data...)
	return binary.LittleEndian.AppendUint32(b, checksum(data))
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// checksum is the masked CRC-32C of TFRecord files, which is rotated and shifted so that
// data which contain checksums have no weak ones.
func checksum(data []byte) uint32 {
	c := crc32.Checksum(data, castagnoli)
	return (c>>15 | c<<17) + 0xa282ead8
}
