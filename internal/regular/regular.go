// Package regular opens and replaces regular files, and says what is wrong with other
// paths.
package regular

import (
	"errors"
	"io/fs"
	"os"

	"github.com/engram-go/engram/internal/errs"
)

// Open opens the file at path for reading. Anything but a regular file is refused
// before it is opened, as opening a pipe without a writer would block. Errors are
// errs.Error values with the path and the field "file".
func Open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	if err := Check(info); err != nil {
		return nil, errs.At(err, path, "")
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	return file, nil
}

// Check refuses what is not a regular file.
func Check(info fs.FileInfo) error {
	if info.Mode().IsRegular() {
		return nil
	}
	return errs.Error{Field: "file", Rule: "must be a regular file", Value: kind(info.Mode())}
}

func unreadable(path string, err error) error {
	return errs.Error{Path: path, Field: "file", Rule: "must be readable", Value: Reason(err), Kind: errors.Join(errs.ErrInput, err)}
}

// Reason is what the operating system says is wrong, without the operation and the
// path.
func Reason(err error) error {
	var p *fs.PathError
	var l *os.LinkError
	switch {
	case errors.As(err, &p):
		return p.Err
	case errors.As(err, &l):
		return l.Err
	}
	return err
}

func kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "another kind of file"
}
