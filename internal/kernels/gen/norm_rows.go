package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// named is the name of a kernel for layer normalization, or for that by the root mean
// square.
func (v vectors) named(name string, centred bool) string {
	if !centred {
		name += "RMS"
	}
	return name + v.suffix
}

// rowMoments takes the first element off: then one pass gives the variance without
// cancellation, since the first element is one of those that vary.
func rowMoments(v vectors, centred bool) {
	name := v.named("rowMoments", centred)
	text(name, "func(rows, n int, x *float32, moments *float64, part, epsilon float64)")
	Doc(name + " computes the mean and 1/√(variance + epsilon) of each row; part is 1/n.")
	left := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	x := Load(Param("x"), GP64())
	moments := Load(Param("moments"), GP64())
	r := newRows(v, n)

	Label("row")
	var first, less reg.VecVirtual
	var sum []reg.VecVirtual
	if centred {
		first, less, sum = v.new(), v.new(), v.doubles()
		VBROADCASTSS(Mem{Base: x}, first)
		if v.size == 64 {
			VCVTPS2PD(first.AsY(), less)
		} else {
			VCVTPS2PD(first.AsX(), less)
		}
	}
	square := v.doubles()
	r.each(func(masked bool) {
		for i := range square {
			e := r.read(x, i, masked, first) // what the row lacks makes no difference
			if centred {
				VSUBPD(less, e, e)
				VADDPD(e, sum[i], sum[i])
			}
			VFMADD231PD(e, e, square[i])
		}
	})
	part, epsilon := Load(Param("part"), XMM()), Load(Param("epsilon"), XMM())
	mean, variance := XMM(), v.fold(square).AsX()
	if centred {
		all, t, none := v.fold(sum).AsX(), XMM(), XMM()
		VMULSD(part, all, mean)
		VMULSD(mean, all, t)
		VSUBSD(t, variance, variance)
		VXORPS(none, none, none)
		VMAXSD(variance, none, variance) // a NaN stays
		VADDSD(less.AsX(), mean, mean)
	} else {
		VXORPS(mean, mean, mean)
	}
	VMULSD(part, variance, variance)
	VADDSD(epsilon, variance, variance)
	VSQRTSD(variance, variance, variance)
	factor := XMM()
	VMOVSD(double(1), factor)
	VDIVSD(variance, factor, factor)
	VMOVSD(mean, Mem{Base: moments})
	VMOVSD(factor, Mem{Base: moments, Disp: 8})
	ADDQ(Imm(16), moments)
	r.next(x)
	DECQ(left)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// moments of a row, in registers.
type moments struct{ mean, factor reg.VecVirtual }

func (v vectors) moments(p reg.Register) moments {
	return moments{v.everywhere(Mem{Base: p}), v.everywhere(Mem{Base: p, Disp: 8})}
}

// normal is (x − mean) · factor, in place.
func (m moments) normal(x reg.VecVirtual) {
	VSUBPD(m.mean, x, x)
	VMULPD(m.factor, x, x)
}

func normalizeRows(v vectors) {
	name := "normalizeRows" + v.suffix
	text(name, "func(rows, n int, x *float32, moments *float64, gamma, beta, y *float32)")
	Doc(name + " computes y = (x − mean) · factor · gamma + beta for each row.")
	left := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	x := Load(Param("x"), GP64())
	p := Load(Param("moments"), GP64())
	gamma := Load(Param("gamma"), GP64())
	beta := Load(Param("beta"), GP64())
	y := Load(Param("y"), GP64())
	r := newRows(v, n)
	Label("row")
	m := v.moments(p)
	r.each(func(masked bool) {
		var all []reg.VecVirtual
		for i := range v.parts() {
			e := r.read(x, i, masked, nil)
			m.normal(e)
			all = append(all, e)
		}
		for i, e := range r.narrow(all) {
			VMULPS(r.load(gamma, i, masked), e, e)
			VADDPS(r.load(beta, i, masked), e, e)
			r.store(e, y, i, masked)
		}
	})
	ADDQ(Imm(16), p)
	r.next(x, y)
	DECQ(left)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// normalizeGradient is dx = factor · (g − mean(g) − z · mean(g · z)), where g is
// dy · gamma and z is (x − mean) · factor.
func normalizeGradient(v vectors, centred bool) {
	name := v.named("normalizeGradient", centred)
	text(name, "func(rows, n int, x, dy *float32, moments *float64, gamma, dx *float32, part float64)")
	Doc(name + " computes the gradient dx of normalizeRows; part is 1/n.")
	left := Load(Param("rows"), GP64())
	n := Load(Param("n"), GP64()).(reg.GPVirtual)
	x := Load(Param("x"), GP64())
	dy := Load(Param("dy"), GP64())
	p := Load(Param("moments"), GP64())
	gamma := Load(Param("gamma"), GP64())
	dx := Load(Param("dx"), GP64())
	r := newRows(v, n)
	Label("row")
	m := v.moments(p)
	var sum []reg.VecVirtual
	if centred {
		sum = v.doubles()
	}
	dot := v.doubles()
	both := func(i int, masked bool) (z, g reg.VecVirtual) {
		z, d, g := r.read(x, i, masked, nil), r.read(dy, i, masked, nil), r.read(gamma, i, masked, nil)
		m.normal(z)
		VMULPD(d, g, g)
		return z, g
	}
	r.each(func(masked bool) {
		for i := range v.parts() {
			z, g := both(i, masked)
			if centred {
				VADDPD(g, sum[i], sum[i])
			}
			VFMADD231PD(g, z, dot[i])
		}
	})
	part := Load(Param("part"), XMM())
	mean := func(sum []reg.VecVirtual) reg.VecVirtual {
		all := v.fold(sum).AsX()
		VMULSD(part, all, all)
		return v.everywhere(all)
	}
	along := mean(dot)
	var less reg.VecVirtual
	if centred {
		less = mean(sum)
	}
	r.each(func(masked bool) {
		var all []reg.VecVirtual
		for i := range v.parts() {
			z, g := both(i, masked)
			if centred {
				VSUBPD(less, g, g)
			}
			VFNMADD231PD(along, z, g)
			VMULPD(m.factor, g, g)
			all = append(all, g)
		}
		for i, e := range r.narrow(all) {
			r.store(e, dx, i, masked)
		}
	})
	ADDQ(Imm(16), p)
	r.next(x, dy, dx)
	DECQ(left)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// scaleGradient adds up a number of columns of the gradients of gamma and beta, which
// stay in registers.
func scaleGradient(v vectors, columns int) {
	name := fmt.Sprintf("scaleGradient%d%s", columns, v.suffix)
	text(name, "func(rows int, x, dy *float32, moments *float64, stride int, dgamma, dbeta *float64)")
	Doc(fmt.Sprintf("%s adds %d columns of dy · (x − mean) · factor and of dy, row after row, to dgamma and dbeta.", name, columns))
	left := Load(Param("rows"), GP64())
	x := Load(Param("x"), GP64())
	dy := Load(Param("dy"), GP64())
	p := Load(Param("moments"), GP64())
	stride := Load(Param("stride"), GP64())
	dgamma := Load(Param("dgamma"), GP64())
	dbeta := Load(Param("dbeta"), GP64())
	sums := func(p reg.Register) (s []reg.VecVirtual) {
		for i := range 8 * columns / v.size {
			s = append(s, v.new())
			VMOVUPD(Mem{Base: p, Disp: i * v.size}, s[i])
		}
		return s
	}
	scale, shift := sums(dgamma), sums(dbeta)
	Label("next")
	m := v.moments(p)
	for i := range scale {
		z, d := v.new(), v.new()
		VCVTPS2PD(Mem{Base: x, Disp: i * v.size / 2}, z)
		VCVTPS2PD(Mem{Base: dy, Disp: i * v.size / 2}, d)
		m.normal(z)
		VADDPD(d, shift[i], shift[i])
		VMULPD(d, z, z)
		VADDPD(z, scale[i], scale[i])
	}
	ADDQ(stride, x)
	ADDQ(stride, dy)
	ADDQ(Imm(16), p)
	DECQ(left)
	JNZ(LabelRef("next"))
	for i := range scale {
		VMOVUPD(scale[i], Mem{Base: dgamma, Disp: i * v.size})
		VMOVUPD(shift[i], Mem{Base: dbeta, Disp: i * v.size})
	}
	VZEROUPPER()
	RET()
}
