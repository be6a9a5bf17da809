package callbacks

import (
	"math"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// logFile is a file to which a callback appends. Its position is the callback's state: a
// training that is resumed cuts off what was written after its checkpoint, and writes it
// again.
type logFile struct{ regular.Append }

// openLog is a log whose first text replaces what a file has, or continues it. A file that
// cannot be written to is an error; one that is missing is made.
func openLog(field, path string, appends bool) (logFile, error) {
	if path == "" {
		return logFile{}, graph.Error{Field: field, Rule: "must not be empty"}
	}
	l := logFile{regular.Append{Path: path}}
	size, err := l.Check()
	if err != nil {
		return logFile{}, errs.At(err, path, field)
	}
	if appends {
		l.Position = size
	}
	return l, nil
}

// write writes lines at the position, on a new line also where the last one of a file to
// which the callback appends has no end.
func (l *logFile) write(lines []byte) error {
	if l.Position > 0 {
		last, err := l.last()
		if err != nil {
			return err
		}
		if last != '\n' {
			lines = append([]byte{'\n'}, lines...)
		}
	}
	_, err := l.Write(lines)
	return err
}

// last is the byte before the position.
func (l logFile) last() (byte, error) {
	f, err := regular.Open(l.Path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], l.Position-1)
	return b[0], errors.Wrap(err, l.Path)
}

// state is the state of a callback that has a position alone. The text before it is then on
// the disk, so that a checkpoint does not outlive it when power is lost. An error in that is
// found by restored, since the file is then too short.
func (l logFile) state() train.CallbackState {
	if l.Path != "" {
		_ = l.Sync()
	}
	return train.CallbackState{Numbers: map[string]float64{"position": float64(l.Position)}}
}

// restored is the file at the position of a state, of which nothing is cut off yet.
func (l logFile) restored(s train.CallbackState) (logFile, error) {
	const largest = 1 << 53 // up to which a float64 holds every integer
	x, ok := s.Numbers["position"]
	if !ok || len(s.Numbers) > 1 || !(x >= 0 && x <= largest) || x != math.Trunc(x) {
		return l, graph.Error{Path: "position", Field: "number", Rule: "must be a position in a file, and the only number", Value: s.Numbers}
	}
	if l.Path == "" {
		return l, graph.Error{Field: "state", Rule: "must be restored after TrainBegin"}
	}
	at, err := l.At(int64(x))
	return logFile{at}, err
}
