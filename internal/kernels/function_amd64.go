//go:build amd64 && !noasm

package kernels

// assembledFunction are the loops of a function, in assembly where there is some.
func assembledFunction(s *Set[float32], f Function) FunctionLoops[float32] {
	loops := functionGo[float32](f)
	switch f.Kind {
	case Square:
		loops.Forward = func(x, y []float32) { s.Times(x, x, y) }
	case Exp:
		loops.Forward, loops.Gradient = s.Exp, s.Times
	case Tanh:
		loops.Forward, loops.Gradient = s.Tanh, s.TanhGrad
	case Sigmoid:
		loops.Forward, loops.Gradient = s.Sigmoid, s.SigmoidGrad
	}
	return loops
}
