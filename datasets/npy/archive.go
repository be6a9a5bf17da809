package npy

import (
	"archive/zip"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/pkg/errors"
	"gorgonia.org/tensor"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
)

// maxCompressed limits the elements of compressed arrays, which may be a thousand times
// the bytes of the file: 1 GiB in float32.
const maxCompressed = 1 << 28

// extension ends the name of an entry that is an array.
const extension = ".npy"

// LoadArchive reads arrays of a file that numpy.savez or numpy.savez_compressed wrote
// into tensors of dtype, which is Float32 if it is zero: those with the given names, or
// all of them if there are none. Each array is read as by Load. Compressed arrays may
// have 2²⁸ elements together. Errors name the file and the array, as "data.npz:x_train".
func LoadArchive(path string, dtype tensor.Dtype, names ...string) (map[string]*tensor.Dense, error) {
	file, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, errs.At(err, path, "file")
	}
	return readArchive(file, info.Size(), path, dtype, names)
}

func readArchive(r io.ReaderAt, size int64, path string, dtype tensor.Dtype, names []string) (map[string]*tensor.Dense, error) {
	archive, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errs.Error{Path: path, Field: "file", Rule: "must be a zip archive, as numpy.savez writes it", Value: err}
	}
	entries, err := find(archive, path, names)
	if err != nil {
		return nil, err
	}
	var packed uint64
	left := int64(maxCompressed)
	arrays := make(map[string]*tensor.Dense)
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name, extension)
		// Entries that overlap would make much of few bytes.
		if packed += entry.CompressedSize64; packed > uint64(size) || entry.CompressedSize64 > uint64(size) {
			return nil, errs.Error{Path: path, Field: "file", Rule: "must have the bytes of all arrays"}
		}
		t, err := readEntry(entry, dtype, &left)
		if err != nil {
			return nil, errs.At(err, path+":"+shorten(name), "")
		}
		arrays[name] = t
	}
	return arrays, nil
}

// find returns the entries of the named arrays, or of all, in the order of the file.
func find(archive *zip.Reader, path string, names []string) ([]*zip.File, error) {
	var entries []*zip.File
	var all []string
	seen := make(map[string]bool)
	for _, f := range archive.File {
		name, ok := strings.CutSuffix(f.Name, extension)
		if !ok {
			continue // numpy.load gives the bytes of other entries, which are no arrays
		}
		if seen[name] {
			return nil, errs.Error{Path: path, Field: shorten(name), Rule: "must name one array only"}
		}
		seen[name] = true
		all = append(all, name)
		if len(names) == 0 || slices.Contains(names, name) {
			entries = append(entries, f)
		}
	}
	for i, name := range names {
		if !seen[name] {
			return nil, errs.Error{Path: path, Field: fmt.Sprintf("names[%d]", i), Rule: "must be one of " + list(all), Value: shorten(name)}
		}
	}
	return entries, nil
}

// readEntry reads one array to the end of its entry, where the checksum is compared. It
// subtracts the elements of a compressed array from left.
func readEntry(entry *zip.File, dtype tensor.Dtype, left *int64) (*tensor.Dense, error) {
	r, err := entry.Open()
	if err != nil {
		return nil, damaged(err)
	}
	defer r.Close()
	h, err := readHeader(r)
	if err != nil {
		return nil, damaged(err)
	}
	if entry.Method != zip.Store {
		if h.count > *left {
			return nil, errs.Error{Field: "shape", Rule: fmt.Sprintf("must have at most %d elements, with the compressed arrays before it: save it with numpy.savez", maxCompressed), Value: h.shape}
		}
		*left -= h.count
	}
	t, err := readTensor(r, h, dtype, false)
	if err != nil {
		return nil, damaged(err)
	}
	if n, err := r.Read(make([]byte, 1)); n > 0 {
		return nil, errs.Error{Field: "array", Rule: "must end after its elements"}
	} else if err != io.EOF {
		return nil, damaged(err)
	}
	return t, nil
}

// damaged gives errors of the archive our form.
func damaged(err error) error {
	var e errs.Error
	if err == nil || errors.As(err, &e) {
		return err
	}
	return errs.Error{Field: "array", Rule: "must be undamaged in the archive", Value: err}
}

// shorten limits a name from a file, for messages.
func shorten(name string) string {
	const most = 40
	short := strings.ToValidUTF8(name[:min(len(name), most)], "�")
	if short != name && len(name) > most {
		return short + "…"
	}
	return short
}

// list formats the first names for a message.
func list(names []string) string {
	const few = 8
	shown := slices.Clone(names[:min(few, len(names))])
	for i := range shown {
		shown[i] = shorten(shown[i])
	}
	if len(names) > few {
		shown = append(shown, "…")
	}
	return "[" + strings.Join(shown, ", ") + "]"
}
