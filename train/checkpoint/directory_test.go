package checkpoint_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/graph"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/models/safetensors"
	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
)

// fitted runs the first epochs of a training in a folder.
func fitted(t *testing.T, path, name string, epochs int, cfg checkpoint.Config) {
	t.Helper()
	d := open(t, path, cfg)
	r, err := trainings[name]()
	check(t, err)
	r.cfg.Epochs = epochs
	_, err = r.fitIn(t.Context(), d)
	check(t, err)
	check(t, d.Close())
}

// ending continues a run to its end, and returns its outcome and what Log was told.
func ending(t *testing.T, path, name string) (outcome, string) {
	t.Helper()
	var log bytes.Buffer
	d := open(t, path, checkpoint.Config{Log: &log})
	defer d.Close()
	r, err := trainings[name]()
	check(t, err)
	h, err := r.fitIn(t.Context(), d)
	check(t, err)
	out, err := r.outcome(h)
	check(t, err)
	return out, log.String()
}

// Files that are damaged, however, are left out and named, and the run goes on from the
// one before, to the same bits.
func TestDamagedFiles(t *testing.T) {
	want := uninterrupted(t, "steps")
	for name, damage := range map[string]func(t *testing.T, path string){
		"flipped": func(t *testing.T, path string) {
			data := content(t, path)
			data[len(data)/2] ^= 4
			check(t, os.WriteFile(path, data, 0o600))
		},
		"cut":      func(t *testing.T, path string) { check(t, os.Truncate(path, 1000)) },
		"empty":    func(t *testing.T, path string) { check(t, os.Truncate(path, 0)) },
		"a folder": func(t *testing.T, path string) { check(t, os.Remove(path)); check(t, os.Mkdir(path, 0o700)) },
		"a link to nothing": func(t *testing.T, path string) {
			check(t, os.Remove(path))
			if err := os.Symlink("nothing", path); err != nil {
				t.Skip(err)
			}
		},
	} {
		for damaged := 1; damaged <= 3; damaged++ {
			t.Run(fmt.Sprint(damaged, " ", name), func(t *testing.T) {
				path := t.TempDir()
				fitted(t, path, "steps", 4, checkpoint.Config{})
				all := files(t, path) // of epochs 2, 3 and 4
				for _, file := range all[3-damaged:] {
					damage(t, file)
				}
				if damaged < 3 {
					got, log := ending(t, path, "steps")
					if diff := cmp.Diff(want, got); diff != "" {
						t.Errorf("(-want +got):\n%s", diff)
					}
					if strings.Count(log, "warning: left out: ") != damaged || !strings.Contains(log, all[2]) || !strings.Contains(log, fmt.Sprintf("the end of epoch %d, in %s", 4-damaged, all[2-damaged])) {
						t.Errorf("told %s", log)
					}
					return
				}
				d := open(t, path, checkpoint.Config{})
				r, err := trainings["steps"]()
				check(t, err)
				before, err := r.model.WeightsSHA256()
				check(t, err)
				h, err := r.fitIn(t.Context(), d)
				errtest.Check(t, err, graph.Error{Path: path, Field: "folder"})
				if !strings.Contains(fmt.Sprint(err), "to start a new run, remove these files") {
					t.Errorf("%v has no remedy", err)
				}
				for _, file := range all {
					if !strings.Contains(fmt.Sprint(err), file) {
						t.Errorf("%v does not name %s", err, file)
					}
				}
				if after, err := r.model.WeightsSHA256(); err != nil || after != before || len(h.Epochs) > 0 {
					t.Error("the run was started")
				}
				if diff := cmp.Diff(all, files(t, path)); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

// The newest files are kept, in the order of their numbers.
func TestKeep(t *testing.T) {
	path := t.TempDir()
	d := open(t, path, checkpoint.Config{Keep: 2})
	for i := 1; i <= 12; i++ {
		file, err := d.Save(&train.State{Step: i})
		check(t, err)
		if want := fmt.Sprintf("checkpoint-%08d.safetensors", i); filepath.Base(file) != want {
			t.Errorf("wrote %s, want %s", file, want)
		}
		if got := files(t, path); len(got) != min(i, 2) || got[len(got)-1] != file {
			t.Errorf("kept %q", got)
		}
		s, err := d.Latest()
		if check(t, err); s.Step != i {
			t.Errorf("read step %d, want %d", s.Step, i)
		}
	}
	check(t, d.Close())
	// Numbers go on, also beyond eight digits; other files are left alone.
	huge := filepath.Join(path, "checkpoint-0100000000.safetensors")
	check(t, os.WriteFile(huge, nil, 0o600))
	check(t, os.Rename(files(t, path)[1], filepath.Join(path, "checkpoint-100000000.safetensors")))
	for _, other := range []string{"notes.txt", "checkpoint-1.safetensors", "checkpoint-x.safetensors", "checkpoint-00000099.tmp"} {
		check(t, os.WriteFile(filepath.Join(path, other), nil, 0o600))
	}
	d = open(t, path, checkpoint.Config{Keep: 1})
	file, err := d.Save(&train.State{Step: 13})
	if check(t, err); filepath.Base(file) != "checkpoint-100000001.safetensors" {
		t.Error(file)
	}
	entries, err := os.ReadDir(path)
	check(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	want := []string{"checkpoint-00000099.tmp", "checkpoint-0100000000.safetensors", "checkpoint-1.safetensors", "checkpoint-100000001.safetensors", "checkpoint-x.safetensors", "lock", "notes.txt"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What a process that was killed has left behind is removed.
func TestLeftovers(t *testing.T) {
	path := t.TempDir()
	left := filepath.Join(path, "checkpoint-0123456789abcdef.tmp")
	check(t, os.WriteFile(left, []byte("half"), 0o600))
	d := open(t, path, checkpoint.Config{})
	if _, err := os.Stat(left); !os.IsNotExist(err) {
		t.Error(err)
	}
	if s, err := d.Latest(); s != nil || err != nil {
		t.Errorf("an empty folder has the state %v, %v", s, err)
	}
}

// One folder serves one run, in this process and in others, until it ends.
func TestLock(t *testing.T) {
	path := t.TempDir()
	d := open(t, path, checkpoint.Config{})
	_, err := checkpoint.Open(path, checkpoint.Config{})
	errtest.Check(t, err, graph.Error{Path: path, Field: "folder"})
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childVariable+"=steps:"+path)
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), path+": folder must not be in use by another run") {
		t.Errorf("another process: %v, %s", err, out)
	}
	check(t, d.Close())
	check(t, d.Close())
	_, err = d.Save(&train.State{})
	errtest.Check(t, err, graph.Error{Field: "checkpoint.Directory"})
	_, err = d.Latest()
	errtest.Check(t, err, graph.Error{Field: "checkpoint.Directory"})
	killed(t, "steps", path, 3, 0, false)
	d = open(t, path, checkpoint.Config{})
	check(t, d.Close())
}

// A directory that does not come from Open is an error.
func TestZeroDirectory(t *testing.T) {
	r, err := trainings["steps"]()
	check(t, err)
	for _, d := range []*checkpoint.Directory{nil, {}} {
		_, err := d.Latest()
		errtest.Check(t, err, graph.Error{Field: "checkpoint.Directory"})
		_, err = d.Save(r.trainer.State())
		errtest.Check(t, err, graph.Error{Field: "checkpoint.Directory"})
		_, err = r.fitIn(t.Context(), d)
		errtest.Check(t, err, graph.Error{Field: "checkpoint.Directory"})
		check(t, d.Close())
	}
}

func TestOpenErrors(t *testing.T) {
	path := t.TempDir()
	for name, cfg := range map[string]checkpoint.Config{"EveryBatches": {EveryBatches: -1}, "EveryEpochs": {EveryEpochs: -1}, "Every": {Every: -1}, "Keep": {Keep: -1}} {
		_, err := checkpoint.Open(path, cfg)
		errtest.Check(t, err, graph.Error{Path: path, Field: "checkpoint.Config." + name, Value: -1})
	}
	// A file in the way of the folder, and a folder in the way of the lock.
	check(t, os.WriteFile(filepath.Join(path, "file"), nil, 0o600))
	check(t, os.MkdirAll(filepath.Join(path, "folder", "lock"), 0o700))
	for _, name := range []string{"file", "file/below", "folder", "folder/\x00"} {
		path := filepath.Join(path, name)
		_, err := checkpoint.Open(path, checkpoint.Config{})
		errtest.Check(t, err, graph.Error{Path: path, Field: "folder"})
	}
}

// A file that a newer version wrote is an error: going on from an older one would in time
// remove it.
func TestNewerFile(t *testing.T) {
	path := t.TempDir()
	fitted(t, path, "steps", 2, checkpoint.Config{})
	newest := files(t, path)[1]
	f, err := safetensors.ReadFile(newest)
	check(t, err)
	f.Metadata["engram_checkpoint"] = "2"
	check(t, safetensors.WriteFile(newest, f))
	check(t, os.WriteFile(newest, sealed(content(t, newest)), 0o600))
	_, err = open(t, path, checkpoint.Config{}).Latest()
	errtest.Check(t, err, graph.Error{Path: newest, Field: "engram_checkpoint", Value: `"2"`})
}

// A folder that is removed or replaced while a run uses it is an error: the next save
// would be lost, or another run could use the folder too. The run itself is intact.
func TestRemovedFolder(t *testing.T) {
	want := uninterrupted(t, "steps")
	for _, again := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "run")
		d := open(t, path, checkpoint.Config{})
		r, err := trainings["steps"]()
		check(t, err)
		cfg := r.cfg
		var last *train.State
		cfg.Callbacks = append(cfg.Callbacks, train.CallbackFunc(func(e *train.Event) error {
			if e.Moment != train.EpochEnd || e.Epoch != 2 {
				return nil
			}
			last = e.Trainer.State()
			check(t, os.RemoveAll(path))
			if again {
				check(t, open(t, path, checkpoint.Config{}).Close())
			}
			return nil
		}))
		h, err := d.Fit(t.Context(), r.trainer, r.data, cfg)
		errtest.Check(t, err, graph.Error{Path: path, Field: "folder"})
		if len(h.Epochs) != 3 || files(t, path) != nil {
			t.Errorf("history of epochs %v, files %q", h.Epochs, files(t, path))
		}
		// The trainer goes on where it was.
		r.cfg.Resume = last
		h, err = r.fit(t.Context())
		check(t, err)
		if got, err := r.outcome(h); err != nil || !cmp.Equal(want, got) {
			t.Errorf("%v, other bits", err)
		}
	}
}
