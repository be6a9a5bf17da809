package npy

import (
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"

	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/shapes"
)

const (
	magic     = "\x93NUMPY"
	maxHeader = 1 << 16 // bytes; those of arrays of numbers have about 128
	maxAxes   = 64      // as NumPy 2
)

// header is what a file says before the elements. Its layout is that of NEP 1:
// magic, version, the length of the text and the text, a literal of a Python dict.
type header struct {
	element element
	fortran bool         // the first axis runs fastest
	shape   shapes.Shape // empty for a single number
	count   int64        // elements
	offset  int64        // bytes before the elements
}

// bytes is the size of the elements, which does not overflow.
func (h header) bytes() int64 { return h.count * int64(h.element.size) }

// readHeader reads the header. Errors have no path.
func readHeader(r io.Reader) (header, error) {
	start := make([]byte, len(magic)+2)
	if _, err := io.ReadFull(r, start); err != nil {
		return header{}, cut(err, "header")
	}
	if string(start[:len(magic)]) != magic {
		return header{}, errs.Error{Field: "file", Rule: `must begin with "\x93NUMPY", as numpy.save writes it`, Value: strconv.Quote(string(start[:len(magic)]))}
	}
	length := make([]byte, 4)
	switch major := start[len(magic)]; major {
	case 1:
		length = length[:2]
	case 2, 3:
	default:
		return header{}, errs.Error{Field: "version", Rule: "must be 1, 2 or 3", Value: major}
	}
	if _, err := io.ReadFull(r, length); err != nil {
		return header{}, cut(err, "header")
	}
	var size uint32
	if len(length) == 2 {
		size = uint32(binary.LittleEndian.Uint16(length))
	} else {
		size = binary.LittleEndian.Uint32(length)
	}
	if size > maxHeader {
		return header{}, errs.Error{Field: "header", Rule: fmt.Sprintf("must be at most %d bytes long", maxHeader), Value: size}
	}
	text := make([]byte, size)
	if _, err := io.ReadFull(r, text); err != nil {
		return header{}, cut(err, "header")
	}
	h, err := parseHeader(string(text))
	h.offset = int64(len(start) + len(length) + len(text))
	return h, err
}

// cut is the error of a read that ended too early.
func cut(err error, field string) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errs.Error{Field: field, Rule: "must be complete, but the file ends within it"}
	}
	return errs.At(err, "", field)
}

func parseHeader(text string) (header, error) {
	h := header{count: 1}
	p := parser{rest: text}
	seen := make(map[string]bool)
	p.expect("{")
	for p.err == nil && !p.take("}") {
		key := p.text()
		p.expect(":")
		switch key {
		case "descr":
			h.element = p.element()
		case "fortran_order":
			h.fortran = p.flag()
		case "shape":
			h.shape = p.shape()
		default:
			p.fail("must have the keys descr, fortran_order and shape alone", strconv.Quote(key))
		}
		if seen[key] {
			p.fail("must have a key once only", strconv.Quote(key))
		}
		seen[key] = true
		if !p.take(",") {
			p.expect("}")
			break
		}
	}
	if p.err == nil && strings.Trim(p.rest, " \n\x00") != "" {
		p.fail("must end after its dict", p.shown())
	}
	if p.err == nil && len(seen) != 3 {
		p.fail("must have the keys descr, fortran_order and shape", nil)
	}
	if p.err != nil {
		return header{}, p.err
	}
	for i, d := range h.shape {
		// An array of bytes may be larger than a tensor: its rows are read one by one.
		if d < 1 || h.count > (1<<62)/8/int64(d) {
			return header{}, errs.Error{Field: fmt.Sprintf("shape[%d]", i), Rule: "must be positive, and the elements few enough to count their bytes", Value: h.shape}
		}
		h.count *= int64(d)
	}
	return h, nil
}

// parser reads the parts of Python literals that a header has. It keeps the first error.
type parser struct {
	rest string
	err  error
}

func (p *parser) fail(rule string, value any) {
	if p.err == nil {
		p.err = errs.Error{Field: "header", Rule: rule, Value: value}
	}
}

// shown is the beginning of what is left, for messages.
func (p *parser) shown() string { return strconv.Quote(p.rest[:min(len(p.rest), 40)]) }

// take skips a token, after blanks, if it is there.
func (p *parser) take(token string) bool {
	after, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " \t\r\n"), token)
	if ok {
		p.rest = after
	}
	return ok
}

func (p *parser) expect(token string) {
	if !p.take(token) {
		p.fail("must have "+strconv.Quote(token)+" next", p.shown())
	}
}

// text reads a string. Those of a header need no escapes.
func (p *parser) text() string {
	for _, quote := range []string{"'", `"`} {
		if p.take(quote) {
			text, after, ok := strings.Cut(p.rest, quote)
			if !ok || strings.ContainsAny(text, "\\\n") {
				p.fail("must have a plain string next", p.shown())
			}
			p.rest = after
			return text
		}
	}
	p.fail("must have a string next", p.shown())
	return ""
}

func (p *parser) flag() bool {
	if p.take("True") {
		return true
	}
	p.expect("False")
	return false
}

// shape reads a tuple of sizes.
func (p *parser) shape() shapes.Shape {
	var shape shapes.Shape
	p.expect("(")
	for p.err == nil && !p.take(")") {
		p.rest = strings.TrimLeft(p.rest, " ")
		digits := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
		d, err := strconv.Atoi(p.rest[:digits])
		if err != nil {
			p.fail("must have a size next", p.shown())
		}
		p.rest = p.rest[digits:]
		p.take("L") // Python 2 wrote long integers so
		if shape = append(shape, d); len(shape) > maxAxes {
			p.fail(fmt.Sprintf("must have at most %d axes", maxAxes), nil)
		}
		if !p.take(",") {
			p.expect(")")
			break
		}
	}
	return shape
}

// element reads the type of the elements, such as "<f4".
func (p *parser) element() element {
	if strings.HasPrefix(strings.TrimLeft(p.rest, " "), "[") {
		p.fail("must be of an array of numbers, not of records: save one field at a time", p.shown())
		return element{}
	}
	descr := p.text()
	e, ok := parseElement(descr)
	if !ok {
		p.fail("must be of an array of float32, float64, integers or bool: convert it before it is saved, such as with a.astype('float32')",
			"descr "+strconv.Quote(descr[:min(len(descr), 40)]))
	}
	return e
}

// formatHeader writes the header of an array in row-major order. The elements start at
// a multiple of 64 bytes, as those of NumPy do.
func formatHeader(dtype tensor.Dtype, shape shapes.Shape) []byte {
	var sizes strings.Builder
	for i, d := range shape {
		if i > 0 {
			sizes.WriteString(", ")
		}
		sizes.WriteString(strconv.Itoa(d))
	}
	if len(shape) == 1 {
		sizes.WriteString(",")
	}
	text := fmt.Sprintf("{'descr': '<f%d', 'fortran_order': False, 'shape': (%s), }", dtype.Size(), sizes.String())
	const before = len(magic) + 4 // version and length
	text += strings.Repeat(" ", 63-(before+len(text))%64) + "\n"
	out := append([]byte(magic), 1, 0)
	out = binary.LittleEndian.AppendUint16(out, uint16(len(text)))
	return append(out, text...)
}
