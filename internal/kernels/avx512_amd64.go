//go:build amd64 && !noasm

package kernels

// avx512 returns the AVX2 kernels with matrix products and normalization for AVX-512.
// The order of sums is the same, so both sets give the same bits. A vector contains one
// row of a panel.
func avx512() *Set[float32] {
	s := avx2()
	s.Name, s.across, s.strip = "avx512", 4, strip512
	s.normKernels = normAVX512()
	return s
}

type stripKernel struct {
	panels int // that it computes at once
	run    func(k int, a *float32, aRow, aCol int, b *float32, panel int, c *float32, cRow int, add bool)
}

// strips512 are the kernels for each number of rows, those of most panels first.
var strips512 = [tileRows + 1][]stripKernel{
	1: {{8, strip1x128AVX512}, {4, strip1x64AVX512}, {2, strip1x32AVX512}},
	2: {{4, strip2x64AVX512}, {2, strip2x32AVX512}},
	3: {{4, strip3x64AVX512}, {2, strip3x32AVX512}},
	4: {{4, strip4x64AVX512}, {2, strip4x32AVX512}},
	5: {{4, strip5x64AVX512}, {2, strip5x32AVX512}},
	6: {{4, strip6x64AVX512}, {2, strip6x32AVX512}},
}

func strip512(m, panels, k int, a []float32, aRow, aCol int, b, c []float32, cRow int, add bool) {
	panel := checkStrip(m, panels, k, a, aRow, aCol, b, c, cRow)
	at := 0
	for _, s := range strips512[m] {
		for ; at+s.panels <= panels; at += s.panels {
			s.run(k, &a[0], 4*aRow, 4*aCol, &b[at*panel], 4*panel, &c[at*tileColumns], 4*cRow, add)
		}
	}
	if at < panels {
		tile(m, k, a, aRow, aCol, b[at*panel:], tileColumns, c[at*tileColumns:], cRow, add)
	}
}
