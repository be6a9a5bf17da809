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
