//go:build amd64 && !noasm

package kernels

import "math"

// functionKernel is a function and its gradient in assembly, for at least one element. c
// are four parameters.
type functionKernel struct {
	forward  func(n int, c, x, y *float32)
	gradient func(n int, c, v, dy, dx *float32)
}

// functionsAVX2 and functionsAVX512 are the functions that have assembly of their own.
// They give the same bits.
var functionsAVX2 = [functionKinds]functionKernel{
	Scale:      {scaleByAVX2, nil},
	AddConst:   {addConstAVX2, nil},
	OneMinus:   {oneMinusAVX2, oneMinusGradientAVX2},
	Square:     {nil, squareGradientAVX2},
	Sqrt:       {sqrtAVX2, sqrtGradientAVX2},
	Reciprocal: {reciprocalAVX2, reciprocalGradientAVX2},
	Abs:        {absAVX2, absGradientAVX2},
	Exp:        {expAVX2, nil},
	Tanh:       {tanhAVX2, tanhGradientAVX2},
	Sigmoid:    {sigmoidAVX2, sigmoidGradientAVX2},
	Log:        {logAVX2, logGradientAVX2},
	Clip:       {clipAVX2, clipGradientAVX2},
	ReLU:       {reluAVX2, reluGradientAVX2},
	LeakyReLU:  {leakyReLUAVX2, leakyReLUGradientAVX2},
	Rectifier:  {rectifierAVX2, rectifierGradientAVX2},
	Line:       {lineAVX2, lineGradientAVX2},
	Threshold:  {thresholdAVX2, thresholdGradientAVX2},
	HardShrink: {hardShrinkAVX2, hardShrinkGradientAVX2},
	SoftShrink: {softShrinkAVX2, hardShrinkGradientAVX2},
	HardSiLU:   {hardSiLUAVX2, hardSiLUGradientAVX2},
	SparsePlus: {sparsePlusAVX2, sparsePlusGradientAVX2},
	ExpLinear:  {expLinearAVX2, expLinearGradientAVX2},
	TanhShrink: {tanhShrinkAVX2, tanhShrinkGradientAVX2},
	Softplus:   {softplusAVX2, softplusGradientAVX2},
	LogSigmoid: {logSigmoidAVX2, logSigmoidGradientAVX2},
	Softsign:   {softsignAVX2, softsignGradientAVX2},
	Squareplus: {squareplusAVX2, squareplusGradientAVX2},
	SiLU:       {siluAVX2, siluGradientAVX2},
	Mish:       {mishAVX2, mishGradientAVX2},
	GELU:       {geluAVX2, geluGradientAVX2},
	GELUTanh:   {geluTanhAVX2, geluTanhGradientAVX2},
}

var functionsAVX512 = [functionKinds]functionKernel{
	Scale:      {scaleByAVX512, nil},
	AddConst:   {addConstAVX512, nil},
	OneMinus:   {oneMinusAVX512, oneMinusGradientAVX512},
	Square:     {nil, squareGradientAVX512},
	Sqrt:       {sqrtAVX512, sqrtGradientAVX512},
	Reciprocal: {reciprocalAVX512, reciprocalGradientAVX512},
	Abs:        {absAVX512, absGradientAVX512},
	Exp:        {expAVX512, nil},
	Tanh:       {tanhAVX512, tanhGradientAVX512},
	Sigmoid:    {sigmoidAVX512, sigmoidGradientAVX512},
	Log:        {logAVX512, logGradientAVX512},
	Clip:       {clipAVX512, clipGradientAVX512},
	ReLU:       {reluAVX512, reluGradientAVX512},
	LeakyReLU:  {leakyReLUAVX512, leakyReLUGradientAVX512},
	Rectifier:  {rectifierAVX512, rectifierGradientAVX512},
	Line:       {lineAVX512, lineGradientAVX512},
	Threshold:  {thresholdAVX512, thresholdGradientAVX512},
	HardShrink: {hardShrinkAVX512, hardShrinkGradientAVX512},
	SoftShrink: {softShrinkAVX512, hardShrinkGradientAVX512},
	HardSiLU:   {hardSiLUAVX512, hardSiLUGradientAVX512},
	SparsePlus: {sparsePlusAVX512, sparsePlusGradientAVX512},
	ExpLinear:  {expLinearAVX512, expLinearGradientAVX512},
	TanhShrink: {tanhShrinkAVX512, tanhShrinkGradientAVX512},
	Softplus:   {softplusAVX512, softplusGradientAVX512},
	LogSigmoid: {logSigmoidAVX512, logSigmoidGradientAVX512},
	Softsign:   {softsignAVX512, softsignGradientAVX512},
	Squareplus: {squareplusAVX512, squareplusGradientAVX512},
	SiLU:       {siluAVX512, siluGradientAVX512},
	Mish:       {mishAVX512, mishGradientAVX512},
	GELU:       {geluAVX512, geluGradientAVX512},
	GELUTanh:   {geluTanhAVX512, geluTanhGradientAVX512},
}

