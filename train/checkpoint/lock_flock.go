//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package checkpoint

import (
	"errors"
	"os"
	"syscall"
)

// lock locks a file for this process, without waiting. The system unlocks it when the
// file is closed, and so when the process ends, however it ends. A file that is locked is
// the error errInUse.
func lock(f *os.File) error {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errInUse
		case !errors.Is(err, syscall.EINTR):
			return err
		}
	}
}
