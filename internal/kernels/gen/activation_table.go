package main

import "github.com/mmcloughlin/avo/reg"

// activationFunctions are the functions, with their parameters a, b, c and d. The
// gradients are of x or y, see Function in package kernels.
var activationFunctions = []struct {
	name, doc         string
	forward, gradient functionOf
}{
	{"scaleBy", "a·x", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return v.times(in[0], a) }
	}, nil},
	{"addConst", "x + a", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return v.plus(in[0], a) }
	}, nil},
	{"oneMinus", "1 − x", plain(func(v vectors, x reg.VecVirtual) reg.VecVirtual {
		return v.minus(v.load(constant(1)), x)
	}), slope(func(v vectors, _, dy reg.VecVirtual) reg.VecVirtual { return v.negative(dy) })},
	{"square", "x²", nil, slope(func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual {
		return v.times(v.plus(x, x), dy)
	})},
	{"sqrt", "√x", plain(vectors.sqrt), slope(func(v vectors, y, dy reg.VecVirtual) reg.VecVirtual {
		return v.times(v.over(v.load(constant(0.5)), y), dy)
	})},
	{"reciprocal", "1/x", plain(func(v vectors, x reg.VecVirtual) reg.VecVirtual {
		return v.over(v.load(constant(1)), x)
	}), slope(func(v vectors, y, dy reg.VecVirtual) reg.VecVirtual {
		return v.times(v.negative(v.times(y, y)), dy)
	})},
	{"abs", "|x|", plain(vectors.abs), slope(func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual {
		one := v.or(v.and(x, constantBits(signBit)), constant(1))
		one = v.keep(v.compare(notEqual, x, v.zero()), one)
		return v.times(v.choose(v.compare(unordered, x, x), x, one), dy)
	})},
	{"exp", "eˣ", limited(vectors.expLimits, vectors.exp), nil},
	{"tanh", "tanh x", limited(vectors.ordinary, vectors.tanh), slope(func(v vectors, y, dy reg.VecVirtual) reg.VecVirtual {
		return v.times(v.minus(v.load(constant(1)), v.times(y, y)), dy)
	})},
	{"sigmoid", "1/(1 + e⁻ˣ)", limited(vectors.ordinary, vectors.sigmoid), slope(func(v vectors, y, dy reg.VecVirtual) reg.VecVirtual {
		return v.times(v.times(y, v.minus(v.load(constant(1)), y)), dy)
	})},
	{"log", "log x", plain(vectors.log), slope(func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual {
		return v.over(dy, x) // 1/x may be infinite where dy/x is not
	})},
	{"clip", "x within [a, b]", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b := p(0), p(1)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return v.min(b, v.max(a, in[0])) }
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b := p(0), p(1)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.keep(v.compare(notLess, in[0], a), v.keep(v.compare(notGreater, in[0], b), in[1]))
		}
	}},
	{"relu", "max(x, 0)", plain(func(v vectors, x reg.VecVirtual) reg.VecVirtual {
		return v.plus(v.max(v.zero(), x), v.zero()) // the sum makes 0 of −0
	}), slope(func(v vectors, y, dy reg.VecVirtual) reg.VecVirtual {
		return v.keep(v.compare(greater, y, v.zero()), dy)
	})},
	{"leakyReLU", "x where x > 0, a·x elsewhere", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.choose(v.compare(lessEqual, in[0], v.zero()), v.times(in[0], a), in[0])
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.choose(v.compare(lessEqual, in[0], v.zero()), v.times(in[1], a), in[1])
		}
	}},
	{"rectifier", "min(x, c) where x > a, b·max(x − a, d) elsewhere", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b, c, d := p(0), p(1), p(2), p(3)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			low := v.times(v.max(d, v.minus(in[0], a)), b)
			return v.choose(v.compare(greater, in[0], a), v.min(c, in[0]), low)
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b, c := p(0), p(1), p(2)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			high := v.keep(v.compare(less, in[0], c), in[1])
			return v.choose(v.compare(lessEqual, in[0], a), v.times(in[1], b), high)
		}
	}},
	{"line", "a·x + b within [c, d]; for the gradient the line has the slope c and ends at a and b", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b, c, d := p(0), p(1), p(2), p(3)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.min(d, v.max(c, v.timesPlus(in[0], a, b)))
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b, c := p(0), p(1), p(2)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			inside := v.keep(v.compare(notLessEqual, in[0], a), v.times(in[1], c))
			return v.keep(v.compare(notGreaterEqual, in[0], b), inside)
		}
	}},
	{"threshold", "x where x > a, b elsewhere", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b := p(0), p(1)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.choose(v.compare(lessEqual, in[0], a), b, in[0])
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return v.keep(v.compare(notLessEqual, in[0], a), in[1]) }
	}},
	{"hardShrink", "x where |x| > a, 0 elsewhere", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.keep(v.compare(notLessEqual, v.abs(in[0]), a), in[0])
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			return v.keep(v.compare(notLessEqual, v.abs(in[0]), a), in[1])
		}
	}},
	{"softShrink", "x without its part within [−a, a]", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		b := v.negative(a)
		return func(in ...reg.VecVirtual) reg.VecVirtual { return v.minus(in[0], v.min(a, v.max(b, in[0]))) }
	}, nil},
	{"hardSiLU", "x·(x + 3)/6, 0 below −3, x above 3", plain(func(v vectors, x reg.VecVirtual) reg.VecVirtual {
		y := v.over(v.times(x, v.plus(x, v.load(constant(3)))), v.load(constant(6)))
		y = v.keep(v.compare(notLessEqual, x, v.load(constant(-3))), y)
		return v.choose(v.compare(greaterEqual, x, v.load(constant(3))), x, y)
	}), slope(func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual {
		d := v.over(v.plus(v.plus(x, x), v.load(constant(3))), v.load(constant(6)))
		d = v.keep(v.compare(notLessEqual, x, v.load(constant(-3))), d)
		return v.times(v.choose(v.compare(greaterEqual, x, v.load(constant(3))), v.load(constant(1)), d), dy)
	})},
	{"sparsePlus", "(x + 1)²/4, 0 below −1, x above 1", plain(func(v vectors, x reg.VecVirtual) reg.VecVirtual {
		up := v.plus(v.min(v.load(constant(1)), v.max(v.load(constant(-1)), x)), v.load(constant(1)))
		return v.max(v.times(v.times(up, up), v.load(constant(0.25))), x) // it is the tangent at 1
	}), slope(func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual {
		d := v.times(v.plus(x, v.load(constant(1))), v.load(constant(0.5)))
		return v.times(v.min(v.load(constant(1)), v.max(v.zero(), d)), dy)
	})},
	{"expLinear", "a·x where x > 0, b·(eᶜˣ − 1) elsewhere; for the gradient b has the factor c", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b, c, l := p(0), p(1), p(2), v.ordinary()
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			low := v.times(v.expm1(v.times(in[0], c), l), b)
			return v.choose(v.compare(lessEqual, in[0], v.zero()), low, v.times(in[0], a))
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a, b, c, l := p(0), p(1), p(2), v.expLimits()
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			low := v.times(v.exp(v.times(in[0], c), l), b)
			return v.times(v.choose(v.compare(lessEqual, in[0], v.zero()), low, a), in[1])
		}
	}},
	{"tanhShrink", "x − tanh x", limited(vectors.ordinary, vectors.tanhShrink), limitedSlope(vectors.ordinary, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		t := v.tanh(x, l)
		return v.times(t, t)
	})},
	{"softplus", "log(1 + eˣ)", limited(vectors.expLimits, vectors.softplus), limitedSlope(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		return v.logistic(x, l).value
	})},
	{"logSigmoid", "log(1/(1 + e⁻ˣ))", limited(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		return v.negative(v.softplus(v.negative(x), l))
	}), limitedSlope(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		return v.logistic(v.negative(x), l).value
	})},
	{"softsign", "x/(1 + |x|)", plain(func(v vectors, x reg.VecVirtual) reg.VecVirtual {
		return v.over(x, v.plus(v.abs(x), v.load(constant(1))))
	}), slope(func(v vectors, x, dy reg.VecVirtual) reg.VecVirtual {
		d := v.plus(v.abs(x), v.load(constant(1)))
		return v.times(v.over(v.load(constant(1)), v.times(d, d)), dy)
	})},
	{"squareplus", "(x + √(x² + a))/2", func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			y, _ := v.squareplus(in[0], a)
			return y
		}
	}, func(v vectors, p parameters) func(...reg.VecVirtual) reg.VecVirtual {
		a := p(0)
		return func(in ...reg.VecVirtual) reg.VecVirtual {
			y, r := v.squareplus(in[0], a)
			return v.times(v.over(y, r), in[1])
		}
	}},
	{"silu", "x/(1 + e⁻ˣ)", limited(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		return v.times(v.logistic(x, l).value, x)
	}), limitedSlope(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		s := v.logistic(x, l)
		return v.timesPlus(s.slope(), x, s.value)
	})},
	{"mish", "x·tanh(log(1 + eˣ))", limited(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		t, _ := v.mish(x, l)
		return v.times(t, x)
	}), limitedSlope(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		t, bend := v.mish(x, l)
		return v.timesPlus(bend, x, t)
	})},
	{"gelu", "x·Φ(x)", limited(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		phi, _ := v.normal(x, l)
		return v.times(phi, x)
	}), limitedSlope(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		phi, density := v.normal(x, l)
		return v.timesPlus(density, x, phi)
	})},
	{"geluTanh", "½x·(1 + tanh(√(2/π)·(x + 0.044715 x³)))", limited(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		return v.times(v.logistic(v.geluBend(x), l).value, x)
	}), limitedSlope(vectors.expLimits, func(v vectors, x reg.VecVirtual, l limits) reg.VecVirtual {
		return v.geluTanhSlope(x, l)
	})},
}
