package ops

// stridedAxis is an axis of a result, or several that behave as one: its size and its
// strides in the operand and in the result.
type stridedAxis struct{ n, in, out int }

// axes merges neighbours that are contiguous in the operand too, and leaves out those
// of one element. There is at least one.
func (o Strided) axes() []stridedAxis {
	to := strides(o.Shape)
	var all []stridedAxis
	for i, n := range o.Shape {
		if n == 1 {
			continue
		}
		a := stridedAxis{n, o.Strides[i], to[i]}
		if k := len(all) - 1; k >= 0 && all[k].in == a.in*n {
			a.n *= all[k].n
			all[k] = a
			continue
		}
		all = append(all, a)
	}
	if len(all) == 0 {
		all = append(all, stridedAxis{1, 1, 1})
	}
	return all
}

// A transposition goes through the cache in blocks: blockRows elements that are
// contiguous in the operand fill a cache line of float32, and blockColumns of these lines
// fit a set of the cache where their addresses differ by a power of two.
const blockRows, blockColumns = 16, 8

// strided copies rows that are contiguous in operand and result, or else transposes
// matrices of the axis that is contiguous in the operand and the last of the result.
func strided[T Float](o Strided) Func[T] {
	axes := o.axes()
	last := axes[len(axes)-1]
	loops := axes[:len(axes)-1]
	row := stridedAxis{n: 1} // the contiguous axis of the operand
	if last.in != 1 {
		for i, a := range loops {
			if a.in == 1 {
				row = a
				loops = append(append([]stridedAxis(nil), loops[:i]...), loops[i+1:]...)
				break
			}
		}
	}
	blocks := (row.n + blockRows - 1) / blockRows
	items := blocks
	for _, a := range loops {
		items *= a.n
	}
	return pieces(items, max(1, o.Shape.Size()/max(1, items)), func(out []T, operands [][]T, from, end int) {
		x := operands[0]
		for i := from; i < end; i++ {
			first, rest := i%blocks*blockRows, i/blocks
			in, to := o.Start+first*row.in, first*row.out
			for k := len(loops) - 1; k >= 0; k-- {
				a := loops[k]
				in, to, rest = in+rest%a.n*a.in, to+rest%a.n*a.out, rest/a.n
			}
			if last.in == 1 {
				copy(out[to:to+last.n], x[in:in+last.n])
				continue
			}
			transpose(out[to:], x, in, min(blockRows, row.n-first), row.out, last.n, last.in)
		}
	})
}

// transpose fills rows of n elements, which lie outRow apart: element (i, j) comes from
// place first + i + j·stride of x.
func transpose[T Float](out, x []T, first, rows, outRow, n, stride int) {
	for j0 := 0; j0 < n; j0 += blockColumns {
		width := min(blockColumns, n-j0)
		for i := range rows {
			line, at := out[i*outRow+j0:][:width], first+i+j0*stride
			for j := range line {
				line[j] = x[at]
				at += stride
			}
		}
	}
}
