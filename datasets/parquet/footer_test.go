package parquet

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

// encode writes a value as readStruct reads it.
func encode(b []byte, value any) []byte {
	switch v := value.(type) {
	case int64:
		return binary.AppendVarint(b, v)
	case string:
		return append(binary.AppendUvarint(b, uint64(len(v))), v...)
	case list:
		kind := byte(thriftStruct)
		if _, ok := v[0].(int64); ok {
			kind = thriftI64
		}
		b = binary.AppendUvarint(append(b, 0xf0|kind), uint64(len(v)))
		for _, e := range v {
			b = encode(b, e)
		}
		return b
	case structure:
		for _, f := range v {
			kind := byte(thriftStruct)
			switch f.value.(type) {
			case int64:
				kind = thriftI64
			case string:
				kind = thriftBinary
			case list:
				kind = thriftList
			}
			b = encode(binary.AppendVarint(append(b, kind), int64(f.id)), f.value)
		}
		return append(b, 0)
	}
	panic("no value of a header")
}

func TestThrift(t *testing.T) {
	want := structure{{1, int64(-5)}, {3, "x"}, {40, list{int64(1), int64(1 << 40)}}, {2, structure{{7, list{structure{{1, ""}}}}}}}
	got, rest, err := readStruct(append(encode(nil, want), "rest"...))
	if err != nil || string(rest) != "rest" {
		t.Fatalf("%q is left, error %v", rest, err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(field{})); d != "" {
		t.Error(d)
	}
	// Two bools, a byte, a double, a map and a set, with ids as differences.
	got, _, err = readStruct([]byte("\x11\x12\x13\xff\x17\x00\x00\x00\x00\x00\x00\x00\x00\x1b\x01\x55\x02\x04\x1a\x15\x02\x00"))
	want = structure{{1, int64(1)}, {2, int64(0)}, {3, int64(-1)}, {4, nil}, {5, nil}, {6, list{int64(1)}}}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(field{})); d != "" || err != nil {
		t.Errorf("error %v, %s", err, d)
	}
}

