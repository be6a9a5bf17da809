package datasets

import (
	"io"

	"github.com/pkg/errors"
)

var (
	errRecord = errors.New("record too long")
	errTotal  = errors.New("file too long")
)

// allowance is a reader that limits the bytes of a record and of the whole file,
// so that the CSV reader, which collects a whole line, cannot exhaust memory. The
// caller sets record before each record; bytes read ahead count for the next one.
type allowance struct {
	r             io.Reader
	record, total int
}

func (a *allowance) Read(p []byte) (int, error) {
	if a.record <= 0 {
		return 0, errRecord
	}
	if a.total < 0 { // one byte more than allowed was there to read
		return 0, errTotal
	}
	n, err := a.r.Read(p[:min(len(p), a.record, a.total+1)])
	a.record -= n
	a.total -= n
	return n, err
}
