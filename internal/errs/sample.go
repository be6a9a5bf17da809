package errs

import "github.com/pkg/errors"

// Sample finds the one of n samples of a batch at which the error of the batch lies, such
// as a class or a token that does not exist, or a NaN: the first one that violates the
// same rule alone. It returns its index, and its own error, whose indices are those of a
// batch of this sample alone; or −1 and the error of the batch. An operation cannot tell,
// since it knows only where the value is in its own operands.
//
// The function alone tries sample i alone, or a sample of zeros for −1. What is wrong with
// zeros and with all samples, such as a shape or the weights, is not the fault of one.
func Sample(err error, n int, alone func(i int) error) (int, error) {
	var of Error
	if n < 1 || !errors.As(err, &of) {
		return -1, err
	}
	same := func(err error) bool {
		var e Error
		return errors.As(err, &e) && e.Path == of.Path && e.Rule == of.Rule
	}
	all := same(alone(-1))
	at, found := -1, err
	for i := 0; i < n && (at < 0 || all); i++ {
		e := alone(i)
		if !same(e) {
			all = false
		} else if at < 0 {
			at, found = i, e
		}
	}
	if all {
		return -1, err
	}
	return at, found
}
