package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/internal/strictjson"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// WriteFile writes a state to a file, whole or not at all. Tensors of callbacks must be
// float32 or float64, and names UTF-8.
func WriteFile(path string, s *train.State) error {
	if s == nil {
		return graph.Error{Path: path, Field: "state", Rule: "must not be nil"}
	}
	f, err := encode(s)
	if err != nil {
		return errors.Wrap(err, path)
	}
	h := sha256.New()
	f.Metadata[checksumKey] = blank
	if err := safetensors.Write(h, f); err != nil {
		return errors.Wrap(err, path)
	}
	f.Metadata[checksumKey] = hex.EncodeToString(h.Sum(nil))
	err = regular.Replace(path, prefix, func(w io.Writer) error { return safetensors.Write(w, f) })
	return errs.At(err, path, "")
}

// ReadFile reads a state that WriteFile wrote. A file whose checksum is not that of its
// content, or that comes from a newer version, is an error.
func ReadFile(path string) (*train.State, error) {
	if err := verify(path); err != nil {
		return nil, err
	}
	return read(path)
}

// blank stands for the checksum where it is computed.
const blank = "0000000000000000000000000000000000000000000000000000000000000000"

// verify compares the checksum of a file with its content.
func verify(path string) error {
	file, err := regular.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	head := make([]byte, 4096) // the checksum is at the beginning, as keys are sorted
	n, err := io.ReadFull(file, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return graph.Error{Path: path, Field: "file", Rule: "must be readable", Value: regular.Reason(err), Kind: errors.WithStack(err)}
	}
	head = head[:n]
	key := []byte(`"` + checksumKey + `":"`)
	at := bytes.Index(head, key) + len(key)
	if at < len(key) || len(head) < at+len(blank) {
		return graph.Error{Path: path, Field: "file", Rule: "must have a checksum at its beginning, as a checkpoint has"}
	}
	want := string(head[at : at+len(blank)])
	copy(head[at:], blank)
	h := sha256.New()
	h.Write(head)
	if _, err := io.Copy(h, file); err != nil {
		return graph.Error{Path: path, Field: "file", Rule: "must be readable", Value: regular.Reason(err), Kind: errors.WithStack(err)}
	}
	if got := hex.EncodeToString(h.Sum(nil)); got != want {
		return graph.Error{Path: path, Field: "content", Rule: "must have the checksum " + strictjson.Label(want) + ": the file is damaged", Value: got}
	}
	return nil
}

// read reads a file whose checksum is right.
func read(path string) (*train.State, error) {
	r, err := safetensors.Open(path)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	h, err := parse(r.Metadata)
	if err != nil {
		return nil, errs.At(err, path, "")
	}
	tensors, err := r.Tensors()
	if err != nil {
		return nil, errors.Wrap(err, path)
	}
	s, err := decode(h, tensors)
	return s, errors.Wrap(err, path)
}
