// Package filekind says in words what lies at a path that is no regular file.
package filekind

import "io/fs"

// Name names the kind of a file for an error message.
func Name(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	}
	return "another kind of file"
}
