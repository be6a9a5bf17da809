// Package checkpoint keeps the state of a training in files, so that a run that was
// killed at any moment continues to the same bits as one that never stopped.
//
//	run, err := checkpoint.Open("runs/dax", checkpoint.Config{Every: time.Minute, Log: os.Stderr})
//	...
//	defer run.Close()
//	history, err := run.Fit(ctx, trainer, data, train.FitConfig{Epochs: 50})
//
// The first call starts the run, and every later one, in this process or another,
// continues it. When ctx is done, Fit finishes the batch, saves and returns an
// *Interrupted. For Ctrl-C:
//
//	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
//	context.AfterFunc(ctx, stop) // so that a second one ends the process at once
//
// Directory.Save and Latest serve loops of your own, and WriteFile and ReadFile single
// files.
package checkpoint

import (
	stderrors "errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/regular"
	"github.com/engram-go/engram/train"
	"github.com/pkg/errors"
)

// Config says when Fit saves, and what a directory keeps. Fit saves whenever one of the
// three says so, and at the end of the last epoch.
type Config struct {
	EveryBatches int           // after so many batches since the last save; default 0: never
	EveryEpochs  int           // after every so many epochs; default 1 if the other two are 0
	Every        time.Duration // after the first batch so long after the last save; default 0: never

	Keep int       // number of files, the newest; default 3
	Log  io.Writer // receives lines about starting, resuming and damaged files; nil for none
}

// Directory is a folder with the newest checkpoints of one run, which one process uses
// at a time, and one goroutine in it. Files are named checkpoint-00000001.safetensors and
// so on. It should hold nothing else.
type Directory struct {
	path string
	cfg  Config
	lock *os.File // nil once closed
	next int      // number of the next file
}

const (
	prefix   = "checkpoint-"
	suffix   = ".safetensors"
	lockName = "lock"
)

// Open makes the folder if it is missing, locks it, and removes what a process that was
// killed while it saved has left behind. A folder that is in use is an error. The lock
// ends with the process; Windows, Plan 9 and js/wasm have no such lock, and there the
// caller must see to it that only one process uses a folder.
func Open(path string, cfg Config) (*Directory, error) {
	for _, f := range []struct {
		name  string
		value int64
	}{{"EveryBatches", int64(cfg.EveryBatches)}, {"EveryEpochs", int64(cfg.EveryEpochs)}, {"Every", int64(cfg.Every)}, {"Keep", int64(cfg.Keep)}} {
		if f.value < 0 {
			return nil, graph.Error{Path: path, Field: "checkpoint.Config." + f.name, Rule: "must not be negative", Value: f.value}
		}
	}
	if cfg.EveryBatches == 0 && cfg.EveryEpochs == 0 && cfg.Every == 0 {
		cfg.EveryEpochs = 1
	}
	if cfg.Keep == 0 {
		cfg.Keep = 3
	}
	if err := os.MkdirAll(path, 0o777); err != nil {
		return nil, unusable(path, err)
	}
	f, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, unusable(path, err)
	}
	if err := lock(f); err != nil {
		f.Close()
		if err == errInUse {
			return nil, graph.Error{Path: path, Field: "folder", Rule: "must not be in use by another run; wait until that has ended, or use another folder"}
		}
		return nil, graph.Error{Path: path, Field: "folder", Rule: "must be on a file system with locks (flock)", Value: err, Kind: stderrors.Join(graph.ErrInput, err)}
	}
	d := &Directory{path: path, cfg: cfg, lock: f, next: 1}
	if err := d.clean(); err != nil {
		f.Close()
		return nil, err
	}
	return d, nil
}

var errInUse = errors.New("in use")

func unusable(path string, err error) error {
	return graph.Error{Path: path, Field: "folder", Rule: "must be one that can be written to", Value: regular.Reason(err), Kind: stderrors.Join(graph.ErrInput, err)}
}

