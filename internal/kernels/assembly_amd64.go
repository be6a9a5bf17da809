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
	s.lstmForward = lstmForward
	s.lstmBackward = lstmBackward
	s.gruForward = gruForward
	s.gruBackward = gruBackward
	s.attentionKernels = attentionAVX2()
	s.optimizerKernels = optimizerAVX2()
	s.normKernels = normAVX2()
	s.randomKernels = masks(maskAVX2, 1<<31)
	s.vocabularyKernels = vocabulary(false)
	s.convKernels = convAVX2()
	return s
}

func lstmForward(n int, z []float32, gate int, before, c, tanhC, h []float32) {
	checkCell(n, gate, z)
	_, _, _, _ = before[n-1], c[n-1], tanhC[n-1], h[n-1]
	lstmForwardAVX2(n, &z[0], 4*gate, &before[0], &c[0], &tanhC[0], &h[0])
}

func lstmBackward(n int, z []float32, gate int, before, tanhC, dh, dc, dz []float32) {
	checkCell(n, gate, z)
	_, _, _, _, _ = before[n-1], tanhC[n-1], dh[n-1], dc[n-1], dz[3*gate+n-1]
	lstmBackwardAVX2(n, &z[0], 4*gate, &before[0], &tanhC[0], &dh[0], &dc[0], &dz[0])
}

func gruForward(n int, z []float32, gate int, before, h []float32) {
	checkCell(n, gate, z)
	_, _ = before[n-1], h[n-1]
	gruForwardAVX2(n, &z[0], 4*gate, &before[0], &h[0])
}

func gruBackward(n int, z []float32, gate int, before, dh, dz []float32) {
	checkCell(n, gate, z)
	_, _, _ = before[n-1], dh[n-1], dz[3*gate+n-1]
	gruBackwardAVX2(n, &z[0], 4*gate, &before[0], &dh[0], &dz[0])
}

// checkCell checks the bounds of rows of n elements for four gates.
func checkCell(n, gate int, z []float32) {
	if n < 1 || n%Width != 0 || gate < n || gate > len(z) {
		panic("kernels: cell of a wrong size")
	}
	_ = z[3*gate+n-1]
}
