package datasets

import (
	"fmt"
	"math"

	"github.com/engram-go/engram/internal/errs"
)

// Subset looks at the samples from, from+1, … to−1 of data. It copies nothing.
// Bounds outside data, or a range without a sample, are errors.
func Subset(data Data, from, to int) (Data, error) {
	if data == nil {
		return nil, errs.Error{Field: "data", Rule: "must not be nil"}
	}
	if n := data.Len(); from < 0 || to > n || from >= to {
		return nil, errs.Error{Field: "range", Rule: fmt.Sprintf("must hold a sample and lie within the %d of the data", n), Value: fmt.Sprintf("%d to %d", from, to)}
	}
	return subset{data, from, to - from}, nil
}

type subset struct {
	data    Data
	from, n int
}

func (s subset) Len() int { return s.n }

func (s subset) Gather(rows []int, into *Batch) error {
	if err := checkRows(rows, s.n); err != nil {
		return err
	}
	shifted := make([]int, len(rows))
	for i, row := range rows {
		shifted[i] = s.from + row
	}
	return s.data.Gather(shifted, into)
}

// Split cuts data in two, the last fraction of the samples in tail, as Keras'
// validation split does: the border is the whole part of n·(1 − fraction). A
// fraction outside (0, 1) and a side without a sample are errors.
func Split(data Data, fraction float64) (head, tail Data, err error) {
	if data == nil {
		return nil, nil, errs.Error{Field: "data", Rule: "must not be nil"}
	}
	if !(fraction > 0 && fraction < 1) {
		return nil, nil, errs.Error{Field: "fraction", Rule: "must be above 0 and below 1", Value: fraction}
	}
	n := data.Len()
	at := border(n, fraction)
	if at <= 0 || at >= n {
		return nil, nil, errs.Error{Field: "fraction", Rule: fmt.Sprintf("must leave a sample on both sides of %d", n), Value: fraction}
	}
	if head, err = Subset(data, 0, at); err != nil {
		return nil, nil, err
	}
	tail, err = Subset(data, at, n)
	return head, tail, err
}

// border is where the last fraction of n rows begins. The nudge keeps 0.9 of
// 10 rows from leaving 0.9999999999999998 of one.
func border(n int, fraction float64) int {
	return int(math.Floor(float64(n)*(1-fraction) + 1e-6))
}
