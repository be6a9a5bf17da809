package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/reg"
)

// scaleAround rounds the difference, the product and the sum, each for itself.
func scaleAround(columns int) {
	name := fmt.Sprintf("scaleAround%d", columns)
	text(name, "func(rows int, x *float32, stride int, center, scale, shift, y *float32)")
	Doc(fmt.Sprintf("%s computes y = (x − center) · scale + shift for %d columns of x.", name, columns))
	rows := Load(Param("rows"), GP64())
	x := Load(Param("x"), GP64())
	stride := Load(Param("stride"), GP64())
	var center, scale, shift []reg.VecVirtual
	for _, c := range []struct {
		name string
		to   *[]reg.VecVirtual
	}{{"center", &center}, {"scale", &scale}, {"shift", &shift}} {
		p := Load(Param(c.name), GP64())
		for i := range columns / 8 {
			*c.to = append(*c.to, avx2.load(column(p, i)))
		}
	}
	y := Load(Param("y"), GP64())
	overRows("next", rows, func() {
		for i := range center {
			e := avx2.load(column(x, i))
			VSUBPS(center[i], e, e)
			VMULPS(scale[i], e, e)
			VADDPS(shift[i], e, e)
			VMOVUPS(e, column(y, i))
		}
	}, func() {
		ADDQ(stride, x)
		ADDQ(stride, y)
	})
	VZEROUPPER()
	RET()
}
