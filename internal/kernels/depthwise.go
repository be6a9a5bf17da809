package kernels

// Depthwise computes m rows of a convolution in which each of n channels is separate, n
// being at least Width:
//
//	y_i = start + Σ_j x_i,j ⊙ w_j    over the taps
//
// where the channels of x_i,j begin at i·xRow + j·xTap, those of w_j at j·wTap, and those
// of y_i at i·yRow. Each element of y is one sum in one order.
func (s *Set[T]) Depthwise(m, n, taps int, x []T, xRow, xTap int, w []T, wTap int, start, y []T, yRow int) {
	if m > 1 && yRow < n || n < Width {
		panic("kernels: rows of channels that overlap, or of few channels")
	}
	switch {
	case m == 0:
	case taps == 0:
		for i := range m {
			copy(y[i*yRow:][:n], start)
		}
	default:
		s.depthwise(m, n, taps, x, xRow, xTap, w, wTap, start, y, yRow)
	}
}

// DepthwiseSums computes sums over m rows for each tap and each of n channels, n being at
// least Width:
//
//	w_j = Σ_i x_i,j ⊙ y_i
//
// with the places of Depthwise.
func (s *Set[T]) DepthwiseSums(m, n, taps int, x []T, xRow, xTap int, y []T, yRow int, w []T, wTap int) {
	if taps > 1 && wTap < n || n < Width {
		panic("kernels: taps of channels that overlap, or of few channels")
	}
	switch {
	case taps == 0:
	case m == 0:
		for j := range taps {
			clear(w[j*wTap:][:n])
		}
	default:
		s.depthwiseSums(m, n, taps, x, xRow, xTap, y, yRow, w, wTap)
	}
}

func depthwiseGo[T Float](m, n, taps int, x []T, xRow, xTap int, w []T, wTap int, start, y []T, yRow int) {
	for i := range m {
		row := y[i*yRow:][:n]
		copy(row, start[:n])
		for j := range taps {
			weights := w[j*wTap:][:n]
			for c, v := range x[i*xRow+j*xTap:][:n] {
				row[c] += v * weights[c]
			}
		}
	}
}

func depthwiseSumsGo[T Float](m, n, taps int, x []T, xRow, xTap int, y []T, yRow int, w []T, wTap int) {
	for j := range taps {
		sums := w[j*wTap:][:n]
		clear(sums)
		for i := range m {
			row := y[i*yRow:][:n]
			for c, v := range x[i*xRow+j*xTap:][:n] {
				sums[c] += v * row[c]
			}
		}
	}
}
