package tensorboard

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/regular"
)

// The two files of a training, each in its own folder, which TensorBoard shows as a run.
const (
	training = iota
	validation
)

var folders = [2]string{"train", "validation"}

// files are the event files of a training. TensorBoard reads all files of a folder whose
// names have "tfevents", in their order.
type files struct {
	name [3]int64 // time in seconds, process, and number among files of both
	dir  string
	of   [2]regular.Append // an absent one is made by the first event
}

// nameParts are the numbers of a state that make the name.
var nameParts = [3]string{"time", "process", "number"}

// newFiles chooses a name that no file has.
func newFiles(dir string) (files, error) {
	f := files{dir: dir, name: [3]int64{time.Now().Unix(), int64(os.Getpid()), 0}}
	for ; ; f.name[2]++ {
		f.setPaths()
		free := true
		for _, a := range f.of {
			if _, err := os.Lstat(a.Path); err == nil {
				free = false
			} else if !errors.Is(err, fs.ErrNotExist) {
				return f, err
			}
		}
		if free {
			return f, nil
		}
	}
}

func (f *files) setPaths() {
	for i, folder := range folders {
		f.of[i].Path = filepath.Join(f.dir, folder, fmt.Sprintf("events.out.tfevents.%010d.engram.%d.%d.v2", f.name[0], f.name[1], f.name[2]))
	}
}

// write appends an event to one of the files.
func (f *files) write(of, step int, values []value) error {
	now := float64(time.Now().UnixNano()) / 1e9
	var records []byte
	if f.of[of].Position == 0 {
		records = appendRecord(records, firstEvent(now))
	}
	_, err := f.of[of].Write(appendRecord(records, event(now, step, values)))
	return err
}

// state is the name of the files and the positions. What was written is then on the disk,
// so that a checkpoint does not outlive it when power is lost. An error in that is found by
// restored, since the file is then too short.
func (f files) state() map[string]float64 {
	numbers := map[string]float64{}
	for i, part := range nameParts {
		numbers[part] = float64(f.name[i])
	}
	for i, folder := range folders {
		numbers[folder] = float64(f.of[i].Position)
		if f.of[i].Position > 0 {
			_ = f.of[i].Sync()
		}
	}
	return numbers
}

// restored are the files of a state, in the same folder. What is behind their positions is
// cut off once all of them are there.
func (f files) restored(numbers map[string]float64) (files, error) {
	out := files{dir: f.dir}
	for i, part := range nameParts {
		x, ok := numbers[part]
		if !ok {
			return f, missing(part)
		}
		out.name[i] = int64(x)
	}
	out.setPaths()
	for i, folder := range folders {
		x, ok := numbers[folder]
		if !ok {
			return f, missing(folder)
		}
		var err error
		if out.of[i], err = out.of[i].At(int64(x)); err != nil {
			return f, err
		}
	}
	for _, a := range out.of {
		if err := a.Cut(); err != nil {
			return f, err
		}
	}
	return out, nil
}

func missing(name string) error {
	return graph.Error{Path: name, Field: "number", Rule: "must be present"}
}
