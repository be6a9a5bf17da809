package kernels

// poolKernels compute pools over steps. A window has size rows of n features, which lie
// xRow elements apart; the m windows lie xWindow apart. Their results lie yRow apart. All
// sizes are positive.
type poolKernels[T Float] struct {
	// maxPool writes the largest element of every window to y, and NaN where there is
	// one. maxPoolGradient adds dy to the first of the equal largest elements, or to
	// the last NaN; dx lies as x.
	maxPool         func(m, n, size int, x []T, xRow, xWindow int, y []T, yRow int)
	maxPoolGradient func(m, n, size int, x []T, xRow, xWindow int, dy []T, dyRow int, dx []T)
	// meanPool writes the mean of every window, summed in float64. meanPoolGradient
	// adds dy/size to all rows of the windows of dx.
	meanPool         func(m, n, size int, x []T, xRow, xWindow int, y []T, yRow int)
	meanPoolGradient func(m, n, size int, dx []T, xRow, xWindow int, dy []T, dyRow int)
}

func poolGo[T Float]() poolKernels[T] {
	return poolKernels[T]{maxPoolGo[T], maxPoolGradientGo[T], meanPoolGo[T], meanPoolGradientGo[T]}
}

// MaxPool writes the largest elements of m windows over n features to y, and NaN where
// there is one. A window has size rows, which lie xRow elements apart in x, and the next
// window lies xWindow further; rows of y lie yRow apart.
func (s *Set[T]) MaxPool(m, n, size int, x []T, xRow, xWindow int, y []T, yRow int) {
	if pools(m, n, size) {
		s.maxPool(m, n, size, x, xRow, xWindow, y, yRow)
	}
}

// MaxPoolGradient adds the gradients dy of MaxPool to dx, which lies as x: to the first
// of equal elements, or to the last NaN.
func (s *Set[T]) MaxPoolGradient(m, n, size int, x []T, xRow, xWindow int, dy []T, dyRow int, dx []T) {
	if pools(m, n, size) {
		s.maxPoolGradient(m, n, size, x, xRow, xWindow, dy, dyRow, dx)
	}
}

// MeanPool writes the means of windows that lie as those of MaxPool, summed in float64.
func (s *Set[T]) MeanPool(m, n, size int, x []T, xRow, xWindow int, y []T, yRow int) {
	if pools(m, n, size) {
		s.meanPool(m, n, size, x, xRow, xWindow, y, yRow)
	}
}

// MeanPoolGradient adds the gradients dy of MeanPool to dx, which lies as x.
func (s *Set[T]) MeanPoolGradient(m, n, size int, dx []T, xRow, xWindow int, dy []T, dyRow int) {
	if pools(m, n, size) {
		s.meanPoolGradient(m, n, size, dx, xRow, xWindow, dy, dyRow)
	}
}

// pools reports whether there are windows, and panics where they are empty.
func pools(m, n, size int) bool {
	if m < 0 || n < 0 || size < 1 {
		panic("kernels: windows of no size")
	}
	return m > 0 && n > 0
}

// largestGo is the largest element of a window, and its row.
func largestGo[T Float](size int, x []T, xRow int) (most T, row int) {
	most = x[0]
	for j := range size {
		if v := x[j*xRow]; v > most || v != v {
			most, row = v, j
		}
	}
	return most, row
}

func maxPoolGo[T Float](m, n, size int, x []T, xRow, xWindow int, y []T, yRow int) {
	for i := range m {
		for c := range n {
			y[i*yRow+c], _ = largestGo(size, x[i*xWindow+c:], xRow)
		}
	}
}

func maxPoolGradientGo[T Float](m, n, size int, x []T, xRow, xWindow int, dy []T, dyRow int, dx []T) {
	for i := range m {
		for c := range n {
			_, row := largestGo(size, x[i*xWindow+c:], xRow)
			dx[i*xWindow+c+row*xRow] += dy[i*dyRow+c]
		}
	}
}

func meanPoolGo[T Float](m, n, size int, x []T, xRow, xWindow int, y []T, yRow int) {
	for i := range m {
		for c := range n {
			sum := 0.0
			for j := range size {
				sum += float64(x[i*xWindow+c+j*xRow])
			}
			y[i*yRow+c] = T(sum / float64(size))
		}
	}
}

func meanPoolGradientGo[T Float](m, n, size int, dx []T, xRow, xWindow int, dy []T, dyRow int) {
	for i := range m {
		for c := range n {
			share := dy[i*dyRow+c] / T(size)
			for j := range size {
				dx[i*xWindow+c+j*xRow] += share
			}
		}
	}
}
