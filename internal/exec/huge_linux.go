package exec

import (
	"unsafe"

	"github.com/engram-go/engram/internal/dense"
	"golang.org/x/sys/unix"
	"gorgonia.org/tensor"
)

// largePage is the size of a large page of memory, on amd64 and mostly on arm64.
const largePage = 2 << 20

// useLargePages asks the system to use large pages for a new block. The first access to a
// page of 4 KB takes about 8 µs on a virtual machine, a quarter of a second for 130 MB.
// It is only advice, so errors are ignored.
func useLargePages(block *tensor.Dense) {
	var bytes []byte
	if block.Dtype() == tensor.Float32 {
		bytes = bytesOf(block.Float32s())
	} else {
		bytes = bytesOf(block.Float64s())
	}
	skip := int(-uintptr(unsafe.Pointer(unsafe.SliceData(bytes))) % largePage)
	if len(bytes) < skip+largePage {
		return
	}
	whole := (len(bytes) - skip) / largePage * largePage
	_ = unix.Madvise(bytes[skip:skip+whole], unix.MADV_HUGEPAGE)
}

func bytesOf[T dense.Float](elements []T) []byte {
	var x T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(elements))), len(elements)*int(unsafe.Sizeof(x)))
}
