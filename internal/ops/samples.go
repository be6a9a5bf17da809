package ops

import "github.com/engram-go/engram/internal/kernels"

// Samples is a part of an operation: the samples from..end of its result, where the
// result and every operand of its size, or that the left side of a product is, consists
// of as many samples of equal size, one after the other.
type Samples[T Float] struct {
	// Prepare is called before the parts of a run, if it is not nil.
	Prepare func(in [][]T)
	Run     func(out []T, in [][]T, from, end int)
	Whole   []bool // for the first operands, whether every part reads all of them; the others are divided
	Work    int    // multiplications, or what takes as long
	Weights int    // elements of a fixed operand of a product
}

// elementWork is how many multiplications of a product take as long as an element of a
// function or of a sum, which take 0.05 to 0.3 ns: a product makes 100 in a nanosecond.
const elementWork = 16

// SamplesOf divides an operation with a result of size elements, whose kernel is k, into
// samples. ok is false if it cannot be divided. The parts compute the same bits.
func SamplesOf[T Float](op Op, k Kernel[T], samples, size int) (s Samples[T], ok bool) {
	if samples < 1 || size%samples != 0 {
		return s, false
	}
	n := size / samples
	set := kernels.For[T]()
	s.Work = elementWork * size
	switch op := op.(type) {
	case Unary:
		f := set.Function(op.F).Forward
		s.Run = func(out []T, in [][]T, from, end int) { f(in[0][from*n:end*n], out[from*n:end*n]) }
	case UnaryGradient:
		df := set.Function(op.F).Gradient
		s.Run = func(out []T, in [][]T, from, end int) {
			df(in[0][from*n:end*n], in[len(in)-1][from*n:end*n], out[from*n:end*n])
		}
	case Binary:
		s.Whole = []bool{op.Plan.whole(op.Plan.stepA, op.Plan.a, samples), op.Plan.whole(op.Plan.stepB, op.Plan.b, samples)}
		s.Run = pairsOfSamples(op.Plan, set.Pair(op.F), samples, n)
		return s, op.Plan.divides(samples)
	case Repeat:
		rows := op.Plan.count() / samples
		s.Whole = []bool{op.Plan.whole(op.Plan.stepA, op.Plan.a, samples)}
		s.Run = func(out []T, in [][]T, from, end int) { repeatRows(op.Plan, out, in[0], from*rows, end*rows) }
		return s, rows*samples == op.Plan.count()
	case Sum:
		s.Run = func(out []T, in [][]T, from, end int) { addTerms(set, out[from*n:end*n], in, from*n) }
	case Where:
		s.Run = func(out []T, in [][]T, from, end int) {
			set.Choose(in[0][from*n:end*n], in[1][from*n:end*n], in[2][from*n:end*n], out[from*n:end*n])
		}
	case Copy:
		s.Run = func(out []T, in [][]T, from, end int) { copy(out[from*n:end*n], in[0][from*n:]) }
	case Cut:
		pieces := op.Count / samples
		s.Run = func(out []T, in [][]T, from, end int) { cutPieces(op, out, in[0], from*pieces, end*pieces) }
		return s, pieces*samples == op.Count
	case Pad:
		pieces := op.Count / samples
		s.Run = func(out []T, in [][]T, from, end int) { padPieces(op, out, in[0], from*pieces, end*pieces) }
		return s, pieces*samples == op.Count
	case Concat:
		pieces := op.Count / samples
		s.Run = func(out []T, in [][]T, from, end int) { joinPieces(op, out, in, from*pieces, end*pieces) }
		return s, pieces*samples == op.Count
	case Product:
		return samplesOfProduct(k.(*productKernel[T]), samples)
	default:
		return s, false
	}
	return s, true
}

// divides reports whether whole rows, or parts of the only one, are samples.
func (p Broadcast) divides(samples int) bool {
	return p.count() == 1 || p.count()%samples == 0
}

// whole reports whether a sample reads other places of an operand than those of its own
// share, given the operand's step and strides.
func (p Broadcast) whole(step int, strides []int, samples int) bool {
	if len(p.dims) == 0 {
		return step == 0
	}
	return strides[0] == 0 || p.dims[0]%samples != 0
}

// pairsOfSamples divides a function of two elements into samples of n elements.
func pairsOfSamples[T Float](p Broadcast, f func(a, b, out []T, stepA, stepB int), samples, n int) func(out []T, in [][]T, from, end int) {
	if p.count() == 1 {
		return func(out []T, in [][]T, from, end int) {
			f(in[0][from*n*p.stepA:], in[1][from*n*p.stepB:], out[from*n:end*n], p.stepA, p.stepB)
		}
	}
	rows := p.count() / samples
	return func(out []T, in [][]T, from, end int) {
		p.some(from*rows, end*rows, func(o, a, b int) { f(in[0][a:], in[1][b:], out[o:o+p.n], p.stepA, p.stepB) })
	}
}

// samplesOfProduct divides a product with a fixed right operand whose rows are the samples.
func samplesOfProduct[T Float](k *productKernel[T], samples int) (s Samples[T], ok bool) {
	p := k.Product
	left := 0
	if p.swap {
		left = 1
	}
	if rows := p.aRow == p.k && p.cRow == p.n || p.m == 1; !k.fixed || p.m != samples || !rows {
		return s, false
	}
	s.Whole = []bool{true, true, true}
	s.Whole[left] = false
	s.Work, s.Weights = p.m*p.n*p.k, p.n*p.k
	s.Prepare = func(in [][]T) { k.pack(in[1-left]) }
	s.Run = func(out []T, in [][]T, from, end int) {
		k.rows(out, in[left], in[2:], from, end, 0, p.n)
	}
	return s, true
}
