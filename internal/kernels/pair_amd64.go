//go:build amd64 && !noasm

package kernels

// pairAssembly is a function of two elements in assembly, for at least one: of two
// vectors, of one number and a vector, and of a vector and one number.
type pairAssembly struct{ both, one, by func(n int, x, y, z *float32) }

var pairsAVX2 = [pairKinds]pairAssembly{
	PairPlus:         {plusPairAVX2, plusOneAVX2, plusByAVX2},
	PairMinus:        {minusPairAVX2, minusOneAVX2, minusByAVX2},
	PairTimes:        {timesPairAVX2, timesOneAVX2, timesByAVX2},
	PairOver:         {overPairAVX2, overOneAVX2, overByAVX2},
	PairMaximum:      {largerPairAVX2, largerOneAVX2, largerByAVX2},
	PairMinimum:      {smallerPairAVX2, smallerOneAVX2, smallerByAVX2},
	PairGreater:      {greaterPairAVX2, greaterOneAVX2, greaterByAVX2},
	PairGreaterEqual: {greaterEqualPairAVX2, greaterEqualOneAVX2, greaterEqualByAVX2},
	PairEqual:        {equalPairAVX2, equalOneAVX2, equalByAVX2},
	PairShare:        {sharePairAVX2, shareOneAVX2, shareByAVX2},
	PairKeep:         {keepPairAVX2, keepOneAVX2, keepByAVX2},
	PairDrop:         {dropPairAVX2, dropOneAVX2, dropByAVX2},
	PairPReLU:        {preluPairAVX2, preluOneAVX2, preluByAVX2},
	PairPReLUSlope:   {preluSlopePairAVX2, preluSlopeOneAVX2, preluSlopeByAVX2},
	PairPReLULeft:    {preluLeftPairAVX2, preluLeftOneAVX2, preluLeftByAVX2},
}

var pairsAVX512 = [pairKinds]pairAssembly{
	PairPlus:         {plusPairAVX512, plusOneAVX512, plusByAVX512},
	PairMinus:        {minusPairAVX512, minusOneAVX512, minusByAVX512},
	PairTimes:        {timesPairAVX512, timesOneAVX512, timesByAVX512},
	PairOver:         {overPairAVX512, overOneAVX512, overByAVX512},
	PairMaximum:      {largerPairAVX512, largerOneAVX512, largerByAVX512},
	PairMinimum:      {smallerPairAVX512, smallerOneAVX512, smallerByAVX512},
	PairGreater:      {greaterPairAVX512, greaterOneAVX512, greaterByAVX512},
	PairGreaterEqual: {greaterEqualPairAVX512, greaterEqualOneAVX512, greaterEqualByAVX512},
	PairEqual:        {equalPairAVX512, equalOneAVX512, equalByAVX512},
	PairShare:        {sharePairAVX512, shareOneAVX512, shareByAVX512},
	PairKeep:         {keepPairAVX512, keepOneAVX512, keepByAVX512},
	PairDrop:         {dropPairAVX512, dropOneAVX512, dropByAVX512},
	PairPReLU:        {preluPairAVX512, preluOneAVX512, preluByAVX512},
	PairPReLUSlope:   {preluSlopePairAVX512, preluSlopeOneAVX512, preluSlopeByAVX512},
	PairPReLULeft:    {preluLeftPairAVX512, preluLeftOneAVX512, preluLeftByAVX512},
}

// usePairs gives the set its functions of two elements, those with fields of their own too.
func usePairs(s *Set[float32], table *[pairKinds]pairAssembly, choose func(n int, c, x, y, z *float32)) {
	for kind, k := range table {
		s.pairs[kind] = pairBy(k)
	}
	s.Plus, s.Minus = both(table[PairPlus].both), both(table[PairMinus].both)
	s.Times, s.Over = both(table[PairTimes].both), both(table[PairOver].both)
	s.choose = func(c, x, y, z []float32) {
		if n := len(z); n > 0 {
			_, _, _ = c[n-1], x[n-1], y[n-1]
			choose(n, &c[0], &x[0], &y[0], &z[0])
		}
	}
}

func pairBy(k pairAssembly) func(x, y, z []float32, stepX, stepY int) {
	return func(x, y, z []float32, stepX, stepY int) {
		n := len(z)
		if n == 0 {
			return
		}
		switch {
		case stepX == 1 && stepY == 1:
			_, _ = x[n-1], y[n-1]
			k.both(n, &x[0], &y[0], &z[0])
		case stepX == 0 && stepY == 1:
			_, _ = x[0], y[n-1]
			k.one(n, &x[0], &y[0], &z[0])
		case stepX == 1 && stepY == 0:
			_, _ = x[n-1], y[0]
			k.by(n, &x[0], &y[0], &z[0])
		case stepX == 0 && stepY == 0:
			_, _ = x[0], y[0]
			k.both(1, &x[0], &y[0], &z[0])
			for i := range z[1:] {
				z[1+i] = z[0]
			}
		default:
			panic("kernels: a step other than 0 and 1")
		}
	}
}

// both is a function of two vectors of the length of the first.
func both(f func(n int, x, y, z *float32)) func(x, y, z []float32) {
	return func(x, y, z []float32) {
		if n := len(x); n > 0 {
			_, _ = y[n-1], z[n-1]
			f(n, &x[0], &y[0], &z[0])
		}
	}
}
