package graph

import (
	"testing"

	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// collision is a graph whose two operations, x − 1 and −y, have one hash in
// Gorgonia's eyes while there is no salt. The names of the inputs, which enter
// the hash, were found by trying 100 000 for one and some for the other. With an
// operation of Gorgonia's own, its compiler gets the whole graph.
func collision(s *Scope) {
	x, y := s.Input("xdidc", Shape{2}), s.Input("ynoh", Shape{2})
	s.Output("left", x.AddConst(-1))
	s.Output("right", y.Neg())
	square, err := gorgonia.Square(x.Node())
	if err != nil {
		s.Fail(err)
		return
	}
	s.Output("square", s.FromNode(square, Shape{2}))
}

func collisionScope(t *testing.T, salt uint32) *Scope {
	t.Helper()
	params, err := NewParams(tensor.Float64, 1)
	if err != nil {
		t.Fatal(err)
	}
	s, err := buildGraph(Config{Params: params, Training: true}, salt, collision)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func runCollision(t *testing.T, p *Program) (left, right []float64) {
	t.Helper()
	defer p.Close()
	for name, data := range map[string][]float64{"xdidc": {1, 2}, "ynoh": {30, 40}} {
		if err := p.SetInput(name, tensor.New(tensor.WithBacking(data))); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.Run(Tick{}); err != nil {
		t.Fatal(err)
	}
	l, err := p.Output("left")
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Output("right")
	if err != nil {
		t.Fatal(err)
	}
	return l.Float64s(), r.Float64s()
}

// Two operations whose hashes collide are told apart; without the search for
// another salt, one would silently stand in for both.
func TestCollidingHashes(t *testing.T) {
	right := func(l, r []float64) bool { return l[0] == 0 && l[1] == 1 && r[0] == -30 && r[1] == -40 }

	s := collisionScope(t, 0)
	if !s.builder.Collide() || s.outputs["left"].node.Hashcode() != s.outputs["right"].node.Hashcode() {
		t.Fatal("the hashes do not collide any more: other names must be found for this test")
	}
	naive, err := compile(s)
	if err != nil {
		t.Fatal(err)
	}
	if l, r := runCollision(t, naive); right(l, r) {
		t.Errorf("got %v and %v without a salt: colliding hashes do no harm any more", l, r)
	}

	if collisionScope(t, 1).builder.Collide() {
		t.Error("the hashes collide with a salt too")
	}
	p, err := NewProgram(s.cfg, collision)
	if err != nil {
		t.Fatal(err)
	}
	if l, r := runCollision(t, p); !right(l, r) {
		t.Errorf("got %v and %v, want [0 1] and [-30 -40]", l, r)
	}
}
