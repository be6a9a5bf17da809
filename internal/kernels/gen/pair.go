package main

import (
	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// pairKernels are functions of two elements, for vectors of any length, and where one
// operand is a single number for all elements of the other; and the choice between two
// vectors.
func pairKernels() {
	for _, v := range []vectors{avx2, avx512} {
		for _, f := range pairFunctions {
			pairKernel(v, f.name+"Pair"+v.set(), f.doc, []string{"x", "y"}, "", f.f)
			pairKernel(v, f.name+"One"+v.set(), f.doc+" for the one number in x", []string{"x", "y"}, "x", f.f)
			pairKernel(v, f.name+"By"+v.set(), f.doc+" for the one number in y", []string{"x", "y"}, "y", f.f)
		}
		pairKernel(v, "choose"+v.set(), "x where c ≠ 0, y elsewhere", []string{"c", "x", "y"}, "",
			func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
				return v.choose(v.compare(notEqual, in[0], v.zero()), in[1], in[2])
			})
	}
}

// pairKernel makes z of the operands. The one named once is a single number.
func pairKernel(v vectors, name, doc string, operands []string, once string, f pairFunction) {
	signature := "func(n int, "
	for _, p := range operands {
		signature += p + ", "
	}
	text(name, signature+"z *float32)")
	Doc(name + " computes z = " + doc + ".")
	n := Load(Param("n"), GP64())
	var pointers, moving []reg.Register
	repeated := map[reg.Register]reg.VecVirtual{}
	for _, name := range operands {
		p := Load(Param(name), GP64())
		pointers = append(pointers, p)
		if name == once {
			repeated[p] = v.new()
			VBROADCASTSS(at(p), repeated[p])
		} else {
			moving = append(moving, p)
		}
	}
	z := Load(Param("z"), GP64())
	moving = append(moving, z)
	operandsBy := func(load func(p reg.Register) reg.VecVirtual) []reg.VecVirtual {
		var in []reg.VecVirtual
		for _, p := range pointers {
			if x, ok := repeated[p]; ok {
				in = append(in, x)
			} else {
				in = append(in, load(p))
			}
		}
		return in
	}
	v.anyLength(n, func() {
		VMOVUPS(f(v, operandsBy(func(p reg.Register) reg.VecVirtual { return v.load(at(p)) })...), at(z))
		v.advance(moving)
	}, func(some selection) {
		v.storeSome(some, f(v, operandsBy(func(p reg.Register) reg.VecVirtual { return v.loadSome(some, at(p)) })...), at(z))
	})
}

type pairFunction func(v vectors, in ...reg.VecVirtual) reg.VecVirtual

// pairFunctions are those of PairKind in package kernels.
var pairFunctions = []struct {
	name, doc string
	f         pairFunction
}{
	{"plus", "x + y", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual { return v.plus(in[0], in[1]) }},
	{"minus", "x − y", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual { return v.minus(in[0], in[1]) }},
	{"times", "x·y", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual { return v.times(in[0], in[1]) }},
	{"over", "x/y", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual { return v.over(in[0], in[1]) }},
	{"larger", "max(x, y)", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		x, y := in[0], in[1]
		both := v.and(v.max(x, y), v.max(y, x)) // they differ in the sign of 0, which is then +
		return v.choose(v.compare(unordered, x, y), v.plus(x, y), both)
	}},
	{"smaller", "min(x, y)", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		x, y := in[0], in[1]
		both := v.or(v.min(x, y), v.min(y, x)) // they differ in the sign of 0, which is then −
		return v.choose(v.compare(unordered, x, y), v.plus(x, y), both)
	}},
	{"greater", "1 where x > y, 0 elsewhere", holds(greater)},
	{"greaterEqual", "1 where x ≥ y, 0 elsewhere", holds(greaterEqual)},
	{"equal", "1 where x = y, 0 elsewhere", holds(equal)},
	{"share", "1 where x > y, ½ where x = y, 0 elsewhere", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		half := v.keep(v.compare(equal, in[0], in[1]), v.load(constant(0.5)))
		return v.choose(v.compare(greater, in[0], in[1]), v.load(constant(1)), half)
	}},
	{"keep", "y where x ≠ 0, 0 elsewhere", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		return v.keep(v.compare(notEqual, in[0], v.zero()), in[1])
	}},
	{"drop", "y where x = 0, 0 elsewhere", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		return v.keep(v.compare(equal, in[0], v.zero()), in[1])
	}},
	{"prelu", "x where x > 0, x·y elsewhere", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		return v.choose(v.compare(greater, in[0], v.zero()), in[0], v.times(in[0], in[1]))
	}},
	{"preluSlope", "1 where x > 0, y elsewhere", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		return v.choose(v.compare(greater, in[0], v.zero()), v.load(constant(1)), in[1])
	}},
	{"preluLeft", "0 where x > 0, y elsewhere", func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		return v.keep(v.compare(notGreater, in[0], v.zero()), in[1])
	}},
}

// holds is 1 where a comparison holds, and 0 elsewhere.
func holds(how uint64) pairFunction {
	return func(v vectors, in ...reg.VecVirtual) reg.VecVirtual {
		return v.keep(v.compare(how, in[0], in[1]), v.load(constant(1)))
	}
}