// functionsOf returns what gives the loops of a function, from a table, and from kernels
// of the set for those without assembly of their own.
func functionsOf(set *Set[float32], table *[functionKinds]functionKernel) func(f Function) FunctionLoops[float32] {
	return func(f Function) FunctionLoops[float32] {
		loops := functionGo[float32](f)
		forward, gradient, ok := parameters(f)
		if !ok {
			return loops
		}
		if k := table[f.Kind].forward; k != nil {
			loops.Forward = forwardOf(k, &forward)
		}
		if k := table[f.Kind].gradient; k != nil {
			loops.Gradient = gradientOf(k, &gradient)
		}
		switch f.Kind {
		case OneMinus:
			gradient := loops.Gradient
			loops.Gradient = func(_, dy, dx []float32) { gradient(dy, dy, dx) }
		case Scale:
			loops.Gradient = func(_, dy, dx []float32) { loops.Forward(dy, dx) }
		case Square:
			loops.Forward = func(x, y []float32) { set.Times(x, x, y) }
		case Exp:
			loops.Gradient = func(y, dy, dx []float32) { set.Times(dy, y, dx) }
		}
		return loops
	}
}

// parameters are those that the kernels take, as the comments of the assembly say. ok is
// false for constants that they cannot compute with.
func parameters(f Function) (forward, gradient [4]float32, ok bool) {
	a, b, c, d := f.C[0], f.C[1], f.C[2], f.C[3]
	four := func(a, b, c, d float64) [4]float32 { return [4]float32{float32(a), float32(b), float32(c), float32(d)} }
	forward = four(a, b, c, d)
	gradient, ok = forward, true
	switch f.Kind {
	case Rectifier:
		lowest := math.Inf(-1)
		if b == 0 {
			lowest = -math.MaxFloat32 // the product with 0 is 0, not NaN
		}
		forward[3] = float32(lowest)
	case Line:
		slope := (d - c) / (b - a)
		forward, gradient = four(slope, c-slope*a, c, d), four(a, b, slope, 0)
	case ExpLinear:
		gradient[1] = float32(b * c)
		ok = float32(c) <= math.MaxFloat32
	case Squareplus:
		ok = a <= 0x1p100
	}
	return forward, gradient, ok
}

func forwardOf(f func(n int, c, x, y *float32), c *[4]float32) func(x, y []float32) {
	return func(x, y []float32) {
		if n := len(x); n > 0 {
			_ = y[n-1]
			f(n, &c[0], &x[0], &y[0])
		}
	}
}

func gradientOf(f func(n int, c, v, dy, dx *float32), c *[4]float32) func(v, dy, dx []float32) {
	return func(v, dy, dx []float32) {
		if n := len(dy); n > 0 {
			_, _ = v[n-1], dx[n-1]
			f(n, &c[0], &v[0], &dy[0], &dx[0])
		}
	}
}

// useFunctions gives the set its functions, those with fields of their own too.
func useFunctions(s *Set[float32], table *[functionKinds]functionKernel) {
	s.function = functionsOf(s, table)
	s.Exp = s.function(Exp.With()).Forward
	tanh, sigmoid := s.function(Tanh.With()), s.function(Sigmoid.With())
	s.Tanh, s.Sigmoid = tanh.Forward, sigmoid.Forward
	s.TanhGrad = func(y, dy, dx []float32) { tanh.Gradient(y, dy[:len(y):len(dy)], dx) }
	s.SigmoidGrad = func(y, dy, dx []float32) { sigmoid.Gradient(y, dy[:len(y):len(dy)], dx) }
}
