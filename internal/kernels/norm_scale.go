package kernels

// ScaleAround computes y = (x − center) · scale + shift for rows that follow each other in
// x, as long as center, scale and shift are; y may be x. Each of the three results is
// rounded for itself. With a shift of −0 the sum changes nothing.
func (k *normKernels[T]) ScaleAround(x, center, scale, shift, y []T) {
	n := len(center)
	if len(x) == 0 {
		return
	}
	if n < 1 || len(x)%n != 0 {
		panic("kernels: scale of something else than whole rows")
	}
	k.scaleAround(len(x)/n, n, x, n, center, scale[:n:len(scale)], shift[:n:len(shift)], y[:len(x):len(y)])
}

func scaleAroundGo[T Float](rows, n int, x []T, stride int, center, scale, shift, y []T) {
	for i := range rows {
		to := y[i*stride:][:n]
		for j, v := range x[i*stride:][:n] {
			to[j] = T((v-center[j])*scale[j]) + shift[j] // each rounded for itself on every processor
		}
	}
}
