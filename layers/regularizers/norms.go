package regularizers

import "github.com/engram-go/engram/graph"

// L1 draws elements to 0 and keeps many of them there.
//
//	penalty = L1 · Σ|x|
type L1 struct {
	L1 float64 // factor, positive; 0 means 0.01
}

// Resolve fills in the default.
func (r L1) Resolve() (graph.Regularizer, error) {
	err := r.fill()
	return r, err
}

func (r *L1) fill() error { return factor("L1.L1", &r.L1) }

// Penalty computes the penalty.
func (r L1) Penalty(x graph.Value) graph.Value {
	x.Scope().Fail(r.fill())
	return x.Abs().Sum().Scale(r.L1)
}

// L2 keeps elements small, the large ones most. Its gradient is that of weight
// decay with twice the factor.
//
//	penalty = L2 · Σx²
type L2 struct {
	L2 float64 // factor, positive; 0 means 0.01
}

// Resolve fills in the default.
func (r L2) Resolve() (graph.Regularizer, error) {
	err := r.fill()
	return r, err
}

func (r *L2) fill() error { return factor("L2.L2", &r.L2) }

// Penalty computes the penalty.
func (r L2) Penalty(x graph.Value) graph.Value {
	x.Scope().Fail(r.fill())
	return x.Square().Sum().Scale(r.L2)
}

// L1L2 adds the two up.
//
//	penalty = L1 · Σ|x| + L2 · Σx²
type L1L2 struct {
	L1, L2 float64 // factors, not negative; 0 leaves that part out
}

// Resolve checks the factors.
func (r L1L2) Resolve() (graph.Regularizer, error) { return r, r.check() }

func (r L1L2) check() error {
	if err := notNegative("L1L2.L1", r.L1); err != nil {
		return err
	}
	return notNegative("L1L2.L2", r.L2)
}

// Penalty computes the penalty.
func (r L1L2) Penalty(x graph.Value) graph.Value {
	x.Scope().Fail(r.check())
	return x.Abs().Sum().Scale(r.L1).Add(x.Square().Sum().Scale(r.L2))
}
