package callbacks

import (
	stderrors "errors"
	"fmt"
	"io/fs"
	"math"
	"os"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// logFile is a file to which a callback appends. Its position is the callback's state: a
// training that is resumed cuts off what was written after its checkpoint, and writes it
// again. The file is open only while something is written.
type logFile struct {
	path     string
	position int64 // where the next text goes; what is behind it is cut off
}

// openLog is a log whose first text replaces what a file has, or continues it. A file that
// cannot be written to is an error; one that is missing is made.
func openLog(field, path string, appends bool) (logFile, error) {
	if path == "" {
		return logFile{}, graph.Error{Field: field, Rule: "must not be empty"}
	}
	l := logFile{path: path}
	f, err := l.open()
	if err != nil {
		return logFile{}, errs.At(err, path, field)
	}
	defer f.Close()
	if appends {
		info, err := f.Stat()
		if err != nil {
			return logFile{}, errors.WithStack(err)
		}
		l.position = info.Size()
	}
	return l, nil
}

// open opens the file. Anything but a regular file is refused before it is opened.
func (l *logFile) open() (*os.File, error) {
	info, err := os.Stat(l.path)
	if err == nil {
		err = regular.Check(info)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, errs.At(err, l.path, "")
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, errs.At(regular.Unwritable(err, stderrors.Join(graph.ErrInput, err)), l.path, "")
	}
	return f, nil
}

// write writes text at the position, and nothing follows it.
func (l *logFile) write(text []byte) (err error) {
	f, err := l.open()
	if err != nil {
		return err
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			err = errs.At(regular.Unwritable(err, err), l.path, "")
		}
	}()
	if err := f.Truncate(l.position); err != nil {
		return err
	}
	if _, err := f.WriteAt(text, l.position); err != nil {
		return err
	}
	l.position += int64(len(text))
	return nil
}

// state is the state of a callback that has a position alone. The text before it is then on
// the disk, so that a checkpoint does not outlive it when power is lost. An error in that is
// found by restored.
func (l logFile) state() train.CallbackState {
	if f, err := l.open(); l.path != "" && err == nil {
		f.Sync()
		f.Close()
	}
	return train.CallbackState{Numbers: map[string]float64{"position": float64(l.position)}}
}

// cut cuts off what is behind the position.
func (l logFile) cut() error {
	if err := os.Truncate(l.path, l.position); err != nil {
		return errs.At(regular.Unwritable(err, err), l.path, "")
	}
	return nil
}

// restored is the file at the position of a state, of which nothing is cut off yet.
func (l logFile) restored(s train.CallbackState) (logFile, error) {
	const largest = 1 << 53 // up to which a float64 holds every integer
	x, ok := s.Numbers["position"]
	if !ok || len(s.Numbers) > 1 || !(x >= 0 && x <= largest) || x != math.Trunc(x) {
		return l, graph.Error{Path: "position", Field: "number", Rule: "must be a position in a file, and the only number", Value: s.Numbers}
	}
	if l.path == "" {
		return l, graph.Error{Field: "state", Rule: "must be restored after TrainBegin"}
	}
	var size int64
	if info, err := os.Stat(l.path); err == nil {
		size = info.Size()
	} else if !errors.Is(err, fs.ErrNotExist) {
		return l, errs.At(regular.Unwritable(err, err), l.path, "")
	}
	if size < int64(x) {
		return l, graph.Error{Path: l.path, Field: "file", Rule: fmt.Sprintf("must be that of the training which is resumed, with %.0f bytes or more; put it back, or start a new run", x), Value: size}
	}
	l.position = int64(x)
	return l, nil
}