func TestParseColumn(t *testing.T) {
	leaf := func(physical int64, fields ...field) structure {
		return append(structure{{1, physical}, {3, int64(0)}, {4, "x"}}, fields...)
	}
	logical := func(id int16, fields ...field) field { return field{10, structure{{id, structure(fields)}}} }
	timestampOf := func(unit int16) field {
		return logical(8, field{1, int64(1)}, field{2, structure{{unit, structure(nil)}}})
	}
	for _, c := range []struct {
		name string
		leaf structure
		want column
	}{
		{"boolean", leaf(0), column{kind: number}},
		{"int32", leaf(1), column{kind: number}},
		{"int96", leaf(3), column{}},
		{"text", leaf(6, logical(1)), column{}},
		{"decimal", leaf(2, logical(5, field{1, int64(3)})), column{kind: decimal, scale: 3}},
		{"decimal of too many digits", leaf(2, logical(5, field{1, int64(19)})), column{scale: 19}},
		{"decimal of bytes", leaf(7, logical(5, field{1, int64(3)})), column{}},
		{"date", leaf(1, logical(6)), column{kind: date}},
		{"time of day", leaf(2, logical(7)), column{}},
		{"milliseconds", leaf(2, timestampOf(1)), column{kind: timestamp, unit: 1e6}},
		{"microseconds", leaf(2, timestampOf(2)), column{kind: timestamp, unit: 1e3}},
		{"nanoseconds", leaf(2, timestampOf(3)), column{kind: timestamp, unit: 1}},
		{"another unit", leaf(2, timestampOf(4)), column{}},
		{"unsigned", leaf(1, logical(10, field{1, int64(8)}, field{2, int64(0)})), column{kind: number, unsigned: true}},
		{"signed", leaf(1, logical(10, field{1, int64(8)}, field{2, int64(1)})), column{kind: number}},
		{"old decimal", leaf(1, field{6, int64(5)}, field{7, int64(2)}), column{kind: decimal, scale: 2}},
		{"old date", leaf(1, field{6, int64(6)}), column{kind: date}},
		{"old time of day", leaf(1, field{6, int64(7)}), column{}},
		{"old milliseconds", leaf(2, field{6, int64(9)}), column{kind: timestamp, unit: 1e6}},
		{"old microseconds", leaf(2, field{6, int64(10)}), column{kind: timestamp, unit: 1e3}},
		{"old unsigned", leaf(2, field{6, int64(14)}), column{kind: number, unsigned: true}},
		{"old signed", leaf(2, field{6, int64(15)}), column{kind: number}},
	} {
		c.want.name, c.want.flat, c.want.physical = "x", true, get[int64](c.leaf, 1)
		if d := cmp.Diff(c.want, parseColumn(c.leaf, true), cmp.AllowUnexported(column{})); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
	if c := parseColumn(structure{{1, int64(1)}, {3, int64(2)}, {4, "x"}}, true); c.flat {
		t.Error("a repeated column is flat")
	}
}

// Times before 1970 and before a whole second.
func TestTime(t *testing.T) {
	for _, c := range []struct {
		column column
		value  int64
		want   string
	}{
		{column{kind: date, physical: int32s}, -1, "1969-12-31T00:00:00Z"},
		{column{kind: timestamp, physical: int64s, unit: 1e6}, -1, "1969-12-31T23:59:59.999Z"},
		{column{kind: timestamp, physical: int64s, unit: 1}, 1704153600000000001, "2024-01-02T00:00:00.000000001Z"},
		{column{kind: timestamp, physical: int64s, unit: 1e3}, -62135596800000000, "0001-01-01T00:00:00Z"},
	} {
		if got := c.column.time(uint64(c.value)).Format("2006-01-02T15:04:05.999999999Z07:00"); got != c.want {
			t.Errorf("%d is %s, want %s", c.value, got, c.want)
		}
	}
}

// Footers that claim more than a file of their size can have.
func TestHostileFooters(t *testing.T) {
	chunkOf := func(start, length int64) structure {
		return structure{{3, structure{{4, int64(0)}, {7, length}, {9, start}}}}
	}
	groupOf := func(rows int64, chunks ...any) structure { return structure{{1, list(chunks)}, {3, rows}} }
	root := structure{{4, "root"}, {5, int64(1)}}
	leaf := structure{{1, int64(double)}, {3, int64(0)}, {4, "x"}}
	for _, c := range []struct {
		name   string
		schema list
		groups list
		field  string
	}{
		{"rows of no bytes", list{root, leaf}, list{groupOf(1e6+1, chunkOf(4, 1))}, "file"},
		{"too many rows", list{root, leaf}, list{groupOf(maxCells+1, chunkOf(4, 1))}, "rows"},
		{"rows that overflow", list{root, leaf}, list{groupOf(1<<62, chunkOf(4, 1)), groupOf(1<<62, chunkOf(4, 1))}, "rows"},
		{"no rows", list{root, leaf}, list{groupOf(0, chunkOf(4, 1))}, "file"},
		{"negative rows", list{root, leaf}, list{groupOf(-1, chunkOf(4, 1))}, "rows"},
		{"chunk outside", list{root, leaf}, list{groupOf(1, chunkOf(1<<62, 1))}, "footer"},
		{"chunk before the file", list{root, leaf}, list{groupOf(1, chunkOf(-1, 1))}, "footer"},
		{"long chunk", list{root, leaf}, list{groupOf(1, chunkOf(4, 1<<62))}, "footer"},
		{"chunk without pages", list{root, leaf}, list{groupOf(1, chunkOf(4, 0))}, "x"},
		{"one chunk for many groups", list{root, leaf}, list{groupOf(0, chunkOf(0, 100)), groupOf(0, chunkOf(0, 100)), groupOf(1, chunkOf(0, 100))}, "footer"},
		{"no chunk", list{root, leaf}, list{structure{{3, int64(1)}}}, "footer"},
		{"no leaves", list{structure{{4, "root"}}}, list{groupOf(1, chunkOf(4, 1))}, "footer"},
		{"missing children", list{root}, list{groupOf(1, chunkOf(4, 1))}, "footer"},
		{"more leaves than children", list{root, leaf, leaf}, list{groupOf(1, chunkOf(4, 1), chunkOf(4, 1))}, "footer"},
	} {
		raw := encode(nil, structure{{2, c.schema}, {3, int64(1)}, {4, c.groups}})
		file := append([]byte(magic), raw...)
		file = binary.LittleEndian.AppendUint32(file, uint32(len(raw)))
		file = append(file, magic...)
		t.Run(c.name, func(t *testing.T) {
			_, err := Read(bytes.NewReader(file), int64(len(file)), Config{})
			errtest.Check(t, err, errs.Error{Field: c.field})
		})
	}
}
