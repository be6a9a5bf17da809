package layers

import "github.com/engram-go/engram/graph"

// dropouts are the dropout fields of a recurrent layer: for x, and for h before the
// gates.
//
// Without dropout between states x has one mask for all gates, which is applied
// to the whole sequence. With it, x and h have one mask for each gate, as in Keras
// (the variational dropout of Gal & Ghahramani 2016, with untied weights). All
// masks are drawn once a batch and kept for all its steps.
type dropouts struct {
	input, state float64
	seed         *uint64 // nil for the model's
}

// whole applies dropout to a sequence if all gates share one mask.
func (d dropouts) whole(s *graph.Scope, x graph.Value) graph.Value {
	if d.state > 0 {
		return x
	}
	y := x // [batch, steps, features]
	seeded(s, d.seed, func() {
		y = keepMask(x, drop(s, "dropout", x, graph.Shape{x.Dim(0), 1, x.Dim(2)}, d.input))
	})
	return y
}

// step is whole for x [batch, features] at one step.
func (d dropouts) step(s *graph.Scope, x graph.Value) graph.Value {
	if d.state > 0 {
		return x
	}
	y := x // [batch, features]
	seeded(s, d.seed, func() { y = drop(s, "dropout", x, x.Shape(), d.input) })
	return y
}

// gates draws the masks of the gates for x and h, of the given sizes.
func (d dropouts) gates(s *graph.Scope, n, batch, features, units int) (x, h gateMasks) {
	if d.state == 0 || !s.Training() {
		return x, h
	}
	draw := func(name string, size int, rate float64) gateMasks {
		if rate == 0 {
			return gateMasks{}
		}
		all := s.DropoutMask(name, graph.Shape{n, batch, size}, rate) // [gates, batch, size]
		return gateMasks{&all}
	}
	seeded(s, d.seed, func() { x, h = draw("dropout", features, d.input), draw("recurrent_dropout", units, d.state) })
	return x, h
}

// gateMasks are the dropout masks of a value for each gate: [gates, batch, size], or nil
// for none.
type gateMasks struct{ all *graph.Value }

// through is v times the mask of a gate.
func (m gateMasks) through(v graph.Value, gate int) graph.Value {
	if m.all == nil {
		return v
	}
	return v.Times(m.all.At(0, gate)) // [batch, size]
}

// product is v·w, with the mask of each gate for its u columns of w.
func (m gateMasks) product(v, w graph.Value, u int) graph.Value {
	if m.all == nil {
		return v.MatMul(w)
	}
	parts := make([]graph.Value, w.Dim(1)/u)
	for i := range parts {
		parts[i] = m.through(v, i).MatMul(w.Slice(1, i*u, (i+1)*u)) // [batch, units]
	}
	return graph.Concat(1, parts[0], parts[1:]...) // [batch, gates·units]
}
