package regular

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// What a writer sees in the folder is a file that Temporary knows, and afterwards it is
// gone. Package safetensors tests the rest.
func TestTemporary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	broken := errors.New("broken")
	for _, want := range []error{nil, broken} {
		err := Replace(path, "my-", func(io.Writer) error {
			for _, name := range names(t, path) {
				if name != "file" && (!Temporary("my-", name) || Temporary("other-", name)) {
					t.Errorf("%s is taken for another file", name)
				}
			}
			return want
		})
		if got := names(t, path); !errors.Is(err, want) || len(got) != 1 {
			t.Errorf("%v, and the folder has %q", err, got)
		}
	}
	for _, name := range []string{"", "my-", "my-.tmp", "my-0123456789abcdef", "my-0123456789abcdeg.tmp", "my-00123456789abcdef.tmp", "0123456789abcdef.tmp"} {
		if Temporary("my-", name) {
			t.Errorf("%q is taken for a file of Replace", name)
		}
	}
}

func names(t *testing.T, path string) (out []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}
