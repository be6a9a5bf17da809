package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// rows walks over rows of n elements, 16 at a time; the last ones of a row, where they
// are fewer, are read and written under a mask.
type rows struct {
	v     vectors
	at    reg.GPVirtual // offset in the row, in bytes
	n     reg.GPVirtual // elements of a row
	rest  reg.GPVirtual // of the last 16
	mask  reg.Register  // of them; for AVX2 where it lies in memory
	loops int
}

// rowMasks is 16 times all bits and then 16 times none.
var rowMasks Mem

func newRows(v vectors, n reg.GPVirtual) *rows {
	r := &rows{v: v, n: n, at: GP64(), rest: GP64()}
	MOVQ(n, r.rest)
	ANDQ(Imm(lanes-1), r.rest)
	if v.size == 64 {
		ones, k := GP32(), K()
		MOVQ(r.rest, reg.RCX)
		MOVL(U32(1), ones)
		SHLL(reg.CL, ones)
		DECL(ones)
		KMOVW(ones, k)
		r.mask = k
		return r
	}
	if rowMasks.Symbol.Name == "" {
		rowMasks = GLOBL("rowMasks", RODATA|NOPTR)
		for i := range 2 * lanes {
			bits := uint32(0)
			if i < lanes {
				bits = math.MaxUint32
			}
			DATA(4*i, U32(bits))
		}
	}
	mask, back := GP64(), GP64()
	LEAQ(rowMasks.Offset(4*lanes), mask)
	MOVQ(r.rest, back)
	SHLQ(Imm(2), back)
	SUBQ(back, mask)
	r.mask = mask
	return r
}

// each runs body for every 16 elements of a row.
func (r *rows) each(body func(masked bool)) {
	r.loops++
	next, last, end := fmt.Sprintf("next%d", r.loops), fmt.Sprintf("last%d", r.loops), fmt.Sprintf("end%d", r.loops)
	left := GP64()
	XORQ(r.at, r.at)
	MOVQ(r.n, left)
	SHRQ(Imm(4), left)
	JZ(LabelRef(last))
	Label(next)
	body(false)
	ADDQ(Imm(4*lanes), r.at)
	DECQ(left)
	JNZ(LabelRef(next))
	Label(last)
	TESTQ(r.rest, r.rest)
	JZ(LabelRef(end))
	body(true)
	Label(end)
}

// parts is the number of vectors of float64 for 16 elements.
func (v vectors) parts() int { return lanes * 8 / v.size }

// mem is where part i of 16 elements lies.
func (r *rows) mem(p reg.Register, i int) Mem {
	return Mem{Base: p, Index: r.at, Scale: 1, Disp: i * r.v.size / 2}
}

// read converts part i of 16 elements to float64. Elements that the row lacks are 0, or
// those of lacking.
func (r *rows) read(p reg.Register, i int, masked bool, lacking reg.VecVirtual) reg.VecVirtual {
	y := r.v.new()
	switch {
	case !masked:
		VCVTPS2PD(r.mem(p, i), y)
	case r.v.size == 32:
		x, mask := XMM(), XMM()
		VMOVUPS(Mem{Base: r.mask, Disp: 16 * i}, mask)
		VMASKMOVPS(r.mem(p, i), mask, x)
		if lacking != nil {
			VBLENDVPS(mask, x, lacking.AsX(), x)
		}
		VCVTPS2PD(x, y)
	default:
		x, half := ZMM(), YMM()
		if lacking != nil {
			VMOVUPS(lacking, x)
			VMOVUPS(r.mem(p, 0), r.mask, x)
		} else {
			VMOVUPS_Z(r.mem(p, 0), r.mask, x)
		}
		VEXTRACTF64X4(Imm(uint64(i)), x, half)
		VCVTPS2PD(half, y)
	}
	return y
}

// narrow rounds 16 elements to float32: to one vector, or four of 4 elements.
func (r *rows) narrow(parts []reg.VecVirtual) []reg.VecVirtual {
	var all []reg.VecVirtual
	for _, x := range parts {
		if r.v.size == 32 {
			y := XMM()
			VCVTPD2PSY(x, y)
			all = append(all, y)
			continue
		}
		y := ZMM()
		VCVTPD2PS(x, y.AsY())
		all = append(all, y)
	}
	if r.v.size == 64 {
		VINSERTF64X4(Imm(1), all[1].AsY(), all[0], all[0])
		all = all[:1]
	}
	return all
}

// load reads vector i of those that narrow makes.
func (r *rows) load(p reg.Register, i int, masked bool) reg.VecVirtual {
	x := ZMM()
	if r.v.size == 32 {
		x = XMM()
	}
	switch {
	case !masked:
		VMOVUPS(r.mem(p, i), x)
	case r.v.size == 32:
		mask := XMM()
		VMOVUPS(Mem{Base: r.mask, Disp: 16 * i}, mask)
		VMASKMOVPS(r.mem(p, i), mask, x)
	default:
		VMOVUPS_Z(r.mem(p, i), r.mask, x)
	}
	return x
}

// store writes vector i of those that narrow makes.
func (r *rows) store(x reg.VecVirtual, p reg.Register, i int, masked bool) {
	switch {
	case !masked:
		VMOVUPS(x, r.mem(p, i))
	case r.v.size == 32:
		mask := XMM()
		VMOVUPS(Mem{Base: r.mask, Disp: 16 * i}, mask)
		VMASKMOVPS(x, mask, r.mem(p, i))
	default:
		VMOVUPS(x, r.mask, r.mem(p, i))
	}
}

// everywhere is a vector with every element the number of 64 bits at m.
func (v vectors) everywhere(m Op) reg.VecVirtual {
	x := v.new()
	VBROADCASTSD(m, x)
	return x
}

// next moves pointers to the next row.
func (r *rows) next(pointers ...reg.Register) {
	for _, p := range pointers {
		LEAQ(Mem{Base: p, Index: r.n, Scale: 4}, p.(reg.GPVirtual))
	}
}

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

// double is where a number of 64 bits lies.
func double(f float64) Mem {
	if _, ok := doubles[f]; !ok {
		doubles[f] = GLOBL(fmt.Sprintf("d%x", math.Float64bits(f)), RODATA|NOPTR)
		DATA(0, U64(math.Float64bits(f)))
	}
	return doubles[f]
}

var doubles = map[float64]Mem{}

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
