package graph

import (
	"slices"

	"github.com/engram-go/engram/internal/exec"
)

// level is one graph under construction: that of the program, or that of a
// scan's step, which lies one level deeper. Scopes, paths, parameters and
// errors know nothing of levels; values do, by the graph that their node
// belongs to.
type subgraph struct {
	g        *exec.Graph
	outer    *subgraph // nil for that of the program
	captures []capture
	steps    int              // of the scan
	draws    *draws           // of steps around it that are written out
	cuts     []cut            // what every step sees a piece of
	losses   []Value          // of one step
	outputs  map[string]Value // of one step, by name
}

// capture is a value from outside that a step uses: from stands one level
// further out, leaf stands for it in the step.
type capture struct{ from, leaf Value }

// cut is a value from outside of which every step sees a piece, which is leaf
// there. Time is its second axis, after the samples; draws have it first, in
// the order in which the steps are computed.
type cut struct {
	from, leaf Value
	samples    int
	drawn      bool
}

// cut cuts a value from outside along its axis of time.
func (s *Scope) cut(from Value, axis int) Value {
	leaf := s.leaf("cut", slices.Delete(from.shape.Clone(), axis, axis+1))
	s.level.cuts = append(s.level.cuts, cut{from, leaf, from.shape[:axis].Size(), axis == 0})
	return leaf
}

// deepen makes the graph of a step.
func (s *Scope) deepen() *subgraph {
	return &subgraph{g: s.builder.NewGraph(), outer: s.level, draws: s.draws, outputs: map[string]Value{}}
}

// inStep tells whether the step of a scan is being built.
func (s *Scope) inStep() bool { return s.level != nil && s.level.outer != nil }

// inside runs build with the scope at work on a level.
func (s *Scope) inside(l *subgraph, build func()) {
	outer := s.level
	s.level = l
	defer func() { s.level = outer }()
	build()
}

// local is what stands for a value on the level at work: itself, or the operand
// that brings it in from outside. Values of a step cannot be used outside it.
func (s *Scope) local(v Value) (Value, bool) {
	if s.level == nil || v.node == nil {
		return v, true
	}
	return s.reach(s.level, v)
}

func (s *Scope) reach(l *subgraph, v Value) (Value, bool) {
	switch {
	case l.g.Has(v.node):
		return v, true
	case l.outer == nil:
		return v, false
	}
	from, ok := s.reach(l.outer, v)
	if !ok {
		return v, false
	}
	i := slices.IndexFunc(l.captures, func(c capture) bool { return c.from.node == from.node })
	if i < 0 {
		i = len(l.captures)
		l.captures = append(l.captures, capture{from, s.leafOf(l, "captured", from.shape)})
	}
	return l.captures[i].leaf, true
}

// program is the level of the program itself; nil where only shapes are
// followed.
func (s *Scope) program() *subgraph {
	l := s.level
	for l != nil && l.outer != nil {
		l = l.outer
	}
	return l
}
