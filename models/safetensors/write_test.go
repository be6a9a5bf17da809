package safetensors_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/engram-go/engram/models/safetensors"
	"gorgonia.org/tensor"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	plain := filepath.Join(dir, "plain")
	if err := os.WriteFile(plain, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := safetensors.WriteFile(path, golden()); err != nil {
		t.Fatal(err)
	}
	if mode(t, path) != mode(t, plain) {
		t.Errorf("a new file has mode %v, want %v", mode(t, path), mode(t, plain))
	}
	got, err := safetensors.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, golden())

	for _, perm := range []fs.FileMode{0o600, 0o666, 0o640} {
		if err := os.Chmod(path, perm); err != nil {
			t.Fatal(err)
		}
		if err := safetensors.WriteFile(path, safetensors.File{}); err != nil {
			t.Fatal(err)
		}
		if mode(t, path) != perm {
			t.Errorf("mode %v became %v", perm, mode(t, path))
		}
	}
	only(t, dir, "model.safetensors", "plain")
}

// TestWriteFileFails: what was there stays, and nothing else is left behind.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model")
	if err := safetensors.WriteFile(path, golden()); err != nil {
		t.Fatal(err)
	}
	before := read(t, path)
	bad := safetensors.File{Tensors: map[string]*tensor.Dense{"a": nil}}
	refused(t, "bad", safetensors.WriteFile(path, bad), path+":a", "tensor", "")
	if !bytes.Equal(read(t, path), before) {
		t.Error("a failed write changed the file")
	}
	only(t, dir, "model")

	refused(t, "folder", safetensors.WriteFile(dir, golden()), dir, "file", "a directory")
	refused(t, "device", safetensors.WriteFile(os.DevNull, golden()), os.DevNull, "file", "a device")
	missing := filepath.Join(dir, "missing", "model")
	err := safetensors.WriteFile(missing, golden())
	refused(t, "missing", err, missing, "file", "no such file or directory")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := safetensors.WriteFile("", golden()); err == nil {
		t.Error("wrote to a file without a name")
	}
	if left, err := filepath.Glob(".safetensors-*"); err != nil || left != nil {
		t.Error("left behind:", left, err)
	}
	only(t, dir, "model")
}

func TestWriteFileLink(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "model"), filepath.Join(t.TempDir(), "link")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skip(err)
	}
	if err := safetensors.WriteFile(link, golden()); err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Error("the link was replaced:", target, err)
	}
	if !bytes.Equal(read(t, path), write(t, golden())) {
		t.Error("the file behind the link was not written")
	}
	only(t, dir, "model")
}

func mode(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func only(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range entries {
		if i >= len(want) || e.Name() != want[i] {
			t.Errorf("%s holds %v, want %v", dir, entries, want)
			return
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%s holds %v, want %v", dir, entries, want)
	}
}
