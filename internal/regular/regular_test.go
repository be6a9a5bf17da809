package regular

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
)

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	path, link, missing := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "missing")
	if err := os.WriteFile(path, []byte("text"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{path, link} {
		file, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(file); err != nil || string(text) != "text" {
			t.Errorf("got %q, %v", text, err)
		}
		file.Close()
	}
	_, err := Open(missing)
	errtest.Check(t, err, errs.Error{Path: missing, Field: "file", Value: "no such file or directory"})
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v must be fs.ErrNotExist", err)
	}
	_, err = Open(dir)
	errtest.Check(t, err, errs.Error{Path: dir, Field: "file", Value: "a directory"})
	_, err = Open(os.DevNull)
	errtest.Check(t, err, errs.Error{Path: os.DevNull, Field: "file", Value: "a device"})
	_, err = Open("")
	errtest.Check(t, err, errs.Error{Field: "file"})
	// A pipe without a writer does not block.
	pipe := filepath.Join(dir, "pipe")
	if err := exec.Command("mkfifo", pipe).Run(); err != nil {
		t.Skip(err)
	}
	_, err = Open(pipe)
	errtest.Check(t, err, errs.Error{Path: pipe, Field: "file", Value: "a pipe"})
}

func TestReason(t *testing.T) {
	broken := errors.New("broken")
	for _, err := range []error{broken, &fs.PathError{Op: "open", Path: "a", Err: broken}, &os.LinkError{Op: "rename", Old: "a", New: "b", Err: broken}} {
		if got := Reason(err); got != broken {
			t.Errorf("%v gives %v", err, got)
		}
	}
}

func TestKind(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		fs.ModeDir | 0o755:                "a directory",
		fs.ModeDevice:                     "a device",
		fs.ModeDevice | fs.ModeCharDevice: "a device",
		fs.ModeNamedPipe:                  "a pipe",
		fs.ModeSocket:                     "a socket",
		fs.ModeSymlink | 0o777:            "another kind of file",
		fs.ModeIrregular:                  "another kind of file",
	} {
		if got := kind(mode); got != want {
			t.Errorf("%v is %s, want %s", mode, got, want)
		}
	}
}
