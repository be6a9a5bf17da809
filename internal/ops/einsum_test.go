package ops

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/engram-go/engram/internal/shapes"
	"pgregory.net/rapid"
)

func TestParseEinsum(t *testing.T) {
	for equation, ok := range map[string]bool{
		"ij,jk->ik": true, "btd,dhk->bthk": true, "i,i->": true, "i,j->ij": true, "aB,Bc->ac": true,
		"": false, "ij,jk": false, "ij->ij": false, "ii,ij->j": false, "ij,jk->i": false, "i1,1k->ik": false, "ij,jk->ikl": false,
	} {
		l, got := ParseEinsum(equation)
		if got != ok {
			t.Errorf("%q: got %v, want %v", equation, got, ok)
		}
		if ok && string(l.A)+","+string(l.B)+"->"+string(l.Out) != equation {
			t.Errorf("%q was read as %v", equation, l)
		}
	}
}

// A product is the sum over the letters that the result lacks, whatever the order
// of the axes; the plan only fails where several summed axes do not follow each
// other, and not after they were put in order.
func TestProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sizes := map[rune]int{}
		var l Letters
		for i := range rapid.IntRange(1, 5).Draw(t, "letters") {
			r := rune('a' + i)
			sizes[r] = rapid.IntRange(1, 4).Draw(t, "size")
			switch rapid.IntRange(0, 3).Draw(t, "terms") {
			case 0:
				l.A, l.B = append(l.A, r), append(l.B, r)
			case 1:
				l.A, l.Out = append(l.A, r), append(l.Out, r)
			case 2:
				l.B, l.Out = append(l.B, r), append(l.Out, r)
			default:
				l.A, l.B, l.Out = append(l.A, r), append(l.B, r), append(l.Out, r)
			}
		}
		if len(l.A) > 1 {
			l.A = rapid.Permutation(l.A).Draw(t, "first")
		}
		if len(l.B) > 1 {
			l.B = rapid.Permutation(l.B).Draw(t, "second")
		}
		if len(l.Out) > 1 {
			l.Out = rapid.Permutation(l.Out).Draw(t, "result")
		}
		shape := func(term []rune) shapes.Shape {
			s := make(shapes.Shape, len(term))
			for i, r := range term {
				s[i] = sizes[r]
			}
			return s
		}
		sa, sb, so := shape(l.A), shape(l.B), shape(l.Out)
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		a, b := whole(r, sa.Size()), whole(r, sb.Size())

		var all []rune
		for r := range sizes {
			all = append(all, r)
		}
		want := make([]float64, so.Size())
		at := func(s shapes.Shape, term, all []rune, index []int) int {
			place := make([]int, len(term))
			for i, r := range term {
				place[i] = index[slices.Index(all, r)]
			}
			return offset(s, place)
		}
		places(shape(all), func(_ int, index []int) {
			want[at(so, l.Out, all, index)] += a[at(sa, l.A, all, index)] * b[at(sb, l.B, all, index)]
		})

		p, ok := PlanProduct(l, sa, sb, so)
		if !ok {
			orderA, orderB := l.Order(true), l.Order(false)
			ta, tb := Transpose(sa, orderA), Transpose(sb, orderB)
			a, b = compute(discard{}, ta, len(a), a), compute(discard{}, tb, len(b), b)
			if p, ok = PlanProduct(l.InOrder(), ta.Shape, tb.Shape, so); !ok {
				t.Fatalf("no plan for %v, put in order", l)
			}
		}
		k, err := For[float64](p)
		if err != nil {
			t.Fatal(err)
		}
		got := make([]float64, len(want))
		if err := k.Run(got, [][]float64{a, b}); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s,%s->%s of %v and %v: got %v, want %v", string(l.A), string(l.B), string(l.Out), sa, sb, got, want)
		}
		plus := whole(r, max(1, so[min(1, len(so)):].Size()))
		if err := k.Run(got, [][]float64{a, b, plus}); err != nil {
			t.Fatal(err)
		}
		for i, x := range want {
			if w := x + plus[i%len(plus)]; got[i] != w {
				t.Errorf("with a term to add, element %d is %v, want %v", i, got[i], w)
			}
		}
	})
}

// discard is a test whose failures stop the process: compute cannot fail there.
type discard struct{ testing.TB }

func (discard) Helper() {}

// A right operand that is packed once for many runs gives the same bits, and Renew makes
// the next run read it again.
func TestFixedOperand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 70)
		m, n, k := size.Draw(t, "m"), size.Draw(t, "n"), size.Draw(t, "k")
		for _, equation := range []string{"ij,jk->ik", "ij,kj->ik", "ij,ik->jk", "ij,jk->ki"} {
			l, _ := ParseEinsum(equation)
			sizes := map[rune]int{'i': m, 'j': k, 'k': n}
			shape := func(term []rune) shapes.Shape {
				s := make(shapes.Shape, len(term))
				for i, r := range term {
					s[i] = sizes[r]
				}
				return s
			}
			a, b, c := shape(l.A), shape(l.B), shape(l.Out)
			p, ok := PlanProduct(l, a, b, c)
			if !ok {
				t.Fatal("no plan")
			}
			kept, again := product[float32](p), product[float32](p)
			kept.Fix(0)
			kept.Fix(1)
			plus := random(t, c[1])
			for range 2 {
				kept.Renew()
				right := random(t, max(a.Size(), b.Size()))
				for range 2 {
					in := [][]float32{random(t, a.Size()), right[:b.Size()], plus}
					if p.swap {
						in[0], in[1] = right[:a.Size()], random(t, b.Size())
					}
					got, want := make([]float32, c.Size()), make([]float32, c.Size())
					if err := kept.Run(got, in); err != nil {
						t.Fatal(err)
					}
					if err := again.Run(want, in); err != nil {
						t.Fatal(err)
					}
					if !slices.Equal(got, want) {
						t.Fatalf("%s: got %v, want %v", equation, got, want)
					}
				}
			}
		}
	})
}

// random gives n numbers that can be added and multiplied with rounding errors.
func random(t *rapid.T, n int) []float32 {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "numbers"), 0))
	out := make([]float32, n)
	for i := range out {
		out[i] = r.Float32() - 0.5
	}
	return out
}
