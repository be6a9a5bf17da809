//go:build !linux

package exec

import "gorgonia.org/tensor"

// useLargePages does something on Linux only.
func useLargePages(*tensor.Dense) {}
