package kernels

// Cell is the arithmetic of one step of one sample, between two matrix products. Its
// weights have the gates in the order of Keras. The columns of W consist of blocks,
// one per gate in most cells.
type Cell[T Float] struct {
	Blocks            int     // of columns in W
	Kernel, Recurrent []int   // the block of each gate of the weights
	Bias              [][]int // the same for each row of the bias
	Carry             bool    // whether there is a state c besides h

	// forward activates the sums z in place and writes the state after.
	forward func(n int, z []T, now, after state[T])
	// backward turns the gradients of the state after a step into dz, and
	// leaves in dh and dc what reaches the state before without the product.
	backward func(n int, z []T, now state[T], dh, dc, dz []T)
}

// state is the state of one sample before a step, and what the step keeps for
// the backward pass; c and keep only with Carry.
type state[T Float] struct{ h, c, keep []T }

// LSTM is long short-term memory: i, f, g, o. It keeps tanh c'.
func (s *Set[T]) LSTM() Cell[T] {
	all := []int{0, 1, 2, 3}
	return Cell[T]{
		Blocks: 4, Kernel: all, Recurrent: all, Bias: [][]int{all}, Carry: true,
		forward: func(n int, z []T, now, after state[T]) {
			s.lstmForward(n, z, n, now.c, after.c, now.keep, after.h)
		},
		backward: func(n int, z []T, now state[T], dh, dc, dz []T) {
			s.lstmBackward(n, z, n, now.c, now.keep, dh, dc, dz)
			clear(dh)
		},
	}
}

// GRU is the gated recurrent unit whose reset gate comes after the product: z,
// r, and the candidate, whose sums of x and of h stay apart in blocks 2 and 3.
func (s *Set[T]) GRU() Cell[T] {
	x, h := []int{0, 1, 2}, []int{0, 1, 3}
	return Cell[T]{
		Blocks: 4, Kernel: x, Recurrent: h, Bias: [][]int{x, h},
		forward: func(n int, z []T, now, after state[T]) {
			s.gruForward(n, z, n, now.h, after.h)
		},
		backward: func(n int, z []T, now state[T], dh, _, dz []T) {
			s.gruBackward(n, z, n, now.h, dh, dz)
		},
	}
}

// SimpleRNN is h' = tanh z.
func (s *Set[T]) SimpleRNN() Cell[T] {
	one := []int{0}
	return Cell[T]{
		Blocks: 1, Kernel: one, Recurrent: one, Bias: [][]int{one},
		forward: func(n int, z []T, _, after state[T]) {
			s.Tanh(z[:n], z[:n])
			copy(after.h, z)
		},
		backward: func(n int, z []T, _ state[T], dh, _, dz []T) {
			s.TanhGrad(z[:n], dh, dz)
			clear(dh)
		},
	}
}
