package regular_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/engram-go/engram/internal/errs"
	"github.com/engram-go/engram/internal/errs/errtest"
	"github.com/engram-go/engram/internal/regular"
	"pgregory.net/rapid"
)

// A file that is written, cut and continued at earlier positions has the text that a
// string has.
func TestAppend(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		a := regular.Append{Path: filepath.Join(dir, "file")}
		if err := os.RemoveAll(a.Path); err != nil {
			r.Fatal(err)
		}
		text, torn := "", false
		for range rapid.IntRange(1, 8).Draw(r, "steps") {
			var err error
			switch rapid.SampledFrom([]string{"write", "back", "cut", "tear"}).Draw(r, "step") {
			case "write":
				more := rapid.StringMatching("[a-z]{0,4}").Draw(r, "text")
				_, err = a.Write([]byte(more))
				text, torn = text+more, false
			case "back":
				at := rapid.IntRange(0, len(text)).Draw(r, "position")
				torn = torn || at < len(text)
				text = text[:at]
				a, err = a.At(int64(at))
			case "cut":
				err, torn = a.Cut(), false
			case "tear":
				if _, err = a.Check(); err == nil {
					err, torn = os.WriteFile(a.Path, []byte(text+"torn"), 0o666), true
				}
			}
			if err != nil {
				r.Fatal(err)
			}
			got, err := os.ReadFile(a.Path)
			if err != nil && !(os.IsNotExist(err) && text == "") {
				r.Fatal(err)
			}
			if int(a.Position) != len(text) || !strings.HasPrefix(string(got), text) || !torn && string(got) != text {
				r.Fatalf("position %d, got %q, want %q", a.Position, got, text)
			}
		}
	})
}

func TestAppendErrors(t *testing.T) {
	dir := t.TempDir()
	missing := regular.Append{Path: filepath.Join(dir, "missing")}
	_, err := missing.At(1)
	errtest.Check(t, err, errs.Error{Path: missing.Path, Field: "file", Value: 0})
	if missing.Position = 1; missing.Cut() == nil {
		t.Error("a missing file was cut")
	}
	// No hole is made where the text before the position is gone.
	gone := regular.Append{Path: filepath.Join(dir, "gone")}
	if _, err := gone.Write([]byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(gone.Path); err != nil {
		t.Fatal(err)
	}
	_, err = gone.Write([]byte("more"))
	errtest.Check(t, err, errs.Error{Path: gone.Path, Field: "file", Value: 0})
	folder := regular.Append{Path: dir}
	_, err = folder.Check()
	errtest.Check(t, err, errs.Error{Path: dir, Field: "file", Value: "a directory"})
	_, err = folder.Write([]byte("x"))
	errtest.Check(t, err, errs.Error{Path: dir, Field: "file", Value: "a directory"})
	errtest.Check(t, folder.Sync(), errs.Error{Path: dir, Field: "file", Value: "a directory"})
	inside := regular.Append{Path: filepath.Join(dir, "none", "file")}
	_, err = inside.Check()
	errtest.Check(t, err, errs.Error{Path: inside.Path, Field: "file", Value: "no such file or directory"})
}
