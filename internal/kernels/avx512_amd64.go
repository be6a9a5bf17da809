//go:build amd64 && !noasm

package kernels

// avx512 returns the AVX2 kernels, with those that AVX-512 makes faster in their place. The
// order of sums is the same, so both sets give the same bits.
func avx512() *Set[float32] {
	s := avx2()
	s.attentionKernels = attentionAVX512()
	s.Name = "avx512"
	usePairs(s, &pairsAVX512, chooseAVX512)
	useFunctions(s, &functionsAVX512)
	useCells(s, 2*Width)
	s.gemmKernels = gemmAVX512()
	s.normKernels = normAVX512()
	s.vocabularyKernels = vocabulary(true)
	s.convKernels = convAVX512()
	s.randomKernels = masks(maskAVX512, 0)
	return s
}
