package parquet

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/engram-go/engram/internal/errs"
)

const (
	magic     = "PAR1"
	maxFooter = 16 << 20 // bytes; a file with 1000 columns and 100 groups of rows has about 10 MiB
	maxCells  = 100_000_000
)

// footer describes a file: its columns, and where their values are.
type footer struct {
	rows    int
	columns []column
	groups  []group
}

// group is rows whose values are together, in a chunk for each column.
type group struct {
	rows   int
	chunks []chunk
}

// chunk is the place of the values of a column in a group.
type chunk struct {
	codec         int64
	start, length int64 // in the file
}

// readFooter reads the description at the end of a file. Errors have no path.
func readFooter(r io.ReaderAt, size int64) (footer, error) {
	tail := make([]byte, 8)
	if size < int64(len(magic)+len(tail)) {
		return footer{}, errs.Error{Field: "file", Rule: "must be a Parquet file, which has at least 12 bytes", Value: size}
	}
	if err := readAt(r, tail, size-8); err != nil {
		return footer{}, err
	}
	if string(tail[4:]) != magic {
		return footer{}, errs.Error{Field: "file", Rule: "must end with PAR1, as a Parquet file that is not encrypted", Value: fmt.Sprintf("%q", tail[4:])}
	}
	length := int64(binary.LittleEndian.Uint32(tail))
	if length > min(maxFooter, size-8) {
		return footer{}, errs.Error{Field: "footer", Rule: fmt.Sprintf("must be at most %d bytes long, and within the file", maxFooter), Value: length}
	}
	raw := make([]byte, length)
	if err := readAt(r, raw, size-8-length); err != nil {
		return footer{}, err
	}
	s, _, err := readStruct(raw)
	if err != nil {
		return footer{}, errs.Error{Field: "footer", Rule: "must be undamaged", Value: err}
	}
	return parseFooter(s, size)
}

func readAt(r io.ReaderAt, p []byte, at int64) error {
	if n, err := r.ReadAt(p, at); n < len(p) {
		return errs.Error{Field: "file", Rule: "must be readable to its end", Value: err, Kind: err}
	}
	return nil
}

func parseFooter(s structure, size int64) (footer, error) {
	damaged := func(what string, value any) (footer, error) {
		return footer{}, errs.Error{Field: "footer", Rule: "must be undamaged: " + what, Value: value}
	}
	columns, ok := parseSchema(get[list](s, 2))
	if !ok {
		return damaged("its schema is no tree", nil)
	}
	f := footer{columns: columns}
	for _, g := range get[list](s, 4) {
		one, _ := g.(structure)
		rows, chunks := get[int64](one, 3), get[list](one, 1)
		if rows < 0 || rows > maxCells || f.rows+int(rows) > maxCells {
			return footer{}, errs.Error{Field: "rows", Rule: fmt.Sprintf("must be at most %d", maxCells), Value: rows}
		}
		if len(chunks) != len(columns) {
			return damaged("a group of rows must have a chunk for each column", len(chunks))
		}
		f.rows += int(rows)
		out := group{rows: int(rows)}
		for _, c := range chunks {
			c, _ := c.(structure)
			meta := get[structure](c, 3)
			start, length := get[int64](meta, 9), get[int64](meta, 7)
			if dictionary, ok := find[int64](meta, 11); ok && dictionary > 0 && dictionary < start {
				start = dictionary
			}
			if start < 0 || length < 0 || start > size || length > size-start {
				return damaged("a chunk must be within the file", start)
			}
			out.chunks = append(out.chunks, chunk{codec: get[int64](meta, 4), start: start, length: length})
		}
		f.groups = append(f.groups, out)
	}
	return f, nil
}

// column is a leaf of the schema.
type column struct {
	name     string
	flat     bool // one value a row, or null
	optional bool
	physical int64
	kind     kind
	scale    int   // of a decimal
	unit     int64 // of a timestamp: nanoseconds
	unsigned bool
}

// kind is what the values of a column mean.
type kind int

const (
	unknown kind = iota
	number
	decimal
	date
	timestamp
)

// Physical types.
const (
	boolean = 0
	int32s  = 1
	int64s  = 2
	float   = 4
	double  = 5
)

// parseSchema returns the leaves of a schema, which lists a tree in the order of visits.
// Those below a group are not flat.
func parseSchema(schema list) (columns []column, ok bool) {
	if len(schema) == 0 {
		return nil, false
	}
	var open []int64 // children that are still to come, of the nodes above
	for i, v := range schema {
		s, _ := v.(structure)
		children := get[int64](s, 5)
		if i > 0 {
			if len(open) == 0 {
				return nil, false
			}
			open[len(open)-1]--
		}
		switch {
		case i == 0 || children > 0:
			if children < 0 || children > int64(len(schema)) || len(open) > 100 {
				return nil, false
			}
			open = append(open, children)
		default:
			columns = append(columns, parseColumn(s, len(open) == 1))
		}
		for len(open) > 0 && open[len(open)-1] == 0 {
			open = open[:len(open)-1]
		}
	}
	return columns, len(open) == 0
}

// parseColumn finds the meaning of a column: its logical type, or the converted one of
// older files.
func parseColumn(s structure, top bool) column {
	repetition := get[int64](s, 3)
	c := column{name: get[string](s, 4), flat: top && repetition != 2, optional: repetition == 1, physical: get[int64](s, 1)}
	integer := c.physical == int32s || c.physical == int64s
	if integer || c.physical == boolean || c.physical == float || c.physical == double {
		c.kind = number
	}
	if logical := get[structure](s, 10); len(logical) > 0 {
		inner, _ := logical[0].value.(structure)
		switch id := logical[0].id; {
		case id == 5 && integer:
			c.kind, c.scale = decimal, int(get[int64](inner, 1))
		case id == 6 && c.physical == int32s:
			c.kind = date
		case id == 8 && c.physical == int64s:
			c.kind = timestamp
			if unit := get[structure](inner, 2); len(unit) == 1 {
				c.unit = map[int16]int64{1: 1e6, 2: 1e3, 3: 1}[unit[0].id]
			}
			if c.unit == 0 {
				c.kind = unknown
			}
		case id == 10 && integer:
			c.unsigned = get[int64](inner, 2) == 0
		default:
			c.kind = unknown
		}
	} else if converted, ok := find[int64](s, 6); ok {
		switch {
		case converted == 5 && integer:
			c.kind, c.scale = decimal, int(get[int64](s, 7))
		case converted == 6 && c.physical == int32s:
			c.kind = date
		case (converted == 9 || converted == 10) && c.physical == int64s:
			c.kind, c.unit = timestamp, map[int64]int64{9: 1e6, 10: 1e3}[converted]
		case converted >= 11 && converted <= 14 && integer:
			c.unsigned = true
		case converted >= 15 && converted <= 18 && integer:
		default:
			c.kind = unknown
		}
	}
	if c.kind == decimal && (c.scale < 0 || c.scale > 18) {
		c.kind = unknown
	}
	return c
}
