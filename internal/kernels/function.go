package kernels

// FunctionKind names a function of one element.
type FunctionKind int

// The functions, with a, b, c and d for the constants C of a Function. The derivative of
// a function with a corner is that of PyTorch there.
const (
	Identity   FunctionKind = iota // x
	Scale                          // a·x
	AddConst                       // x + a
	OneMinus                       // 1 − x
	Square                         // x²
	Sqrt                           // √x
	Reciprocal                     // 1/x
	Abs                            // |x|; the derivative at 0 is 0
	Exp                            // eˣ
	Log                            // log x
	Pow                            // xᵃ
	Clip                           // x within [a, b], whose ends belong to it
	ReLU                           // max(x, 0)
	LeakyReLU                      // x where x > 0, a·x elsewhere, with a ≥ 0
	Rectifier                      // min(x, c) where x > a, b·(x − a) elsewhere, with b ≥ 0
	Line                           // the line from (a, c) to (b, d), c before it and d behind it
	Threshold                      // x where x > a, b elsewhere
	HardShrink                     // x where |x| > a, 0 elsewhere
	SoftShrink                     // x − a where x > a, x + a where x < −a, 0 elsewhere
	HardSiLU                       // x·(x + 3)/6, 0 below −3, x above 3
	SparsePlus                     // (x + 1)²/4, 0 below −1, x above 1
	ExpLinear                      // a·x where x > 0, b·(eᶜˣ − 1) elsewhere
	Tanh                           // tanh x
	TanhShrink                     // x − tanh x
	Sigmoid                        // 1/(1 + e⁻ˣ)
	LogSigmoid                     // log(1/(1 + e⁻ˣ))
	Softplus                       // log(1 + eˣ)
	Softsign                       // x/(1 + |x|)
	Squareplus                     // (x + √(x² + a))/2
	SiLU                           // x·sigmoid(x)
	Mish                           // x·tanh(log(1 + eˣ))
	GELU                           // x·Φ(x), with Φ the normal distribution function
	GELUTanh                       // ½x·(1 + tanh(√(2/π)·(x + 0.044715 x³)))
	LogGamma                       // log |Γ(x)|
	Digamma                        // the derivative of log |Γ(x)|
	functionKinds
)

// String is the name of the function, as errors show it.
func (k FunctionKind) String() string {
	if !k.Known() {
		return "function"
	}
	return functionNames[k]
}

// Known reports whether k is one of the constants.
func (k FunctionKind) Known() bool { return k >= 0 && k < functionKinds }

var functionNames = [functionKinds]string{
	Identity:   "identity",
	Scale:      "scale",
	AddConst:   "add constant",
	OneMinus:   "one minus",
	Square:     "square",
	Sqrt:       "sqrt",
	Reciprocal: "reciprocal",
	Abs:        "abs",
	Exp:        "exp",
	Log:        "log",
	Pow:        "pow",
	Clip:       "clip",
	ReLU:       "relu",
	LeakyReLU:  "leaky relu",
	Rectifier:  "relu",
	Line:       "clipped line",
	Threshold:  "threshold",
	HardShrink: "hard shrink",
	SoftShrink: "soft shrink",
	HardSiLU:   "hard silu",
	SparsePlus: "sparse plus",
	ExpLinear:  "elu",
	Tanh:       "tanh",
	TanhShrink: "tanh shrink",
	Sigmoid:    "sigmoid",
	LogSigmoid: "log sigmoid",
	Softplus:   "softplus",
	Softsign:   "softsign",
	Squareplus: "squareplus",
	SiLU:       "silu",
	Mish:       "mish",
	GELU:       "gelu",
	GELUTanh:   "gelu",
	LogGamma:   "log gamma",
	Digamma:    "digamma",
}

// Function is a function of one element, with the constants of its kind. Functions can be
// compared; the zero Function is the identity.
type Function struct {
	Kind FunctionKind
	C    [4]float64
}

// With is the function with the given constants.
func (k FunctionKind) With(constants ...float64) Function {
	f := Function{Kind: k}
	copy(f.C[:], constants)
	return f
}

// GradientReadsX reports whether the gradient is computed from x.
func (f Function) GradientReadsX() bool {
	switch f.Kind {
	case Identity, Scale, AddConst, OneMinus:
		return false
	}
	return !f.GradientReadsY()
}

// GradientReadsY reports whether the gradient is computed from y. The memory of x may
// then be used again.
func (f Function) GradientReadsY() bool {
	switch f.Kind {
	case Sqrt, Reciprocal, Exp, ReLU, LeakyReLU, Tanh, Sigmoid:
		return true
	}
	return false
}

// FunctionLoops are a function and its gradient as loops over vectors.
//
// In Go a result is that of float64, rounded; Pow, LogGamma and Digamma have nothing else. In
// float64 these are within 2⁻⁴⁸·max(1, |y|) for positive x. In assembly, errors are at most, in units of
// 2⁻²⁴ of the result (half a unit in the last place, or less):
//
//	Identity, Abs, Clip, ReLU, Threshold, HardShrink    0
//	OneMinus, Square, Sqrt, Reciprocal, SoftShrink      1
//	Scale, LeakyReLU, Exp, Log                          2
//	Softsign                                            3
//	Tanh, Sigmoid, ExpLinear, HardSiLU, SparsePlus      4
//	Softplus, LogSigmoid                                5
//	SiLU, Squareplus                                    6
//	Mish                                                8
//	GELU, TanhShrink                                    12
//	GELUTanh                                            6, times 2·√(2/π)·|x + 0.044715 x³| left of −½
//	AddConst, Rectifier, Line                           2, of the sizes of the terms
//
// Gradients are within 5 units, those of Squareplus and TanhShrink within 9. That of
// ExpLinear is within 4·max(1, |c·x|), and those of SiLU, Mish, GELU and GELUTanh are
// within 8, 10, 12 and 10 units of the sizes of the terms f(x)/x and x·(f(x)/x)', whose
// sum is 0 somewhere. What is below 2⁻¹²⁶ has that as its error. A NaN gives NaN.
type FunctionLoops[T Float] struct {
	// Forward computes y from x; y may be x.
	Forward func(x, y []T)
	// Gradient computes the gradient dx from that of y. v is x or y, see
	// Function.GradientReadsX and GradientReadsY, or nil if the gradient is computed from
	// neither; dx may be v or dy.
	Gradient func(v, dy, dx []T)
}

// Function returns the loops of a function.
func (s *Set[T]) Function(f Function) FunctionLoops[T] { return s.function(f) }
