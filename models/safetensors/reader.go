package safetensors

import (
	"encoding/binary"
	"io"
	"math"
	"os"
	"slices"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/shapes"
	"github.com/engram-go/engram/internal/strictjson"
	"gorgonia.org/tensor"
)

// Reader reads a file in two steps: first what its header says, then the
// numbers. So a caller that knows what the file should hold can refuse it before it
// takes memory.
type Reader struct {
	Metadata map[string]string // as in File
	Infos    map[string]Info   // of all tensors, by name

	entries []entry
	file    io.Reader // nil once the numbers were read
	closer  io.Closer // nil for a stream
}

// Info is what a header says about a tensor.
type Info struct {
	Dtype tensor.Dtype
	Shape shapes.Shape
}

// Open reads the header of the file at path, which must be a regular one, of the
// size that the header says. The caller closes what it returns.
func Open(path string) (*Reader, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(file)
	if err == nil {
		err = r.fills(file)
	}
	if err != nil {
		file.Close()
		return nil, inFile(path, err)
	}
	r.closer = file
	return r, nil
}

// NewReader reads the header of a file from a stream, by the rules of Read.
func NewReader(file io.Reader) (*Reader, error) {
	if file == nil {
		return nil, errs.Error{Field: "reader", Rule: "must not be nil"}
	}
	head, err := readHeader(file)
	if err != nil {
		return nil, err
	}
	r, err := parseHeader(head)
	if err != nil {
		return nil, err
	}
	r.file = file
	return r, nil
}

// fills checks the size of a file, whose header was read, against what the header
// says of the rest.
func (r *Reader) fills(file *os.File) error {
	info, err := file.Stat()
	if err != nil {
		return err
	}
	begin, err := file.Seek(0, io.SeekCurrent)
	if err != nil {
		return err
	}
	end := 0
	if n := len(r.entries); n > 0 {
		end = r.entries[n-1].end
	}
	switch size := info.Size() - begin; {
	case size < int64(end):
		return cut(nil, "data")
	case size > int64(end):
		return goesOn()
	}
	return nil
}

// Tensors reads the numbers, to the end of the file. It can be called once.
func (r *Reader) Tensors() (map[string]*tensor.Dense, error) {
	if r.file == nil {
		return nil, errs.Error{Field: "reader", Rule: "must come from Open or NewReader, and be read once"}
	}
	file := r.file
	r.file = nil
	out := make(map[string]*tensor.Dense, len(r.entries))
	for _, e := range r.entries {
		d, err := readTensor(file, e)
		if err != nil {
			return nil, errs.At(err, strictjson.Label(e.name), "")
		}
		out[e.name] = d
	}
	switch _, err := io.ReadFull(file, make([]byte, 1)); err {
	case io.EOF:
		return out, nil
	case nil:
		return nil, goesOn()
	default:
		return nil, cut(err, "file")
	}
}

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}

// ReadFile reads the file at path, by the rules of Open and Read.
func ReadFile(path string) (File, error) {
	r, err := Open(path)
	if err != nil {
		return File{}, err
	}
	defer r.Close()
	tensors, err := r.Tensors()
	if err != nil {
		return File{}, inFile(path, err)
	}
	return File{r.Metadata, tensors}, nil
}

// Read reads one file to the end of a stream. It refuses a header over 100 MB, a
// key given twice, a dtype other than F32 and F64, an axis of size 0, sizes that
// contradict each other, tensors that overlap or leave a gap, and bytes that
// are missing or left over. Errors are errs.Error values, whose Path is the
// name of the tensor where there is one.
func Read(file io.Reader) (File, error) {
	r, err := NewReader(file)
	if err != nil {
		return File{}, err
	}
	tensors, err := r.Tensors()
	if err != nil {
		return File{}, err
	}
	return File{r.Metadata, tensors}, nil
}

func readTensor(r io.Reader, e entry) (*tensor.Dense, error) {
	n := (e.end - e.begin) / e.dtype.size
	var backing any
	var err error
	if e.dtype.of == tensor.Float32 {
		backing, err = readNumbers(r, n, 4, func(out []float32, b []byte) {
			for i := range out {
				out[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
			}
		})
	} else {
		backing, err = readNumbers(r, n, 8, func(out []float64, b []byte) {
			for i := range out {
				out[i] = math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:]))
			}
		})
	}
	if err != nil {
		return nil, err
	}
	return tensor.New(tensor.WithShape(e.shape...), tensor.WithBacking(backing)), nil
}

// readNumbers reads n numbers of the given size. A header may claim any n, so the
// slice starts small and grows as the bytes arrive.
func readNumbers[T any](r io.Reader, n, size int, decode func(out []T, b []byte)) ([]T, error) {
	most := min(n, chunk/size)
	out, buf := make([]T, 0, most), make([]byte, most*size)
	for len(out) < n {
		k := min(n-len(out), most)
		if _, err := io.ReadFull(r, buf[:k*size]); err != nil {
			return nil, cut(err, "data")
		}
		if cap(out)-len(out) < k {
			out = slices.Grow(out, max(k, min(n-len(out), cap(out))))
		}
		out = out[:len(out)+k]
		decode(out[len(out)-k:], buf)
	}
	return slices.Clip(out), nil
}

// chunk is the number of bytes that are read or written at a time.
const chunk = 1 << 16

// cut reports that part of a file could not be read to its end.
func cut(err error, part string) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return errs.Error{Field: part, Rule: "must be complete, but the file ends before"}
	}
	return errs.Error{Field: part, Rule: "must be readable", Value: regular.Reason(err), Kind: err}
}

// goesOn reports that a file has more bytes than it should.
func goesOn() error {
	return errs.Error{Field: "file", Rule: "must end with its last tensor"}
}
