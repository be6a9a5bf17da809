package ops

import (
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/shapes"
	"pgregory.net/rapid"
)

// drawSizes is a shape whose sizes are around those of the blocks of a transposition, at
// times with enough elements for a second core.
func drawSizes(t *rapid.T) shapes.Shape {
	size := rapid.SampledFrom([]int{1, 2, 3, 7, 8, 9, 15, 16, 17, 33})
	s := shapes.Shape{}
	for range rapid.IntRange(1, 4).Draw(t, "rank") {
		s = append(s, size.Draw(t, "size"))
	}
	return s
}

func count(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = float64(i)
	}
	return x
}

// Transposed and reversed elements come from where the strides of their axes say.
func TestStrided(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawSizes(t)
		order := rapid.Permutation(upTo(len(s))).Draw(t, "order")
		axis := rapid.IntRange(0, len(s)-1).Draw(t, "axis")
		x := count(s.Size())
		from := strides(s)

		transposed, _ := For[float64](Transpose(s, order))
		got := filled(s.Size(), -1)
		if err := transposed.Run(got, [][]float64{x}); err != nil {
			t.Fatal(err)
		}
		to := make(shapes.Shape, len(s))
		for i, a := range order {
			to[i] = s[a]
		}
		for i, g := range got {
			at, rest := 0, i
			for k := len(to) - 1; k >= 0; k-- {
				at, rest = at+rest%to[k]*from[order[k]], rest/to[k]
			}
			if g != x[at] {
				t.Fatalf("%v in the order %v: element %d is %v, want %v", s, order, i, g, x[at])
			}
		}

		reversed, _ := For[float64](Reverse(s, axis))
		got = filled(s.Size(), -1)
		if err := reversed.Run(got, [][]float64{x}); err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			k := i / from[axis] % s[axis]
			if want := x[i+(s[axis]-1-2*k)*from[axis]]; g != want {
				t.Fatalf("%v reversed along %d: element %d is %v, want %v", s, axis, i, g, want)
			}
		}
	})
}

func upTo(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}

// Slices, their gradients and concatenations of large values, which the cores share, are
// those of plain loops.
func TestPieces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom([]int{1, 2, 300, 3000}).Draw(t, "count")
		sizes := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 4).Draw(t, "sizes")
		in, whole := make([][]float64, len(sizes)), 0
		for i, n := range sizes {
			in[i] = count(c * n)
			for j := range in[i] {
				in[i][j] += float64(100000 * (i + 1))
			}
			whole += n
		}
		joined := filled(c*whole, -1)
		k, _ := For[float64](Concat{Count: c, Sizes: sizes})
		if err := k.Run(joined, in); err != nil {
			t.Fatal(err)
		}
		offset := 0
		for i, n := range sizes {
			part, back := filled(c*n, -1), filled(c*whole, -1)
			o := Cut{Count: c, Whole: whole, Part: n, Offset: offset}
			cut, _ := For[float64](o)
			pad, _ := For[float64](Pad(o))
			if cut.Run(part, [][]float64{joined}) != nil || !slices.Equal(part, in[i]) {
				t.Fatalf("part %d of %v is %v, want %v", i, sizes, part, in[i])
			}
			if err := pad.Run(back, [][]float64{part}); err != nil {
				t.Fatal(err)
			}
			for j, g := range back {
				want := 0.0
				if at := j % whole; at >= offset && at < offset+n {
					want = joined[j]
				}
				if g != want {
					t.Fatalf("gradient of part %d of %v: element %d is %v, want %v", i, sizes, j, g, want)
				}
			}
			offset += n
		}
	})
}

// A large value that repeats along its axes is that of a plain loop.
func TestRepeat(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		to := shapes.Shape{rapid.SampledFrom([]int{1, 3, 40}).Draw(t, "size"), rapid.SampledFrom([]int{1, 5, 60}).Draw(t, "size"), rapid.SampledFrom([]int{1, 2, 30}).Draw(t, "size")}
		s := slices.Clone(to)
		for i := range s {
			if rapid.Bool().Draw(t, "repeats") {
				s[i] = 1
			}
		}
		x, got := count(s.Size()), filled(to.Size(), -1)
		k, _ := For[float64](Repeat{Plan: PlanBroadcast(to, s, shapes.Shape{})})
		if err := k.Run(got, [][]float64{x}); err != nil {
			t.Fatal(err)
		}
		for i, g := range got {
			at := [3]int{i / (to[1] * to[2]) % s[0], i / to[2] % to[1] % s[1], i % to[2] % s[2]}
			if want := x[(at[0]*s[1]+at[1])*s[2]+at[2]]; g != want {
				t.Fatalf("%v to %v: element %d is %v, want %v", s, to, i, g, want)
			}
		}
	})
}
