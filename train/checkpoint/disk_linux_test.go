package checkpoint_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/engram-go/engram/train"
	"github.com/engram-go/engram/train/checkpoint"
	"github.com/google/go-cmp/cmp"
)

// mounted is a file system in memory of some bytes, with a function that makes it
// read-only. Mounting needs root.
func mounted(t *testing.T, size string) (path string, readOnly func()) {
	t.Helper()
	path = t.TempDir()
	if err := syscall.Mount("tmpfs", path, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("cannot mount: ", err)
	}
	t.Cleanup(func() { check(t, syscall.Unmount(path, syscall.MNT_DETACH)) })
	return path, func() {
		t.Helper()
		check(t, syscall.Mount("tmpfs", path, "tmpfs", syscall.MS_REMOUNT|syscall.MS_RDONLY, "size="+size))
	}
}

// A disk that becomes full ends the run with an error that names the file, and leaves the
// older checkpoints. With space again, the run goes on to the same bits.
func TestFullDisk(t *testing.T) {
	want := uninterrupted(t, "steps")
	path, _ := mounted(t, "512k")
	full := filepath.Join(path, "full")
	fill := train.CallbackFunc(func(e *train.Event) error {
		if e.Moment == train.EpochEnd && e.Epoch == 5 {
			if err := os.WriteFile(full, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("the disk is not full: %v", err)
			}
		}
		return nil
	})
	run := filepath.Join(path, "run")
	d := open(t, run, checkpoint.Config{})
	r, err := trainings["steps"]()
	check(t, err)
	r.cfg.Callbacks = []train.Callback{fill}
	h, err := r.fitIn(t.Context(), d)
	if !errors.Is(err, syscall.ENOSPC) || !strings.HasPrefix(err.Error(), filepath.Join(run, "checkpoint-00000006.safetensors")) || len(h.Epochs) != 6 {
		t.Errorf("%v after %d epochs", err, len(h.Epochs))
	}
	if got := files(t, run); len(got) != 3 || unfinished(t, run) {
		t.Errorf("the folder has %q", got)
	}
	check(t, d.Close())
	check(t, os.Remove(full))
	got, log := ending(t, run, "steps")
	if diff := cmp.Diff(want, got); diff != "" || !strings.Contains(log, "the end of epoch 5, in ") || strings.Contains(log, "warning") {
		t.Errorf("%s (-want +got):\n%s", log, diff)
	}
}

// On a disk that can only be read, files can be read, and the rest is an error.
func TestReadOnlyDisk(t *testing.T) {
	path, readOnly := mounted(t, "512k")
	fitted(t, path, "steps", 1, checkpoint.Config{})
	readOnly()
	if _, err := checkpoint.Open(path, checkpoint.Config{}); !errors.Is(err, syscall.EROFS) || !strings.HasPrefix(err.Error(), path) {
		t.Error(err)
	}
	file := filepath.Join(path, "file")
	if err := checkpoint.WriteFile(file, &train.State{}); !errors.Is(err, syscall.EROFS) || !strings.HasPrefix(err.Error(), file) {
		t.Error(err)
	}
	_, err := checkpoint.ReadFile(files(t, path)[0])
	check(t, err)
}
