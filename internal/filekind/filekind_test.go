package filekind_test

import (
	"io/fs"
	"testing"

	"github.com/engram-go/engram/internal/filekind"
)

func TestName(t *testing.T) {
	for mode, want := range map[fs.FileMode]string{
		fs.ModeDir | 0o755:                "a directory",
		fs.ModeDevice:                     "a device",
		fs.ModeDevice | fs.ModeCharDevice: "a device",
		fs.ModeNamedPipe:                  "a pipe",
		fs.ModeSocket:                     "a socket",
		fs.ModeSymlink | 0o777:            "another kind of file",
		fs.ModeIrregular:                  "another kind of file",
	} {
		if got := filekind.Name(mode); got != want {
			t.Errorf("%v is %s, want %s", mode, got, want)
		}
	}
}
