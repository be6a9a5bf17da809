package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// update is one step of an optimizer, on the weights w with the gradient g. What it keeps
// for each weight is in slots, and what is the same for all weights in numbers.
type update struct {
	name, slots, numbers string // names are separated by spaces
	step                 func(v vectors, w, g reg.VecVirtual, slots, numbers []reg.VecVirtual) (weights reg.VecVirtual, next []reg.VecVirtual)
}

// one is a list of one register.
func one(x ...reg.VecVirtual) []reg.VecVirtual { return x }

// updates round each operation for itself, like the functions in optimizer.go.
var updates = []update{
	{"sgd", "", "rate", func(v vectors, w, g reg.VecVirtual, _, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		return v.minus(w, v.times(c[0], g)), nil
	}},
	{"momentum", "u", "momentum rate", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		u := v.minus(v.times(c[0], s[0]), v.times(c[1], g))
		return v.plus(w, u), one(u)
	}},
	{"nesterov", "u", "momentum rate", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		down := v.times(c[1], g)
		u := v.minus(v.times(c[0], s[0]), down)
		return v.plus(w, v.minus(v.times(c[0], u), down)), one(u)
	}},
	{"adam", "m v", "keep1 keep2 rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		mean, square := v.toward(s[0], g, c[0]), v.toward(s[1], v.times(g, g), c[1])
		return v.minus(w, v.over(v.times(c[2], mean), v.plus(v.sqrt(square), c[3]))), one(mean, square)
	}},
	{"amsgrad", "m v largest", "keep1 keep2 rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		mean, square := v.toward(s[0], g, c[0]), v.toward(s[1], v.times(g, g), c[1])
		largest := v.max(s[2], square)
		return v.minus(w, v.over(v.times(c[2], mean), v.plus(v.sqrt(largest), c[3]))), one(mean, square, largest)
	}},
	{"adamax", "m u", "keep1 beta2 rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		mean := v.toward(s[0], g, c[0])
		size := v.max(v.times(c[1], s[1]), v.abs(g))
		return v.minus(w, v.over(v.times(c[2], mean), v.plus(size, c[3]))), one(mean, size)
	}},
	{"nadam", "m v", "keep1 keep2 ofMean ofGradient ofSquare epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		mean, square := v.toward(s[0], g, c[0]), v.toward(s[1], v.times(g, g), c[1])
		top := v.plus(v.times(c[2], mean), v.times(c[3], g))
		return v.minus(w, v.over(top, v.plus(v.sqrt(v.times(c[4], square)), c[5]))), one(mean, square)
	}},
	{"rmsprop", "v", "keep rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		square := v.toward(s[0], v.times(g, g), c[0])
		return v.minus(w, v.rms(g, square, c[1], c[2])), one(square)
	}},
	{"rmspropMomentum", "v u", "keep rate epsilon momentum", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		square := v.toward(s[0], v.times(g, g), c[0])
		u := v.plus(v.times(c[3], s[1]), v.rms(g, square, c[1], c[2]))
		return v.minus(w, u), one(square, u)
	}},
	{"rmspropCentered", "v a", "keep rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		square, mean := v.toward(s[0], v.times(g, g), c[0]), v.toward(s[1], g, c[0])
		return v.minus(w, v.rms(g, v.variance(square, mean), c[1], c[2])), one(square, mean)
	}},
	{"rmspropCenteredMomentum", "v a u", "keep rate epsilon momentum", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		square, mean := v.toward(s[0], v.times(g, g), c[0]), v.toward(s[1], g, c[0])
		u := v.plus(v.times(c[3], s[2]), v.rms(g, v.variance(square, mean), c[1], c[2]))
		return v.minus(w, u), one(square, mean, u)
	}},
	{"adagrad", "v", "rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		square := v.plus(s[0], v.times(g, g))
		return v.minus(w, v.rms(g, square, c[0], c[1])), one(square)
	}},
	{"adadelta", "v x", "keep rate epsilon", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		square := v.toward(s[0], v.times(g, g), c[0])
		d := v.rms(g, square, v.sqrt(v.plus(s[1], c[2])), c[2])
		return v.minus(w, v.times(c[1], d)), one(square, v.toward(s[1], v.times(d, d), c[0]))
	}},
	{"lion", "m", "keep1 keep2 rate", func(v vectors, w, g reg.VecVirtual, s, c []reg.VecVirtual) (reg.VecVirtual, []reg.VecVirtual) {
		way := v.toward(s[0], g, c[0])
		down := v.keep(v.compare(greater, way, v.zero()), c[2])
		up := v.keep(v.compare(less, way, v.zero()), c[2])
		return v.minus(w, v.minus(down, up)), one(v.toward(s[0], g, c[1]))
	}},
}

// toward is mean + keep·(x − mean), a moving average.
func (v vectors) toward(mean, x, keep reg.VecVirtual) reg.VecVirtual {
	return v.plus(mean, v.times(keep, v.minus(x, mean)))
}

// rms is rate·g/√(square + epsilon).
func (v vectors) rms(g, square, rate, epsilon reg.VecVirtual) reg.VecVirtual {
	return v.over(v.times(rate, g), v.sqrt(v.plus(square, epsilon)))
}