// clean removes unfinished files and finds the number of the next one.
func (d *Directory) clean() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return unusable(d.path, err)
	}
	for _, e := range entries {
		if !regular.Temporary(prefix, e.Name()) {
			continue
		}
		if err := os.Remove(filepath.Join(d.path, e.Name())); err != nil {
			return unusable(d.path, err)
		}
	}
	files, err := d.files()
	if len(files) > 0 {
		d.next = files[0].number + 1
	}
	return err
}

// Close unlocks the folder.
func (d *Directory) Close() error {
	if d == nil || d.lock == nil {
		return nil
	}
	f := d.lock
	d.lock = nil
	return errors.WithStack(f.Close())
}

// check reports a directory that is closed, or whose folder was removed or replaced.
func (d *Directory) check() error {
	if d == nil || d.lock == nil {
		return graph.Error{Field: "checkpoint.Directory", Rule: "must come from Open, and not be closed"}
	}
	held, err := d.lock.Stat()
	if err != nil {
		return unusable(d.path, err)
	}
	if there, err := os.Stat(filepath.Join(d.path, lockName)); err != nil || !os.SameFile(held, there) {
		return graph.Error{Path: d.path, Field: "folder", Rule: "must stay as it is while a run uses it, but it was removed or replaced"}
	}
	return nil
}

// A file is a checkpoint in a folder.
type file struct {
	path   string
	number int
}

// files are the checkpoints, the newest first.
func (d *Directory) files() ([]file, error) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return nil, unusable(d.path, err)
	}
	var out []file
	for _, e := range entries {
		digits, ok := strings.CutPrefix(strings.TrimSuffix(e.Name(), suffix), prefix)
		n, err := strconv.Atoi(digits)
		if ok && err == nil && n > 0 && n < math.MaxInt32 && e.Name() == name(n) {
			out = append(out, file{filepath.Join(d.path, e.Name()), n})
		}
	}
	slices.SortFunc(out, func(a, b file) int { return b.number - a.number })
	return out, nil
}

func name(number int) string { return fmt.Sprintf("%s%08d%s", prefix, number, suffix) }

// Save writes a state to a new file, and then removes the oldest files beyond Keep. It
// returns the path of the file. After an error the older files are what they were.
func (d *Directory) Save(s *train.State) (path string, err error) {
	if err := d.check(); err != nil {
		return "", err
	}
	path = filepath.Join(d.path, name(d.next))
	if err := WriteFile(path, s); err != nil {
		return "", err
	}
	d.next++
	files, err := d.files()
	if err != nil {
		return path, err
	}
	for _, f := range files[min(d.cfg.Keep, len(files)):] {
		if err := os.Remove(f.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return path, unusable(d.path, err)
		}
	}
	return path, nil
}

// Latest reads the newest checkpoint whose checksum is right. Newer ones are damaged:
// Log is told of each. Without any file the state is nil. If all files are damaged,
// that is an error, and so is a file that a newer version of Engram wrote.
func (d *Directory) Latest() (*train.State, error) {
	s, _, err := d.latest()
	return s, err
}

// latest also returns the path of the file.
func (d *Directory) latest() (*train.State, string, error) {
	if err := d.check(); err != nil {
		return nil, "", err
	}
	files, err := d.files()
	if err != nil || len(files) == 0 {
		return nil, "", err
	}
	var damaged []string
	for _, f := range files {
		if err := verify(f.path); err != nil {
			damaged = append(damaged, err.Error())
			continue
		}
		for _, text := range damaged {
			d.log("warning: left out: %s", text)
		}
		s, err := read(f.path)
		return s, f.path, err
	}
	return nil, "", graph.Error{Path: d.path, Field: "folder", Rule: "must have a checkpoint that is not damaged; to start a new run, remove these files: " + strings.Join(damaged, "; ")}
}

func (d *Directory) log(format string, args ...any) {
	if d.cfg.Log != nil {
		fmt.Fprintf(d.cfg.Log, "checkpoint: "+format+"\n", args...) // an error is no reason to stop a run
	}
}
