package regular

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/engram-go/engram/internal/errs"
)

// Append is a file that grows. Its position is known to whoever writes, so that a program
// that continues after it was killed cuts off what was written behind the position. The
// file is open only while something is written.
type Append struct {
	Path     string
	Position int64 // where the next text goes; what is behind it is cut off
}

// Check reports a file that cannot be written to. One that is missing is made. It returns
// the size.
func (a Append) Check() (size int64, err error) {
	f, err := a.open()
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return a.size(f)
}

func (a Append) size(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, a.unwritable(err)
	}
	return info.Size(), nil
}

// open opens the file. Anything but a regular file is refused before it is opened.
func (a Append) open() (*os.File, error) {
	info, err := os.Stat(a.Path)
	if err == nil {
		err = Check(info)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, errs.At(err, a.Path, "")
	}
	f, err := os.OpenFile(a.Path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, a.unwritable(errors.Join(errs.ErrInput, err))
	}
	return f, nil
}

func (a Append) unwritable(err error) error {
	return errs.At(Unwritable(err, err), a.Path, "")
}

// Write writes text at the position, behind which nothing follows then. A file that is
// shorter is an error: it was removed or replaced since the last Write.
func (a *Append) Write(text []byte) (n int, err error) {
	f, err := a.open()
	if err != nil {
		return 0, err
	}
	if size, err := a.size(f); err != nil || size < a.Position {
		f.Close()
		if err == nil {
			err = errs.Error{Path: a.Path, Field: "file", Rule: fmt.Sprintf("must keep the %d bytes that were written to it; write to a file that nothing else changes", a.Position), Value: size}
		}
		return 0, err
	}
	err = f.Truncate(a.Position)
	if err == nil {
		n, err = f.WriteAt(text, a.Position)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return n, a.unwritable(err)
	}
	a.Position += int64(n)
	return n, nil
}

// Sync puts what was written on the disk.
func (a Append) Sync() error {
	f, err := a.open()
	if err != nil {
		return err
	}
	err = f.Sync()
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return a.unwritable(err)
	}
	return nil
}

// At is the file at another position. A file that is shorter is an error.
func (a Append) At(position int64) (Append, error) {
	var size int64
	if info, err := os.Stat(a.Path); err == nil {
		size = info.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return a, a.unwritable(err)
	}
	if size < position {
		return a, errs.Error{Path: a.Path, Field: "file", Rule: fmt.Sprintf("must be that of the training which is resumed, with %d bytes or more; put it back, or start a new run", position), Value: size}
	}
	a.Position = position
	return a, nil
}

// Cut cuts off what is behind the position.
func (a Append) Cut() error {
	err := os.Truncate(a.Path, a.Position)
	if err != nil && !(a.Position == 0 && errors.Is(err, fs.ErrNotExist)) {
		return a.unwritable(err)
	}
	return nil
}
