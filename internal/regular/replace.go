package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/engram-go/engram/internal/errs"
)

// Replace writes the file at path, whole or not at all: it writes a new file in the
// same folder and then renames it to path. Both are on the disk when it returns. A file
// already there stays as it was if anything fails, and keeps its permissions in any
// case. Where path is a symbolic link, the file that it points to is replaced; anything
// but a regular file is refused.
//
// A process that is killed may leave the new file behind: see Temporary.
func Replace(path, prefix string, write func(io.Writer) error) (err error) {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	perm := os.FileMode(0o666) // less the umask
	info, statErr := os.Stat(path)
	if statErr == nil {
		if err := Check(info); err != nil {
			return err
		}
		perm = info.Mode().Perm()
	}
	tmp := filepath.Join(filepath.Dir(path), fmt.Sprintf("%s%016x%s", prefix, rand.Uint64(), suffix))
	out, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return Unwritable(err, errors.Join(errs.ErrInput, err))
	}
	defer func() {
		if err != nil {
			out.Close() // a second time does no harm
			os.Remove(tmp)
		}
	}()
	if statErr == nil {
		if err := out.Chmod(perm); err != nil { // the umask may have taken some
			return Unwritable(err, err)
		}
	}
	if err := write(out); err != nil {
		return err
	}
	rename := func() error { return os.Rename(tmp, path) }
	for _, finish := range []func() error{out.Sync, out.Close, rename} {
		if err := finish(); err != nil {
			return Unwritable(err, err)
		}
	}
	if err := syncFolder(filepath.Dir(path)); err != nil {
		return Unwritable(err, err)
	}
	return nil
}

const suffix = ".tmp"

// Temporary reports whether a name is that of a file that Replace with that prefix writes
// before it renames it.
func Temporary(prefix, name string) bool {
	rest, ok := strings.CutPrefix(name, prefix)
	digits, end := strings.CutSuffix(rest, suffix)
	_, err := strconv.ParseUint(digits, 16, 64)
	return ok && end && len(digits) == 16 && err == nil
}

// syncFolder makes a rename in a folder last through a loss of power, where the system
// can do that.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// Unwritable is an error of the operating system in writing a file, of a kind.
func Unwritable(err, kind error) error {
	return errs.Error{Field: "file", Rule: "must be writable", Value: Reason(err), Kind: kind}
}
