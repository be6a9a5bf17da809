//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package regular

import (
	"errors"
	"os"
	"syscall"
)

// Lock locks a file for this process, without waiting. The system unlocks it when the
// file is closed, and so when the process ends, however it ends. A file that is locked is
// the error ErrLocked. Windows, Plan 9 and js/wasm have no locks.
func Lock(f *os.File) error {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
		case errors.Is(err, syscall.EWOULDBLOCK):
			return ErrLocked
		case !errors.Is(err, syscall.EINTR):
			return err
		}
	}
}