// variance is square − mean², at least 0.
func (v vectors) variance(square, mean reg.VecVirtual) reg.VecVirtual {
	return v.max(v.zero(), v.minus(square, v.times(mean, mean)))
}

func optimizerKernels() {
	for _, u := range updates {
		updateKernel(avx2, u)
	}
	average(avx2)
	clip()
	squares()
}

func updateKernel(v vectors, u update) {
	slots, numbers := strings.Fields(u.slots), strings.Fields(u.numbers)
	text(u.name+v.set(), "func(n int, "+strings.Join(append([]string{"w", "grad"}, slots...), ", ")+" *float32, "+strings.Join(numbers, ", ")+" float32)")
	Doc(u.name + v.set() + " does one step on n weights; see optimizerKernels.")
	n := Load(Param("n"), GP64())
	pointers := []reg.Register{Load(Param("w"), GP64()), Load(Param("grad"), GP64())}
	for _, name := range slots {
		pointers = append(pointers, Load(Param(name), GP64()))
	}
	var c []reg.VecVirtual
	for _, name := range numbers {
		c = append(c, v.scalar(name))
	}
	step := func(load func(Mem) reg.VecVirtual, store func(reg.VecVirtual, Mem)) {
		var in []reg.VecVirtual
		for _, p := range pointers {
			in = append(in, load(at(p)))
		}
		w, next := u.step(v, in[0], in[1], in[2:], c)
		store(w, at(pointers[0]))
		for i, x := range next {
			store(x, at(pointers[2+i]))
		}
	}
	v.anyLength(n, func() {
		step(v.load, func(x reg.VecVirtual, to Mem) { VMOVUPS(x, to) })
		v.advance(pointers)
	}, func(some selection) {
		step(func(m Mem) reg.VecVirtual { return v.loadSome(some, m) }, func(x reg.VecVirtual, to Mem) { v.storeSome(some, x, to) })
	})
}

func average(v vectors) {
	text("average"+v.set(), "func(n int, x, mean *float32, keep float32)")
	Doc("average" + v.set() + " moves n means toward x, by keep of the difference.")
	n := Load(Param("n"), GP64())
	x, mean := Load(Param("x"), GP64()), Load(Param("mean"), GP64())
	keep := v.scalar("keep")
	v.anyLength(n, func() {
		VMOVUPS(v.toward(v.load(at(mean)), v.load(at(x)), keep), at(mean))
		v.advance([]reg.Register{x, mean})
	}, func(some selection) {
		v.storeSome(some, v.toward(v.loadSome(some, at(mean)), v.loadSome(some, at(x)), keep), at(mean))
	})
}

// widened are the elements at m in float64, as two vectors.
func widened(m Mem) [2]reg.VecVirtual {
	x := [2]reg.VecVirtual{YMM(), YMM()}
	for i := range x {
		VCVTPS2PD(m.Offset(16*i), x[i])
	}
	return x
}

func clip() {
	text("clipScaledAVX2", "func(n int, x, y *float32, scale float64, limit float32)")
	Doc("clipScaledAVX2 computes y = x·scale in float64, rounds it and limits it to ±limit, for n a multiple of 8.")
	n := Load(Param("n"), GP64())
	x, y := Load(Param("x"), GP64()), Load(Param("y"), GP64())
	one, scale := XMM(), YMM()
	Load(Param("scale"), one)
	VBROADCASTSD(one, scale)
	limit := avx2.scalar("limit")
	least := avx2.negative(limit)
	loop(n, []reg.Register{x, y}, func() {
		wide := widened(at(x))
		halves := [2]reg.VecVirtual{XMM(), XMM()}
		for i, h := range halves {
			VMULPD(scale, wide[i], wide[i])
			VCVTPD2PSY(wide[i], h)
		}
		all := YMM()
		VINSERTF128(Imm(1), halves[1], halves[0].AsY(), all)
		VMOVUPS(avx2.min(avx2.max(all, least), limit), at(y))
	})
}

func squares() {
	text("squaresAVX2", "func(n int, x *float32) float64")
	Doc("squaresAVX2 is the sum of x² in float64, for n a multiple of 16.")
	n := Load(Param("n"), GP64())
	x := Load(Param("x"), GP64())
	sum := avx2.zeros(1, 4)[0]
	repeat(n, 2, []reg.Register{x}, func() {
		for i := range 2 {
			for k, wide := range widened(Mem{Base: x, Disp: 32 * i}) {
				VFMADD231PD(wide, wide, sum[2*i+k])
			}
		}
	})
	VADDPD(sum[1], sum[0], sum[0])
	VADDPD(sum[3], sum[2], sum[2])
	VADDPD(sum[2], sum[0], sum[0])
	half := XMM()
	VEXTRACTF128(Imm(1), sum[0].AsY(), half)
	VADDPD(half, sum[0].AsX(), half)
	VHADDPD(half, half, half)
	Store(half, ReturnIndex(0))
	VZEROUPPER()
	RET()
}
