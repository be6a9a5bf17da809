package datasets

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/pkg/errors"
	"golang.org/x/text/encoding/charmap"

	"github.com/engram-go/engram/internal/errs"
)

// sampleBytes is how much of a file is looked at to detect how it is written.
const sampleBytes = 1 << 16

// headBytes is how much of it shows what kind of file it is.
const headBytes = 512

// plainText makes UTF-8 with lines that end in LF of a file that may be compressed, in
// UTF-16 or from an old Mac, and says what it did. Windows-1252 is left to the cells.
func plainText(r io.Reader, path string) (text *bufio.Reader, notes []string, err error) {
	text = bufio.NewReaderSize(r, sampleBytes)
	if head, _ := text.Peek(2); string(head) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(text)
		if err != nil {
			return nil, nil, errors.Wrap(errs.Error{Path: path, Field: "file", Rule: "must be a whole gzip file", Value: err}, "gzip")
		}
		text = bufio.NewReaderSize(&gzipReader{unpacked, path}, sampleBytes)
		notes = append(notes, "gzip")
	}
	head, _ := text.Peek(headBytes)
	if err := refuse(head, path); err != nil {
		return nil, nil, err
	}
	wide, big := isUTF16(head)
	switch {
	case bytes.HasPrefix(head, []byte("\ufeff")):
		text.Discard(3) // cannot fail: the bytes are there
		notes = append(notes, "byte order mark")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		text.Discard(2)
		wide, big = true, head[0] == 0xfe
	}
	if wide {
		text = bufio.NewReaderSize(&utf16Reader{r: text, big: big}, sampleBytes)
		notes = append(notes, "UTF-16")
		head, _ = text.Peek(headBytes)
		if err := refuse(head, path); err != nil {
			return nil, nil, err
		}
	}
	if sample, _ := text.Peek(sampleBytes); bytes.IndexByte(sample, '\n') < 0 && bytes.IndexByte(sample, '\r') >= 0 {
		text = bufio.NewReaderSize(macReader{text}, sampleBytes)
		notes = append(notes, "lines end in CR")
	}
	return text, notes, nil
}

// gzipReader names what is wrong with a compressed file.
type gzipReader struct {
	r    io.Reader
	path string
}

func (g *gzipReader) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if err != nil && err != io.EOF {
		if errors.Is(err, gzip.ErrChecksum) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.ErrUnexpectedEOF) || strings.HasPrefix(err.Error(), "flate") {
			err = errs.Error{Path: g.path, Field: "file", Rule: "must be a whole gzip file", Value: err}
		}
	}
	return n, err
}

// utf16Reader makes UTF-8 of UTF-16.
type utf16Reader struct {
	r      *bufio.Reader
	big    bool
	left   []byte
	second []uint16 // a unit that was read behind one that is no pair with it
}

func (u *utf16Reader) unit() (uint16, error) {
	if len(u.second) > 0 {
		unit := u.second[0]
		u.second = nil
		return unit, nil
	}
	var b [2]byte
	if _, err := io.ReadFull(u.r, b[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			return utf8.RuneError, nil
		}
		return 0, err
	}
	if u.big {
		b[0], b[1] = b[1], b[0]
	}
	return uint16(b[0]) | uint16(b[1])<<8, nil
}

func (u *utf16Reader) Read(p []byte) (int, error) {
	for len(u.left) < len(p) && len(u.left) < sampleBytes {
		unit, err := u.unit()
		if err != nil {
			if len(u.left) > 0 {
				break
			}
			return 0, err
		}
		char := rune(unit)
		if utf16.IsSurrogate(char) {
			if second, err := u.unit(); err == nil {
				if char = utf16.DecodeRune(char, rune(second)); char == utf8.RuneError {
					u.second = append(u.second, second)
				}
			}
		}
		u.left = utf8.AppendRune(u.left, char)
	}
	n := copy(p, u.left)
	u.left = u.left[:copy(u.left, u.left[n:])]
	return n, nil
}

// macReader ends lines in LF instead of CR.
type macReader struct{ r io.Reader }

func (m macReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// decode makes UTF-8 of the cells in Windows-1252, of which Latin-1 is a part, and names what
// it found; "" if all were in UTF-8.
func decode(row []string) (cells []string, encoding string) {
	for i, cell := range row {
		if utf8.ValidString(cell) {
			continue
		}
		if encoding == "" {
			encoding = "Latin-1"
		}
		if slices.ContainsFunc([]byte(cell), func(b byte) bool { return b >= 0x80 && b < 0xa0 }) {
			encoding = "Windows-1252"
		}
		row[i], _ = charmap.Windows1252.NewDecoder().String(cell) // which takes any byte
	}
	return row, encoding
}

var (
	errRecord = errors.New("record too long")
	errTotal  = errors.New("file too long")
)

// allowance is a reader that limits the bytes of a record and of the whole file,
// so that the CSV reader, which collects a whole line, cannot exhaust memory. The
// caller sets record before each record; bytes read ahead count for the next one.
type allowance struct {
	r             io.Reader
	record, total int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.record <= 0 {
		return 0, errRecord
	}
	if a.total < 0 { // one byte more than allowed was there to read
		return 0, errTotal
	}
	n, err := a.r.Read(p[:min(len(p), a.record, a.total+1)])
	a.record -= n
	a.total -= n
	return n, err
}
