package kernels

// PairKind names a function of two elements.
type PairKind int

// The functions of two elements x and y. A NaN is neither greater nor equal, and the
// larger and the smaller of a NaN and a number are NaN. −0 is smaller than 0 for
// PairMaximum and PairMinimum only.
const (
	PairPlus         PairKind = iota // x + y
	PairMinus                        // x − y
	PairTimes                        // x·y
	PairOver                         // x/y
	PairMaximum                      // the larger of x and y
	PairMinimum                      // the smaller of x and y
	PairGreater                      // 1 where x > y, 0 elsewhere
	PairGreaterEqual                 // 1 where x ≥ y, 0 elsewhere
	PairEqual                        // 1 where x = y, 0 elsewhere
	PairShare                        // 1 where x > y, ½ where x = y, 0 elsewhere
	PairKeep                         // y where x ≠ 0, 0 elsewhere
	PairDrop                         // y where x = 0, 0 elsewhere
	PairPReLU                        // x where x > 0, x·y elsewhere
	PairPReLUSlope                   // 1 where x > 0, y elsewhere
	PairPReLULeft                    // 0 where x > 0, y elsewhere
	pairKinds
)

// pairKernels are functions of two elements, and the choice between two.
type pairKernels[T Float] struct {
	pairs  [pairKinds]func(x, y, z []T, stepX, stepY int)
	choose func(c, x, y, z []T)
}

// Pair returns a function of two elements as a loop: f(x, y, z, stepX, stepY) computes
// len(z) elements of z. A step of 1 takes one element of the operand after the other, and a
// step of 0 the first one for all. Each result is that of the operation in T, rounded
// once; z may be an operand with a step of 1.
func (k *pairKernels[T]) Pair(kind PairKind) func(x, y, z []T, stepX, stepY int) {
	return k.pairs[kind]
}

// Choose computes len(z) elements of z: that of x where c is not 0, and that of y
// elsewhere. z may be an operand.
func (k *pairKernels[T]) Choose(c, x, y, z []T) { k.choose(c, x, y, z) }

func pairGo[T Float]() pairKernels[T] {
	return pairKernels[T]{
		pairs: [pairKinds]func(x, y, z []T, stepX, stepY int){
			PairPlus: plusPairsGo[T], PairMinus: minusPairsGo[T], PairTimes: timesPairsGo[T], PairOver: overPairsGo[T],
			PairMaximum: eachPairGo(func(x, y T) T { return max(x, y) }), PairMinimum: eachPairGo(func(x, y T) T { return min(x, y) }),
			PairGreater:      eachPairGo(func(x, y T) T { return oneIf[T](x > y) }),
			PairGreaterEqual: eachPairGo(func(x, y T) T { return oneIf[T](x >= y) }),
			PairEqual:        eachPairGo(func(x, y T) T { return oneIf[T](x == y) }),
			PairShare:        eachPairGo(func(x, y T) T { return oneIf[T](x > y) + oneIf[T](x == y)/2 }),
			PairKeep:         eachPairGo(func(x, y T) T { return yesOrNo(x != 0, y, 0) }),
			PairDrop:         eachPairGo(func(x, y T) T { return yesOrNo(x == 0, y, 0) }),
			PairPReLU:        eachPairGo(func(x, y T) T { return yesOrNo(x > 0, x, x*y) }),
			PairPReLUSlope:   eachPairGo(func(x, y T) T { return yesOrNo(x > 0, 1, y) }),
			PairPReLULeft:    eachPairGo(func(x, y T) T { return yesOrNo(x > 0, 0, y) }),
		},
		choose: chooseGo[T],
	}
}

func oneIf[T Float](holds bool) T { return yesOrNo[T](holds, 1, 0) }

func yesOrNo[T Float](holds bool, yes, no T) T {
	if holds {
		return yes
	}
	return no
}

func eachPairGo[T Float](f func(x, y T) T) func(x, y, z []T, stepX, stepY int) {
	return func(x, y, z []T, stepX, stepY int) {
		for i := range z {
			z[i] = f(x[i*stepX], y[i*stepY])
		}
	}
}

// The loops of the arithmetic functions call no function for an element.

func plusPairsGo[T Float](x, y, z []T, stepX, stepY int) {
	if stepX == 1 && stepY == 1 {
		plusGo(x[:len(z):len(x)], y, z)
		return
	}
	for i := range z {
		z[i] = x[i*stepX] + y[i*stepY]
	}
}

func minusPairsGo[T Float](x, y, z []T, stepX, stepY int) {
	if stepX == 1 && stepY == 1 {
		minusGo(x[:len(z):len(x)], y, z)
		return
	}
	for i := range z {
		z[i] = x[i*stepX] - y[i*stepY]
	}
}

func timesPairsGo[T Float](x, y, z []T, stepX, stepY int) {
	if stepX == 1 && stepY == 1 {
		timesGo(x[:len(z):len(x)], y, z)
		return
	}
	for i := range z {
		z[i] = x[i*stepX] * y[i*stepY]
	}
}

func overPairsGo[T Float](x, y, z []T, stepX, stepY int) {
	if stepX == 1 && stepY == 1 {
		overGo(x[:len(z):len(x)], y, z)
		return
	}
	for i := range z {
		z[i] = x[i*stepX] / y[i*stepY]
	}
}

func chooseGo[T Float](c, x, y, z []T) {
	c, x, y = c[:len(z):len(c)], x[:len(z):len(x)], y[:len(z):len(y)]
	for i, c := range c {
		if c != 0 {
			z[i] = x[i]
		} else {
			z[i] = y[i]
		}
	}
}
