//go:build amd64 && !noasm

package kernels

import "golang.org/x/sys/cpu"

// assembly returns the sets of kernels that this processor supports, the fastest first.
// A Go wrapper checks the bounds of each kernel, so that it panics instead of accessing
// memory outside its slices.
func assembly() []*Set[float32] {
	switch {
	case !cpu.X86.HasAVX2 || !cpu.X86.HasFMA:
		return nil
	case !cpu.X86.HasAVX512F || !cpu.X86.HasBMI2:
		return []*Set[float32]{avx2()}
	}
	return []*Set[float32]{avx512(), avx2()}
}

func avx2() *Set[float32] {
	s := portable[float32]()
	s.Name = "avx2"
	usePairs(s, &pairsAVX2, chooseAVX2)
	useFunctions(s, &functionsAVX2)
	s.gemmKernels = gemmAVX2()
	s.softmax = softmax
	s.Sum = sum
	s.Size = size
	s.Dot = dot
	s.Axpy = axpy
	s.AddTimes = addTimes
	useCells(s, 0)
	s.attentionKernels = attentionAVX2()
	s.optimizerKernels = optimizerAVX2()
	s.normKernels = normAVX2()
	s.randomKernels = masks(maskAVX2, 1<<31)
	s.vocabularyKernels = vocabulary(false)
	s.convKernels = convAVX2()
	return s
}
