package metrics

import (
	"math"
	"slices"

	"github.com/engram-go/engram/internal/dense"
	"github.com/engram-go/engram/internal/kernels"
)

// findHits fills a.hits with 1 for each line whose largest output is that of its class. The
// outputs, which may be as many as a vocabulary has words, are read where they are.
func findHits[T dense.Float](a *average, t term, y, yhat []T, lines int) error {
	n, m := len(y)/lines, len(yhat)/lines
	a.classes, a.hits = slices.Grow(a.classes[:0], lines)[:lines], slices.Grow(a.hits[:0], lines)[:lines]
	for i := range lines {
		load(a.y, y[i*n:])
		var err error
		if a.classes[i], err = t.class(a.y, m); err != nil {
			return err
		}
	}
	set := kernels.For[T]()
	kernels.Share(len(yhat), lines, 1, func(from, end int) {
		for i := from; i < end; i++ {
			a.hits[i] = hit(set, a.classes[i], yhat[i*m:][:m])
		}
	})
	return nil
}

// hit is 1 where the largest element is the one at k, and the first of equal ones.
func hit[T dense.Float](set *kernels.Set[T], k int, yhat []T) float64 {
	if k == unknown || !dense.Finite(set.Size(yhat)) {
		return math.NaN()
	}
	if most := set.Largest(yhat); yhat[k] == most && !slices.Contains(yhat[:k], most) {
		return 1
	}
	return 0
}
